"""Lists the cars stored before, since the time of their price, and indexes those that are listed.

The time of their creation is not known; that of their price is never before it. So a withdrawal
takes effect if it is newer than the newest price that was known when this ran.

Nothing here blocks a writer for longer than a small batch, and what a failed attempt left is done
again. Searches by a worker of the previous release, which include withdrawn cars, find no index
until they are those of this release.

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

LISTING = ("listing_occurred_at", "listing_source", "listing_message_id")

LIST_ALL = """
DO $$ DECLARE last text COLLATE "C" := ''; BEGIN LOOP
    WITH batch AS (
        SELECT id FROM cars WHERE id > last ORDER BY id LIMIT 5000 FOR NO KEY UPDATE
    ), listed AS (
        UPDATE cars SET
            listing_occurred_at = price_occurred_at,
            listing_source = price_source,
            listing_message_id = price_message_id
        FROM batch WHERE cars.id = batch.id AND listing_occurred_at IS NULL
    )
    SELECT max(id) INTO last FROM batch;
    EXIT WHEN last IS NULL;
    COMMIT;
END LOOP; END $$
"""
"""In the order of ids, as workers lock cars."""

BEFORE = {name: [name] for name in ("make_key", "model_key", "year", "price_mxn")}
BEFORE["newest_price"] = [sa.text("price_occurred_at DESC"), "id"]
IS_LISTED = sa.text("withdrawn_because IS NULL")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(LIST_ALL)
        op.execute("ALTER TABLE cars VALIDATE CONSTRAINT ck_cars_withdrawn_because_known")
        for name in LISTING:
            require(name)
        for name, columns in BEFORE.items():
            replace_index(f"ix_cars_{name}", f"ix_cars_listed_{name}", columns, IS_LISTED)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name, columns in BEFORE.items():
            replace_index(f"ix_cars_listed_{name}", f"ix_cars_{name}", columns, None)
    for name in LISTING:
        op.alter_column("cars", name, nullable=True)


def require(column: str) -> None:
    """Makes a column NOT NULL; the CHECK spares a scan under a lock that nobody gets past."""
    check = f"ck_cars_{column}_required"
    op.execute(f"ALTER TABLE cars DROP CONSTRAINT IF EXISTS {check}")
    op.execute(f"ALTER TABLE cars ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID")
    op.execute(f"ALTER TABLE cars VALIDATE CONSTRAINT {check}")
    op.alter_column("cars", column, nullable=False)
    op.execute(f"ALTER TABLE cars DROP CONSTRAINT {check}")


def replace_index(
    old: str, new: str, columns: list[str | sa.TextClause], where: sa.TextClause | None
) -> None:
    op.drop_index(new, if_exists=True, postgresql_concurrently=True)
    op.create_index(new, "cars", columns, postgresql_concurrently=True, postgresql_where=where)
    op.drop_index(old, if_exists=True, postgresql_concurrently=True)
