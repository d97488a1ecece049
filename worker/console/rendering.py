"""Templates, and how they show instants, amounts and text from publishers."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from worker import __version__
from worker.console.addresses import address_of
from worker.console.auth.rights import Right
from worker.infra.clocks import utc_now
from worker.infra.printable import printable

_FOLDER = Path(__file__).parent
TEMPLATES = _FOLDER / "templates"
STATIC = _FOLDER / "static"

MISSING = "\N{EN DASH}"
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def create_templates() -> Environment:
    """Every value is escaped, in every template."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "age": age,
        "count": count,
        "instant": instant,
        "pesos": pesos,
        "shown": shown,
        "signed": signed,
    }
    templates.globals |= {"to": address_of, "version": __version__, "Right": Right, "now": utc_now}
    return templates


def shown(value: object) -> str:
    """Text from anybody, on one line; what is missing is a dash."""
    return MISSING if value is None or value == "" else printable(str(value))


def instant(time: datetime | None) -> str:
    """An instant in UTC, with its age."""
    if time is None:
        return MISSING
    utc = time.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time> <span class="age">{}</span>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M:%S}Z", age(time)
    )


def age(time: datetime) -> str:
    """How long ago, or in how long: `3 h ago`, `in 3 h`."""
    seconds = int((utc_now() - time).total_seconds())
    for length, unit in _UNITS:
        if abs(seconds) >= length:
            told = f"{abs(seconds) // length} {unit}"
            return f"{told} ago" if seconds > 0 else f"in {told}"
    return "now"


def count(number: int | None) -> str:
    """A number with separators."""
    return MISSING if number is None else f"{number:,}"


def signed(number: int) -> str:
    """A change."""
    return f"{number:+,}".replace("-", "\N{MINUS SIGN}") if number else "±0"


def pesos(amount: Decimal) -> str:
    """An amount: 349,999.00."""
    return f"{amount:,.2f}"
