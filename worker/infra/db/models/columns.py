"""Column types that several tables share."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from sqlalchemy import DateTime, Numeric, Text, func
from sqlalchemy.orm import mapped_column

Key = Annotated[str, mapped_column(Text(collation="C"))]
"""Compared byte by byte: equal to Python's order of strings, and independent of the locale."""

Pesos = Annotated[Decimal, mapped_column(Numeric(12, 2))]
Instant = Annotated[datetime, mapped_column(DateTime(timezone=True))]
StoredAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
