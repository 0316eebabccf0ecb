"""What `recado queue` prints: the queue on an operator's terminal."""

import datetime
import sys
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from recado.queue.model import FailedMessage, State
from recado.queue.protocol import RetryQueue

EXPORT_PAGE = 500
#: What would move the terminal's cursor or worse; lines may break.
CONTROLS = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - {ord("\n")})


async def status(queue: RetryQueue, *, as_json: bool) -> None:
    """Prints the queue at a glance."""
    now = await queue.status()
    fields = {"queue_size": now.queue_size, **msgspec.structs.asdict(now)}
    if as_json:
        print(msgspec.json.encode(fields).decode())
        return
    table = Table(show_header=False, box=None)
    for name, value in fields.items():
        table.add_row(*_plain(name.replace("_", " "), "-" if value is None else value))
    Console().print(table)


async def listing(queue: RetryQueue, states: Sequence[State], *, after: int, limit: int) -> None:
    """Prints a page of messages."""
    messages = await queue.list_messages(states, after=after, limit=limit)
    table = Table("id", "state", "to", "attempts", "received", "due", "reason", "last error")
    for message in messages:
        table.add_row(*_plain(*_cells(message)))
    Console().print(table)
    if len(messages) == limit:
        Console().print(f"more: recado queue list --after {messages[-1].id}")


async def show(queue: RetryQueue, id_: int) -> bool:
    """Prints all that is known of a message; whether there is one."""
    fields = await queue.show(id_)
    if fields is None:
        return False
    table = Table(show_header=False, box=None)
    for name, value in fields.items():
        at = isinstance(value, float) and name.endswith(("_at", "_until"))
        table.add_row(*_plain(name, "-" if value is None else _time(value) if at else value))
    Console().print(table)
    return True


async def export(queue: RetryQueue, states: Sequence[State]) -> None:
    """Writes messages to stdout as JSON lines."""
    after = 0
    while page := await queue.list_messages(states, after=after, limit=EXPORT_PAGE):
        for message in page:
            if fields := await queue.show(message.id):
                sys.stdout.buffer.write(msgspec.json.encode(fields) + b"\n")
        after = page[-1].id


def _cells(message: FailedMessage) -> list[str]:
    return [
        str(message.id),
        message.state.value,
        message.to,
        str(message.attempts),
        _time(message.received_at),
        _time(message.due_at) if message.due_at is not None else "-",
        message.reason,
        message.last_error,
    ]


def _plain(*cells: object) -> list[Text]:
    """Cells as they are written: what customers and Meta say is no markup and no command to the terminal."""
    return [Text(str(cell).translate(CONTROLS)) for cell in cells]


def _time(at: object) -> str:
    return f"{datetime.datetime.fromtimestamp(float(str(at)), datetime.UTC):%Y-%m-%d %H:%M:%S}Z"
