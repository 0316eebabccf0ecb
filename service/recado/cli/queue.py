"""`recado queue ...`: the queue on an operator's terminal."""

import sys
from typing import Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue
from recado.queue.model import State
from recado.urls import check_database_url

LARGEST_ID = 2**63 - 1

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Ids = Annotated[list[int], typer.Argument(help="Reply ids, as `recado queue list` shows them.", min=1, max=LARGEST_ID)]

commands = typer.Typer(help="Show the queue, and retry, discard or erase replies.", no_args_is_help=True)


@commands.command("status")
def status(as_json: AsJson = False) -> None:
    """Show counts, ages and breakers."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.status(queue, as_json=as_json))


@commands.command("list")
def list_(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
    after: Annotated[int, typer.Option(min=0, max=LARGEST_ID, help="Only replies after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The maximum number of replies.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the replies in the queue, with customers masked."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.listing(queue, _states(state), after=after, limit=limit, as_json=as_json))


@commands.command("show")
def show(id_: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST_ID)], as_json: AsJson = False) -> None:
    """Show everything about one reply, including its text and customer."""
    from recado.cli import queue_output

    if not with_queue(lambda queue: queue_output.show(queue, id_, as_json=as_json)):
        raise BadInput(f"there is no reply {id_}")


@commands.command("retry")
def retry(ids: Ids) -> None:
    """Make replies due now with a full set of attempts; the next drain sends them."""
    count = with_queue(lambda queue: queue.retry(ids))
    print(f"{count} of {len(ids)} replies are due now; the others are being sent, finished or outside their window")


@commands.command("discard")
def discard(ids: Ids) -> None:
    """Give up replies, so that they are never sent."""
    count = with_queue(lambda queue: queue.discard(ids))
    print(f"{count} of {len(ids)} replies discarded")


@commands.command("erase")
def erase(
    ids: Annotated[
        list[int] | None, typer.Argument(help="Ids of failed or discarded replies.", min=1, max=LARGEST_ID)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed and discarded replies.")] = False,
) -> None:
    """Delete failed and discarded replies permanently, with all data of their customers."""
    if bool(ids) == everything:
        raise BadInput("give either reply ids or --all")
    count = with_queue(lambda queue: queue.clear() if everything else queue.remove(ids or []))
    print(f"{count} replies erased")


@commands.command("export")
def export(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
) -> None:
    """Export the replies in the given states as JSON lines. They contain texts and customers' numbers."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.export(queue, _states(state)))


@commands.command("copy")
def copy(
    to: Annotated[
        str, typer.Option(metavar="URL", help="The PostgreSQL database; `-` reads its URL from standard input.")
    ],
) -> None:
    """Copy the whole queue from its SQLite file to an empty PostgreSQL database. Web and drain must have ended."""
    settings = read_settings()
    if settings.database_url or not settings.database.is_file():
        raise BadInput("RECADO_DATABASE must name the SQLite file to copy from, and DATABASE_URL must not be set")
    url = sys.stdin.readline().strip() if to == "-" else to
    try:
        check_database_url(url)
    except ValueError as error:
        raise BadInput(f"--to: {error}") from error
    from recado.queue import copying

    counts = copying.copy(settings.database, url)
    print(", ".join(f"{count} {table}" for table, count in counts.items() if count) or "the queue was empty")


def _states(names: list[str] | None) -> list[State]:
    try:
        return [State(name) for name in names] if names else [s for s in State if s is not State.DELIVERED]
    except ValueError as error:
        raise BadInput(f"--state: {error}; states are {', '.join(State)}") from error
