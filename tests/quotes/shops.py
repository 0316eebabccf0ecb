"""The shops whose catalogues are in this folder, and the package's own."""

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path

from recado.quotes import Catalogue, Quote, QuoteService
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.quotes.catalogue.product import Product


def catalogue_of(name: str) -> Path:
    """The file with the catalogue of a shop or of a file of cases; the package's own for a name without one."""
    own = Path(__file__).with_name(f"{name.partition('.')[0].partition('-')[0]}.csv")
    return own if own.exists() else DEFAULT_PATH


@cache
def catalogue(shop: str = "") -> Catalogue:
    """The catalogue of a shop, by default the package's own. All tests of a process share it, because each costs some
    50 ms of CPU."""
    return Catalogue.from_csv(catalogue_of(shop))


@cache
def service(shop: str) -> QuoteService:
    """The service of a shop, by the name of its catalogue; of the package's own for a name without one."""
    return QuoteService(lambda: catalogue(shop))


def quote(shop: str, text: str) -> Quote:
    """The quote of a shop for a message."""
    return service(shop).quote(text)


def sure_lines(shop: str, text: str) -> dict[str, int]:
    """The amounts by sku that a shop quotes for a message, about which it may ask nothing."""
    read = quote(shop, text)
    assert not read.asks
    return {item.sku: int(item.quantity) for item in read.items}


def small_shop(goods: Iterable[tuple[str, str, str]]) -> QuoteService:
    """The service of a shop with these products: sku, name, and aliases parted by "|"; each costs 2 USD."""
    products = (
        Product(sku, name, tuple(filter(None, alias.split("|"))), Decimal(2), False, None) for sku, name, alias in goods
    )
    sold = Catalogue(tuple(products), "USD")
    return QuoteService(lambda: sold)
