"""`recado quote`: one JSON line a case, a reading in colour, clear errors."""

import json
from pathlib import Path

import pytest

from recado.cli.quote import read_cases, show
from recado.cli.shared import BadInput


def test_batch_prints_one_line_a_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids, items, fragments and intent come out as the scorer takes them."""
    file = tmp_path / "cases.jsonl"
    file.write_text(
        '{"id": "a", "text": "2 camisas y un televisor", "tags": []}\n\n{"id": "b", "text": "hola"}\n', "utf-8"
    )
    assert read_cases(file) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {
        "id": "a",
        "items": [{"sku": "CAM-001", "qty": 2}],
        "unmatched": ["televisor"],
        "asks": True,
        "intent": "order",
    }
    assert (second["intent"], second["items"]) == ("greeting", [])


@pytest.mark.parametrize("text", ["not json\n", '{"id": 1}\n', '{"id": "a"}\n', "[1]\n"])
def test_a_bad_case_is_one_line_of_error(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    """The error names the line's number, the exit code is 2, and stdout is empty."""
    file = tmp_path / "cases.jsonl"
    file.write_text(text, "utf-8")
    assert read_cases(file) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "line 1" in captured.err


def test_a_missing_file_is_one_line_of_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the path, and the exit code is 2."""
    assert read_cases(tmp_path / "none.jsonl") == 2
    assert "none.jsonl" in capsys.readouterr().err


def test_show_names_products_quantities_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    """The output says what each fragment was read as, and with `explain` why."""
    show("2 sapatos y media docena de remeras y 3 jeans", None, explain=True)
    shown = capsys.readouterr().out
    for part in ("Zapatos", "Camiseta", "sounds like", "several products", "= 6", "Jean 501"):
        assert part in shown


def test_an_order_that_is_too_long_is_said_so() -> None:
    with pytest.raises(BadInput, match="too long"):
        show("½" * 4096)


def test_what_is_read_is_shown_whole_and_as_it_is(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Brackets in orders and in the catalogue are not markup; without a terminal nothing is cut."""
    name = "Zapatos [rojo] " + "muy " * 30 + "finos"
    catalogue = tmp_path / "catalogo.csv"
    catalogue.write_text(f"sku,name,aliases,unit_price,currency\nZ-1,{name},zapatos,45.99,USD\n")
    show("2 zapatos y 3 [/bold] [red]guacamayas[/red]", catalogue, explain=True)
    shown = capsys.readouterr().out
    assert name in shown
    assert "guacamayas" in shown
    assert "…" not in shown
