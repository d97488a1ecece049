from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Instant, Key, Pesos, StoredAt


class CarModel(Base):
    """A row of the catalog: a car and the newest observation of its price.

    `make_key` and `model_key` are folded by the domain: searches look there. They come out in
    the order of `ix_cars_newest_price`. `docs/catalog.md` tells what each index costs and saves.
    """

    __tablename__ = "cars"
    __table_args__ = (
        CheckConstraint("char_length(id) BETWEEN 1 AND 64", name="id_length"),
        CheckConstraint("char_length(make) BETWEEN 1 AND 80", name="make_length"),
        CheckConstraint("char_length(model) BETWEEN 1 AND 80", name="model_length"),
        CheckConstraint("year >= 1886", name="year_from_first_car"),
        CheckConstraint("price_mxn > 0", name="price_mxn_positive"),
        Index("ix_cars_newest_price", text("price_occurred_at DESC"), "id"),
    )

    id: Mapped[Key] = mapped_column(primary_key=True)
    make: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    make_key: Mapped[Key] = mapped_column(index=True)
    model_key: Mapped[Key] = mapped_column(index=True)
    year: Mapped[int] = mapped_column(index=True)
    price_mxn: Mapped[Pesos] = mapped_column(index=True)
    price_occurred_at: Mapped[Instant]
    price_source: Mapped[Key]
    price_message_id: Mapped[Key]
    created_at: Mapped[StoredAt]
    updated_at: Mapped[StoredAt]
