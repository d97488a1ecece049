"""What a package index and a person with the source distribution get."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from dev.package_readme import without_relative_links
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return folder


def description(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
    assert metadata["Description-Content-Type"] == "text/markdown"
    return bytes(metadata.get_payload(decode=True)).decode()


def test_the_description_has_no_link_that_an_index_cannot_follow(built: Path) -> None:
    (wheel,) = built.glob("*.whl")

    text = description(wheel)

    assert text.startswith("# inventory-worker\n")
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", text) == []


def test_the_wheel_has_what_the_console_sends(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())

    of_console = ROOT / "worker" / "console"
    sent = [*of_console.glob("templates/*"), *of_console.glob("static/*")]

    assert len(sent) > 10
    assert {str(file.relative_to(ROOT)) for file in sent} <= files


def test_every_path_that_stands_for_a_link_is_in_the_source_distribution(built: Path) -> None:
    (source,) = built.glob("*.tar.gz")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / "README.md").read_text("utf-8"))
    with tarfile.open(source) as archive:
        files = [name.partition("/")[2] for name in archive.getnames()]

    missing = [link for link in links if not any(file.startswith(link) for file in files)]

    assert links
    assert missing == []


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("See [docs/a.md](docs/a.md).", "See `docs/a.md`."),
        ("[`docs/a.md`](docs/a.md)", "`docs/a.md`"),
        ("[all figures](docs/a.md)", "all figures (`docs/a.md`)"),
        ("![Messages per second](a.svg)", "Messages per second (`a.svg`)"),
        ("[a site](https://example.org/a)", "[a site](https://example.org/a)"),
        ("[above](#above)", "[above](#above)"),
    ],
)
def test_a_path_stands_where_a_relative_link_stood(text: str, becomes: str) -> None:
    assert without_relative_links(text) == becomes
