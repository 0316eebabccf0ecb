"""Whether every name of a catalogue reads back as its product: what a shop's owner should know before customers do."""

from collections.abc import Iterator

import msgspec

from recado.quotes.catalogue import Catalogue, Product
from recado.quotes.service import Quote, QuoteService

_FRAMES = (("{}", 1), ("3 {}", 3), ("quiero 7 {}", 7))


class Misread(msgspec.Struct, frozen=True):
    """A name that is not read as its product. `silent`: another quote is given for it, without a question."""

    product: Product
    name: str
    text: str
    silent: bool
    meant: tuple[str, ...]  # names of what is quoted or offered instead


def misread(catalogue: Catalogue) -> Iterator[Misread]:
    """Names and aliases that do not read back, alone or behind a number: at most one of each name."""
    service = QuoteService(lambda: catalogue)
    for product in catalogue.products:
        for name in (product.name, *product.aliases):
            found = next((m for frame, count in _FRAMES if (m := _probe(service, product, name, frame, count))), None)
            if found is not None:
                yield found


def _probe(service: QuoteService, product: Product, name: str, frame: str, count: int) -> Misread | None:
    text = frame.format(name)
    quote = service.quote(text)
    if [(item.sku, item.quantity) for item in quote.items] == [(product.sku, count)]:
        return None
    return Misread(product, name, text, not quote.asks, _meant(quote))


def _meant(quote: Quote) -> tuple[str, ...]:
    quoted = [f"{item.quantity} × {item.name}" for item in quote.items]
    return tuple(quoted) or tuple(name for entry in quote.unmatched for name in entry.candidates)
