"""What `docs/contract.md` tells people is true."""

import re
import subprocess
import sys

from tests.conftest import ROOT
from tests.contract_document.contract import ASYNCAPI, SCHEMAS, WIRE_EVENTS, what_to_edit
from worker.infra.messaging.events.wire_events import EVENT_TYPES

PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_every_type_is_told_with_its_fields() -> None:
    rows = re.findall(r"^\| `(inventory\.[^`]+)` \|.*\| (.*) \|$", PAGE, re.MULTILINE)

    told = {f"{name}: {field}" for name, fields in rows for field in re.findall(r"`(\w+)`", fields)}
    known = {
        f"{name}: {field}" for name, model in EVENT_TYPES.items() for field in model.model_fields
    }
    assert told == known, what_to_edit("docs/contract.md, What to send", told, WIRE_EVENTS, known)


def test_every_error_code_is_explained_and_says_who_acts() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (publisher|operator) \|", PAGE, re.MULTILINE)
    told = {f"{code}: {acts} acts" for code, acts in rows}
    codes = SCHEMAS["ErrorCode"]["x-error-codes"]
    known = {f"{code}: {entry['acts']} acts" for code, entry in codes.items()}

    assert told == known, what_to_edit(
        "docs/contract.md, When an event is refused", told, f"x-error-codes in {ASYNCAPI}", known
    )


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((\.\./[^)]+)\)", PAGE)

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_the_events_to_try_are_valid() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "worker", "validate", "-"],
        input=block("jsonl"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout == "2 events, 0 wrong\n"
