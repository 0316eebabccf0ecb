"""What the commands share: settings, the queue and options."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from recado.errors import Expected
from recado.settings import Settings, load, read_environment

if TYPE_CHECKING:
    from recado.queue.store import StoredQueue

Result = TypeVar("Result")

Release = Annotated[str, typer.Option(help="The name of the Helm release.")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="The release's namespace; default: the kubeconfig's.")
]
Context = Annotated[str | None, typer.Option(help="The kubeconfig context; default: the current one.")]


class OutputLanguage(StrEnum):
    """The language of the output."""

    ENGLISH = "en"
    SPANISH = "es"


class BadInput(Expected):
    """The user's input is invalid; the message explains it in one line."""


def read_settings(needs: Sequence[str] = ()) -> Settings:
    """The settings of the environment. Raises SettingsError with every problem at once."""
    return load(read_environment(), needs=needs)


def configure_logging(settings: Settings) -> None:
    """Configures JSON logs on stdout."""
    from recado.telemetry.logging import configure

    configure(settings.log_level.value, secrets=settings.secrets)


def check_url_option(name: str, url: str) -> None:
    """Raises BadInput, naming the option, unless it is a valid http or https URL."""
    from recado.urls import check_url, without_credentials

    try:
        check_url(url)
    except ValueError as error:
        raise BadInput(f"{name} {without_credentials(url)!r}: {error}") from error


def with_queue(work: Callable[["StoredQueue"], Awaitable[Result]]) -> Result:
    """Runs one piece of work on the queue, which must exist."""
    from recado.runtime import open_queue

    settings = read_settings()
    if not settings.database_url and not settings.database.exists():
        raise BadInput(f"RECADO_DATABASE: {settings.database} does not exist")

    async def run() -> Result:
        queue = open_queue(settings)
        try:
            return await work(queue)
        finally:
            await queue.close()

    return asyncio.run(run())
