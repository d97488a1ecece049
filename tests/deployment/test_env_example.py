import re

from dotenv import dotenv_values

from tests.deployment.files import COMPOSE, ENV_EXAMPLE
from worker.console.console_settings import ConsoleSettings
from worker.infra.setting_values import bare_values
from worker.settings import Settings

FILES = {"DATABASE_URL_FILE", "RABBITMQ_URL_FILE", "RABBITMQ_MANAGEMENT_URL_FILE"}
OF_COMPOSE = set(re.findall(r"\$\{(\w+):-", COMPOSE.read_text()))


def of_the_worker() -> set[str]:
    return {name.upper() for name in Settings.model_fields}


def of_the_console() -> set[str]:
    return {name.upper() for name in ConsoleSettings.model_fields}


def commented() -> dict[str, str]:
    """The variables that stay commented, with the defaults that are written there."""
    return dict(re.findall(r"(?m)^# ([A-Z_]+)=(.*)$", ENV_EXAMPLE.read_text()))


def active() -> dict[str, str | None]:
    return dotenv_values(ENV_EXAMPLE)


def test_every_variable_is_told_and_no_other() -> None:
    assert (
        commented().keys() | active().keys()
        == of_the_worker() | of_the_console() | FILES | OF_COMPOSE
    )


def test_what_is_required_is_all_that_a_copy_sets() -> None:
    required = {
        name.upper() for name, field in Settings.model_fields.items() if field.is_required()
    }
    assert active().keys() == required


def test_the_defaults_are_those_of_the_worker() -> None:
    told = {k.lower(): v for k, v in commented().items() if k in of_the_worker()}
    urls = {"database_url": "postgresql://host/inventory", "rabbitmq_url": "amqp://host/"}
    read = Settings.model_validate({**urls, **bare_values(told)})
    optional = {n: f.default for n, f in Settings.model_fields.items() if not f.is_required()}
    assert told.keys() == optional.keys()
    assert {name: getattr(read, name) for name in optional} == optional


def test_the_defaults_are_those_of_the_console() -> None:
    told = {k.lower(): v for k, v in commented().items() if k in of_the_console()}
    defaults = ConsoleSettings.model_construct()
    assert told.keys() == ConsoleSettings.model_fields.keys()
    assert ConsoleSettings.model_validate(bare_values(told)) == defaults


def test_the_defaults_are_those_of_compose() -> None:
    in_compose = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE.read_text()))
    assert in_compose == {name: commented()[name] for name in OF_COMPOSE}


def test_each_variable_of_the_worker_has_its_line_of_why() -> None:
    lines = ENV_EXAMPLE.read_text().splitlines()
    for number, line in enumerate(lines):
        name = line.removeprefix("# ").partition("=")[0]
        if name in of_the_worker() | of_the_console():
            assert re.fullmatch(r"# [A-Za-z].{20,}\.", lines[number - 1]), name
