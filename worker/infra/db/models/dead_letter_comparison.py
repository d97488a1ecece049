from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Instant


class DeadLetterComparisonModel(Base):
    """When the rows of dead letters were last compared with the queue; a single row."""

    __tablename__ = "dead_letter_comparison"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    compared_at: Mapped[Instant]
