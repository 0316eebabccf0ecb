"""Queues of which tests make and restore copies."""

import asyncio
from pathlib import Path

import apsw

from recado.delivery.channels.whatsapp import NAME
from recado.queue.model import Lane, NewReply, State
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import Settings
from recado.whatsapp.content import Text

NOW = 1_800_000_000.0


def message(number: int) -> NewReply:
    return NewReply(
        wamid=f"wamid.{number}",
        lane=Lane(NAME, "1"),
        key=f"1:+{number}",
        phone=f"+{number}",
        user_id=None,
        content=Text("hola"),
        written_at=NOW,
        received_at=NOW,
        deadline_at=NOW + 86400,
    )


def fill(database: Path, numbers: range) -> None:
    """Writes messages and closes the queue."""

    async def run() -> None:
        queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
        await asyncio.gather(*(queue.add_message(message(n), lease=False) for n in numbers))
        await queue.close()

    asyncio.run(run())


def stored(database: Path) -> int:
    async def run() -> int:
        queue = SqliteRetryQueue(database, retry_policy(Settings()), clock=lambda: NOW)
        try:
            return len(await queue.list_messages([State.QUEUED], limit=1000))
        finally:
            await queue.close()

    return asyncio.run(run())


def integrity(database: Path) -> str:
    connection = apsw.Connection(str(database))
    try:
        return str(connection.execute("PRAGMA integrity_check(1)").get)
    finally:
        connection.close()
