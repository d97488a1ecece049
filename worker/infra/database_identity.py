from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which database a worker writes to.

    `fingerprint` is the same for all who use the same schema of the same database, through
    whatever host or role, and tells nothing about them. `server` is the host that was asked.
    """

    database: str
    schema: str
    fingerprint: str
    server: str
