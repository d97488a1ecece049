"""`console` and `console-user`: the console in a browser, and those who may log in to it."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from worker.cli.failures import FAILED

if TYPE_CHECKING:
    from worker.console.auth.rights import Rights

SHORTEST_PASSWORD = 12


def console(
    host: Annotated[
        str | None, typer.Option(help="Where to listen; else CONSOLE_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="Its port; else CONSOLE_PORT, or 8090."),
    ] = None,
) -> None:
    """Serve the operators' console to browsers, until SIGTERM or Ctrl-C."""
    try:
        import jinja2  # noqa: F401 - asked for first, because the extra may be missing
        import starlette  # noqa: F401 - as above
        import uvicorn  # noqa: F401 - as above
    except ImportError as missing:
        told = "install inventory-worker[console]"
        typer.echo(f"inventory-worker: the console needs {missing.name}: {told}", err=True)
        raise typer.Exit(FAILED) from None
    from worker.console.console_settings import read_console_settings
    from worker.console.serving import serve
    from worker.infra.telemetry.logging import configure_logging
    from worker.settings import read_settings

    given = {"console_host": host, "console_port": port}
    chosen = {name: value for name, value in given.items() if value is not None}
    settings, console_settings = read_settings(), read_console_settings(**chosen)
    configure_logging(settings.worker_log_level, settings.worker_log_format)
    serve(settings, console_settings)


def console_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Without blanks, `:`, `,` and `#`.")],
    rights: Annotated[
        str, typer.Option(metavar="RIGHTS", help="Of look, replay, discard and edit.")
    ] = "look",
) -> None:
    """Ask for a password, and print the line of CONSOLE_USERS_FILE for this user."""
    from worker.console.auth.passwords import PasswordHash
    from worker.console.auth.users_file import NAME, User

    if NAME.fullmatch(name) is None:
        raise typer.BadParameter(f"{name!r} is no name for a line of the file", param_hint="NAME")
    typer.echo(User(name, _parse_rights(rights), PasswordHash.of(_ask_password())))


def _parse_rights(text: str) -> "Rights":
    from worker.console.auth.rights import parse_rights

    try:
        return parse_rights(text)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--rights") from None


def _ask_password() -> str:
    """Twice at a terminal; else the first line of stdin."""
    if sys.stdin.isatty():
        password: str = typer.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        typer.echo(f"inventory-worker: {SHORTEST_PASSWORD} characters at least", err=True)
        raise typer.Exit(FAILED)
    return password
