"""Amounts as usual in the currency's country: "$45.99", "S/ 45.90", "45,99 €"."""

import tomllib
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import cast

_NO_BREAK_SPACES = str.maketrans("\u00a0\u202f", "  ")


@lru_cache(maxsize=8192)
def money(amount: Decimal, currency: str, *, exact: bool = False) -> str:
    """The amount with its currency's sign. Cents that are usually hidden are shown if there are any.

    exact: with all decimals, for a price that is multiplied by a quantity: "3 × $1.005".
    """
    from babel.numbers import format_currency, get_currency_precision

    exponent = amount.normalize().as_tuple().exponent
    digits = max(-exponent, 0) if isinstance(exponent, int) else 0
    if (digits if exact else min(digits, 2)) <= get_currency_precision(currency):
        text = format_currency(amount, currency, locale=_locale(currency), currency_digits=True)
    else:
        cents = "0" * max(digits if exact else 2, 2)
        text = format_currency(amount, currency, f"¤#,##0.{cents}", locale=_locale(currency), currency_digits=False)
    return text.translate(_NO_BREAK_SPACES)


@cache
def _locale(currency: str) -> str:
    table = tomllib.loads(resources.files("recado.quotes").joinpath("data/synonyms.toml").read_text("utf-8"))["locales"]
    return cast(str, table.get(currency, "es_419"))
