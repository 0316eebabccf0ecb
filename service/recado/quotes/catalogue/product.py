"""One product of the catalogue."""

from decimal import Decimal

import msgspec


class Product(msgspec.Struct, frozen=True):
    """One line of the catalogue. `pair`: it is sold in pairs, as an alias "par de ..." says. `unit`: one of UNITS."""

    sku: str
    name: str
    aliases: tuple[str, ...]
    unit_price: Decimal
    pair: bool
    unit: str | None = None
