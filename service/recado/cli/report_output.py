"""The output of `recado report`."""

from collections.abc import Iterator, Mapping

import msgspec

from recado.cli.spreadsheet import cell, write_row
from recado.console import Console, cells, table
from recado.report import Report
from recado.terminal import print_json, visible

#: A table of the report: its title, its columns, its rows. The first column names the row.
Section = tuple[str, tuple[str, ...], list[tuple[object, ...]]]


def as_json(report: Report) -> None:
    """Prints the report as the admin API returns it."""
    print_json(report, indent=True)


def as_tables(report: Report) -> None:
    """Prints the report for a person."""
    print(_heading(report))
    for title, columns, rows in _sections(report):
        shown = table(*columns, title=title, title_justify="left")
        for row in rows:
            shown.add_row(*cells(*map(_text, row)))
        Console().show(shown)
    print(_note(report))


def as_markdown(report: Report) -> None:
    """Prints the report as Markdown."""
    print(f"# {_heading(report)}")
    for title, columns, rows in _sections(report):
        print(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
        for row in rows:
            print("| " + " | ".join(visible(_text(value)).replace("|", "\\|") for value in row) + " |")
    print(f"\n{_note(report)}")


def as_csv(report: Report) -> None:
    """Prints the report as CSV: section, row, figure, value."""
    write_row(("section", "row", "figure", "value"))
    for title, columns, rows in _sections(report):
        for name, *values in rows:
            for column, value in zip(columns[1:], values, strict=True):
                write_row((title, cell(_text(name)), column, cell(_text(value))))


def _sections(report: Report) -> Iterator[Section]:
    yield "Funnel", ("step", "count", "value"), [(one.name, one.count, _money(one.value)) for one in report.funnel]
    yield "Quotes", ("outcome", "count"), list(report.quotes.items())
    decisions = msgspec.structs.asdict(report.decisions)
    yield "From quote to yes or no", ("figure", "value"), [(name.replace("_", " "), n) for name, n in decisions.items()]
    columns = ("sku", "name", "unit", "quotes", "quoted", "orders", "ordered")
    yield "Products", columns, [tuple(getattr(one, column) for column in columns) for one in report.products]
    unsold = [msgspec.structs.astuple(one) for one in report.unsold]
    yield "Asked for and not sold", ("phrase", "kind", "customers"), unsold
    aliases: list[tuple[object, ...]] = [(one.sku, one.name, _counts(one.phrases), one.line) for one in report.aliases]
    yield "Aliases to consider for the catalogue", ("sku", "name", "customers wrote", "line"), aliases
    yield "Hours", ("hour", "quotes", "orders"), [msgspec.structs.astuple(one) for one in report.hours]
    yield "Weekdays", ("weekday", "quotes", "orders"), [msgspec.structs.astuple(one) for one in report.weekdays]
    yield "Replies lost", ("reason", "count"), list(report.replies_lost.items())
    yield "Hand-offs", ("reason", "count"), list(report.handoffs.items())


def _heading(report: Report) -> str:
    return f"{report.since} to {report.until} ({report.timezone})"


def _note(report: Report) -> str:
    kept = [f"{name.replace('_', ' ')} {days:g}" for name, days in msgspec.structs.asdict(report.kept_days).items()]
    return f"Days that are kept: {', '.join(kept)}."


def _counts(phrases: Mapping[str, int]) -> str:
    return ", ".join(f"{phrase} ({customers})" for phrase, customers in phrases.items())


def _money(value: Mapping[str, object]) -> str:
    return ", ".join(f"{amount} {currency}" for currency, amount in value.items())


def _text(value: object) -> str:
    return "" if value is None else str(value)
