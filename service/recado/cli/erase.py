"""`recado erase`: a customer who wants to be forgotten."""

from typing import Annotated

import typer

from recado.cli.shared import BadInput, with_queue


def erase(
    phone: Annotated[str, typer.Option(help="The customer's phone number, as +5215512345678.")] = "",
    user_id: Annotated[str, typer.Option(help="The customer's user id (BSUID), exactly as Meta writes it.")] = "",
) -> None:
    """Erase all that is known of a customer. Orders stay without the person; a customer.erased event tells the CRM.

    Backups, and what was sent to endpoints of events before, are not changed.
    """
    if bool(phone) == bool(user_id):
        raise BadInput("give either --phone or --user-id")
    name = f"+{phone.removeprefix('+')}" if phone else user_id
    if phone and not name[1:].isdecimal():
        raise BadInput("--phone: must be a number with its country code, as +5215512345678")
    erased = with_queue(lambda queue: queue.erase_customer(name))
    if not erased.found:
        raise BadInput("nothing is known of this customer")
    print(
        f"erased: {erased.replies} replies, {erased.quotes} quotes, {erased.events} events;"
        f" {erased.orders} orders stay without the customer"
    )
