"""What a release needs of a database besides its revision: version, encoding, and one schema."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from worker.infra.db.models import CarModel

OLDEST_POSTGRESQL = 15
_VERSIONS = "alembic_version"

_STATE = text(
    """
    SELECT
        current_database()::text,
        current_setting('server_encoding'),
        current_setting('server_version_num')::int,
        current_setting('search_path'),
        current_schema()::text,
        ARRAY(
            SELECT nspname::text
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relname IN ('alembic_version', 'cars', 'processed_messages')
                AND relkind IN ('r', 'p')
            GROUP BY nspname HAVING count(*) = 3 ORDER BY nspname
        )
    """
)
_TABLES = text(
    """
    SELECT name, nspname::text
    FROM unnest(CAST(:names AS text[])) AS tables(name)
    LEFT JOIN pg_class ON pg_class.oid = to_regclass(name)
    LEFT JOIN pg_namespace ON pg_namespace.oid = relnamespace
    """
)


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database as this session sees it.

    `version` is like 150004. `creates_in` is the schema of new tables, None if `search_path`
    names none that exists. `tables` has the schema that the name of each of our tables leads
    to, None where it leads nowhere; `migrated` are all schemas that hold tables of ours.
    """

    database: str
    encoding: str
    version: int
    search_path: str
    creates_in: str | None
    migrated: tuple[str, ...]
    tables: Mapping[str, str | None]

    @property
    def schema(self) -> str | None:
        """The schema of our tables; before the first migration the one that gets them."""
        return self.tables[_VERSIONS] or self.creates_in

    @property
    def place(self) -> str:
        """Schema and database, in words."""
        return f"schema {self.schema} of database {self.database}"

    @property
    def is_migrated(self) -> bool:
        """Whether the first migration was here."""
        return self.tables[_VERSIONS] is not None

    def other_schemas(self) -> str:
        """A remark on tables of ours in other schemas; empty if there are none."""
        others = ", ".join(name for name in self.migrated if name != self.schema)
        return f"schema {others} has such tables too: is search_path right?" if others else ""

    def problem(self) -> str | None:
        """Why no release can work here, with what to do."""
        return self._unfit_server() or self._lost_schema() or self._hidden_table()

    def migration_problem(self) -> str | None:
        """Why a migration would split the tables over two schemas."""
        if self.creates_in == self.schema:
            return None
        return (
            f"the tables are in schema {self.schema} of database {self.database}, but new tables "
            f"would go to schema {self.creates_in}, which is earlier in search_path "
            f"({self.search_path}): put {self.schema} first for this role"
        )

    def missing_tables(self) -> str:
        """Our tables that are not there; empty if all are."""
        return ", ".join(sorted(name for name, schema in self.tables.items() if schema is None))

    def _unfit_server(self) -> str | None:
        if self.version // 10_000 < OLDEST_POSTGRESQL:
            found = f"{self.version // 10_000}.{self.version % 10_000}"
            return (
                f"PostgreSQL {found} of database {self.database} is too old: "
                f"this release needs {OLDEST_POSTGRESQL} or newer"
            )
        if self.encoding != "UTF8":
            return (
                f"database {self.database} is encoded as {self.encoding}, which cannot hold or "
                "compare all texts of events: create one with "
                "`CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0` and use that"
            )
        return None

    def _lost_schema(self) -> str | None:
        if self.schema is None:
            return (
                f"search_path ({self.search_path}) names no schema of database {self.database} "
                "that exists and that this role may use: correct it, or grant USAGE"
            )
        if self.migrated and not self.is_migrated:
            return (
                f"search_path leads to schema {self.schema} of database {self.database}, but "
                f"its tables are in schema {', '.join(self.migrated)}: set the same search_path "
                "for `migrate` and `run` (ALTER ROLE … SET search_path, or options= in the URL)"
            )
        return None

    def _hidden_table(self) -> str | None:
        for name, schema in self.tables.items():
            if schema not in {None, self.schema}:
                return (
                    f"table {name} of schema {schema} hides the one of schema {self.schema} of "
                    f"database {self.database}: remove it, or put {self.schema} first in "
                    f"search_path ({self.search_path})"
                )
        return None


async def read_state(connection: AsyncConnection) -> DatabaseState:
    """The state, read without rights on any table."""
    names = [_VERSIONS, *(table.name for table in CarModel.metadata.sorted_tables)]
    row = (await connection.execute(_STATE)).one()
    found = (await connection.execute(_TABLES, {"names": names})).all()
    tables = {row.name: row.nspname for row in found}
    database, encoding, version, search_path, creates_in, migrated = row
    return DatabaseState(
        database, encoding, version, search_path, creates_in, tuple(migrated), tables
    )
