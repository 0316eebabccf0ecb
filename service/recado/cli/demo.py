"""`recado demo`."""

from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Keep service and simulator running afterwards.")] = False,
) -> None:
    """Demonstrate recado: quote orders, survive an outage of Meta, deliver every reply once."""
    from recado.demo import run

    raise typer.Exit(run(keep=keep))
