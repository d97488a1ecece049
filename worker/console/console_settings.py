"""Configuration of the console, read as that of the worker."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from worker.console.auth.gates import Network
from worker.console.auth.rights import Rights, parse_rights
from worker.settings import EnvironmentSettings, read_as


def _parse_networks(text: object) -> object:
    if not isinstance(text, str):
        return text
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _parse_group_rights(text: object) -> object:
    """Reads `oncall:look,replay; leads:look,replay,discard,edit`."""
    if not isinstance(text, str):
        return text
    given = {}
    for part in filter(str.strip, text.split(";")):
        group, colon, rights = part.rpartition(":")
        if not colon or not group.strip():
            raise ValueError(f"{part.strip()!r} is not as in oncall:look,replay")
        given[group.strip()] = parse_rights(rights)
    return given


Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_parse_networks)]
GroupRights = Annotated[Mapping[str, Rights], NoDecode, BeforeValidator(_parse_group_rights)]


class ConsoleSettings(EnvironmentSettings):
    """Where the console listens, and how it knows who visits: docs/console.md tells each."""

    console_host: str = "127.0.0.1"
    console_port: int = Field(default=8090, ge=0, le=65_535)
    console_users_file: Path | None = None
    console_user_header: str | None = None
    console_groups_header: str | None = None
    console_group_rights: GroupRights = Field(default_factory=dict)
    console_trusted_networks: Networks = ()

    @model_validator(mode="after")
    def _knows_who_visits(self) -> Self:
        if problem := self._problem():
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        proxy, users = self.console_user_header, self.console_users_file
        if proxy and users:
            return "CONSOLE_USER_HEADER and CONSOLE_USERS_FILE are two ways in: choose one"
        if proxy and not self.console_trusted_networks:
            return "CONSOLE_USER_HEADER needs CONSOLE_TRUSTED_NETWORKS, where the proxy is"
        if self.console_groups_header and not proxy:
            return "CONSOLE_GROUPS_HEADER needs CONSOLE_USER_HEADER"
        if bool(self.console_group_rights) != bool(self.console_groups_header):
            return "CONSOLE_GROUPS_HEADER and CONSOLE_GROUP_RIGHTS need each other"
        if not (proxy or users or is_loopback(self.console_host)):
            return (
                f"CONSOLE_HOST {self.console_host} is no loopback address, and nobody would have "
                "to log in: set CONSOLE_USERS_FILE, or CONSOLE_USER_HEADER with "
                "CONSOLE_TRUSTED_NETWORKS"
            )
        return None


def read_console_settings(**given: Any) -> ConsoleSettings:  # noqa: ANN401 - each has its own type
    """The settings; what is given counts more than the environment.

    Raises:
        SettingsError: a variable is invalid, or others could come in.
    """
    return read_as(ConsoleSettings, **given)


def is_loopback(host: str) -> bool:
    """Tells whether only this machine reaches the address."""
    try:
        return host.lower() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
