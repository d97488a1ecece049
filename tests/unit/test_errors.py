import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import worker
from worker import errors
from worker.errors import Explanation, explain
from worker.infra.messaging.dead_letters.errors import BrowseLostError, InvalidSelectionError

_LINE = re.compile(r"((?:│   |    )*)(?:├── |└── )(\w+)")


def test_the_tree_of_errors_names_each_error_of_the_worker_below_its_base() -> None:
    assert dict(_told()) == dict(_defined())


@pytest.mark.parametrize(
    ("error", "explanation"),
    [
        (BrowseLostError("RabbitMQ took\nthe messages back"), "RabbitMQ took the messages back"),
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError("refused"), "refused"),
    ],
)
def test_an_error_that_a_person_can_act_on_is_one_line(error: Exception, explanation: str) -> None:
    assert explain(error) == Explanation(explanation)


def test_a_command_that_does_not_say_what_it_is_about_is_wrong_usage() -> None:
    error = InvalidSelectionError("choose with --id")

    assert explain(error) == Explanation("choose with --id", wrong_usage=True)


def test_a_file_that_the_locale_cannot_name_is_wrong_usage() -> None:
    with pytest.raises(UnicodeEncodeError) as error:
        "š".encode("ascii")

    explanation = explain(error.value)

    assert explanation is not None
    assert explanation.wrong_usage
    assert "set LC_ALL=C.UTF-8" in explanation.line


def test_a_bug_is_not_explained() -> None:
    assert explain(KeyError("car")) is None


def _told() -> Iterator[tuple[str, str]]:
    """Name and base of each error in the tree."""
    assert errors.__doc__
    path = ["Exception"]
    for line in errors.__doc__.splitlines():
        if match := _LINE.match(line):
            depth = len(match[1]) // 4 + 1
            path[depth:] = [match[2]]
            if match[2] not in {"OSError", "ValueError"}:
                yield match[2], path[depth - 1]


def _defined() -> Iterator[tuple[str, str]]:
    """The same of each class in the code."""
    for module in pkgutil.walk_packages(worker.__path__, "worker."):
        if module.name == "worker.__main__":  # handles signals when it is imported
            continue
        for value in vars(importlib.import_module(module.name)).values():
            if (
                isinstance(value, type)
                and issubclass(value, BaseException)
                and value.__module__ == module.name
            ):
                yield value.__name__, value.__bases__[0].__name__
