import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dotenv import dotenv_values

from tests.deployment.files import (
    COMPOSE,
    ENV_EXAMPLE,
    RABBITMQ_CONF,
    ROOT,
    read_manifests,
    read_yaml,
    seconds,
)
from worker.console.auth.rights import Right
from worker.console.auth.users_file import UsersFile
from worker.console.console_settings import ConsoleSettings
from worker.infra.messaging.events.decoding import LARGEST_BODY_BYTES
from worker.settings import Settings

PROJECT: dict[str, Any] = read_yaml(COMPOSE)
SERVICES: dict[str, Any] = PROJECT["services"]
DEVELOPMENT = ROOT / "deploy" / "compose" / "development"
PASSWORD = "development-only"


def test_the_file_fulfils_the_compose_specification() -> None:
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    check = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stdout


def _compose() -> list[str]:
    """A Compose that runs: there are clients of Docker that lack it."""
    for command in (["docker-compose"], ["docker", "compose"]):
        known = shutil.which(command[0]) is not None
        if (
            known
            and not subprocess.run(
                [*command, "version"], capture_output=True, check=False
            ).returncode
        ):
            return command
    pytest.skip("Docker Compose is not installed")


@pytest.mark.needs_tools
def test_compose_itself_understands_the_file() -> None:
    command = _compose()
    check = subprocess.run(
        [*command, "--file", str(COMPOSE), "--profile", "observability", "config", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stderr


def test_the_servers_the_migration_and_the_worker_come_up_without_a_profile() -> None:
    always = {name for name, service in SERVICES.items() if "profiles" not in service}
    assert always == {"postgres", "rabbitmq", "migrate", "worker"}
    assert SERVICES["console"]["profiles"] == ["console"]
    assert SERVICES["prometheus"]["profiles"] == ["observability"]
    assert SERVICES["grafana"]["profiles"] == ["observability"]


def test_each_service_waits_for_what_it_needs() -> None:
    healthy = {"condition": "service_healthy"}
    completed = {"condition": "service_completed_successfully"}
    assert SERVICES["migrate"]["depends_on"] == {"postgres": healthy}
    for service in ("worker", "console"):
        assert SERVICES[service]["depends_on"] == {
            "postgres": healthy,
            "rabbitmq": healthy,
            "migrate": completed,
        }


@pytest.mark.parametrize("server", ["postgres", "rabbitmq"])
def test_a_server_that_is_waited_for_says_when_it_is_healthy(server: str) -> None:
    assert SERVICES[server]["healthcheck"]["test"]


def test_the_worker_keeps_the_health_check_of_its_image() -> None:
    assert "healthcheck" not in SERVICES["worker"]
    assert SERVICES["migrate"]["healthcheck"] == {"disable": True}


def test_any_command_of_the_worker_can_be_given_instead_of_run() -> None:
    """`docker compose run --rm worker dlq list`: the entry point is the image's."""
    assert {"entrypoint", "command", "container_name"}.isdisjoint(SERVICES["worker"])
    assert SERVICES["migrate"]["command"] == ["migrate"]
    assert SERVICES["migrate"]["image"] == SERVICES["worker"]["image"]


@pytest.mark.parametrize("service", ["migrate", "worker", "console"])
def test_the_worker_can_write_nowhere_and_gain_nothing(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["tmpfs"] == "/tmp"
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("service", ["migrate", "worker", "console"])
def test_secrets_come_from_files_and_no_variable_holds_one(service: str) -> None:
    environment = SERVICES[service]["environment"]
    files = {name: value for name, value in environment.items() if name.endswith("_FILE")}
    assert "DATABASE_URL" not in environment
    assert "RABBITMQ_URL" not in environment
    assert sorted(files.values()) == [f"/run/secrets/{n}" for n in SERVICES[service]["secrets"]]


def test_every_variable_of_the_worker_goes_through_but_where_it_answers() -> None:
    variables = {name.upper() for name in Settings.model_fields if name.startswith("worker_")}
    environment = SERVICES["worker"]["environment"]
    passed = {name for name, value in environment.items() if value is None}
    assert passed == variables - {"WORKER_HTTP_HOST", "WORKER_HTTP_PORT"}
    assert SERVICES["worker"]["ports"][0].endswith(f":{environment['WORKER_HTTP_PORT']}")


def test_compose_waits_longer_than_the_worker_needs_to_stop() -> None:
    shutdown_timeout = Settings.model_fields["worker_shutdown_timeout"].default
    assert seconds(SERVICES["worker"]["stop_grace_period"]) >= shutdown_timeout + 20


def test_every_port_is_on_the_loopback_interface() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_starts_it_as_it_stands_logs_in_everywhere() -> None:
    given = dotenv_values(ENV_EXAMPLE)
    for variable, file, server, ports in (
        ("DATABASE_URL", "database-url", "postgres", {5432}),
        ("RABBITMQ_URL", "rabbitmq-url", "rabbitmq", {5672}),
    ):
        inside = urlsplit((DEVELOPMENT / file).read_text().strip())
        outside = urlsplit(given[variable] or "")
        assert (inside.username, inside.password) == ("inventory", PASSWORD)
        assert (outside.username, outside.password) == ("inventory", PASSWORD)
        assert (inside.hostname, outside.hostname) == (server, "127.0.0.1")
        assert {inside.port, outside.port} == ports
        assert inside.path == outside.path
    assert SERVICES["postgres"]["environment"] == {
        "POSTGRES_USER": "inventory",
        "POSTGRES_PASSWORD": f"${{POSTGRES_PASSWORD:-{PASSWORD}}}",
        "POSTGRES_DB": "inventory",
    }
    assert SERVICES["rabbitmq"]["environment"] == {
        "RABBITMQ_DEFAULT_USER": "inventory",
        "RABBITMQ_DEFAULT_PASS": f"${{RABBITMQ_PASSWORD:-{PASSWORD}}}",
    }


def test_the_console_takes_logins_on_the_port_that_is_published() -> None:
    environment, file = SERVICES["console"]["environment"], DEVELOPMENT / "console-users"
    settings = ConsoleSettings.model_validate(
        {"console_host": environment["CONSOLE_HOST"], "console_users_file": file}
    )
    assert SERVICES["console"]["ports"][0].endswith(f":{settings.console_port}")

    user = UsersFile(file).find("operator")

    assert user is not None
    assert user.password.matches(PASSWORD)
    assert user.rights == set(Right)


def test_every_secret_has_its_file_for_development() -> None:
    for secret in PROJECT["secrets"].values():
        default = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", secret["file"])
        assert (ROOT / default).is_file()


def test_every_file_that_is_mounted_exists() -> None:
    mounts = [
        Path(volume.split(":")[0])
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert mounts
    assert all((ROOT / mount).exists() for mount in mounts)


def largest_message() -> int:
    lines = dict(re.findall(r"(?m)^(\w+) = (.+)$", RABBITMQ_CONF.read_text()))
    return int(lines["max_message_size"])


def test_the_broker_is_given_its_bound_on_the_size_of_messages() -> None:
    mount = f"./{RABBITMQ_CONF.relative_to(ROOT)}:/etc/rabbitmq/conf.d/90-inventory-worker.conf:ro"
    assert mount in SERVICES["rabbitmq"]["volumes"]


def test_a_message_just_above_the_contract_becomes_a_dead_letter_not_a_closed_channel() -> None:
    assert largest_message() > LARGEST_BODY_BYTES


def test_the_worst_that_a_worker_can_be_handed_fits_into_its_memory() -> None:
    container = read_manifests()["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    limit = int(container["resources"]["limits"]["memory"].removesuffix("Mi")) * 2**20
    prefetch = int(read_manifests()["ConfigMap"]["data"]["WORKER_PREFETCH"])
    at_rest = 128 * 2**20
    assert prefetch * largest_message() + at_rest <= limit
