"""`recado quote`: shows how recado reads a message, or reads a file of cases."""

import sys
import tomllib
from functools import partial
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from recado.cli.shared import BadInput, OutputLanguage, read_settings
from recado.terminal import print_json

if TYPE_CHECKING:
    from recado.console import Console
    from recado.quotes import Quote
    from recado.quotes.catalogue.catalogue import Catalogue
    from recado.quotes.reading.reading import Reading

_COLOURS = {
    "quantity": "bold cyan", "product": "bold green", "several": "bold yellow", "unknown": "bold red",
    "quality": "green", "mask": "dim strike", "negation": "magenta", "without": "magenta", "remove": "magenta",
    "correction": "magenta", "instead": "magenta", "change": "magenta", "request": "blue", "add": "blue",
    "price": "blue", "total": "blue", "available": "blue", "each": "cyan",
}  # fmt: skip
_LEGEND = (
    "[bold cyan]quantity[/] [bold green]product[/] [bold yellow]several products[/] [bold red]not in the catalogue[/] "
    "[blue]verb[/] [magenta]refusal, correction[/] [dim]noise[/]"
)


def quote(
    text: Annotated[str | None, typer.Argument(help="An order, as a customer writes it.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue, a CSV file.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Explain how each word was read.")] = False,
    words: Annotated[Path | None, typer.Option(help="A folder of words, as for RECADO_LANGUAGE.")] = None,
    language: Annotated[OutputLanguage, typer.Option(help="The language of the explanation.")] = OutputLanguage.ENGLISH,
    batch: Annotated[Path | None, typer.Option(help="Read a file of cases; print one JSON line per case.")] = None,
) -> None:
    """Show how an order is read: its words by their roles, its intent, and the quote."""
    if (text is None) == (batch is None):
        raise BadInput("give either an order or --batch FILE")
    settings = read_settings()
    path, words = catalogue or settings.catalogue, words or settings.language
    if batch is not None:
        raise typer.Exit(read_cases(batch, path, words))
    show(text or "", path, words, explain=explain, language=language)


def show(
    text: str,
    catalogue_path: Path | None = None,
    words: Path | None = None,
    explain: bool = False,
    language: OutputLanguage = OutputLanguage.ENGLISH,
) -> None:
    """Print how a message is read: quantities, products and noise in colour, the lines, and with `explain` why."""
    from rich.text import Text

    from recado.console import Console, cells, table
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
    from recado.quotes.language.money import money
    from recado.quotes.reading.intent import Intent
    from recado.quotes.service import QuoteService, read

    catalogue = Catalogue.from_csv(catalogue_path or DEFAULT_PATH, words)
    quote = QuoteService(lambda: catalogue).quote(text)
    if quote.intent is Intent.TOO_LONG:
        raise BadInput("the order is too long; recado asks customers for a shorter message")
    reading = read(text, catalogue)
    console = Console()
    coloured = Text(reading.scanner.text)
    tokens = reading.scanner.tokens
    for element in reading.elements:
        start, end = tokens[element.start].start, tokens[element.end - 1].end
        coloured.stylize(_COLOURS.get(element.kind.name.lower(), "dim"), start, end)
    console.print(coloured)
    console.print(_LEGEND)
    lines = table(
        "sku", "product", "quantity", "price", "total", "confidence",
        title=f"intent: {quote.intent}", title_justify="left",
    )  # fmt: skip
    for column in lines.columns[2:]:
        column.justify = "right"
    for item in quote.items:
        mark = (" ?", "yellow") if item.doubtful else ""
        lines.add_row(*cells(
            item.sku, item.name, item.quantity, money(item.unit_price, quote.currency, exact=True),
            money(item.line_total, quote.currency), Text.assemble(f"{item.confidence:.2f}", mark),
        ))  # fmt: skip
    if quote.items:
        lines.add_section()
        lines.add_row("", "", "", "", money(quote.total, quote.currency), "")
    console.show(lines)
    for entry in quote.unmatched:
        kind = "could be" if entry.ambiguous else "not in the catalogue, nearest:"
        names = ", ".join(entry.candidates) or "nothing"
        console.print(Text.assemble((repr(entry.text), "red"), f" {kind} {names}"))
    if explain:
        _explain(console, reading, quote, catalogue, language)


def _explain(
    console: "Console", reading: "Reading", quote: "Quote", catalogue: "Catalogue", language: OutputLanguage
) -> None:
    """Print how each word was read, what the customer wants, and the second-best reading."""
    from rich.text import Text

    from recado.console import cells, table
    from recado.quotes.rivals import rival

    text, tokens = reading.scanner.text, reading.scanner.tokens
    say = partial(_said, _explanations(), language)
    why = table(say("texts", "words"), say("texts", "read_as"), say("texts", "why"), title_justify="left")
    for element in reading.elements:
        start, end = tokens[element.start].start, tokens[element.end - 1].end
        reason = ""
        if element.match is not None:
            names = " | ".join(catalogue.products[n].name for n in element.match.products)
            reason = f"{names}: {say('names', element.match.how)}, {element.match.score:.2f}"
        elif element.quantity is not None:
            reason = f"= {element.quantity.value}"
        why.add_row(*cells(text[start:end], say("kinds", element.kind.name.lower()), reason))
    console.show(why)
    for wish in reading.wishes:
        name = catalogue.products[wish.product].name if wish.product is not None else wish.text
        amount = "" if wish.amount is None else f", {say('texts', 'amount')} {wish.amount}"
        console.print(Text(f"{say('states', wish.state.value)}: {name}{amount}"))
    lost = rival(text, quote, catalogue)
    told = say("texts", "no_rival")
    if lost is not None:
        line, instead = lost.line, say("texts", "in_place_of")
        told = f"{line.quantity} {line.name}, {line.confidence:.2f}, {instead} {lost.product}"
    console.print(Text(f"{say('texts', 'rival')}: {told}"))


def _explanations() -> dict[str, dict[str, list[str]]]:
    """The description of each part of a reading, in the languages of `Language`, in their order."""
    return tomllib.loads(resources.files("recado.quotes").joinpath("data/explain.toml").read_text("utf-8"))


def _said(texts: dict[str, dict[str, list[str]]], language: OutputLanguage, table: str, name: str) -> str:
    return texts[table][name][list(OutputLanguage).index(language)]


class _Case(msgspec.Struct):
    id: str
    text: str


def read_cases(cases_path: Path, catalogue_path: Path | None = None, words: Path | None = None) -> int:
    """Print one line of JSON per case: id, items, unmatched, intent. The exit status: 0, or 2 for a bad file."""
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
    from recado.quotes.service import QuoteService

    try:
        lines = Path(cases_path).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        print(f"recado quote: {cases_path}: cannot be read: {error}", file=sys.stderr)
        return 2
    cases: list[_Case] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            cases.append(msgspec.json.decode(line, type=_Case))
        except msgspec.DecodeError as error:
            print(f"recado quote: {cases_path}: line {number} is not a valid case: {error}", file=sys.stderr)
            return 2
    catalogue = Catalogue.from_csv(catalogue_path or DEFAULT_PATH, words)
    service = QuoteService(lambda: catalogue, max_quantity=sys.maxsize)
    for case in cases:
        quote = service.quote(case.text)
        items = [
            {"sku": item.sku, "qty": item.quantity if isinstance(item.quantity, int) else float(item.quantity)}
            for item in quote.items
        ]
        unmatched = [entry.text for entry in quote.unmatched]
        print_json(
            {
                "id": case.id,
                "items": items,
                "unmatched": unmatched,
                "asks": quote.asks,
                "intent": quote.intent,
            }
        )
    return 0
