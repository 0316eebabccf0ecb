"""`recado erase`: erases a customer's data."""

import re
from typing import Annotated

import typer

from recado.cli.shared import BadInput, with_queue


def erase(
    phone: Annotated[str | None, typer.Option(help="The customer's phone number with country code.")] = None,
    user_id: Annotated[str | None, typer.Option(help="The customer's user id (BSUID), as US.1234567890.")] = None,
) -> None:
    """Erase everything known about a customer. Orders stay, without the customer; an event customer.erased is sent.

    Backups, and what was sent to endpoints of events before, are not changed.
    """
    if (phone is None) == (user_id is None):
        raise BadInput("give either --phone or --user-id")
    name = _phone(phone) if phone is not None else _user_id(user_id or "")
    erased = with_queue(lambda queue: queue.erase_customer(name))
    if not erased.found:
        raise BadInput("recado knows nothing about this customer")
    print(
        f"erased: {erased.replies} replies, {erased.quotes} quotes, {erased.events} events;"
        f" {erased.orders} orders stay without the customer"
    )


def _phone(text: str) -> str:
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+")
    if not re.fullmatch(r"[0-9]{5,32}", digits):
        raise BadInput("--phone: must be a phone number with its country code, such as +5215512345678")
    return f"+{digits}"


def _user_id(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,256}", text) or text.startswith("+"):
        raise BadInput("--user-id: must be a user id of Meta's, such as US.1234567890")
    return text
