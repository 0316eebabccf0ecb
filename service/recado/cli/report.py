"""`recado report`: a summary of the last days."""

from typing import Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue


def report(
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days, including today.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="JSON, as the admin API returns it.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one figure per row.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Markdown tables.")] = False,
) -> None:
    """Summarise the last days: quotes, orders and their value, products, times, lost replies."""
    if as_json + as_csv + as_markdown > 1:
        raise BadInput("give one of --json, --csv and --markdown")
    from recado.cli import report_output
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
    from recado.report import report as make

    settings = read_settings()
    catalogue = Catalogue.from_csv(settings.catalogue or DEFAULT_PATH, settings.language)
    made = with_queue(lambda queue: make(queue, settings, catalogue, days))
    if as_json:
        report_output.as_json(made)
    elif as_csv:
        report_output.as_csv(made)
    elif as_markdown:
        report_output.as_markdown(made)
    else:
        report_output.as_tables(made)
