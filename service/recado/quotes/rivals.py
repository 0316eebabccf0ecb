"""Finds the second-best reading: the quote for the message if the shop did not sell one of the products found."""

from typing import Final

import msgspec

from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.service import Quote, QuoteLine, QuoteService

_MOST_LINES: Final = 12
"""Lines that are tried: each costs an index of the catalogue."""


class Rival(msgspec.Struct, frozen=True):
    """`line` would be quoted, with its own confidence, if `product` were not sold."""

    product: str
    line: QuoteLine


def rival(text: str, quote: Quote, catalogue: Catalogue) -> Rival | None:
    """The most certain line of another quote for the same message; None if nothing else could be meant."""
    found = (
        Rival(item.name, line)
        for item in quote.items[:_MOST_LINES]
        for line in _quoted(text, catalogue.without(item.sku)).items
        if all((line.sku, line.quantity) != (kept.sku, kept.quantity) for kept in quote.items)
    )
    return max(found, key=lambda rival: rival.line.confidence, default=None)


def _quoted(text: str, catalogue: Catalogue) -> Quote:
    return QuoteService(lambda: catalogue).quote(text)
