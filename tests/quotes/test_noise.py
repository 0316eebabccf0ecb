"""Every rule for noise finds the bracketed part of its examples, and nothing of its kind in its counterexamples."""

import pytest

from recado.quotes.scan.noise import RULES
from recado.quotes.scan.spans import Rule
from tests.quotes.removal import failed_spans


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in RULES])
def test_a_rule_finds_its_examples_alone(rule: Rule) -> None:
    assert rule.examples
    assert failed_spans(rule) == []
