"""Changes one token of the worker at a time and runs the unit tests.

`make mutants` draws random mutants, the same for the same seed, and prints those that survive. It
works on a copy of the checkout.
"""

import argparse
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (
    "worker/domain",
    "worker/application",
    "worker/infra/messaging",
    "worker/dead_letters",
)
SLOWEST_RUN_SECONDS = 180
"""Time limit: a mutant that hangs counts as noticed."""

SWAPPED = (
    *(("==", "!="), ("<", "<="), (">", ">="), ("+", "-"), ("*", "//"), ("+=", "-=")),
    *(("and", "or"), ("True", "False"), ("break", "continue")),
)
REPLACEMENTS = {
    **dict(SWAPPED),
    **{second: first for first, second in SWAPPED},
    "in": "not in",
    "not": "",
    "is": "is not",
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One token of one file, and its replacement."""

    path: Path
    line: int
    column: int
    token: str
    instead: str

    def write(self, root: Path) -> str:
        """Changes the file below `root`; returns its text before."""
        file = root / self.path
        before = file.read_text()
        lines = before.splitlines(keepends=True)
        line = lines[self.line - 1]
        end = self.column + len(self.token)
        lines[self.line - 1] = f"{line[: self.column]}{self.instead}{line[end:]}"
        file.write_text("".join(lines))
        return before

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column} {self.token!r} -> {self.instead!r}"


def main() -> int:
    """Prints each survivor; returns 1 if more survive than are allowed."""
    arguments = _parse_arguments()
    mutants = [mutant for folder in arguments.folders for mutant in find_mutants(folder)]
    drawn = random.Random(arguments.seed).sample(mutants, min(arguments.count, len(mutants)))  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        left_out = shutil.ignore_patterns(".venv", ".git", ".dev", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=left_out)
        if not _tests_pass(copy):
            print("the unit tests fail without any mutant")
            return 1
        survivors = [mutant for mutant in drawn if _survives(mutant, copy)]
    share = len(survivors) / max(1, len(drawn))
    print(f"{len(survivors)} of {len(drawn)} mutants survive ({share:.0%})")
    return int(share > arguments.allowed)


def find_mutants(folder: str) -> Iterator[Mutant]:
    """Every token of a folder that can be replaced."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            instead = _instead_of(token)
            if instead is not None and not _is_declaration(token):
                yield Mutant(path.relative_to(ROOT), *token.start, token.string, instead)


def _instead_of(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.NUMBER and token.string.isdigit():
        return str(int(token.string) + 1)
    if token.type in {tokenize.OP, tokenize.NAME}:
        return REPLACEMENTS.get(token.string)
    return None


def _is_declaration(token: tokenize.TokenInfo) -> bool:
    """Tokens that mean something else here: imports, types, `*` and `->` in signatures, loops."""
    line = token.line.strip()
    return (
        line.startswith(("import ", "from ", "def ", "async def ", "@", "class ", "*", "for "))
        or (token.string == "in" and " for " in token.line)
        or (token.string in {"*", "-"} and token.line[token.end[1] : token.end[1] + 1] != " ")
        or (token.string == "is" and "is not" in token.line)
        or (token.string == "in" and "not in" in token.line)
        or (token.string == "not" and ("is not" in token.line or "not in" in token.line))
    )


def _survives(mutant: Mutant, copy: Path) -> bool:
    before = mutant.write(copy)
    try:
        survives = _tests_pass(copy)
    finally:
        (copy / mutant.path).write_text(before)
    print(f"{'SURVIVES' if survives else 'killed  '} {mutant}", flush=True)
    return survives


def _tests_pass(copy: Path) -> bool:
    command = ["-m", "pytest", "tests", "--without-servers", "-x", "-q", "--numprocesses", "2"]
    try:
        done = subprocess.run(
            [sys.executable, *command, "-p", "no:cacheprovider"],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=SLOWEST_RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.mutants", description=__doc__)
    parser.add_argument("folders", nargs="*", default=FOLDERS)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--allowed", type=float, default=0.15, help="the share that may survive")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
