"""Amounts as the catalogue's currency is written where it is used: "$45.99", "S/ 45.90", "45,99 €"."""

import tomllib
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import cast

_NO_BREAK_SPACES = str.maketrans("\u00a0\u202f", "  ")


@lru_cache(maxsize=8192)
def money(amount: Decimal, currency: str) -> str:
    """The amount with its currency's sign. Cents that the currency's custom hides are shown when there are any."""
    from babel.numbers import format_currency, get_currency_precision

    digits = get_currency_precision(currency) if amount == amount.to_integral_value() else 2
    custom = format_currency(amount, currency, locale=_locale(currency), currency_digits=True)
    if digits and get_currency_precision(currency) < digits:
        custom = format_currency(amount, currency, "¤#,##0.00", locale=_locale(currency), currency_digits=False)
    return custom.translate(_NO_BREAK_SPACES)


@cache
def _locale(currency: str) -> str:
    table = tomllib.loads(resources.files("recado.quotes").joinpath("data/synonyms.toml").read_text("utf-8"))["locales"]
    return cast(str, table.get(currency, "es_419"))
