"""`recado handoff` and `recado resume`: who has the conversation with a customer."""

from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from recado.orders import HandoffChange
    from recado.queue.store import StoredQueue

SECONDS_AN_HOUR = 3600
#: A month.
MOST_HOURS = 720.0

Who = Annotated[str, typer.Argument(help="The customer: a phone number with country code, or a user id (BSUID).")]
Number = Annotated[
    str | None, typer.Option("--number", help="The id of the business number; needed only with several numbers.")
]


def handoff(
    customer: Who,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=MOST_HOURS, help="For how long; default: RECADO_HOLD_SECONDS.")
    ] = None,
    number: Number = None,
) -> None:
    """Give the conversation with a customer to a person: recado then replies only to taps on a quote."""
    from recado.conversation import staff

    settings = read_settings(["WHATSAPP_PHONE_NUMBER_ID"])
    seconds = None if hours is None else hours * SECONDS_AN_HOUR

    _change(lambda now: staff.handoff(settings, customer, number, now, seconds))
    print(f"a person has the conversation for {(seconds or settings.hold_seconds) / SECONDS_AN_HOUR:g} hours")


def resume(customer: Who, number: Number = None) -> None:
    """Give the conversation with a customer back to recado."""
    from recado.conversation import staff

    settings = read_settings(["WHATSAPP_PHONE_NUMBER_ID"])

    changed = _change(lambda now: staff.resume(settings, customer, number, now))
    print("recado has the conversation again" if changed else "no person had the conversation")


def _change(asked: "Callable[[float], HandoffChange]") -> bool:
    """Makes the requested change at the store's time; returns whether it changed anything."""

    async def change(queue: "StoredQueue") -> bool:
        try:
            wanted = asked(queue.now())
        except ValueError as error:
            raise BadInput(str(error)) from error
        return await queue.change_handoff(wanted)

    return with_queue(change)
