<%!
    def without_remarks(body):
        lines = (line for line in body.splitlines() if not line.strip().startswith("# ###"))
        return "\n".join(lines).strip()
%>\
"""${message.capitalize()}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades or "pass" | without_remarks}


def downgrade() -> None:
    ${downgrades or "pass" | without_remarks}
