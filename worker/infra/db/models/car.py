from sqlalchemy import CheckConstraint, Index, Text, TextClause, text
from sqlalchemy.orm import Mapped, mapped_column

from worker.infra.db.base import Base
from worker.infra.db.models.columns import Instant, Key, Pesos, StoredAt


def _listed(name: str, *columns: str | TextClause) -> Index:
    """An index of the cars that usual searches show."""
    where = text("withdrawn_because IS NULL")
    return Index(f"ix_cars_listed_{name}", *columns, postgresql_where=where)


class CarModel(Base):
    """A row of the catalog: a car and the newest observations of its price and its listing.

    `withdrawn_because` is null for a listed car; the indexes hold only those. `make_key` and
    `model_key` are folded by the domain: searches look there. They come out in the order of
    `ix_cars_listed_newest_price`. `docs/catalog.md` tells what each index costs and saves.
    """

    __tablename__ = "cars"
    __table_args__ = (
        CheckConstraint("char_length(id) BETWEEN 1 AND 64", name="id_length"),
        CheckConstraint("char_length(make) BETWEEN 1 AND 80", name="make_length"),
        CheckConstraint("char_length(model) BETWEEN 1 AND 80", name="model_length"),
        CheckConstraint("year >= 1886", name="year_from_first_car"),
        CheckConstraint("price_mxn > 0", name="price_mxn_positive"),
        CheckConstraint(
            "withdrawn_because IN ('sold', 'removed', 'error')", name="withdrawn_because_known"
        ),
        _listed("make_key", "make_key"),
        _listed("model_key", "model_key"),
        _listed("year", "year"),
        _listed("price_mxn", "price_mxn"),
        _listed("newest_price", text("price_occurred_at DESC"), "id"),
    )

    id: Mapped[Key] = mapped_column(primary_key=True)
    make: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    make_key: Mapped[Key]
    model_key: Mapped[Key]
    year: Mapped[int]
    price_mxn: Mapped[Pesos]
    price_occurred_at: Mapped[Instant]
    price_source: Mapped[Key]
    price_message_id: Mapped[Key]
    listing_occurred_at: Mapped[Instant]
    listing_source: Mapped[Key]
    listing_message_id: Mapped[Key]
    withdrawn_because: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[StoredAt]
    updated_at: Mapped[StoredAt]
