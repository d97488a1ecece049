"""`make migration NAME=add_colour`: write the next migration from what the models changed."""

import re
import subprocess
import sys
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

ROOT = Path(__file__).parents[1]
SCHEMA = Path("worker") / "infra" / "db" / "schema.py"

WRONG_USAGE = 2

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST_NAME = 40
"""Alembic cuts off the rest when it names the file."""

_KNOWN_REVISION = re.compile(r'^SCHEMA_REVISION = "([0-9]{4})"$', re.MULTILINE)

_GENERATE = (
    '"$0" -m alembic --quiet upgrade head && '
    '"$0" -m alembic --quiet revision --autogenerate --rev-id "$1" --message "$2"'
)


class CannotNumberError(Exception):
    """The migrations that exist leave no clear next number; the message says why."""


def main() -> int:
    """Return 2 for a wrong name, before anything is started or written."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if not is_name(name):
        print(
            f"make migration NAME=add_colour: found {name!r}, allowed are lower case letters, "
            f"digits and single underscores, at most {_LONGEST_NAME} in all",
            file=sys.stderr,
        )
        return WRONG_USAGE
    try:
        revision = next_revision(ROOT)
    except CannotNumberError as problem:
        print(problem, file=sys.stderr)
        return 1
    return _write(revision, name)


def is_name(name: str) -> bool:
    """Tells whether a file can be named after it."""
    return len(name) <= _LONGEST_NAME and _NAME.fullmatch(name) is not None


def next_revision(root: Path) -> str:
    """The number after that of the newest migration, such as 0007.

    Raises:
        CannotNumberError: two migrations follow the same one, or the worker knows another.
    """
    try:
        head = ScriptDirectory.from_config(Config(root / "alembic.ini")).get_current_head()
    except CommandError:
        raise CannotNumberError("alembic/versions/ has two heads: renumber one of them") from None
    known = _KNOWN_REVISION.findall((root / SCHEMA).read_text(encoding="utf-8"))
    if known != [head]:
        raise CannotNumberError(
            f"the newest migration is {head}, {SCHEMA} has SCHEMA_REVISION {' '.join(known)}"
        )
    return f"{int(known[0]) + 1:04}"


def raise_known_revision(source: str, revision: str) -> str:
    """The source of `schema.py` with another SCHEMA_REVISION."""
    return _KNOWN_REVISION.sub(f'SCHEMA_REVISION = "{revision}"', source)


def _write(revision: str, name: str) -> int:
    servers = [sys.executable, "-m", "dev.with_servers", "--database-only", "--"]
    generate = ["sh", "-c", _GENERATE, sys.executable, revision, name.replace("_", " ")]
    code = subprocess.run([*servers, *generate], cwd=ROOT, check=False).returncode
    if code != 0:
        return code
    schema = ROOT / SCHEMA
    schema.write_text(raise_known_revision(schema.read_text("utf-8"), revision), "utf-8")
    file = Path("alembic") / "versions" / f"{revision}_{name}.py"
    for lint in (["format", "--quiet"], ["check", "--fix", "--quiet"]):
        subprocess.run(["ruff", *lint, str(file)], cwd=ROOT, check=False)
    print(f"{file} is written, and {SCHEMA} knows {revision}. Read the file before you use it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
