"""The output of `recado orders`."""

from collections.abc import AsyncIterator

from recado.cli.spreadsheet import cell, write_row
from recado.console import Console, cells, table
from recado.orders import OrderState
from recado.orders.view import LineView, OrderView, view
from recado.queue.protocol import OrderBook
from recado.terminal import print_json

EXPORT_PAGE = 500
COLUMNS = (
    *("number", "state", "source", "placed_at", "changed_at", "currency", "total", "phone", "user_id"),
    *("phone_number_id", "location", "left_out", "sku", "name", "quantity", "unit", "unit_price", "line_total"),
)


async def listing(
    book: OrderBook, prefix: str, state: OrderState | None, *, after: int, limit: int, as_json: bool
) -> None:
    """Prints a page of orders."""
    orders = await book.list_orders(after=after, state=state, limit=limit)
    views = [view(order, prefix) for order in orders]
    if as_json:
        print_json(views)
        return
    shown = table("number", "state", "placed", "products", "total", "customer")
    for one in views:
        total = f"{one.total} {one.currency}"
        customer = one.customer.phone or one.customer.user_id or "-"
        shown.add_row(*cells(one.number, one.state, one.placed_at, len(one.lines), total, customer))
    Console().show(shown)
    if len(orders) == limit:
        print(f"more: recado orders list --after {orders[-1].order.number}")


async def show(book: OrderBook, prefix: str, number: int, *, as_json: bool) -> bool:
    """Prints an order; returns whether it exists."""
    order = await book.get_order(number)
    if order is None:
        return False
    one = view(order, prefix)
    if as_json:
        print_json(one, indent=True)
        return True
    shown = table("", "", show_header=False, box=None)
    for name, value in (
        *(("number", one.number), ("state", one.state), ("placed", one.placed_at), ("changed", one.changed_at)),
        *(("phone", one.customer.phone), ("user id", one.customer.user_id), ("written to", one.phone_number_id)),
        *(("location", one.location), ("left out", ", ".join(one.left_out) or None)),
        ("total", f"{one.total} {one.currency}"),
    ):
        shown.add_row(*cells(name, "-" if value is None else value))
    Console().show(shown)
    lines = table("sku", "name", "quantity", "unit price", "total")
    for line in one.lines:
        quantity = f"{line.quantity} {line.unit}" if line.unit else line.quantity
        lines.add_row(*cells(line.sku, line.name, quantity, line.unit_price, line.line_total))
    Console().show(lines)
    return True


async def export_json(book: OrderBook, prefix: str, state: OrderState | None, *, after: int) -> None:
    """Writes orders to stdout as JSON lines."""
    async for one in _all(book, prefix, state, after):
        print_json(one)


async def export_csv(book: OrderBook, prefix: str, state: OrderState | None, *, after: int) -> None:
    """Writes orders to stdout as CSV, a row for each of their lines."""
    write_row(COLUMNS)
    async for one in _all(book, prefix, state, after):
        for line in one.lines:
            write_row(_row(one, line))


async def _all(book: OrderBook, prefix: str, state: OrderState | None, after: int) -> AsyncIterator[OrderView]:
    while page := await book.list_orders(after=after, state=state, limit=EXPORT_PAGE):
        for order in page:
            yield view(order, prefix)
        after = page[-1].order.number


def _row(one: OrderView, line: LineView) -> tuple[str, ...]:
    values = (
        *(one.number, one.state.value, one.source.value, one.placed_at, one.changed_at, one.currency, one.total),
        *(one.customer.phone, cell(one.customer.user_id), one.phone_number_id),
        *(cell(one.location), cell("; ".join(one.left_out)), line.sku, cell(line.name)),
        *(line.quantity, line.unit, line.unit_price, line.line_total),
    )
    return tuple("" if value is None else str(value) for value in values)
