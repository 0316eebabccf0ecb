"""Limits that pods share: what Meta gets from three web processes and a drain, with more to send than Meta allows."""

import asyncio
import bisect
import itertools
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import psycopg
from loadtests.chaos import crash
from loadtests.chaos.installation import LEASE_SECONDS, Installation, installation
from loadtests.chaos.result import FaultResult

from recado.queue.operations.recording import LATE_SECONDS
from recado.simulator import Person, Simulator
from recado.simulator.graph import Accepted
from recado.simulator.postgres import started_server

WEB, DRAINS = 3, 1
PER_SECOND, INTERVAL_SECONDS, A_MINUTE = 80, 6.0, 20
#: More than a number may send, for so long; customers who write several messages meanwhile; what a talker writes.
RUSH_PER_SECOND, RUSH_SECONDS = 120.0, 8.0
WRITERS, MESSAGES, TALKER_MESSAGES = 10, 5, 30
#: A reply that Meta has so long after its turn was held up by the machine.
ON_TIME_SECONDS = 0.02
#: The clocks of a process and of the server differ by their answers' way.
CLOCK_SECONDS = 0.005
#: Writes down the turn of each attempt: its row forgets it.
TURNS = """
CREATE TABLE recado.turn (attempt text, at float8);
CREATE FUNCTION recado.note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO recado.turn VALUES (NEW.id || '.' || NEW.attempts, NEW.lease_until - {lease});
  RETURN NULL;
END $$;
CREATE TRIGGER turn_taken AFTER INSERT OR UPDATE ON recado.entry
  FOR EACH ROW WHEN (NEW.state = 'sending') EXECUTE FUNCTION recado.note_turn()"""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What Meta got, and when, beside the turns of the attempts.

    early: seconds by which the earliest was before its turn. late: by which the latest came after it. busiest: the most
    turns within one second; on_time: the most replies that Meta had on time within one second. soonest: the least time
    between two replies to a customer. disordered: customers whose replies came in another order than their messages.
    """

    sent: int
    early: float
    late: float
    busiest: int
    on_time: int
    soonest: float
    disordered: int


async def limits(folder: Path) -> FaultResult:
    """What one business number may send, one customer get, and one customer ask for in a minute."""
    row = FaultResult(
        fault="PostgreSQL: shared limits", injected=f"{WEB} web, {DRAINS} drain, {RUSH_PER_SECOND:.0f} messages/s"
    )
    with started_server() as server:
        place = crash.on_server(server.create("recado"), lambda chance: None)
        with psycopg.connect(place.settings["DATABASE_URL"]) as connection:
            connection.execute(TURNS.format(lease=LEASE_SECONDS).encode())
        settings = {
            **place.settings,
            "RECADO_MESSAGES_PER_SECOND": str(PER_SECOND),
            "RECADO_CUSTOMER_INTERVAL_SECONDS": str(INTERVAL_SECONDS),
            "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": str(A_MINUTE),
        }
        async with installation(folder, settings, web=WEB, drains=DRAINS) as shop:
            shop.simulator.statuses = ("sent",)  # a delivered reply's row is deleted, and the rows are counted
            answered = await _rush(shop)
            turns: dict[str, float] = dict(shop.rows("SELECT attempt, max(at) FROM turn GROUP BY attempt"))
            kept = judge(list(shop.simulator.ledger.all_sent()), turns)
            summary = shop.simulator.ledger.summary()
    row.messages, row.acknowledged = summary.inbound, summary.acknowledged
    row.note = (
        f"{kept.busiest} turns in the busiest second, replies up to {kept.late:.2f} s late, at least"
        f" {kept.soonest:.2f} s between two to a customer, {answered} to the talker"
    )
    row.require(kept.busiest <= PER_SECOND, f"at most {PER_SECOND} turns in any second")
    row.require(kept.early <= CLOCK_SECONDS, f"no reply before its turn, one {kept.early:.3f} s")
    row.require(kept.on_time <= PER_SECOND, f"at most {PER_SECOND} replies in any second, {kept.on_time} in one")
    row.require(kept.soonest >= INTERVAL_SECONDS - LATE_SECONDS, f"{INTERVAL_SECONDS:.0f} s between two to a customer")
    row.require(not kept.disordered, f"replies in order, those of {kept.disordered} customers are not")
    row.require(answered == A_MINUTE + 1, f"{A_MINUTE} replies to the talker in his minute, and one about patience")
    return row


async def _rush(shop: Installation) -> int:
    """More messages than a number may answer; how many the talker got answered, who wrote them in one minute."""
    meta = shop.simulator
    await asyncio.sleep(60 - time.time() % 60)
    talker = meta.new_person()
    traffic = meta.begin_traffic(int(RUSH_SECONDS * RUSH_PER_SECOND), RUSH_PER_SECOND)
    writers = (_write(meta, meta.new_person(), MESSAGES, 1.5) for _ in range(WRITERS))
    await asyncio.gather(_write(meta, talker, TALKER_MESSAGES, 0), *writers)
    await traffic
    await shop.emptied(60)
    wamids = ", ".join(f"'{message.wamid}'" for message in meta.ledger if message.customer == talker.phone)
    ((answered,),) = shop.rows(f"SELECT count(*) FROM entry WHERE wamid IN ({wamids})")
    return int(answered)


async def _write(meta: Simulator, person: Person, messages: int, pause: float) -> None:
    """One customer's messages, each of one more than the one before."""
    for amount in range(1, messages + 1):
        await meta.send_text(f"quiero {amount} gorras", sender=person)
        await asyncio.sleep(pause)


def judge(sent: Sequence[Accepted], turns: dict[str, float]) -> Kept:
    """Holds what Meta accepted against the turns, by the id and number of the attempt."""
    late = {reply.wamid: reply.at - turns[(reply.callback or "").partition(".")[2]] for reply in sent}
    by_customer: dict[str, list[Accepted]] = defaultdict(list)
    for reply in sorted(sent, key=lambda reply: reply.at):
        by_customer[reply.customer].append(reply)
    pairs = [pair for replies in by_customer.values() for pair in itertools.pairwise(replies)]
    return Kept(
        sent=len(sent),
        early=-min(late.values()),
        late=max(late.values()),
        busiest=_most_in_a_second(turns.values()),
        on_time=_most_in_a_second(reply.at for reply in sent if late[reply.wamid] <= ON_TIME_SECONDS),
        soonest=min(after.at - before.at for before, after in pairs),
        disordered=sum(amounts != sorted(amounts) for amounts in map(_amounts, by_customer.values())),
    )


def _amounts(replies: Sequence[Accepted]) -> list[int]:
    """The amounts that a customer was quoted, in the order of the replies."""
    return [int(found[1]) for reply in replies if (found := re.search(r"([0-9]+) ×", reply.text))]


def _most_in_a_second(moments: Iterable[float]) -> int:
    """The most moments that are within one second."""
    times = sorted(moments)
    return max((bisect.bisect_left(times, at + 1) - n for n, at in enumerate(times)), default=0)
