"""`recado simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from recado.cli.shared import check_url_option, read_settings


def simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 for a free one.")] = 8090,
    webhook: Annotated[str, typer.Option(help="The URL that gets webhooks; default: none.")] = "",
    count: Annotated[int, typer.Option(min=0, help="Send this many orders, await the replies, report and exit.")] = 0,
    rate: Annotated[float, typer.Option(min=0.001, help="Orders per second.")] = 1.0,
    hidden: Annotated[float, typer.Option(min=0, max=1, help="The share of customers without a phone number.")] = 0.0,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="The share of webhooks sent twice.")] = 0.0,
    fault: Annotated[list[str] | None, typer.Option(help="NAME=RATIO, such as server_error=0.1; repeatable.")] = None,
    faults: Annotated[Path | None, typer.Option(help="A fault plan, a JSON file.")] = None,
    latency_ms: Annotated[float, typer.Option(min=0, help="The Graph API's response time.")] = 50.0,
    limits: Annotated[
        bool, typer.Option(help="Enforce Meta's limits: 80 replies a second, one to a customer in 6 s.")
    ] = True,
) -> None:
    """Simulate Meta: the Graph API with faults, signed webhooks, statuses, and a ledger of replies per customer."""
    if webhook:
        check_url_option("--webhook", webhook)
    settings = read_settings()
    from recado.runtime import endpoints
    from recado.simulator.process import run

    code = run(
        host=host,
        port=port,
        webhook_url=webhook,
        app_secret=settings.whatsapp_app_secret,
        access_token=settings.whatsapp_access_token,
        phone_number_ids=settings.whatsapp_phone_number_id,
        count=count,
        per_second=rate,
        hidden=hidden,
        duplicates=duplicates,
        fault=fault or (),
        fault_file=faults,
        latency_ms=latency_ms,
        messages_per_second=80 if limits else 0,
        pair_interval=6.0 if limits else 0.0,
        event_secrets=[secret for endpoint in endpoints(settings).values() for secret in endpoint.secrets],
    )
    raise typer.Exit(code)
