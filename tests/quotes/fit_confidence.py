"""Fits the confidence of a line to the labelled orders, and prints how reliable it is for shops that it was not fitted
to.

    python -m tests.quotes.fit_confidence [--write]

A line is right if its product and amount are as labelled. The fit also uses the same orders with one of their
products removed from the catalogue; a product that is quoted in its place is wrong. `--write` writes the weights
into the package.
"""

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from recado.quotes import Catalogue, Quote, QuoteService
from recado.quotes.reading import confidence
from recado.quotes.reading.wishes import Stance
from recado.quotes.service import read
from tests.quotes.scoring import HERE, cases, items_right
from tests.quotes.shops import catalogue_of

TARGET = Path(confidence.__file__).parents[1] / "data" / "confidence.toml"
BANDS = ((0.0, 0.5), (0.5, 0.93), (0.93, 0.97), (0.97, 1.01))
#: The weight of each doubt before any data: logarithmic odds against the line.
BELIEVED = {
    "box": -4.5, "computed": -1.0, "corrected": -0.5,
    "half of the name": -3.0, "hardly alike": -5.0, "head left out": -1.0, "in parts": -1.0,
    "in turn": -1.5, "kind": -3.0, "less alike": -3.0, "one slip": -1.0, "alike": -0.5, "part of the name": -1.5,
    "quality or thing": -3.0, "quantity after": -0.3, "quantity apart": -0.5, "start of the name": -3.0,
}  # fmt: skip
PULL = 1.0
"""The number of lines that such a prior weight counts for."""
REMOVED = 0.02
"""The weight of a line of an order whose product was removed from the catalogue; customers rarely ask for those."""
CEILING = -0.1
"""The largest weight of a doubt: no doubt makes a line more likely."""

Lines = Counter[tuple[frozenset[str], bool]]


def lines_of(case: Mapping[str, Any], catalogue: Catalogue, quote: Quote, expected: Mapping[str, float]) -> Lines:
    """Counts the lines of a quote by their features, and by whether they are as `expected`."""
    found: Lines = Counter()
    quoted = {item.sku: float(item.quantity) for item in quote.items}
    for wish in read(case["text"], catalogue).wishes:
        if wish.state is Stance.WANTED and wish.product is not None:
            sku = catalogue.products[wish.product].sku
            if sku in quoted:
                found[confidence.features(wish), quoted[sku] == expected.get(sku)] += 1
    return found


def trade(name: str) -> tuple[Lines, Lines]:
    """The lines of one file: with the whole catalogue, and with each ordered product removed from it."""
    catalogue = Catalogue.from_csv(catalogue_of(name))
    service = QuoteService(lambda: catalogue, max_quantity=10**12)
    plain: Lines = Counter()
    removed: Lines = Counter()
    services: dict[str, tuple[Catalogue, QuoteService]] = {}
    for case in cases(name):
        labelled: dict[str, float] = {}
        for item in case["items"]:
            labelled[item["sku"]] = labelled.get(item["sku"], 0.0) + item["qty"]
        quote = service.quote(case["text"])
        plain += lines_of(case, catalogue, quote, labelled)
        for sku in labelled if items_right(case, quote) else ():
            if sku not in services:
                less = Catalogue(tuple(p for p in catalogue.products if p.sku != sku), catalogue.currency)
                services[sku] = less, QuoteService(lambda less=less: less, max_quantity=10**12)  # type: ignore[misc]  # a lambda's default
            less, again = services[sku]
            removed += lines_of(case, less, again.quote(case["text"]), labelled)
    return plain, removed


def fit(lines: Iterable[tuple[frozenset[str], bool, float]]) -> dict[str, float]:
    """Weights by gradient ascent; each is pulled towards its prior weight."""
    rows = list(lines)
    weights = {"base": 4.0, **BELIEVED}
    total = sum(count for _, _, count in rows)
    for step in range(3_000):
        slope = {name: PULL * (BELIEVED[name] - weight) if name != "base" else 0.0 for name, weight in weights.items()}
        for names, right, count in rows:
            error = count * (float(right) - confidence.chance(weights["base"] + sum(weights[n] for n in names)))
            slope["base"] += error
            for name in names:
                slope[name] += error
        rate = 20 / (total * math.sqrt(1 + step / 100))
        for name in weights:
            moved = weights[name] + rate * slope[name] * (1 if name == "base" else 3)
            weights[name] = moved if name == "base" else min(moved, CEILING)
    return {name: round(weight, 2) for name, weight in weights.items()}


def weighted(parts: Iterable[tuple[Lines, Lines]]) -> list[tuple[frozenset[str], bool, float]]:
    """All lines with their weights."""
    sums: dict[tuple[frozenset[str], bool], float] = defaultdict(float)
    for plain, removed in parts:
        for key, count in plain.items():
            sums[key] += count
        for key, count in removed.items():
            sums[key] += REMOVED * count
    return [(names, right, count) for (names, right), count in sums.items()]


def main() -> None:
    names = sorted(path.name for path in HERE.glob("*.jsonl"))
    parts = {name: trade(name) for name in names}
    bands: dict[tuple[float, float], list[float]] = {band: [0.0, 0.0, 0.0] for band in BANDS}
    shops = sorted({catalogue_of(name).stem for name in names})
    for shop in shops:
        weights = fit(weighted(part for name, part in parts.items() if catalogue_of(name).stem != shop))
        for lines, right, count in weighted(part for name, part in parts.items() if catalogue_of(name).stem == shop):
            said = confidence.chance(weights["base"] + sum(weights[n] for n in lines))
            band = next(bands[b] for b in BANDS if b[0] <= said < b[1])
            band[0] += count
            band[1] += said * count
            band[2] += right * count
    print("each shop by weights that were fitted to the others:\nconfidence     lines   said  right")
    for (low, high), (count, said, was) in bands.items():
        if count:
            print(f"{low:.2f} - {min(high, 1):.2f}  {count:>8.0f} {said / count:>6.3f} {was / count:>6.3f}")
    weights = fit(weighted(parts.values()))
    text = "# Written by `python -m tests.quotes.fit_confidence --write`: logarithmic odds.\n[weights]\n"
    text += "".join(f'"{name}" = {weight}\n' for name, weight in sorted(weights.items()))
    print(text)
    if "--write" in sys.argv:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
