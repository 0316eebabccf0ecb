"""What the staff's moves of an order say to its customer."""

from recado.conversation import texts
from recado.orders import OrderState
from recado.orders.shop import Move
from recado.settings import Settings
from recado.whatsapp.content import Text


def move(settings: Settings, number: int, state: OrderState, key: str | None = None) -> Move:
    """The move of an order into a state, with the notice to its customer; `key` names the request."""
    return Move(
        number=number,
        state=state,
        key=key,
        notice=Text(texts.moved(f"{settings.order_prefix}{number}", state)),
        window_seconds=settings.reply_window_seconds - settings.reply_window_margin_seconds,
    )
