"""`recado drain`: one run or a loop, in its own process. It imports little, so it starts fast."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import Context, Namespace, Release, configure_logging, read_settings
from recado.settings import DRAIN_NEEDS, Settings

if TYPE_CHECKING:
    from recado.delivery.drain import DrainReport, Progress

#: The loop touches this file before each run; the chart's liveness probe checks its age.
MARK = Path("/tmp/recado-drain")  # noqa: S108 - /tmp belongs to the container


def drain(
    loop: Annotated[bool, typer.Option("--loop", help="Run until SIGTERM instead of ending when idle.")] = False,
    in_cluster: Annotated[
        bool, typer.Option("--in-cluster", help="Start a Job from the CronJob in the cluster and follow its log.")
    ] = False,
    release: Release = "recado",
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Deliver the replies that wait in the queue. Exits 0 even if some replies could not be sent."""
    if in_cluster:
        from recado.cli.doctor import drain_in_cluster

        raise typer.Exit(drain_in_cluster(release, namespace, context=context))
    settings = read_settings(DRAIN_NEEDS)
    configure_logging(settings)
    from recado.telemetry import tracing

    stop_tracing = tracing.configure("drain")
    try:
        asyncio.run(_drain(settings, loop=loop))
    finally:
        stop_tracing()


async def _drain(settings: Settings, *, loop: bool) -> None:
    from recado.runtime import make_drain, open_queue
    from recado.whatsapp.from_settings import WhatsAppOnDemand

    async with contextlib.AsyncExitStack() as stack:
        queue = open_queue(settings)
        stack.push_async_callback(queue.close)
        whatsapp = WhatsAppOnDemand(settings)
        stack.push_async_callback(whatsapp.aclose)
        draining = make_drain(settings, queue, whatsapp, progress=stack.enter_context(_progress()))
        stack.push_async_callback(draining.close)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, draining.stop.set)
        await (draining.loop(MARK.touch) if loop else draining.run())


@contextlib.contextmanager
def _progress() -> "Iterator[Progress]":
    """A progress line on a terminal; nothing without one."""
    if not sys.stderr.isatty():
        yield lambda report: None
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("draining")

        def show(report: "DrainReport") -> None:
            bar.update(task, description=f"{report.successful} delivered, {report.failed} not")

        yield show
