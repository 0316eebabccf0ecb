"""`recado selftest`."""

from typing import Annotated

import typer

from recado.cli.shared import check_url_option, read_settings

NEEDS = ("whatsapp_verify_token", "whatsapp_app_secret", "whatsapp_phone_number_id")


def selftest(
    url: Annotated[str, typer.Argument(help="The URL of the web port, such as http://recado.")],
    metrics_url: Annotated[str | None, typer.Option(help="The metrics, such as http://recado:9464/metrics.")] = None,
) -> None:
    """Post a signed webhook and check that it gets a quote. Sends no reply. `helm test` runs it."""
    check_url_option("URL", url)
    if metrics_url is not None:
        check_url_option("--metrics-url", metrics_url)
    settings = read_settings(NEEDS)
    from recado.quotes.catalogue.catalogue import DEFAULT_PATH, Catalogue
    from recado.selftest import run

    product = Catalogue.from_csv(settings.catalogue or DEFAULT_PATH, settings.language).products[0].name
    failed = False
    for step in run(settings, url, metrics_url, product):
        failed |= bool(step.problem)
        print(f"{'✗' if step.problem else '✓'} {step.name}{': ' if step.problem else ''}{step.problem}", flush=True)
    raise typer.Exit(int(failed))
