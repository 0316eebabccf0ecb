"""One product of the catalogue."""

from decimal import Decimal

import msgspec

from recado.quotes.language.text import key, plain


class Product(msgspec.Struct, frozen=True):
    """One line of the catalogue. `pair`: it is sold in pairs, as an alias "par de ..." says. `unit`: one of UNITS."""

    sku: str
    name: str
    aliases: tuple[str, ...]
    unit_price: Decimal
    pair: bool
    unit: str | None = None

    def has_word(self, norm: str) -> bool:
        """Whether its name or an alias has the word, in any number."""
        names = (plain(name).split() for name in (self.name, *self.aliases))
        return any(key(word) == key(norm) for words in names for word in words)
