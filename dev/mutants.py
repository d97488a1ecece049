"""Changes one token of the worker at a time and asks the unit tests: who notices?

`make mutants` draws some mutants by chance, the same for the same seed, and prints those that
survive. It works on a copy; the checkout stays as it is. The unit tests that import the changed
module run first, all tests without servers only where those pass.
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
SLOWEST_FILES_SECONDS = 60
SLOWEST_RUN_SECONDS = 300
"""A mutant that hangs is noticed, too."""

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
    """One token of one file, and what stands there instead."""

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
    mutants = [mutant for place in arguments.places for mutant in find_mutants(place)]
    drawn = random.Random(arguments.seed).sample(mutants, min(arguments.count, len(mutants)))  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        left_out = shutil.ignore_patterns(".venv", ".git", ".dev", ".*_cache")
        shutil.copytree(ROOT, copy, ignore=left_out)
        if not _tests_pass(copy):
            print("the unit tests fail without any mutant")
            return 1
        survivors = 0
        for number, mutant in enumerate(drawn, start=1):
            survives = _survives(mutant, copy)
            survivors += survives
            print(f"{number:3} {'SURVIVES' if survives else 'killed  '} {mutant}", flush=True)
    share = survivors / max(1, len(drawn))
    print(f"{survivors} of {len(drawn)} mutants survive ({share:.0%})")
    return int(share > arguments.allowed)


def find_mutants(place: str) -> Iterator[Mutant]:
    """Every token of a folder or a file that can be replaced."""
    within = ROOT / place
    for path in [within] if within.is_file() else sorted(within.rglob("*.py")):
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
    """Tokens that mean something else here, or what no test can notice.

    Imports, types, `*` and `->` in signatures, loops; `strict=True` of a `zip`, which guards
    against bugs; whether a clock that runs is at a bound or just past it.
    """
    line = token.line.strip()
    return (
        line.startswith(("import ", "from ", "def ", "async def ", "@", "class ", "*", "for "))
        or (token.string == "in" and " for " in token.line)
        or token.line[: token.start[1]].endswith(("strict=", ".elapsed ", ".time() "))
        or (token.string in {"*", "-"} and token.line[token.end[1] : token.end[1] + 1] != " ")
        or (token.string == "is" and "is not" in token.line)
        or (token.string == "in" and "not in" in token.line)
        or (token.string == "not" and ("is not" in token.line or "not in" in token.line))
    )


def _survives(mutant: Mutant, copy: Path) -> bool:
    importing = _unit_tests_that_import(mutant.path, copy)
    before = mutant.write(copy)
    try:
        return (not importing or _tests_pass(copy, *importing)) and _tests_pass(copy)
    finally:
        (copy / mutant.path).write_text(before)


def _unit_tests_that_import(path: Path, copy: Path) -> list[str]:
    module = ".".join(path.with_suffix("").parts)
    files = sorted((copy / "tests" / "unit").glob("test_*.py"))
    return [str(file) for file in files if module in file.read_text()]


def _tests_pass(copy: Path, *files: str) -> bool:
    """Runs some files in this process, all tests in two."""
    where = files or ("tests", "--numprocesses", "2")
    command = ["-m", "pytest", *where, "--without-servers", "-x", "-q"]
    try:
        done = subprocess.run(
            [sys.executable, *command, "-p", "no:cacheprovider"],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=SLOWEST_FILES_SECONDS if files else SLOWEST_RUN_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dev.mutants", description=__doc__)
    parser.add_argument("places", nargs="*", default=FOLDERS, help="folders and files")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--allowed", type=float, default=0.15, help="the share that may survive")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
