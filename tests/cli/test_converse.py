"""`recado converse`: a chat in the terminal, or a file of dialogues."""

import io
import json
from pathlib import Path

import pytest

from recado.cli.converse import converse
from recado.cli.shared import BadInput


def test_batch_prints_one_line_a_dialogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line holds the quote, state and question after each message."""
    turns = [{"text": "2 camisas y 3 jeans"}, {"text": "azules"}, {"text": "sí pero sin la camisa"}]
    file = tmp_path / "dialogues.jsonl"
    file.write_text(json.dumps({"id": "a", "turns": turns}) + "\n\n", "utf-8")
    converse(batch=file)

    shirts, jeans = {"sku": "CAM-001", "qty": 2}, {"sku": "PAN-004", "qty": 3}
    assert json.loads(capsys.readouterr().out) == {
        "id": "a",
        "turns": [
            {"quote": [shirts], "state": "open", "ask": True},
            {"quote": [shirts, jeans], "state": "open", "ask": False},
            {"quote": [jeans], "state": "confirmed", "ask": False},
        ],
    }


@pytest.mark.parametrize("text", ["not json\n", '{"id": 1}\n', '{"id": "a", "turns": [1]}\n', "[1]\n"])
def test_a_bad_dialogue_is_one_line_of_error(tmp_path: Path, text: str) -> None:
    """The error names the line's number."""
    file = tmp_path / "dialogues.jsonl"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput, match="line 1"):
        converse(batch=file)


def test_a_missing_file_is_one_line_of_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"none\.jsonl"):
        converse(batch=tmp_path / "none.jsonl")


def test_a_chat_shows_replies_and_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the input is a message; with `explain` its steps and what holds after it are shown."""
    monkeypatch.setattr("sys.stdin", io.StringIO("2 camisas\nquita una\nun asesor\nhola\n"))
    converse(explain=True)
    shown = capsys.readouterr().out

    for part in ("Cotización Generada", "open: 1 Camisa", "Te paso con una persona", "(silent: human)"):
        assert part in shown


def test_a_shops_own_words_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `recado serve` reads them, from RECADO_LANGUAGE."""
    words = tmp_path / "words"
    words.mkdir()
    (words / "synonyms.toml").write_text('groups = ["camisa trapito"]\n', "utf-8")
    monkeypatch.setenv("RECADO_LANGUAGE", str(words))
    file = tmp_path / "dialogues.jsonl"
    file.write_text(json.dumps({"id": "a", "turns": [{"text": "2 trapitos"}]}) + "\n", "utf-8")
    converse(batch=file)
    (turn,) = json.loads(capsys.readouterr().out)["turns"]
    assert turn["quote"] == [{"sku": "CAM-001", "qty": 2}]
