"""`recado backup` and `recado restore`."""

import asyncio
import importlib
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, read_settings
from recado.settings import Settings

if TYPE_CHECKING:
    from recado.queue.sqlite.backup import Copy


def backup(
    folder: Annotated[Path, typer.Argument(help="The folder of the backups.")],
    keep: Annotated[int, typer.Option(min=1, help="How many backups to keep.")] = 24,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the queue to be created.")] = 0,
) -> None:
    """Back up the queue while it is in use, and check the backup."""
    importlib.import_module("recado.queue.sqlite.backup")
    _exit_on_sigterm()
    copy = make_copy(_of_a_file(read_settings()), folder, keep=keep, patience=wait)
    print(f"{copy.path}: {copy.bytes} bytes, {copy.messages} messages")


def restore(
    source: Annotated[Path, typer.Argument(help="A backup, or a folder whose newest backup is used.")],
    drill: Annotated[bool, typer.Option("--drill", help="Restore into a temporary folder only, and check it.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until web and drain have ended.")] = 0,
) -> None:
    """Replace the queue with a backup. Refused while web or drain have the queue open."""
    from recado.queue.sqlite import backup as copies

    _exit_on_sigterm()
    settings = _of_a_file(read_settings())
    if drill:
        copy = check_newest_copy(settings, source)
    else:
        copy = copies.restore(source, settings.database, now=time.time(), patience=wait)
    print(f"{copy.path}: {'can be' if drill else 'is'} restored, {copy.messages} messages")


def _of_a_file(settings: Settings) -> Settings:
    """The settings of a queue in a file. Raises BadInput for one in PostgreSQL."""
    if settings.database_url:
        raise BadInput(
            "the queue is in PostgreSQL, whose own backups copy it: docs/operations.md names CloudNativePG, pgBackRest"
            " and managed servers; `recado backup` and `recado restore` are for a SQLite file"
        )
    return settings


def _exit_on_sigterm() -> None:
    """From now on SIGTERM ends the command like an error, so incomplete files are removed first.

    Call it after all imports: an exception from a handler inside an import callback is lost.
    """

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)


def make_copy(settings: Settings, folder: Path, *, keep: int, patience: float = 0.0) -> "Copy":
    """Makes a backup and records its time in the queue, for the metrics.

    Waits up to `patience` seconds for the queue, which the first web pod creates.
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
    """Restores the newest backup into a temporary folder and records the success in the queue, for the metrics."""
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
