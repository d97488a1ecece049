from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Instant, Key, Pesos, StoredAt


class FinancingPlanModel(Base):
    """A plan by which a car can be paid, as its newest offer has it."""

    __tablename__ = "financing_plans"
    __table_args__ = (
        CheckConstraint("char_length(id) BETWEEN 1 AND 64", name="id_length"),
        CheckConstraint("annual_rate >= 0", name="annual_rate_not_negative"),
        CheckConstraint("term_months BETWEEN 1 AND 120", name="term_months_range"),
        CheckConstraint("down_payment_mxn >= 0", name="down_payment_mxn_not_negative"),
        CheckConstraint("down_payment_mxn < total_paid_mxn", name="down_payment_below_total"),
        CheckConstraint(
            "total_paid_mxn = down_payment_mxn + term_months * monthly_payment_mxn",
            name="total_adds_up",
        ),
    )

    id: Mapped[Key] = mapped_column(primary_key=True)
    car_id: Mapped[Key] = mapped_column(ForeignKey("cars.id"), index=True)
    annual_rate: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    term_months: Mapped[int]
    down_payment_mxn: Mapped[Pesos]
    monthly_payment_mxn: Mapped[Pesos]
    total_paid_mxn: Mapped[Pesos]
    occurred_at: Mapped[Instant]
    source: Mapped[Key]
    message_id: Mapped[Key]
    created_at: Mapped[StoredAt]
    updated_at: Mapped[StoredAt]
