from pathlib import Path

import pytest

from worker.settings import SettingsError, read_database_url, read_rabbitmq_url, read_settings

DATABASE_URL = "postgresql://user:p%40ss@host:5432/db"
RABBITMQ_URL = "amqp://user:secret@host:5672/"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Only the two URLs are set, and no `.env` is near."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL_FILE", "RABBITMQ_URL_FILE", "WORKER_PREFETCH", "WORKER_BATCH_SIZE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", DATABASE_URL)
    monkeypatch.setenv("RABBITMQ_URL", RABBITMQ_URL)
    return monkeypatch


def test_two_urls_are_enough() -> None:
    settings = read_settings()

    assert settings.database_url.get_secret_value() == DATABASE_URL
    assert [delay.text for delay in settings.worker_retry_delays] == ["5s", "30s", "2m"]


@pytest.mark.parametrize("name", ["DATABASE_URL", "RABBITMQ_URL"])
def test_a_missing_url_is_named_with_an_example(name: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError, match=f"{name} is missing.*://user:password@host"):
        read_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:verysecret@h/d"),
        ("RABBITMQ_URL", "http://u:verysecret@h/"),
        ("RABBITMQ_MANAGEMENT_URL", "amqp://u:verysecret@h/"),
        ("WORKER_RETRY_DELAYS", "5s,soon"),
        ("WORKER_RETRY_DELAYS", "25h"),
        ("WORKER_PREFETCH", "0"),
        ("WORKER_RETENTION_DAYS", "1000000000"),
        ("WORKER_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it_and_no_secret(
    name: str, value: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError) as wrong:
        read_settings()
    assert name in str(wrong.value)
    assert "\n" not in str(wrong.value)
    assert "verysecret" not in str(wrong.value)


def test_a_prefetch_that_fills_no_batch_is_refused(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WORKER_PREFETCH", "10")

    with pytest.raises(SettingsError, match="WORKER_PREFETCH 10 is below WORKER_BATCH_SIZE 400"):
        read_settings()


def test_an_url_can_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(DATABASE_URL + "\n")
    environment.delenv("DATABASE_URL")
    environment.setenv("DATABASE_URL_FILE", str(secret))

    assert read_database_url() == DATABASE_URL


def test_a_file_named_in_the_environment_goes_before_dot_env(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(DATABASE_URL)
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://other:other@other/other\n")
    environment.delenv("DATABASE_URL")
    environment.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))

    assert read_database_url() == DATABASE_URL


def test_a_command_on_the_database_alone_reads_no_secret_of_the_broker(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("RABBITMQ_URL_FILE", "/nowhere")

    assert read_database_url() == DATABASE_URL


def test_an_unreadable_file_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")
    environment.setenv("DATABASE_URL_FILE", "/nowhere/at/all")

    with pytest.raises(SettingsError, match="DATABASE_URL_FILE: cannot read /nowhere/at/all"):
        read_database_url()


def test_a_publisher_needs_the_broker_alone(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DATABASE_URL")

    assert read_rabbitmq_url() == RABBITMQ_URL


def test_an_env_file_that_is_not_utf_8_is_one_line(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("DATABASE_URL")
    (tmp_path / ".env").write_bytes("DATABASE_URL=postgresql://josé@host/db".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8$"):
        read_settings()
