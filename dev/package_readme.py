"""The README as a package index shows it: a hook of hatchling.

An index has none of the files beside the README, so a relative link or picture would be broken
there. Its place is taken by the path, which the source distribution has.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"!?\[([^]]*)\]\((?!https?:|#)([^)]+)\)")

_PATHS = "*Paths such as `docs/operations.md` are those of the source distribution.*\n"


class PackageReadme(MetadataHookInterface):
    """Sets `readme`, which pyproject.toml leaves to it."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Called by hatchling for each build."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": f"{without_relative_links(text)}\n{_PATHS}",
        }


def without_relative_links(text: str) -> str:
    """Markdown in which paths stand where links to them stood."""
    return _LINK.sub(_path_instead, text)


def _path_instead(link: re.Match[str]) -> str:
    words, path = link.groups()
    return f"`{path}`" if words.strip("`") == path else f"{words} (`{path}`)"
