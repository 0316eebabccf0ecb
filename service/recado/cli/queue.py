"""`recado queue ...`: the queue on an operator's terminal."""

from typing import Annotated

import typer

from recado.cli.shared import BadInput, with_queue
from recado.queue.model import State

LARGEST_ID = 2**63 - 1

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Ids = Annotated[
    list[int], typer.Argument(help="Message ids, as `recado queue list` shows them.", min=1, max=LARGEST_ID)
]

commands = typer.Typer(help="Look at the queue, and put right what is stuck in it.", no_args_is_help=True)


@commands.command("status")
def status(as_json: AsJson = False) -> None:
    """The queue at a glance."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.status(queue, as_json=as_json))


@commands.command("list")
def list_(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
    after: Annotated[int, typer.Option(min=0, max=LARGEST_ID, help="Only messages after this id.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The messages in the queue, customers masked."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.listing(queue, _states(state), after=after, limit=limit, as_json=as_json))


@commands.command("show")
def show(id_: Annotated[int, typer.Argument(metavar="ID", min=1, max=LARGEST_ID)], as_json: AsJson = False) -> None:
    """Everything about one message, its text and customer included."""
    from recado.cli import queue_output

    if not with_queue(lambda queue: queue_output.show(queue, id_, as_json=as_json)):
        raise BadInput(f"there is no message {id_}")


@commands.command("retry")
def retry(ids: Ids) -> None:
    """Make messages due at once, with all their attempts again; the next drain sends them."""
    count = with_queue(lambda queue: queue.retry(ids))
    print(f"{count} of {len(ids)} messages are due now; the others are being sent, done or out of their window")


@commands.command("discard")
def discard(ids: Ids) -> None:
    """Give messages up: they are never sent."""
    count = with_queue(lambda queue: queue.discard(ids))
    print(f"{count} of {len(ids)} messages discarded")


@commands.command("erase")
def erase(
    ids: Annotated[
        list[int] | None, typer.Argument(help="Failed or discarded messages.", min=1, max=LARGEST_ID)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All failed and discarded messages.")] = False,
) -> None:
    """Delete failed and discarded messages for good, with all that is known of their customers."""
    if bool(ids) == everything:
        raise BadInput("give either message ids or --all")
    count = with_queue(lambda queue: queue.clear() if everything else queue.remove(ids or []))
    print(f"{count} messages erased")


@commands.command("export")
def export(
    state: Annotated[list[str] | None, typer.Option(help="queued, sending, unknown, failed, discarded...")] = None,
) -> None:
    """Every message in the states given as JSON lines, with text and customer: handle with care."""
    from recado.cli import queue_output

    with_queue(lambda queue: queue_output.export(queue, _states(state)))


def _states(names: list[str] | None) -> list[State]:
    try:
        return [State(name) for name in names] if names else [s for s in State if s is not State.DELIVERED]
    except ValueError as error:
        raise BadInput(f"--state: {error}; states are {', '.join(State)}") from error
