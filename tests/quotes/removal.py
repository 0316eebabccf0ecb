"""Removes each row of the reader's tables, and each part of a row, and lists the removals that no example of the row
notices.

    python -m tests.quotes.removal
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from recado.quotes.catalogue.budget import Steps
from recado.quotes.language.constructions import Construction, Does, compiled, rows, table
from recado.quotes.language.constructions import Table as Constructions
from recado.quotes.language.text import tokenise
from recado.quotes.scan.noise import RULES
from recado.quotes.scan.scan import Scanner
from recado.quotes.scan.spans import Rule, Table
from recado.quotes.scan.words import Kind, Words
from tests.quotes.shops import catalogue

CATALOGUE = catalogue()


class Removal(NamedTuple):
    """A row or a part of one that was removed, and the examples of the row that failed without it."""

    table: str
    row: str
    part: str
    failed: list[str]


def spans(text: str, rules: tuple[Rule, ...] = RULES) -> set[tuple[Kind, str]]:
    """The spans of a message as written, each with its kind."""
    matcher = CATALOGUE.matcher(Steps())
    scanner = Scanner(text, matcher)
    words = Words(scanner.text, scanner.tokens, scanner.roles, matcher)
    found = Table(rules).spans(words).values()
    return {(span.kind, scanner.written(span.start, span.end)) for span in found}


def failed_spans(rule: Rule, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """The examples of a rule in which `rules` do not find the span in brackets, and its counterexamples in which
    they find a span of its kind."""
    lost = [text for text in rule.examples if (rule.kind, _told(text)) not in spans(re.sub(r"[][]", "", text), rules)]
    return lost + [text for text in rule.counterexamples if rule.kind in {kind for kind, _ in spans(text, rules)}]


def _told(text: str) -> str:
    return text[text.index("[") + 1 : text.index("]")]


def done(text: str, among: Constructions | None = None) -> set[Does]:
    """The effects of the constructions in a message."""
    return {one.does for one in (among or table()).find(text, tokenise(text)).values()}


def failed_constructions(row: Construction, among: Constructions | None = None) -> list[str]:
    """The examples in which the row's construction is not found, and its counterexamples in which it is."""
    lost = [text for text in row.examples if row.does not in done(text, among)]
    return lost + [text for text in row.counterexamples if row.does in done(text, among)]


def removals() -> Iterator[Removal]:
    """Every row and every part of a row, removed one at a time."""
    yield from _rules()
    yield from _constructions()


def _rules() -> Iterator[Removal]:
    for rule in RULES:
        yield Removal("noise", rule.name, "", failed_spans(rule, tuple(other for other in RULES if other is not rule)))
        lines = rule.pattern.splitlines()
        less = [
            (f"pattern {line}", replace(rule, pattern="\n".join(other for other in lines if other != line)))
            for line in lines
            if len(lines) > 1
        ]
        less += [(name, replace(rule, **{name: None})) for name in ("when", "unless", "end") if getattr(rule, name)]
        for part, other in less:
            table = tuple(other if one is rule else one for one in RULES)
            yield Removal("noise", rule.name, part, failed_spans(rule, table))


def _constructions() -> Iterator[Removal]:
    file = rows()
    listed = compiled(file)
    for place, (row, construction) in enumerate(zip(file.rows, listed, strict=True)):
        name = f"{row.does}: {row.examples[0]}"
        rest = (*listed[:place], *listed[place + 1 :])
        yield Removal("constructions", name, "", failed_constructions(construction, Constructions(rest)))
        alternatives = row.alternatives()
        for line in alternatives if len(alternatives) > 1 else ():
            words = "\n".join(other for other in alternatives if other != line)
            (less,) = compiled(replace(file, rows=[replace(row, words=words)]))
            among = Constructions((*listed[:place], less, *listed[place + 1 :]))
            yield Removal("constructions", name, line, failed_constructions(construction, among))


def main() -> None:
    counts: dict[str, list[int]] = {}
    for removal in removals():
        count = counts.setdefault(removal.table, [0, 0])
        count[0] += 1
        if not removal.failed:
            count[1] += 1
            print(f"{removal.table}: {removal.row}: no example notices {removal.part or 'the row'}")
    print(f"{'table':<16} {'removed':>8} {'not noticed':>12}")
    for name, (removed, unnoticed) in counts.items():
        print(f"{name:<16} {removed:>8} {unnoticed:>12}")


if __name__ == "__main__":
    main()
