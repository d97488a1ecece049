"""Files of dead letters: written by `export` and `discard`, read by `import`."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.infra.messaging.dead_letters.canonical_json import canonical
from worker.infra.messaging.dead_letters.dead_letter import DeadLetter
from worker.infra.messaging.dead_letters.dead_letter_line import read_original, told_data
from worker.infra.messaging.dead_letters.editing import Edit
from worker.infra.messaging.events.json_text import MalformedJsonError, parse_json


class InvalidLineError(ValueError):
    """A line holds no dead letter, or one that was edited beyond what can be edited."""


@dataclass(frozen=True, slots=True)
class DeadLetterLine:
    """A line: the dead letter as it was exported, and its edit, if somebody edited it."""

    letter: DeadLetter
    edit: Edit | None


class DeadLetterFile:
    """A file of lines that is read line by line, and each again where it is needed."""

    def __init__(self, path: Path) -> None:
        """Raises InvalidLineError: it can be read only once."""
        self._file = path.open("rb")
        if not self._file.seekable():
            self._file.close()
            raise InvalidLineError(f"{path} is a pipe, which is read only once: give a file")

    def scan(self) -> Iterator[tuple[int, int, DeadLetterLine]]:
        """Number, position and content of each line that is not blank.

        Raises:
            InvalidLineError: with the number of the line.
        """
        position = 0
        for number, line in enumerate(self._file, start=1):
            if line.strip():
                try:
                    yield number, position, parse_line(line)
                except InvalidLineError as invalid:
                    raise InvalidLineError(f"line {number} {invalid}") from None
            position += len(line)

    def read(self, position: int) -> DeadLetterLine:
        """The line at a position that `scan` gave."""
        self._file.seek(position)
        return parse_line(self._file.readline())

    def close(self) -> None:
        """Closes it."""
        self._file.close()


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[str], None]]:
    """A file that does not exist yet, whose lines are on disk once they are written.

    It is removed where the block fails.

    Raises:
        FileExistsError: it is there already.
    """
    with path.open("x", encoding="utf-8") as file:
        _sync_folder(path.absolute().parent)

        def write(lines: str) -> None:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

        try:
            yield write
        except BaseException:
            path.unlink()
            raise


def refuse_file(path: Path) -> None:
    """Makes sure that this file can be made later.

    Raises:
        FileExistsError: it is there already.
        OSError: nobody can make it.
    """
    with new_file(path):
        pass
    path.unlink()


def parse_line(line: bytes) -> DeadLetterLine:
    """Reads a line as `to_line` writes it, with whatever a person has changed in it.

    Raises:
        InvalidLineError: it holds no dead letter.
    """
    try:
        told, exact = json.loads(line, parse_int=_int_or_text), parse_json(line)
    except (MalformedJsonError, ValueError, RecursionError) as malformed:
        raise InvalidLineError(f"is not JSON: {malformed}") from None
    if not isinstance(told, dict) or not isinstance(exact, dict):
        raise InvalidLineError("is not a JSON object as `dlq export` writes it")
    try:
        letter = read_original(told)
    except ValueError as invalid:
        raise InvalidLineError(str(invalid)) from None
    try:
        return DeadLetterLine(letter, _find_edit(letter, told, exact))
    except MalformedJsonError as malformed:
        raise InvalidLineError(f"is {malformed}") from None


def _int_or_text(digits: str) -> int | str:
    """Python converts no more than 4,300 digits; data may have more, and `exact` has them."""
    try:
        return int(digits)
    except ValueError:
        return digits


def _find_edit(letter: DeadLetter, told: dict[str, Any], exact: dict[str, Any]) -> Edit | None:
    if told.get("message_id") != letter.message_id:
        raise InvalidLineError("has another message_id: an edit gets its id from the old one")
    data = canonical(exact["data"]) if "data" in exact else None
    type_, source = told.get("type"), told.get("source") or ""
    if (type_, source, _sorted(data)) == (letter.type, letter.source, _sorted(told_data(letter))):
        return None
    if not isinstance(type_, str) or not isinstance(source, str) or data is None:
        raise InvalidLineError("is edited and has no type, source and data that could be sent")
    return Edit(type_, source, data)


def _sorted(data: str | None) -> str | None:
    """Equal for equal data, in whatever order an editor has left the members."""
    return None if data is None else canonical(parse_json(data.encode()), sort=True)


def _sync_folder(folder: Path) -> None:
    """A new file is safe only once its folder knows it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
