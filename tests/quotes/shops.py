"""The shops whose catalogues are in this folder, and the package's own."""

from functools import cache

from recado.quotes import Catalogue, Quote, QuoteService
from tests.quotes.scoring import catalogue_of


@cache
def service(shop: str) -> QuoteService:
    """The service of a shop, by the name of its catalogue; of the package's own for a name without one."""
    catalogue = Catalogue.from_csv(catalogue_of(shop))
    return QuoteService(lambda: catalogue)


def quote(shop: str, text: str) -> Quote:
    """The quote of a shop for a message."""
    return service(shop).quote(text)
