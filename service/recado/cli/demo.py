"""`recado demo`."""

from typing import Annotated

import typer


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave service and simulator running, to be tried.")] = False,
) -> None:
    """Show the main job: an order is quoted, an outage of Meta's survived, every reply delivered once."""
    from recado.demo import run

    raise typer.Exit(run(keep=keep))
