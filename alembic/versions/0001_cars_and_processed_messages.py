"""The catalog, the ids of processed messages, and the trials of suspect ones.

Revision ID: 0001
Revises: None
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def key(name: str) -> sa.Column[str]:
    """A text that is compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=False)


def instant(name: str, default: sa.TextClause | None = None) -> sa.Column[object]:
    """A point in time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=default)


def upgrade() -> None:
    create_cars()
    create_processed_messages()
    create_delivery_trials()


def create_cars() -> None:
    op.create_table(
        "cars",
        key("id"),
        sa.Column("make", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        key("make_key"),
        key("model_key"),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("price_mxn", sa.Numeric(12, 2), nullable=False),
        instant("price_occurred_at"),
        key("price_source"),
        key("price_message_id"),
        instant("created_at", sa.text("now()")),
        instant("updated_at", sa.text("now()")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cars")),
        sa.CheckConstraint("char_length(id) BETWEEN 1 AND 64", name=op.f("ck_cars_id_length")),
        sa.CheckConstraint("char_length(make) BETWEEN 1 AND 80", name=op.f("ck_cars_make_length")),
        sa.CheckConstraint(
            "char_length(model) BETWEEN 1 AND 80", name=op.f("ck_cars_model_length")
        ),
        sa.CheckConstraint("year >= 1886", name=op.f("ck_cars_year_from_first_car")),
        sa.CheckConstraint("price_mxn > 0", name=op.f("ck_cars_price_mxn_positive")),
    )
    op.create_index(op.f("ix_cars_make_key"), "cars", ["make_key"])
    op.create_index(op.f("ix_cars_model_key"), "cars", ["model_key"])
    op.create_index(op.f("ix_cars_year"), "cars", ["year"])
    op.create_index(op.f("ix_cars_price_mxn"), "cars", ["price_mxn"])


def create_processed_messages() -> None:
    op.create_table(
        "processed_messages",
        key("source"),
        key("message_id"),
        sa.Column("type", sa.Text(), nullable=False),
        key("car_id"),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        instant("processed_at", sa.text("now()")),
        sa.PrimaryKeyConstraint("source", "message_id", name=op.f("pk_processed_messages")),
    )
    op.create_index(
        op.f("ix_processed_messages_processed_at"), "processed_messages", ["processed_at"]
    )


def create_delivery_trials() -> None:
    op.create_table(
        "delivery_trials",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        instant("last_trial_at", sa.text("now()")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_delivery_trials")),
    )


def downgrade() -> None:
    op.drop_table("delivery_trials")
    op.drop_table("processed_messages")
    op.drop_table("cars")
