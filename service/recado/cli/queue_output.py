"""The output of `recado queue`."""

import datetime
from collections.abc import Sequence

import msgspec

from recado.console import Console, cells, table
from recado.queue.model import QueueEntry, State
from recado.queue.protocol import QueueAdmin
from recado.terminal import print_json

EXPORT_PAGE = 500


async def status(queue: QueueAdmin, *, as_json: bool) -> None:
    """Prints counts, ages and breakers."""
    now = await queue.status()
    fields = {"queue_size": now.queue_size, **msgspec.structs.asdict(now)}
    if as_json:
        print_json(fields)
        return
    shown = table("", "", show_header=False, box=None)
    for name, value in fields.items():
        shown.add_row(*cells(name.replace("_", " "), "-" if value is None else value))
    Console().show(shown)


async def listing(queue: QueueAdmin, states: Sequence[State], *, after: int, limit: int, as_json: bool) -> None:
    """Prints a page of replies."""
    messages = await queue.list_messages(states, after=after, limit=limit)
    if as_json:
        print_json(messages)
        return
    shown = table("id", "state", "to", "attempts", "received", "due", "reason", "last error")
    for message in messages:
        shown.add_row(*cells(*_cells(message)))
    Console().show(shown)
    if len(messages) == limit:
        print(f"more: recado queue list --after {messages[-1].id}")


async def show(queue: QueueAdmin, id_: int, *, as_json: bool) -> bool:
    """Prints everything about a reply; returns whether it exists."""
    fields = await queue.show(id_)
    if fields is None:
        return False
    if as_json:
        print_json(fields)
        return True
    shown = table("", "", show_header=False, box=None)
    content = {f"content {name}": value for name, value in fields.pop("content").items()}
    for name, value in {**fields, **content}.items():
        at = isinstance(value, float) and name.endswith(("_at", "_until"))
        shown.add_row(*cells(name, "-" if value is None else shown_time(value) if at else value))
    Console().show(shown)
    return True


async def export(queue: QueueAdmin, states: Sequence[State]) -> None:
    """Writes replies to stdout as JSON lines."""
    after = 0
    while page := await queue.list_messages(states, after=after, limit=EXPORT_PAGE):
        for message in page:
            if fields := await queue.show(message.id):
                print_json(fields)
        after = page[-1].id


def _cells(message: QueueEntry) -> list[str]:
    return [
        str(message.id),
        message.state.value,
        message.to,
        str(message.attempts),
        shown_time(message.received_at),
        shown_time(message.due_at) if message.due_at is not None else "-",
        message.reason,
        message.last_error,
    ]


def shown_time(at: object) -> str:
    return f"{datetime.datetime.fromtimestamp(float(str(at)), datetime.UTC):%Y-%m-%d %H:%M:%S}Z"
