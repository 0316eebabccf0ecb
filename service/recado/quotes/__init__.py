"""Reads orders in Spanish and makes quotes of them."""

from recado.quotes.catalogue import Catalogue, CatalogueError, CatalogueFile, ReloadOutcome
from recado.quotes.intent import Intent
from recado.quotes.product import Product
from recado.quotes.service import Quote, QuoteLine, QuoteService, TooMany, Unmatched

__all__ = [
    "Catalogue", "CatalogueError", "CatalogueFile", "Intent", "Product", "Quote", "QuoteLine", "QuoteService",
    "ReloadOutcome", "TooMany", "Unmatched",
]  # fmt: skip
