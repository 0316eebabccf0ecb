"""`recado handoff` and `recado resume`: who has the conversation with a customer."""

from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue

if TYPE_CHECKING:
    from recado.queue.store import StoredQueue

SECONDS_AN_HOUR = 3600
#: A month.
MOST_HOURS = 720.0

Who = Annotated[str, typer.Argument(help="The customer: a phone number with country code, or a user id (BSUID).")]
Number = Annotated[
    str | None, typer.Option("--number", help="The id of the business number; not needed where there is one.")
]


def handoff(
    customer: Who,
    hours: Annotated[
        float | None, typer.Option(min=0.01, max=MOST_HOURS, help="For how long; default: RECADO_HOLD_SECONDS.")
    ] = None,
    number: Number = None,
) -> None:
    """Give the conversation with a customer to a person: recado is silent but for taps on a quote."""
    from recado.conversation import staff

    settings = read_settings(["WHATSAPP_PHONE_NUMBER_ID"])
    seconds = None if hours is None else hours * SECONDS_AN_HOUR

    async def take(queue: "StoredQueue") -> bool:
        try:
            change = staff.handoff(settings, customer, number, queue.now(), seconds)
        except ValueError as error:
            raise BadInput(str(error)) from error
        return await queue.change_handoff(change)

    with_queue(take)
    print(f"a person has the conversation for {(seconds or settings.hold_seconds) / SECONDS_AN_HOUR:g} hours")


def resume(customer: Who, number: Number = None) -> None:
    """Give the conversation with a customer back to recado."""
    from recado.conversation import staff

    settings = read_settings(["WHATSAPP_PHONE_NUMBER_ID"])

    async def give_back(queue: "StoredQueue") -> bool:
        try:
            change = staff.resume(settings, customer, number, queue.now())
        except ValueError as error:
            raise BadInput(str(error)) from error
        return await queue.change_handoff(change)

    print("recado has the conversation again" if with_queue(give_back) else "no person had the conversation")
