"""An index in the order of searches, and what make and model have to do with each other.

Neither blocks a writer: workers go on meanwhile. Where the index could not be finished, its
ruin is removed by the next attempt.

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEX = "ix_cars_newest_price"
STATISTICS = "st_cars_make_key_model_key"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX, "cars", [sa.text("price_occurred_at DESC"), "id"], postgresql_concurrently=True
        )
    op.execute(f"CREATE STATISTICS {STATISTICS} (dependencies) ON make_key, model_key FROM cars")


def downgrade() -> None:
    op.execute(f"DROP STATISTICS {STATISTICS}")
    op.drop_index(INDEX)
