"""The explanation of a reading has a text in both languages for everything that can be read."""

import tomllib

import pytest
from typer.testing import CliRunner

from recado.cli import app
from recado.quotes.catalogue.catalogue import DEFAULT_PATH
from recado.quotes.catalogue.matcher import How
from recado.quotes.language.role import Role
from recado.quotes.scan.scene import PRIORITY

TEXTS = tomllib.loads(DEFAULT_PATH.with_name("explain.toml").read_text("utf-8"))
#: What an element is besides the roles of its words.
OWN = (
    Role.QUANTITY, Role.PRODUCT, Role.SEVERAL, Role.UNKNOWN, Role.QUALITY, Role.COMMA, Role.STOP, Role.QUESTION,
    Role.LINE, Role.LINK, Role.MASK, Role.NOISE,
)  # fmt: skip


def test_everything_that_can_be_read_has_a_text_in_both_languages() -> None:
    assert TEXTS["kinds"].keys() == {kind.name.lower() for kind in (*OWN, *PRIORITY)}
    assert TEXTS["names"].keys() == set(How)
    assert all(len(texts) == 2 and all(texts) for table in TEXTS.values() for texts in table.values())


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en", ["read as", "not in the catalogue", "refused"]), ("es", ["se leyó como", "rechazado"])],
)
def test_the_owner_reads_why(language: str, expected: list[str]) -> None:
    order = "2 camisas y 1 heladera, sin gorra"
    result = CliRunner().invoke(app, ["quote", order, "--explain", "--language", language])
    assert result.exit_code == 0, result.output
    assert all(text in result.output for text in expected)


def test_the_best_reading_that_lost_is_named() -> None:
    """It is the reading that would be quoted if the product were not sold. If there is none, the explanation says
    so."""
    near = CliRunner().invoke(app, ["quote", "3 camisas manga larga", "--explain"])
    assert "best reading that lost: 3 Camisa manga corta, " in near.output
    assert "in place of Camisa manga larga" in near.output
    alone = CliRunner().invoke(app, ["quote", "una corbata", "--explain", "--language", "es"])
    assert "la mejor lectura que perdió: ninguna" in alone.output
