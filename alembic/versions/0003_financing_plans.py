"""The plans by which cars can be paid.

A new table, which refers to `cars` but changes nothing in it: workers of the previous release
do not notice. (They never delete a car.)

Revision ID: 0003
Revises: 0002
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def key(name: str) -> sa.Column[str]:
    """A text that is compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def pesos(name: str) -> sa.Column[object]:
    """An exact amount."""
    return sa.Column(name, sa.Numeric(12, 2), nullable=False)


def instant(name: str, default: sa.TextClause | None = None) -> sa.Column[object]:
    """A point in time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=default)


def check(name: str, condition: str) -> sa.CheckConstraint:
    """A promise of the contract."""
    return sa.CheckConstraint(condition, name=op.f(f"ck_financing_plans_{name}"))


def upgrade() -> None:
    op.create_table(
        "financing_plans",
        key("id"),
        key("car_id"),
        sa.Column("annual_rate", sa.Numeric(5, 4), nullable=False),
        sa.Column("term_months", sa.Integer(), nullable=False),
        pesos("down_payment_mxn"),
        pesos("monthly_payment_mxn"),
        pesos("total_paid_mxn"),
        instant("occurred_at"),
        key("source"),
        key("message_id"),
        instant("created_at", sa.text("now()")),
        instant("updated_at", sa.text("now()")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financing_plans")),
        sa.ForeignKeyConstraint(
            ["car_id"], ["cars.id"], name=op.f("fk_financing_plans_car_id_cars")
        ),
        check("id_length", "char_length(id) BETWEEN 1 AND 64"),
        check("annual_rate_not_negative", "annual_rate >= 0"),
        check("term_months_range", "term_months BETWEEN 1 AND 120"),
        check("down_payment_mxn_not_negative", "down_payment_mxn >= 0"),
        check("down_payment_below_total", "down_payment_mxn < total_paid_mxn"),
        check(
            "total_adds_up",
            "total_paid_mxn = down_payment_mxn + term_months * monthly_payment_mxn",
        ),
    )
    op.create_index(op.f("ix_financing_plans_car_id"), "financing_plans", ["car_id"])


def downgrade() -> None:
    op.drop_table("financing_plans")
