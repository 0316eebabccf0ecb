"""`recado backup` and `recado restore`."""

import asyncio
import importlib
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import read_settings
from recado.settings import Settings

if TYPE_CHECKING:
    from recado.queue.sqlite.backup import Copy


def backup(
    folder: Annotated[Path, typer.Argument(help="Where copies lie.")],
    keep: Annotated[int, typer.Option(min=1, help="How many copies stay.")] = 24,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a queue that is not there yet.")] = 0,
) -> None:
    """Copy the queue while it is in use, and check the copy."""
    importlib.import_module("recado.queue.sqlite.backup")
    _end_in_order()
    copy = make_copy(read_settings(), folder, keep=keep, patience=wait)
    print(f"{copy.path}: {copy.bytes} bytes, {copy.messages} messages")


def restore(
    source: Annotated[Path, typer.Argument(help="A copy, or a folder of copies: then the newest.")],
    drill: Annotated[bool, typer.Option("--drill", help="Restore into a scratch folder only, and check it.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for web and drain to end.")] = 0,
) -> None:
    """Put a copy in the queue's place; refused while web or drain have the queue open."""
    from recado.queue.sqlite import backup as copies

    _end_in_order()
    settings = read_settings()
    if drill:
        copy = check_newest_copy(settings, source)
    else:
        copy = copies.restore(source, settings.database, now=time.time(), patience=wait)
    print(f"{copy.path}: {'can be' if drill else 'is'} restored, {copy.messages} messages")


def _end_in_order() -> None:
    """From now on SIGTERM ends the command as an error does: what it has half made is removed first.

    Called once all is imported: what a handler raises within the import system's own callbacks is lost.
    """

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def make_copy(settings: Settings, folder: Path, *, keep: int, patience: float = 0.0) -> "Copy":
    """Makes a copy, and records in the queue that it was made, for the metrics.

    A queue that is not there yet is waited for, `patience` seconds at most: it is made by the first web pod.
    """
    from recado.queue.sqlite import backup as copies

    until = time.monotonic() + patience
    while not settings.database.is_file() and time.monotonic() < until:
        time.sleep(copies.LOOK_SECONDS)
    now = time.time()
    copy = copies.back_up(settings.database, folder, keep=keep, now=now)
    _record(settings, "backup_succeeded_at", now)
    return copy


def check_newest_copy(settings: Settings, source: Path) -> "Copy":
    """Restores the newest copy into a scratch folder, and records in the queue that it is good, for the metrics."""
    from recado.queue.sqlite import backup as copies

    copy = copies.drill(source)
    if settings.database.is_file():
        _record(settings, "restore_drill_succeeded_at", time.time())
    return copy


def _record(settings: Settings, name: str, at: float) -> None:
    from recado.runtime import open_queue
    from recado.telemetry.totals import Totals

    async def record() -> None:
        queue = open_queue(settings)
        try:
            await queue.record_totals(Totals(), {name: str(at)})
        finally:
            await queue.close()

    asyncio.run(record())
