"""`recado demo`."""

from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Keep service and simulator running afterwards.")] = False,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Keep the queue in a PostgreSQL server that the demo starts.")
    ] = False,
) -> None:
    """Demonstrate recado: quote orders, survive an outage of Meta, deliver every reply once."""
    from recado.demo import run

    raise typer.Exit(run(keep=keep, postgres=postgres))
