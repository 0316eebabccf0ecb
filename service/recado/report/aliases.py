"""Aliases that the catalogue may lack: phrases of several customers that name no product, and the nearest product."""

import csv
import io
from collections.abc import Sequence

import msgspec

from recado.orders import Unmet
from recado.queue.survey import Unsold
from recado.quotes import Catalogue, Product
from recado.quotes.catalogue.budget import Steps

#: Stands for words that may identify a person; a phrase with it is not the name of a product.
MASK = "•"


class Proposal(msgspec.Struct, frozen=True):
    """A product, how many customers wrote each phrase that may mean it, and its line of the catalogue with these as
    aliases: `sku,name,aliases,unit_price,currency`, and the unit if it has one."""

    sku: str
    name: str
    phrases: dict[str, int]
    line: str


def proposals(unsold: Sequence[Unsold], catalogue: Catalogue) -> list[Proposal]:
    """The products that are nearest to the phrases, those that most customers may mean first."""
    by_name = {product.name: product for product in catalogue.products}
    phrases: dict[str, dict[str, int]] = {}
    for one in unsold:
        if one.kind is Unmet.UNMATCHED and MASK not in one.phrase:
            for name in catalogue.matcher(Steps()).nearest(one.phrase, limit=1):
                phrases.setdefault(name, {})[one.phrase] = one.customers
    most = sorted(phrases, key=lambda name: -sum(phrases[name].values()))
    return [_proposal(by_name[name], phrases[name], catalogue.currency) for name in most]


def _proposal(product: Product, phrases: dict[str, int], currency: str) -> Proposal:
    aliases = "|".join(dict.fromkeys((*product.aliases, *phrases)))
    cells = [product.sku, product.name, aliases, str(product.unit_price), currency]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([*cells, product.unit] if product.unit else cells)
    return Proposal(product.sku, product.name, phrases, line.getvalue())
