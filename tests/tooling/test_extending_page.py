"""`docs/extending.md` names files that exist."""

import re

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
FOLDERS = ("alembic", "contract", "dev", "docs", "examples", "tests", "worker")


def test_every_file_that_it_names_exists() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
    files = {f"/{path.relative_to(ROOT)}" for path in [*paths, *ROOT.glob("*.md")]}
    named = set(re.findall(r"`([\w./-]+\.(?:py|md|sh|json|jsonl|yaml))`", PAGE))

    assert named
    assert [n for n in named if not any(file.endswith(f"/{n}") for file in files)] == []


def test_every_folder_that_it_names_exists() -> None:
    named = set(re.findall(r"`([\w./-]+)/`", PAGE))
    missing = [n for n in named if not ((ROOT / n).is_dir() or (ROOT / "worker" / n).is_dir())]

    assert named
    assert missing == []


def test_every_link_within_it_leads_to_a_heading() -> None:
    headings = re.findall(r"^## (.*)$", PAGE, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == anchors
