import sys
from typing import Annotated

import typer

from worker import __version__
from worker.cli import (
    catalog,
    console,
    contract,
    dlq,
    doctor,
    message,
    migrate,
    pausing,
    publish,
    run,
    status,
    validate,
)
from worker.cli.commands import Commands, OfflineCommand
from worker.cli.failures import FAILED, WRONG_USAGE
from worker.cli.terminal import prepare_output, text_arguments

app = Commands(
    name="inventory-worker",
    help="Takes car inventory events from RabbitMQ into PostgreSQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("migrate")(migrate.migrate)
app.command("publish")(publish.publish)
app.command("validate", cls=OfflineCommand)(validate.validate)
app.command("message")(message.message)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("status")(status.status)
app.command("doctor")(doctor.doctor)
app.command("contract", cls=OfflineCommand)(contract.contract)
app.command("console")(console.console)
app.command("console-user", cls=OfflineCommand)(console.console_user)
app.add_typer(catalog.app, name="catalog")
app.add_typer(dlq.app, name="dlq")


@app.callback(invoke_without_command=True)
def version(
    *, show: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False
) -> None:
    """Takes car inventory events from RabbitMQ into PostgreSQL."""
    if show:
        typer.echo(f"inventory-worker {__version__}")
        raise typer.Exit


def main() -> None:
    """Runs a command; user errors and unavailable servers are one line on stderr."""
    prepare_output()
    try:
        app(args=text_arguments(), prog_name="inventory-worker")
    except Exception as error:  # unexplained errors propagate
        from worker.errors import explain

        explained = explain(error)
        if explained is None:
            raise
        typer.echo(f"inventory-worker: {explained.line}", err=True)
        sys.exit(WRONG_USAGE if explained.wrong_usage else FAILED)
