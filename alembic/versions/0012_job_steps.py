"""A job says what its runner does now, and how many of its runs in a row came to nothing.

Columns with a default: workers of the previous release leave them alone.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("step", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "jobs", sa.Column("runs_in_vain", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("jobs", "runs_in_vain")
    op.drop_column("jobs", "step")
