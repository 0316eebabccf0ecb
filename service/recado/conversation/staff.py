"""The staff's actions: changes of an order's state, with the notice to its customer; hand-offs."""

from recado.conversation import texts
from recado.orders import HandoffChange, HandoffReason, OrderState, Returned
from recado.orders.shop import Move
from recado.settings import Settings
from recado.whatsapp.content import Text
from recado.whatsapp.inbound import named
from recado.whatsapp.outside import forms


def move(settings: Settings, number: int, state: OrderState, key: str | None = None) -> Move:
    """The change of an order's state, with the notice to its customer; `key` identifies the request."""
    called = f"{settings.order_prefix}{number}"
    notice = Text(texts.moved(called, state))
    return Move(
        number=number,
        state=state,
        key=key,
        notice=notice,
        outside=forms(settings).of_order(notice, called, texts.in_state(state)),
        window_seconds=settings.reply_window_seconds - settings.reply_window_margin_seconds,
    )


def handoff(
    settings: Settings, customer: str, number: str | None, now: float, seconds: float | None = None
) -> HandoffChange:
    """The staff takes the conversation with a customer for `seconds`. number: the business number's id; None: the only
    one.

    Raises ValueError if the customer or the business number is not clear.
    """
    hold = settings.hold_seconds if seconds is None else seconds
    return _change(settings, customer, number, now, HandoffReason.STAFF, now + hold)


def resume(settings: Settings, customer: str, number: str | None, now: float) -> HandoffChange:
    """The staff gives the conversation with a customer back to recado. Raises ValueError as `handoff` does."""
    return _change(settings, customer, number, now, Returned.STAFF, None)


def _change(
    settings: Settings,
    customer: str,
    number: str | None,
    now: float,
    why: HandoffReason | Returned,
    until: float | None,
) -> HandoffChange:
    numbers = settings.whatsapp_phone_number_id
    if number is None and len(numbers) != 1:
        raise ValueError("there are several business numbers: say which one")
    at = numbers[0] if number is None else number
    if at not in numbers:
        raise ValueError(f"{at} is none of the business numbers: {', '.join(numbers)}")
    try:
        (key,) = named(customer).names_at(at)
    except ValueError as error:
        raise ValueError(f"the customer {error}") from error
    return HandoffChange(key=key, why=why, at=now, until=until)
