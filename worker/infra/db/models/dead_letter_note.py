from datetime import datetime

from sqlalchemy import DateTime, Text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import StoredAt


class DeadLetterNoteModel(Base):
    """What operators noted of a group of dead letters, newest words only: the audit has all.

    `noted_at` is the time of the last note. Letters recorded after it open a muted group again.
    """

    __tablename__ = "dead_letter_notes"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    type: Mapped[str] = mapped_column(Text, primary_key=True)
    owner: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    ticket: Mapped[str | None] = mapped_column(Text)
    muted_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    noted_by: Mapped[str] = mapped_column(Text)
    noted_at: Mapped[StoredAt]
