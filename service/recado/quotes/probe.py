"""Checks that each name of a catalogue is read as its product, so that owners find problems before customers do."""

import itertools
from collections.abc import Iterator
from typing import Final

import msgspec

from recado.quotes.catalogue.catalogue import Catalogue
from recado.quotes.catalogue.product import Product
from recado.quotes.service import Quote, QuoteService

_FRAMES = (("{}", 1), ("3 {}", 3), ("quiero 7 {}", 7))


MOST_TRIED: Final = 500
"""Names of a catalogue that are tried while it serves: about a millisecond for each of their texts."""


class Misread(msgspec.Struct, frozen=True):
    """A name that is not read as its product. `silent`: recado quotes something else without a question."""

    product: Product
    name: str
    text: str
    silent: bool
    meant: tuple[str, ...]  # names of what is quoted or offered instead


def misread(catalogue: Catalogue) -> Iterator[Misread]:
    """Names and aliases that are not read as their product, alone or after a number: at most one result for each
    name."""
    return (found for found in _tried(catalogue, 1) if found is not None)


def sample(catalogue: Catalogue) -> Iterator[Misread | None]:
    """The result for each text with at most MOST_TRIED names, evenly spread over the catalogue; None for a text that is
    read right."""
    names = sum(1 + len(product.aliases) for product in catalogue.products)
    return _tried(catalogue, -(-names // MOST_TRIED))


def _tried(catalogue: Catalogue, every: int) -> Iterator[Misread | None]:
    service = QuoteService(lambda: catalogue)
    names = ((product, name) for product in catalogue.products for name in (product.name, *product.aliases))
    for product, name in itertools.islice(names, 0, None, every):
        for frame, count in _FRAMES:
            found = _probe(service, product, name, frame, count)
            yield found
            if found is not None:
                break


def _probe(service: QuoteService, product: Product, name: str, frame: str, count: int) -> Misread | None:
    text = frame.format(name)
    quote = service.quote(text)
    if [(item.sku, item.quantity) for item in quote.items] == [(product.sku, count)]:
        return None
    return Misread(product, name, text, not quote.asks, _meant(quote))


def _meant(quote: Quote) -> tuple[str, ...]:
    quoted = [f"{item.quantity} × {item.name}" for item in quote.items]
    return tuple(quoted) or tuple(name for entry in quote.unmatched for name in entry.candidates)
