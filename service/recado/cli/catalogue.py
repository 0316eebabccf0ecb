"""`recado catalogue`: checks a catalogue before customers write."""

from pathlib import Path
from typing import Annotated

import typer

from recado.cli.shared import OutputLanguage, read_settings
from recado.errors import EXIT_FAILED

commands = typer.Typer(help="Check a catalogue.", no_args_is_help=True)


_TEXTS = {
    OutputLanguage.ENGLISH: (
        "{sku} {name!r}: {text!r} is read as {meant}. Add an alias that tells it apart, or change this one.",
        "nothing",
        "{names} names and aliases, {wrong} of them are not read as their product.",
    ),
    OutputLanguage.SPANISH: (
        "{sku} «{name}»: si escriben «{text}» se entiende {meant}. Agrega un alias que lo distinga, o cambia este.",
        "nada",
        "{names} nombres y alias; {wrong} no se entienden como su producto.",
    ),
}


@commands.command()
def check(
    catalogue: Annotated[Path | None, typer.Argument(help="The catalogue, a CSV file.")] = None,
    words: Annotated[Path | None, typer.Option(help="A folder of words, as for RECADO_LANGUAGE.")] = None,
    language: Annotated[OutputLanguage, typer.Option(help="The language of the output.")] = OutputLanguage.ENGLISH,
) -> None:
    """Read every name and alias as an order; list those that are not read as their product."""
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
    from recado.quotes.probe import misread

    settings = read_settings()
    read = Catalogue.from_csv(catalogue or settings.catalogue or DEFAULT_PATH, words or settings.language)
    line, nothing, total = _TEXTS[language]
    wrong = 0
    for found in misread(read):
        meant = ", ".join(found.meant) or nothing
        print(line.format(sku=found.product.sku, name=found.name, text=found.text, meant=meant))
        wrong += 1
    print(total.format(names=sum(1 + len(product.aliases) for product in read.products), wrong=wrong))
    if wrong:
        raise typer.Exit(EXIT_FAILED)


@commands.callback()
def _group() -> None:
    """Keeps `check` a subcommand although it is the only one."""
