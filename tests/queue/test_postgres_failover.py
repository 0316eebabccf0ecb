"""A queue whose old primary still answers after its standby has taken over."""

import asyncio

import psycopg
import pytest
from loadtests.chaos.standby import Pair, started_pair

from recado.queue.errors import StoreUnavailable
from recado.queue.postgres import PostgresRetryQueue
from recado.queue.postgres.migrations import migrate
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.postgres import PostgresServer
from tests.clock import FakeClock
from tests.queue.replies import new_reply

pytestmark = pytest.mark.xdist_group("postgres")


def backends(server: PostgresServer) -> int:
    """Connections of recado's to a server."""
    with psycopg.connect(server.url()) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'recado'"
        ((count,),) = connection.execute(query).fetchall()
        return int(count)


def demote(pair: Pair) -> None:
    """The standby takes over, and the old primary is made read-only; nobody ends the connections to it."""
    pair.standby.promote()
    with psycopg.connect(pair.primary.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        connection.execute("SELECT pg_reload_conf()")


async def test_a_pod_leaves_a_server_that_became_read_only(clock: FakeClock) -> None:
    """All of its connections go to the new primary with the first write that the old one refuses: a pod that reads and
    takes turns on one server, and writes on the other, would act on what is long over."""
    with started_pair() as pair:
        url = pair.create("recado")
        migrate(url)
        queue = PostgresRetryQueue(url, retry_policy(load({})), clock=clock)
        await queue.add_message(new_reply(1, clock), lease=True)
        await queue.status()
        before = backends(pair.primary)
        await asyncio.to_thread(demote, pair)
        refused = 0
        while True:
            try:
                await queue.add_message(new_reply(2, clock), lease=True)
                break
            except StoreUnavailable:
                refused += 1
                await asyncio.sleep(0.1)
        in_flight = (await queue.status()).in_flight
        left, moved = backends(pair.primary), backends(pair.standby)
        await queue.close()

    assert before == 3
    assert refused > 0
    assert in_flight == 2
    assert (left, moved) == (0, 3)
