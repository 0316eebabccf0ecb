"""`recado drain`: one run, or a loop, in a process of its own; it starts fast because it imports little."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Iterator

from recado.delivery import Delivery
from recado.drain import Drain, DrainReport, Progress
from recado.queue.policy import RetryPolicy
from recado.queue.sqlite import SqliteRetryQueue
from recado.settings import Settings
from recado.telemetry import tracing
from recado.whatsapp.lazy import LazyWhatsApp

log = logging.getLogger(__name__)


def run(settings: Settings, *, loop: bool) -> None:
    """Drains until done, or with `loop` until SIGTERM. Raises StoreError or StoreUnavailable when it could not."""
    stop_tracing = tracing.configure("drain")
    try:
        asyncio.run(_drain(settings, loop=loop))
    finally:
        stop_tracing()


async def _drain(settings: Settings, *, loop: bool) -> None:
    queue = SqliteRetryQueue(settings.database, RetryPolicy(settings))
    whatsapp = LazyWhatsApp(settings)
    delivery = Delivery(queue, whatsapp, send_seconds=settings.send_seconds)
    try:
        with _progress() as progress:
            drain = Drain(queue, delivery, settings, progress=progress)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, drain.stop.set)
            await (drain.loop() if loop else drain.run())
    finally:
        await whatsapp.aclose()
        await queue.close()


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """A line that counts along on a terminal; nothing where logs are collected."""
    if not sys.stderr.isatty():
        yield lambda report: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("draining")

        def show(report: DrainReport) -> None:
            bar.update(task, description=f"{report.successful} delivered, {report.failed} not")

        yield show
