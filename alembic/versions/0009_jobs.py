"""Replays and discards are jobs, which any worker of this release can run.

Two new tables and a column with a default: workers of the previous release do not notice, and run
no jobs.

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_jobs()
    create_job_letters()
    op.add_column(
        "workers",
        sa.Column("hosts_jobs", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def instant(name: str, default: sa.TextClause | None = None) -> sa.Column[object]:
    """A point in time; nullable unless it has a default."""
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=default, nullable=default is None
    )


def create_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("choice", JSONB(), nullable=False),
        sa.Column("options", JSONB(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("why_stopped", sa.Text(), server_default="", nullable=False),
        sa.Column("report", JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("audit_id", sa.BigInteger(), nullable=True),
        instant("created_at", sa.text("now()")),
        instant("started_at"),
        instant("ended_at"),
        instant("fetched_at"),
        sa.CheckConstraint("kind IN ('replay', 'discard')", name=op.f("ck_jobs_kind_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'cancelling', 'done', 'stopped', 'failed')",
            name=op.f("ck_jobs_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["dead_letter_audit.id"],
            name=op.f("fk_jobs_audit_id_dead_letter_audit"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_one_at_a_time",
        "jobs",
        [sa.text("(ended_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def create_job_letters() -> None:
    op.create_table(
        "job_letters",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("content_key", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.Text(collation="C"), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("is_vanished", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        instant("done_at"),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'done', 'failed')",
            name=op.f("ck_job_letters_state_known"),
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_job_letters_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_letters")),
    )


def downgrade() -> None:
    op.drop_column("workers", "hosts_jobs")
    op.drop_table("job_letters")
    op.drop_table("jobs")
