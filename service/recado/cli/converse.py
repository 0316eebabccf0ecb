"""`recado converse`: a chat with the shop in the terminal, without Meta."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from recado.cli.shared import BadInput, read_settings
from recado.terminal import print_json

if TYPE_CHECKING:
    from recado.conversation.dialogue import Dialogue


def converse(
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue, a CSV file.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Explain what each message does to the quote.")] = False,
    batch: Annotated[
        Path | None, typer.Option(help="Read a file of dialogues; print one JSON line per dialogue.")
    ] = None,
) -> None:
    """Chat with the shop in the terminal."""
    from recado.conversation.dialogue import Dialogue
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue

    settings = read_settings()
    known = Catalogue.from_csv(catalogue or settings.catalogue or DEFAULT_PATH, settings.language)
    if batch is not None:
        for dialogue in _dialogues(batch):
            print_json({"id": dialogue.id, "turns": run(Dialogue(known), [turn.text for turn in dialogue.turns])})
        return
    _chat(Dialogue(known), explain=explain)


class _Turn(msgspec.Struct):
    text: str


class _Dialogue(msgspec.Struct):
    id: str
    turns: list[_Turn]


def run(dialogue: "Dialogue", texts: list[str]) -> list[dict[str, Any]]:
    """The state after each message: quote, state, and whether recado asks something."""
    found = []
    for text in texts:
        dialogue.say(text)
        quote = [{"sku": line.sku, "qty": _number(line.quantity)} for line in dialogue.lines]
        found.append({"quote": quote, "state": dialogue.state, "ask": dialogue.asks})
    return found


def _number(quantity: Any) -> int | float:
    return quantity if isinstance(quantity, int) else float(quantity)


def _dialogues(path: Path) -> list[_Dialogue]:
    found = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                found.append(msgspec.json.decode(line, type=_Dialogue))
            except msgspec.DecodeError as error:
                raise BadInput(f"{path}: line {number} is not a valid dialogue: {error}") from None
    return found


def _chat(dialogue: "Dialogue", *, explain: bool) -> None:
    """Reads messages until the end of the input."""
    from rich.text import Text

    from recado.console import Console

    console = Console()
    interactive = sys.stdin.isatty()
    if interactive:
        console.print(Text("Write as a customer would; end with Ctrl-D.", "dim"))
    while True:
        try:
            text = input("> " if interactive else "")
        except EOFError:
            return
        turn = dialogue.say(text)
        if explain:
            for line in dialogue.explain():
                console.print(Text(line, "dim"))
        if turn.reply is not None:
            console.print(Text(turn.reply.content.body, "green"))
        else:
            console.print(Text(f"(silent: {turn.silence})", "dim"))
