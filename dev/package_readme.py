"""A hatchling hook that adapts the README for a package index.

An index has only the README, so relative links and pictures would be broken there. They are
replaced by their paths in the source distribution.
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
    """The Markdown with relative links replaced by their paths."""
    return _LINK.sub(_path_instead, text)


def _path_instead(link: re.Match[str]) -> str:
    words, path = link.groups()
    return f"`{path}`" if words.strip("`") == path else f"{words} (`{path}`)"
