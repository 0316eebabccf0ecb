"""What the commands share: settings, the queue, options, and how a failure is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from recado.errors import Expected
from recado.settings import Settings, load, read_environment

if TYPE_CHECKING:
    from recado.queue.sqlite import SqliteRetryQueue

Result = TypeVar("Result")

Release = Annotated[str, typer.Option(help="The Helm release.")]
Namespace = Annotated[str | None, typer.Option("--namespace", "-n", help="Its namespace; else the kubeconfig's.")]
Context = Annotated[str | None, typer.Option(help="The kubeconfig's context; else the current one.")]


class BadInput(Expected):
    """What the user gave cannot be worked with; the message says why in one line."""


def read_settings(needs: Sequence[str] = ()) -> Settings:
    """The settings of the environment. Raises SettingsError with every problem at once."""
    return load(read_environment(), needs=needs)


def configure_logging(settings: Settings) -> None:
    """Log lines to stdout, as JSON."""
    from recado.telemetry.logging import configure

    configure(settings.log_level.value, secrets=settings.secrets)


def check_url(name: str, url: str) -> None:
    """Raises BadInput for what is no URL that could be asked."""
    from recado.addresses import check_address, without_credentials

    try:
        check_address(url)
    except ValueError as error:
        raise BadInput(f"{name} {without_credentials(url)!r}: {error}") from error


def with_queue(work: Callable[["SqliteRetryQueue"], Awaitable[Result]]) -> Result:
    """Runs one piece of work on the queue, which must exist."""
    from recado.runtime import open_queue

    settings = read_settings()
    if not settings.database.exists():
        raise BadInput(f"RECADO_DATABASE: there is no queue at {settings.database}")

    async def run() -> Result:
        queue = open_queue(settings)
        try:
            return await work(queue)
        finally:
            await queue.close()

    return asyncio.run(run())
