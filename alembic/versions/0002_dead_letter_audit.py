"""What was done to dead letters, by whom, and to which messages.

Two new tables: workers of the previous release do not notice.

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    create_dead_letter_audit()
    create_dead_letter_audit_messages()


def create_dead_letter_audit() -> None:
    op.create_table(
        "dead_letter_audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("choice", JSONB(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("status", sa.Text(), nullable=False, server_default="running"),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("now()"),
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter_audit")),
    )


def create_dead_letter_audit_messages() -> None:
    op.create_table(
        "dead_letter_audit_messages",
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(collation="C"), nullable=False),
        sa.Column("message_id", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sent_as", sa.Text(collation="C")),
        sa.PrimaryKeyConstraint("audit_id", "position", name=op.f("pk_dead_letter_audit_messages")),
        sa.ForeignKeyConstraint(
            ["audit_id"],
            ["dead_letter_audit.id"],
            name=op.f("fk_dead_letter_audit_messages_audit_id_dead_letter_audit"),
        ),
    )
    op.create_index(
        op.f("ix_dead_letter_audit_messages_message_id"),
        "dead_letter_audit_messages",
        ["message_id"],
    )


def downgrade() -> None:
    op.drop_table("dead_letter_audit_messages")
    op.drop_table("dead_letter_audit")
