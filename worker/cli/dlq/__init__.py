"""Dead letters: `dlq list`, `show`, `replay`, `discard`, `jobs`, `note`, `audit`..."""

from worker.cli.commands import Commands
from worker.cli.dlq.auditing import audit
from worker.cli.dlq.discarding import discard
from worker.cli.dlq.exporting import export
from worker.cli.dlq.importing import import_
from worker.cli.dlq.jobs import cancel, jobs
from worker.cli.dlq.listing import list_dead_letters
from worker.cli.dlq.noting import note
from worker.cli.dlq.replaying import replay
from worker.cli.dlq.showing import show

app = Commands(help="Work on the dead letters.", no_args_is_help=True)
app.command("list")(list_dead_letters)
app.command("show")(show)
app.command("replay")(replay)
app.command("discard")(discard)
app.command("jobs")(jobs)
app.command("cancel")(cancel)
app.command("export")(export)
app.command("import")(import_)
app.command("note")(note)
app.command("audit")(audit)
