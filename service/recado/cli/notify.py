"""`recado notify ...`: notices to the operator."""

import asyncio
from typing import TYPE_CHECKING

import typer

from recado.cli.shared import BadInput, read_settings

if TYPE_CHECKING:
    from recado.notices.targets import Target
    from recado.queue.model import AttemptResult
    from recado.settings import Settings

commands = typer.Typer(help="Test the notices to the operator.", no_args_is_help=True)


@commands.callback()
def _group() -> None:
    """Keeps `test` a subcommand although it is the only one."""


@commands.command("test")
def test() -> None:
    """Send a notice to each target now and print the results; exits with 1 if any of them fails."""
    from recado.outcome import Outcome
    from recado.runtime import targets as configured

    settings = read_settings()
    targets = configured(settings)
    if not targets:
        raise BadInput("RECADO_NOTIFY_FILE is not set, or names no target: nobody gets notices")
    results = asyncio.run(_tell(settings, targets))
    for name, result in results.items():
        reason = ": ".join(str(part) for part in (result.error_class, result.error_code, result.detail) if part)
        print(f"{name}: sent" if result.outcome is Outcome.DELIVERED else f"{name}: not sent: {reason}")
    if any(result.outcome is not Outcome.DELIVERED for result in results.values()):
        raise typer.Exit(1)


async def _tell(settings: "Settings", targets: "dict[str, Target]") -> "dict[str, AttemptResult]":
    import time

    from recado.delivery.channels.notice import NoticeChannel
    from recado.notices.notice import Notice, NoticeKind
    from recado.whatsapp.from_settings import WhatsAppOnDemand

    client = WhatsAppOnDemand(settings)
    channel = NoticeChannel(targets, whatsapp=client)
    notice = Notice(kind=NoticeKind.TEST, count=1, since=time.time())
    try:
        return {name: await channel.tell(name, notice) for name in targets}
    finally:
        await channel.aclose()
        await client.aclose()
