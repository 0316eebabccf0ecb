"""`recado orders ...`: the shop's orders on a terminal."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from recado.cli.shared import BadInput, read_settings, with_queue

if TYPE_CHECKING:
    from recado.orders import OrderState

LARGEST_NUMBER = 10**18 - 1

AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]
Number = Annotated[str, typer.Argument(help="The order's number, as P-1042 or 1042.")]
State = Annotated[str | None, typer.Option(help="placed, accepted, completed or cancelled; default: all.")]


class Format(StrEnum):
    """How orders are exported."""

    JSON = "json"
    CSV = "csv"


commands = typer.Typer(help="Show, accept, complete, cancel and export orders.", no_args_is_help=True)


@commands.command("list")
def list_(
    state: State = None,
    after: Annotated[int, typer.Option(min=0, max=LARGEST_NUMBER, help="Only orders after this number.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The maximum number of orders.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the orders, oldest first."""
    from recado.cli import orders_output

    prefix, only = read_settings().order_prefix, _state(state)
    with_queue(lambda book: orders_output.listing(book, prefix, only, after=after, limit=limit, as_json=as_json))


@commands.command("show")
def show(number: Number, as_json: AsJson = False) -> None:
    """Show an order with its lines and its customer."""
    from recado.cli import orders_output

    prefix = read_settings().order_prefix
    found = _number(number, prefix)
    if not with_queue(lambda book: orders_output.show(book, prefix, found, as_json=as_json)):
        raise BadInput(f"there is no order {number}")


@commands.command("accept")
def accept(number: Number) -> None:
    """Accept a placed order, and tell its customer."""
    _move(number, "accepted")


@commands.command("complete")
def complete(number: Number) -> None:
    """Complete an accepted order, and tell its customer."""
    _move(number, "completed")


@commands.command("cancel")
def cancel(number: Number) -> None:
    """Cancel an order that is not completed, and tell its customer."""
    _move(number, "cancelled")


@commands.command("export")
def export(
    format_: Annotated[
        Format, typer.Option("--format", help="json: one object per line. csv: one row per product of an order.")
    ] = Format.JSON,
    state: State = None,
    after: Annotated[int, typer.Option(min=0, max=LARGEST_NUMBER, help="Only orders after this number.")] = 0,
) -> None:
    """Export orders with their customers' addresses."""
    from recado.cli import orders_output

    prefix, only = read_settings().order_prefix, _state(state)
    write = orders_output.export_csv if format_ is Format.CSV else orders_output.export_json
    with_queue(lambda book: write(book, prefix, only, after=after))


def _move(number: str, state: str) -> None:
    from recado.conversation import staff
    from recado.orders import OrderState
    from recado.orders.shop import MoveOutcome

    settings = read_settings()
    found = _number(number, settings.order_prefix)
    moved = with_queue(lambda book: book.move_order(staff.move(settings, found, OrderState(state))))
    if moved.order is None:
        raise BadInput(f"there is no order {number}")
    name = f"{settings.order_prefix}{found}"
    match moved.outcome:
        case MoveOutcome.DONE:
            told = "the next drain tells the customer" if moved.told else "Meta's window is closed: no notice sent"
            print(f"{name} is {state}; {told}")
        case MoveOutcome.REPEATED:
            print(f"{name} was {state} already")
        case _:
            raise BadInput(f"{name} is {moved.order.order.state} and cannot become {state}")


def _number(text: str, prefix: str) -> int:
    from recado.orders.view import number_in

    found = number_in(text, prefix)
    if found is None:
        raise BadInput(f"{text!r} is not the number of an order, such as {prefix}1042")
    return found


def _state(name: str | None) -> "OrderState | None":
    from recado.orders import OrderState

    try:
        return OrderState(name) if name else None
    except ValueError as error:
        raise BadInput(f"--state: {error}; states are {', '.join(OrderState)}") from error
