"""The command line: one module per command. Each imports what it needs when it runs, so the drain starts fast."""

import sys
from collections.abc import Sequence

import typer

from recado import __version__, terminal
from recado.cli.backup import backup, restore
from recado.cli.catalogue import commands as catalogue
from recado.cli.converse import converse
from recado.cli.demo import demo
from recado.cli.doctor import doctor
from recado.cli.drain import drain
from recado.cli.erase import erase
from recado.cli.events import commands as events
from recado.cli.handoff import handoff, resume
from recado.cli.migrate import migrate
from recado.cli.notify import commands as notify
from recado.cli.orders import commands as orders
from recado.cli.queue import commands as queue
from recado.cli.quote import quote
from recado.cli.report import report
from recado.cli.selftest import selftest
from recado.cli.serve import serve
from recado.cli.simulate import simulate
from recado.errors import EXIT_BAD_INPUT, EXIT_FAILED, Expected

#: Errors of a wrong path, as opposed to a failing disk.
BAD_PATH = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)

app = typer.Typer(
    help="Replies to a shop's WhatsApp customers with price quotes, and never loses a reply.\n\n"
    "Start with `recado demo`. Settings come from WHATSAPP_* and RECADO_* variables; docs/settings.md lists them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def version() -> None:
    """Print the version."""
    print(__version__)


COMMANDS = (
    *(serve, drain, quote, converse, simulate, demo, report, handoff, resume),
    *(backup, restore, migrate, doctor, erase, selftest, version),
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(queue, name="queue")
app.add_typer(events, name="events")
app.add_typer(notify, name="notify")
app.add_typer(orders, name="orders")
app.add_typer(catalogue, name="catalogue")


def main() -> None:
    """Runs a command. An expected failure prints one line per problem on stderr and sets the exit code."""
    terminal.make_output_safe()
    try:
        app()
    except Exception as error:
        problems, code = _expected(error)
        if not problems:
            raise
        for problem in problems:
            print(f"recado: {' '.join(problem.split())}", file=sys.stderr)
        raise SystemExit(code) from None


def _expected(error: Exception) -> tuple[Sequence[str], int]:
    """The lines and the exit code of an expected failure; no lines for a bug, which shows its traceback."""
    if isinstance(error, Expected):
        return error.lines(), error.exit_code
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return [f"{where}{error.strerror or error}"], EXIT_BAD_INPUT if isinstance(error, BAD_PATH) else EXIT_FAILED
    from recado.queue.sqlite.database import UNAVAILABLE

    if isinstance(error, UNAVAILABLE):
        return [f"the queue is not available: {error}"], EXIT_FAILED
    return (), 0
