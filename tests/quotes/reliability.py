"""Prints how well the order parser reads: scores by file, by kind of language, and how reliable confidences are.

    python -m tests.quotes.reliability [--held]

`--held`: only the held-out cases, which are not used for tuning.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable

from tests.quotes.scoring import HERE, items_right, quoted, score

BINS = ((0.0, 0.5), (0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.96), (0.96, 1.01))


def main() -> None:
    names = sorted(path.name for path in HERE.glob("*.jsonl"))
    held = [name for name in names if "held" in name]
    for name in names:
        result = score(name)
        print(
            f"{name:<22} {result.cases:>4} cases  exact {result.exact:6.1%}  intents {result.intent:6.1%}"
            f"  unmatched {result.unmatched:6.1%}"
        )
    chosen = held if "--held" in sys.argv else names
    _kinds(chosen)
    _confidence(chosen)


def _kinds(names: Iterable[str]) -> None:
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name in names:
        for case, quote in quoted(name):
            right = items_right(case, quote) and case["intent"] == quote.intent
            for tag in case["tags"]:
                counts[tag][0] += 1
                counts[tag][1] += right
    print(f"\n{'kind of language':<22} {'cases':>5} {'right':>6}")
    for tag, (count, right) in sorted(counts.items()):
        print(f"{tag:<22} {count:>5} {right / count:>6.0%}")


def _confidence(names: Iterable[str]) -> None:
    lines: list[tuple[float, bool]] = []
    for name in names:
        for case, quote in quoted(name):
            labelled: dict[str, int] = {}
            for item in case["items"]:
                labelled[item["sku"]] = labelled.get(item["sku"], 0) + item["qty"]
            lines += [(line.confidence, labelled.get(line.sku) == line.quantity) for line in quote.items]
    print(f"\n{'confidence':<14} {'lines':>5} {'said':>6} {'right':>6}")
    for low, high in BINS:
        inside = [(sure, right) for sure, right in lines if low <= sure < high]
        if inside:
            said = sum(sure for sure, _ in inside) / len(inside)
            right = sum(r for _, r in inside) / len(inside)
            print(f"{low:.2f} - {min(high, 1.0):.2f}    {len(inside):>5} {said:>6.2f} {right:>6.2f}")


if __name__ == "__main__":
    main()
