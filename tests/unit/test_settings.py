from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
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


@pytest.mark.parametrize("text", ["", " ", '""', "''", "\ufeff"])
@pytest.mark.parametrize(
    "name", ["DATABASE_URL_FILE", "WORKER_PREFETCH", "WORKER_RETRY_DELAYS", "WORKER_LOG_LEVEL"]
)
def test_an_empty_value_counts_as_absent(
    name: str, text: str, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv(name, text)

    settings = read_settings()

    assert settings.worker_prefetch == 1500
    assert [delay.text for delay in settings.worker_retry_delays] == ["5s", "30s", "2m"]
    assert settings.worker_log_level == "info"


def test_an_empty_url_in_the_environment_does_not_hide_the_file(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(DATABASE_URL)
    (tmp_path / ".env").write_text("WORKER_PREFETCH=500\nRABBITMQ_URL=amqp://from-dot-env/\n")
    for name in ("DATABASE_URL", "RABBITMQ_URL", "WORKER_PREFETCH"):
        environment.setenv(name, "")
    environment.setenv("DATABASE_URL_FILE", f" '{tmp_path}/secret' ")

    settings = read_settings()

    assert settings.database_url.get_secret_value() == DATABASE_URL
    assert settings.rabbitmq_url.get_secret_value() == "amqp://from-dot-env/"
    assert settings.worker_prefetch == 500


def test_an_empty_url_is_missing(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "")

    with pytest.raises(SettingsError, match="DATABASE_URL is missing"):
        read_settings()


@pytest.mark.parametrize(
    "around",
    ["{}\n", " {}\t", '"{}"', "'{}'", "\ufeff{}", '\ufeff "{}"\r\n', "' {} '", "\u00a0{}\u200b"],
)
def test_what_stands_around_a_value_is_taken_off(
    around: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("RABBITMQ_URL", around.format(RABBITMQ_URL))
    environment.setenv("WORKER_PREFETCH", around.format("500"))
    environment.setenv("WORKER_LOG_LEVEL", around.format("WARNING"))
    environment.setenv("WORKER_LOG_FORMAT", around.format("Json"))
    environment.delenv("DATABASE_URL")
    environment.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))
    (tmp_path / "secret").write_text(around.format(DATABASE_URL), "utf-8", newline="")

    settings = read_settings()

    assert settings.rabbitmq_url.get_secret_value() == RABBITMQ_URL
    assert settings.database_url.get_secret_value() == DATABASE_URL
    assert settings.worker_prefetch == 500
    assert (settings.worker_log_level, settings.worker_log_format) == ("warning", "json")


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [(b"", "utf-8"), (BOM_UTF8, "utf-8"), (BOM_UTF16_LE, "utf-16-le"), (BOM_UTF16_BE, "utf-16-be")],
)
def test_files_as_windows_tools_write_them_are_read(
    bom: bytes, encoding: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = f'DATABASE_URL="{DATABASE_URL}"\r\nWORKER_PREFETCH= 500 \r\n'
    (tmp_path / ".env").write_bytes(bom + text.encode(encoding))
    (tmp_path / "secret").write_bytes(bom + f"{RABBITMQ_URL}\r\n".encode(encoding))
    environment.delenv("DATABASE_URL")
    environment.delenv("RABBITMQ_URL")
    environment.setenv("RABBITMQ_URL_FILE", str(tmp_path / "secret"))

    settings = read_settings()

    assert settings.database_url.get_secret_value() == DATABASE_URL
    assert settings.rabbitmq_url.get_secret_value() == RABBITMQ_URL
    assert settings.worker_prefetch == 500


def test_each_url_from_a_file_is_read_again(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("http://host:15672/old")
    environment.setenv("RABBITMQ_MANAGEMENT_URL_FILE", str(file))
    settings = read_settings()

    file.write_text("http://host:15672/rotated")

    assert settings.current_management_url() == "http://host:15672/rotated"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty$"),
        (b"\xef\xbb\xbf \r\n", "is empty$"),
        (b"\xe9", "cannot read .*decode"),
        (DATABASE_URL.encode("utf-16-le"), "has a blank, a line break, a quote"),
        (f"{DATABASE_URL}\n{DATABASE_URL}\n".encode(), "has a blank, a line break, a quote"),
    ],
)
def test_a_file_without_one_readable_url_is_named(
    content: bytes, problem: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(content)
    environment.delenv("DATABASE_URL")
    environment.setenv("DATABASE_URL_FILE", str(tmp_path / "secret"))

    with pytest.raises(SettingsError, match=f"DATABASE_URL.*{problem}"):
        read_database_url()


def test_no_retries_have_a_word(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WORKER_RETRY_DELAYS", "none")

    assert read_settings().worker_retry_delays == ()


def test_an_env_file_that_is_not_utf_8_is_one_line(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.delenv("DATABASE_URL")
    (tmp_path / ".env").write_bytes("DATABASE_URL=postgresql://josé@host/db".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"^\.env is not UTF-8$"):
        read_settings()
