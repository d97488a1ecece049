"""Counts what the worker did to the tables, with triggers that it knows nothing of.

The catalog alone would not tell: applying a price a second time leaves the price as it is.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import asyncpg

Identity = tuple[str, str]
"""Source and id of a message."""

EMPTY = """
TRUNCATE cars, early_observations, processed_messages, delivery_trials, dead_letters, pauses,
  drill_changes, drill_records CASCADE
"""
INSTALL = """
CREATE TABLE drill_changes (about text, source text, message_id text);
CREATE TABLE drill_records (
  source text, message_id text, outcome text, at timestamptz DEFAULT clock_timestamp()
);

CREATE FUNCTION drill_note_change() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
  price bool := (OLD.price_source, OLD.price_message_id)
    IS DISTINCT FROM (NEW.price_source, NEW.price_message_id);
  listing bool := (OLD.listing_source, OLD.listing_message_id)
    IS DISTINCT FROM (NEW.listing_source, NEW.listing_message_id);
BEGIN
  IF listing THEN
    INSERT INTO drill_changes VALUES ('listing', NEW.listing_source, NEW.listing_message_id);
  END IF;
  IF price OR NOT listing THEN
    INSERT INTO drill_changes VALUES ('price', NEW.price_source, NEW.price_message_id);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION drill_note_record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO drill_records VALUES (NEW.source, NEW.message_id, NEW.outcome); RETURN NULL;
END $$;

CREATE TRIGGER drill_note_change AFTER INSERT OR UPDATE ON cars
  FOR EACH ROW EXECUTE FUNCTION drill_note_change();
CREATE TRIGGER drill_note_record AFTER INSERT ON processed_messages
  FOR EACH ROW EXECUTE FUNCTION drill_note_record();
"""

_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Audit:
    """Every change of a price or listing, and every record of an id, in whatever order."""

    changes: Mapping[Identity, int]
    """How often each message was stored as a price or as a listing, the greater number."""
    records: Mapping[Identity, list[str]]

    @property
    def recorded(self) -> AbstractSet[Identity]:
        return self.records.keys()

    @property
    def applied_twice(self) -> set[Identity]:
        """Messages that took effect more than once, or in a transaction without their record.

        Each price and listing that was stored belongs to a message. It must have been stored once,
        and the one record of that message must say `applied`, or `early` where the creation of its
        car stored it: a second handling that met the effect of the first would have recorded
        something else.
        """
        twice = {identity for identity, count in self.changes.items() if count > 1}
        twice |= {identity for identity, outcomes in self.records.items() if len(outcomes) > 1}
        return twice | {
            identity
            for identity in self.changes
            if self.records.get(identity) not in (["applied"], ["early"])
        }


async def read_audit(database_url: str) -> Audit:
    connection = await asyncpg.connect(database_url)
    try:
        changes = await connection.fetch(
            "SELECT source, message_id, count(*) AS times FROM drill_changes "
            "GROUP BY about, source, message_id ORDER BY times"
        )
        rows = await connection.fetch("SELECT source, message_id, outcome FROM drill_records")
    finally:
        await connection.close()
    times = {(row["source"], row["message_id"]): int(row["times"]) for row in changes}
    return Audit(times, _by_identity(rows))


async def count_recorded(database_url: str) -> int | None:
    """How many messages are recorded; None while the database does not answer."""
    with suppress(*_AWAY):
        connection = await asyncpg.connect(database_url, timeout=5, command_timeout=5)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM processed_messages"))
        finally:
            await connection.close(timeout=2)
    return None


async def are_recorded(database_url: str, identities: AbstractSet[Identity]) -> bool:
    """Whether all of them are recorded; False while the database does not answer."""
    with suppress(*_AWAY):
        return identities <= (await read_audit(database_url)).recorded
    return False


async def longest_silence(database_url: str, began: datetime, ended: datetime) -> float:
    """The longest time between two records in that time, or at one of its ends, in seconds."""
    connection = await asyncpg.connect(database_url)
    try:
        query = "SELECT at FROM drill_records WHERE at BETWEEN $1 AND $2 ORDER BY at"
        rows = await connection.fetch(query, began, ended)
    finally:
        await connection.close()
    times = [began, *(row["at"] for row in rows), ended]
    return max(timedelta.total_seconds(after - before) for before, after in pairwise(times))


async def execute(database_url: str, statements: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


def _by_identity(rows: Iterable[asyncpg.Record]) -> dict[Identity, list[str]]:
    records: dict[Identity, list[str]] = {}
    for row in rows:
        records.setdefault((row["source"], row["message_id"]), []).append(row["outcome"])
    return records
