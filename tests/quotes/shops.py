"""The shops whose catalogues are in this folder."""

from functools import cache

from recado.quotes import Catalogue, Quote, QuoteService
from tests.quotes.scoring import HERE


@cache
def service(shop: str) -> QuoteService:
    """The service of a shop, by the name of its catalogue."""
    catalogue = Catalogue.from_csv(HERE / f"{shop}.csv")
    return QuoteService(lambda: catalogue)


def quote(shop: str, text: str) -> Quote:
    """The quote of a shop for a message."""
    return service(shop).quote(text)
