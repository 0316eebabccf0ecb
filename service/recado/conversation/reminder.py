"""The reminder for a customer who has not answered a quote."""

from recado.conversation import texts
from recado.conversation.turn import decisions, offered
from recado.orders import OpenQuote
from recado.whatsapp.content import Inside


def reminder(quote: OpenQuote) -> Inside:
    """The quote again, with its choices."""
    return offered(texts.quote_text(quote.lines, quote.currency, lead=texts.reminder()), decisions(quote))
