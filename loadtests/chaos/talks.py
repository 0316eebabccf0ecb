"""Customers who converse while processes die, and the evaluation by the store's own rows.

Some only order; others tap twice at once on two pods, say yes while they tap, edit, say no, tap old buttons, or write
in bursts. The store says which reply answers which messages, so this module guesses nothing.
"""

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from itertools import pairwise
from typing import Any, Final

import msgspec
from loadtests.chaos.doubles import is_unknown
from loadtests.chaos.installation import SUPERSEDED, Installation

from recado.simulator import Ledger, Simulator
from recado.simulator.chat import Chat, ChatError, Step
from recado.simulator.graph import Accepted

#: What customers do, and how often in a hundred conversations.
SCRIPTS: Final[tuple[tuple[int, Sequence[Step]], ...]] = (
    (20, (Step(say="Quiero 2 zapatos y 1 camisa"),)),
    (20, (Step(say="Quiero 2 zapatos y 1 camisa"), Step(tap="confirm", times=2))),
    (15, (Step(say="quiero 3 gorras"), Step(tap="confirm", wait=False), Step(say="sí"))),
    (15, (Step(say="Quiero 2 zapatos"), Step(say="agrega 2 gorras"), Step(tap="confirm", times=2))),
    (10, (Step(say="Quiero 1 camisa"), Step(tap="confirm"), Step(say="sí"), Step(tap="confirm"))),
    (10, (Step(say="Quiero 1 camisa"), Step(tap="reject"), Step(tap="confirm", yes=False))),
    (
        5,
        (
            Step(say="quiero 2 gorras"),
            Step(say="agrega 1 camisa"),
            Step(tap="confirm", of=2, yes=False),
            Step(tap="confirm"),
        ),
    ),
    (
        5,
        (
            Step(say="quiero 2 gorras", wait=False),
            Step(say="agrega 1 camisa", wait=False),
            Step(say="agrega 1 bufanda"),
            Step(tap="confirm", times=2),
        ),
    ),
)
PATIENCE_SECONDS = 20.0


class Talks(msgspec.Struct, frozen=True, kw_only=True):
    """The results of the conversations; all but the first four must be 0.

    repeated: replies that were sent again after an attempt whose outcome the store did not know, while the service
    could not know that the first one was sent. doubled: all others that were sent again. disordered: replies that were
    sent before the waiting reply to an earlier message. orders_missing: confirmed quotes without an order;
    orders_unasked: orders without a confirmation.
    """

    conversations: int
    said_yes: int
    superseded: int
    repeated: int
    lost: int
    doubled: int
    disordered: int
    orders_missing: int
    orders_doubled: int
    orders_unasked: int

    @property
    def good(self) -> bool:
        wrong = (self.lost, self.doubled, self.disordered)
        return not any(wrong) and not (self.orders_missing or self.orders_doubled or self.orders_unasked)


class Crowd:
    """Customers who begin `per_second` conversations until they are told to stop."""

    def __init__(self, meta: Simulator, per_second: float, chance: random.Random) -> None:
        self._meta, self._per_second, self._chance = meta, per_second, chance
        self._under_way: set[asyncio.Task[None]] = set()
        self.begun = 0

    @contextlib.asynccontextmanager
    async def conversing(self, shop: Installation) -> AsyncIterator[None]:
        """Begins new conversations within the block; those under way end after it."""
        beginning = asyncio.create_task(self._begin())
        try:
            async with shop.telling():
                yield
                beginning.cancel()
                await asyncio.gather(*self._under_way)
        finally:
            beginning.cancel()

    async def _begin(self) -> None:
        weights, scripts = zip(*SCRIPTS, strict=True)
        while True:
            (script,) = self._chance.choices(scripts, weights)
            task = asyncio.create_task(self._converse(script))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            self.begun += 1
            await asyncio.sleep(1 / self._per_second)

    async def _converse(self, script: Sequence[Step]) -> None:
        with contextlib.suppress(ChatError):  # the choices were sent as text, or never arrived
            await Chat(self._meta).play(script, patience=PATIENCE_SECONDS)


#: The rows of a statement.
Rows = Callable[[str], list[tuple[Any, ...]]]


def judge(rows_of: Rows, ledger: Ledger, conversations: int, in_doubt: Collection[str]) -> Talks:
    """Evaluates the rows of the database after everything has settled; none may have been deleted. `in_doubt`: the
    messages whose replies' outcomes were unknown to the store at some time."""
    rows = rows_of("SELECT id, wamid, answers, written_at, key FROM entry")
    answers = {id_: [wamid, *msgspec.json.decode(more or "[]")] for id_, wamid, more, *_ in rows}
    arrived: dict[int, list[Accepted]] = defaultdict(list)
    for accepted in ledger.all_sent():
        if not accepted.failure:
            arrived[int((accepted.callback or "..").split(".")[1])].append(accepted)
    again = [
        answers[id_][0] in in_doubt and is_unknown(ledger, first, second)
        for id_, sent in arrived.items()
        for first, second in pairwise(sent)
    ]
    replies = Counter(wamid for id_ in arrived for wamid in answers[id_])
    lines: dict[str, list[tuple[float, int, float]]] = defaultdict(list)
    for id_, _, _, written_at, key in rows:
        if id_ in arrived:
            lines[key].append((written_at, id_, arrived[id_][0].at))
    verdict = ledger.verify(token for (token,) in rows_of("SELECT quote FROM shop_order"))
    return Talks(
        conversations=conversations,
        said_yes=len(ledger.said_yes_to),
        superseded=len(rows_of(SUPERSEDED)),
        lost=sum(not replies[message.wamid] for message in ledger if message.expects_reply),
        repeated=sum(again),
        doubled=len(again) - sum(again) + sum(count > 1 for count in replies.values()),
        disordered=sum(_disordered(line) for line in lines.values()),
        orders_missing=len(verdict.orders_missing),
        orders_doubled=len(verdict.orders_doubled),
        orders_unasked=len(verdict.orders_unasked),
    )


def _disordered(line: list[tuple[float, int, float]]) -> int:
    """Pairs of replies that were sent in the wrong order."""
    return sum(one[0] <= other[0] and one[1] < other[1] and one[2] > other[2] for one in line for other in line)
