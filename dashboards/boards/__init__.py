"""The boards, one module each, in the order in which one looks at them."""

from dashboards.boards import events, graph, overview, queue, quotes, runtime, shop
from dashboards.model import Board

BOARDS: tuple[Board, ...] = (
    overview.BOARD,
    shop.BOARD,
    queue.BOARD,
    graph.BOARD,
    quotes.BOARD,
    events.BOARD,
    runtime.BOARD,
)
