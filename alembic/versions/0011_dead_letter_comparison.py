"""The database knows when rows and queue of the dead letters were last compared.

A new table: workers of the previous release do not notice, and do not say when they compared them.

Revision ID: 0011
Revises: 0010
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "dead_letter_comparison",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_dead_letter_comparison_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter_comparison")),
    )


def downgrade() -> None:
    op.drop_table("dead_letter_comparison")
