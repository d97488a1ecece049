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
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from typing_extensions import override

from worker.infra.messaging.retry_delays import RetryDelay, parse_retry_delays
from worker.infra.server_urls import ServerUrlError, check_server_url
from worker.infra.setting_values import bare, bare_values, encoding_of

_DOT_ENV = ".env"
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


DatabaseUrl = Annotated[SecretStr, _server_url("postgresql", "postgres")]
RabbitmqUrl = Annotated[SecretStr, _server_url("amqp", "amqps")]
ManagementUrl = Annotated[SecretStr, _server_url("http", "https")]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]
LogFormat = Annotated[Literal["console", "json"], BeforeValidator(str.lower)]
RetryDelays = Annotated[tuple[RetryDelay, ...], NoDecode, BeforeValidator(parse_retry_delays)]


class EnvironmentSettings(BaseSettings):
    """Reads the environment, then the files that it names, then `.env`."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, frozen=True)

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        environment = bare_values(EnvSettingsSource(settings_cls).env_vars)
        files = {
            name: _read_secret(name.upper(), path)
            for name in settings_cls.model_fields
            if (path := _secret_file(name.upper()))
        }
        given = {**_read_dot_env(settings_cls), **files, **environment}
        return init_settings, InitSettingsSource(settings_cls, given)


class DatabaseSettings(EnvironmentSettings):
    """Settings of commands that only use the database."""

    database_url: DatabaseUrl

    def current_database_url(self) -> str:
        """The URL as of now: its file, if it came from one, is read again.

        Raises:
            ServerUrlError: it cannot be read, or is invalid.
        """
        return _current(DatabaseSettings, "database_url", self.database_url)


class RabbitmqSettings(EnvironmentSettings):
    """Settings of a publisher."""

    rabbitmq_url: RabbitmqUrl

    def current_rabbitmq_url(self) -> str:
        """As `current_database_url`."""
        return _current(RabbitmqSettings, "rabbitmq_url", self.rabbitmq_url)


class ManagementSettings(EnvironmentSettings):
    """Where RabbitMQ tells what a client cannot see, if it may be asked."""

    rabbitmq_management_url: ManagementUrl | None = None

    def current_management_url(self) -> str:
        """As `current_database_url`, where there is one."""
        given = self.rabbitmq_management_url
        assert given is not None, "there is nobody to ask"
        return _current(ManagementSettings, "rabbitmq_management_url", given)


class Settings(ManagementSettings, RabbitmqSettings, DatabaseSettings):
    """Settings of the worker; the README documents each one."""

    worker_prefetch: int = Field(default=1500, ge=1, le=65_535)
    worker_batch_size: int = Field(default=400, ge=1, le=10_000)
    worker_retry_delays: RetryDelays = parse_retry_delays("5s,30s,2m")
    worker_pool_size: int = Field(default=5, ge=3, le=100)
    worker_startup_timeout: float = Field(default=60, gt=0)
    worker_shutdown_timeout: float = Field(default=25, gt=0)
    worker_retention_days: int = Field(default=30, ge=1, le=36_500)
    worker_http_host: str = "0.0.0.0"  # noqa: S104 - probes and scrapes come from other hosts
    worker_http_port: int = Field(default=8080, ge=0, le=65_535)
    worker_log_level: LogLevel = "info"
    worker_log_format: LogFormat = "console"

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
    return read_as(Settings)


def read_database_url() -> str:
    """The URL of the database, as the user gave it.

    Raises:
        SettingsError: it is missing or invalid.
    """
    return read_as(DatabaseSettings).database_url.get_secret_value()


def read_rabbitmq_url() -> str:
    """The URL of the broker, as the user gave it.

    Raises:
        SettingsError: it is missing or invalid.
    """
    return read_as(RabbitmqSettings).rabbitmq_url.get_secret_value()


def _current(kind: type[EnvironmentSettings], field: str, given: SecretStr) -> str:
    values = {} if _secret_file(field.upper()) else {field: given}
    try:
        url: SecretStr = getattr(read_as(kind, **values), field)
    except SettingsError as wrong:
        raise ServerUrlError(str(wrong)) from None
    return url.get_secret_value()


def read_as(kind: type[S], **values: Any) -> S:  # noqa: ANN401 - each field has its own type
    """Settings of a kind; what is given counts more than the environment.

    Raises:
        SettingsError: a variable is missing or invalid.
    """
    try:
        return kind(**values)
    except ValidationError as invalid:
        raise SettingsError(_one_line(invalid)) from None


def _read_dot_env(settings: type[BaseSettings]) -> dict[str, str]:
    file = Path(_DOT_ENV)
    try:  # a pipe, as password managers make one, can be read only once
        encoding = encoding_of(file.read_bytes() if file.is_file() else b"")
        source = DotEnvSettingsSource(settings, env_file=file, env_file_encoding=encoding)
    except OSError as error:
        raise SettingsError(f"{_DOT_ENV}: cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise SettingsError(f"{_DOT_ENV} is not UTF-8") from None
    return bare_values(source.env_vars)


def _secret_file(name: str) -> str | None:
    """The file that holds this variable; None if the environment has it, or no file is named."""
    environment = {known.upper(): value for known, value in bare_values(os.environ).items()}
    return None if name in environment else environment.get(f"{name}_FILE")


def _read_secret(name: str, path: str) -> str:
    try:
        raw = Path(path).read_bytes()
        secret = bare(raw.decode(encoding_of(raw)))
    except (OSError, ValueError) as error:  # ValueError: not in this encoding, or no path
        raise SettingsError(f"{name}_FILE: cannot read {path}: {error}") from None
    if not secret:
        raise SettingsError(f"{name}_FILE: {path} is empty")
    return secret


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
