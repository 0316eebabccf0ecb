"""`recado drain`: one run, or a loop, in a process of its own; it starts fast because it imports little."""

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

#: A loop touches this file before each round; the chart's liveness probe looks at its age.
MARK = Path("/tmp/recado-drain")  # noqa: S108 - in a container /tmp is the pod's own


def drain(
    loop: Annotated[bool, typer.Option("--loop", help="Go on until SIGTERM instead of ending when idle.")] = False,
    in_cluster: Annotated[
        bool, typer.Option("--in-cluster", help="Start the CronJob's Job in the cluster now, and follow it.")
    ] = False,
    release: Release = "recado",
    namespace: Namespace = None,
    context: Context = None,
) -> None:
    """Deliver what waits in the queue, then end. Exits 0 even if some replies could not be sent."""
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
    from recado.whatsapp.from_settings import LazyWhatsApp

    queue = open_queue(settings)
    whatsapp = LazyWhatsApp(settings)
    try:
        with _progress() as progress:
            draining = make_drain(settings, queue, whatsapp, progress=progress)
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, draining.stop.set)
            await (draining.loop(MARK.touch) if loop else draining.run())
    finally:
        await whatsapp.aclose()
        await queue.close()


@contextlib.contextmanager
def _progress() -> "Iterator[Progress]":
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

        def show(report: "DrainReport") -> None:
            bar.update(task, description=f"{report.successful} delivered, {report.failed} not")

        yield show
