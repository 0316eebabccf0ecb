"""Every rule of noise finds what its examples have in brackets, and nothing of its kind in its counterexamples."""

import re

import pytest
from msgspec.structs import replace

from recado.quotes import Catalogue
from recado.quotes.catalogue import DEFAULT_PATH
from recado.quotes.noise import RULES
from recado.quotes.scan import Scanner
from recado.quotes.spans import Rule, Table
from recado.quotes.words import Kind, Words

CATALOGUE = Catalogue.from_csv(DEFAULT_PATH)
ROWS = [pytest.param(rule, id=rule.name) for rule in RULES]


def found(text: str, rules: tuple[Rule, ...] = RULES) -> set[tuple[Kind, str]]:
    """The stretches of a message as they are written, each with its kind."""
    matcher = CATALOGUE.matcher()
    matcher.begin()
    scanner = Scanner(text, matcher)
    words = Words(scanner.text, scanner.tokens, scanner.roles, matcher)
    spans = Table(rules).spans(words).values()
    return {(span.kind, scanner.written(span.start, span.end)) for span in spans}


def fails(rule: Rule, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """The examples of a rule in which `rules` do not find the stretch in brackets, and its counterexamples in which
    they find one of its kind."""
    lost = [text for text in rule.examples if (rule.kind, _told(text)) not in found(re.sub(r"[][]", "", text), rules)]
    return lost + [text for text in rule.counterexamples if rule.kind in {kind for kind, _ in found(text, rules)}]


def _told(text: str) -> str:
    return text[text.index("[") + 1 : text.index("]")]


def without(rule: Rule) -> list[tuple[str, tuple[Rule, ...]]]:
    """The table without a rule, and without each of its parts."""
    lines = rule.pattern.splitlines()
    parts = {line: "\n".join(other for other in lines if other != line) for line in lines if len(lines) > 1}
    less = [(f"pattern {line}", replace(rule, pattern=left)) for line, left in parts.items()]
    less += [(name, replace(rule, **{name: None})) for name in ("when", "unless", "end") if getattr(rule, name)]
    tables = [(part, tuple(one if other is rule else other for other in RULES)) for part, one in less]
    return [("", tuple(other for other in RULES if other is not rule)), *tables]


@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_finds_its_examples_alone(rule: Rule) -> None:
    assert rule.examples
    assert fails(rule) == []


@pytest.mark.parametrize("rule", ROWS)
def test_without_a_rule_or_a_part_of_it_an_example_fails(rule: Rule) -> None:
    assert [part for part, rules in without(rule) if not fails(rule, rules)] == []
