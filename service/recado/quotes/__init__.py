"""Reads orders in Spanish and makes quotes of them."""

from recado.quotes.catalogue.catalogue import Catalogue, CatalogueError, CatalogueFile, ReloadOutcome
from recado.quotes.catalogue.product import Product
from recado.quotes.reading.intent import Intent
from recado.quotes.service import Quote, QuoteLine, QuoteService, TooMany, Unmatched

__all__ = [
    "Catalogue", "CatalogueError", "CatalogueFile", "Intent", "Product", "Quote", "QuoteLine", "QuoteService",
    "ReloadOutcome", "TooMany", "Unmatched",
]  # fmt: skip
