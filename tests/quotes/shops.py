"""The shops whose catalogues lie beside the tests."""

from functools import cache

from recado.quotes import Catalogue, Quote, QuoteService
from tests.quotes.scoring import HERE


@cache
def service(shop: str) -> QuoteService:
    """The service of a shop, by the name of its catalogue."""
    catalogue = Catalogue.from_csv(HERE / f"{shop}.csv")
    return QuoteService(lambda: catalogue)


def quote(shop: str, text: str) -> Quote:
    """How a shop reads a message."""
    return service(shop).quote(text)
