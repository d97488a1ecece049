"""Configuration from the environment, then `.env`; nothing is read at import."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from worker.infra.messaging.retry_delays import RetryDelay, parse_retry_delays
from worker.infra.server_urls import ServerUrlError, check_server_url

_SECRETS_IN_FILES = ("DATABASE_URL", "RABBITMQ_URL", "RABBITMQ_MANAGEMENT_URL")
_EXAMPLES = {
    "DATABASE_URL": "postgresql://user:password@host:5432/inventory",
    "RABBITMQ_URL": "amqp://user:password@host:5672/",
}


S = TypeVar("S", bound=BaseSettings)


class SettingsError(Exception):
    """A variable is missing or invalid; the message is one line that names it."""


def _server_url(*schemes: str) -> AfterValidator:
    def check(url: SecretStr) -> SecretStr:
        check_server_url(url.get_secret_value(), *schemes)
        return url

    return AfterValidator(check)


def _or_none(value: object) -> object:
    return None if value == "" else value


DatabaseUrl = Annotated[SecretStr, _server_url("postgresql", "postgres")]
RabbitmqUrl = Annotated[SecretStr, _server_url("amqp", "amqps")]
ManagementUrl = Annotated[SecretStr, _server_url("http", "https")]
RetryDelays = Annotated[tuple[RetryDelay, ...], NoDecode, BeforeValidator(parse_retry_delays)]


class _ServerSettings(BaseSettings):
    """The server URLs, which may also be read from files."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", hide_input_in_errors=True, frozen=True
    )

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name in _SECRETS_IN_FILES:
            path = _secret_file(name)
            if path and name.lower() in cls.model_fields:
                values[name.lower()] = _read_secret(name, path)
        return values


class DatabaseSettings(_ServerSettings):
    """Settings of commands that only use the database."""

    database_url: DatabaseUrl

    def current_database_url(self) -> str:
        """The URL as of now: its file, if it came from one, is read again.

        Raises:
            ServerUrlError: it cannot be read, or is invalid.
        """
        return _current(DatabaseSettings, "database_url", self.database_url)


class RabbitmqSettings(_ServerSettings):
    """Settings of a publisher."""

    rabbitmq_url: RabbitmqUrl

    def current_rabbitmq_url(self) -> str:
        """As `current_database_url`."""
        return _current(RabbitmqSettings, "rabbitmq_url", self.rabbitmq_url)


class Settings(RabbitmqSettings, DatabaseSettings):
    """Settings of the worker; the README documents each one."""

    rabbitmq_management_url: Annotated[ManagementUrl | None, BeforeValidator(_or_none)] = None
    worker_prefetch: int = Field(default=1000, ge=1, le=65_535)
    worker_batch_size: int = Field(default=400, ge=1, le=10_000)
    worker_retry_delays: RetryDelays = parse_retry_delays("5s,30s,2m")
    worker_pool_size: int = Field(default=5, ge=2, le=100)
    worker_startup_timeout: float = Field(default=60, gt=0)
    worker_shutdown_timeout: float = Field(default=25, gt=0)
    worker_retention_days: int = Field(default=30, ge=1, le=36_500)
    worker_http_host: str = "0.0.0.0"  # noqa: S104 - probes and scrapes come from other hosts
    worker_http_port: int = Field(default=8080, ge=0, le=65_535)
    worker_log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker_log_format: Literal["console", "json"] = "console"

    @model_validator(mode="after")
    def _prefetch_fills_a_batch(self) -> Self:
        if self.worker_prefetch < self.worker_batch_size:
            raise ValueError(
                f"WORKER_PREFETCH {self.worker_prefetch} is below "
                f"WORKER_BATCH_SIZE {self.worker_batch_size}: no batch could fill"
            )
        return self


def read_settings() -> Settings:
    """The worker's settings.

    Raises:
        SettingsError: a variable is missing or invalid.
    """
    return _read(Settings)


def read_database_url() -> str:
    """The URL of the database, as the user gave it.

    Raises:
        SettingsError: it is missing or invalid.
    """
    return _read(DatabaseSettings).database_url.get_secret_value()


def read_rabbitmq_url() -> str:
    """The URL of the broker, as the user gave it.

    Raises:
        SettingsError: it is missing or invalid.
    """
    return _read(RabbitmqSettings).rabbitmq_url.get_secret_value()


def _current(kind: type[_ServerSettings], field: str, given: SecretStr) -> str:
    values = {} if _secret_file(field.upper()) else {field: given}
    try:
        url: SecretStr = getattr(_read(kind, **values), field)
    except SettingsError as wrong:
        raise ServerUrlError(str(wrong)) from None
    return url.get_secret_value()


def _read(kind: type[S], **values: Any) -> S:  # noqa: ANN401 - each field has its own type
    try:
        return kind(**values)
    except ValidationError as invalid:
        raise SettingsError(_one_line(invalid)) from None
    except UnicodeDecodeError:
        raise SettingsError(".env is not UTF-8") from None


def _secret_file(name: str) -> str | None:
    """The file that holds this variable; None if the environment has it, or no file is named."""
    return None if name in os.environ else os.environ.get(f"{name}_FILE")


def _read_secret(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: cannot read {path}: {error}") from None


def _one_line(invalid: ValidationError) -> str:
    return "; ".join(_describe(error) for error in invalid.errors(include_url=False))


def _describe(error: ErrorDetails) -> str:
    name = ".".join(str(part) for part in error["loc"]).upper()
    if path := _secret_file(name):
        name = f"{name}_FILE: {path}"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        message = f"is missing: set it in the environment or in .env, as in {_EXAMPLES[name]}"
    return f"{name} {message}".strip()
