"""What waits for cars that are not created yet, and whether a car is listed.

A worker of the previous release notices neither. It creates cars without a listing: a trigger
lists them since the time of their price, which is that of their creation at that moment. It does
not take in what waits for a car that it creates: workers of this release do, a minute later.

Cars stored before get their listing by 0008.

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LISTING = ("listing_occurred_at", "listing_source", "listing_message_id")

LIST_FROM_CREATION = """
CREATE FUNCTION cars_list_from_creation() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.listing_occurred_at := NEW.price_occurred_at;
    NEW.listing_source := NEW.price_source;
    NEW.listing_message_id := NEW.price_message_id;
    RETURN NEW;
END $$
"""
ON_INSERT = """
CREATE TRIGGER cars_list_from_creation BEFORE INSERT ON cars
FOR EACH ROW WHEN (NEW.listing_occurred_at IS NULL) EXECUTE FUNCTION cars_list_from_creation()
"""


def key(name: str, *, nullable: bool = False) -> sa.Column[str]:
    """A text that is compared byte by byte."""
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def instant(
    name: str, default: sa.TextClause | None = None, *, nullable: bool = False
) -> sa.Column[object]:
    """A point in time."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, server_default=default)


def upgrade() -> None:
    op.create_table(
        "early_observations",
        key("car_id"),
        key("about"),
        sa.Column("said", sa.Text(), nullable=False),
        instant("occurred_at"),
        key("source"),
        key("message_id"),
        instant("waits_since", sa.text("now()")),
        instant("updated_at", sa.text("now()")),
        sa.PrimaryKeyConstraint("car_id", "about", name=op.f("pk_early_observations")),
    )
    op.add_column("cars", instant("listing_occurred_at", nullable=True))
    op.add_column("cars", key("listing_source", nullable=True))
    op.add_column("cars", key("listing_message_id", nullable=True))
    op.add_column("cars", sa.Column("withdrawn_because", sa.Text(), nullable=True))
    op.execute(
        "ALTER TABLE cars ADD CONSTRAINT ck_cars_withdrawn_because_known "
        "CHECK (withdrawn_because IN ('sold', 'removed', 'error')) NOT VALID"
    )
    op.execute(LIST_FROM_CREATION)
    op.execute(ON_INSERT)


def downgrade() -> None:
    op.execute("DROP TRIGGER cars_list_from_creation ON cars")
    op.execute("DROP FUNCTION cars_list_from_creation")
    op.drop_column("cars", "withdrawn_because")
    for name in LISTING:
        op.drop_column("cars", name)
    op.drop_table("early_observations")
