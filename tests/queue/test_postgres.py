"""RetryQueue on a real PostgreSQL: the conformance suite, and what only a server can do."""

import asyncio
import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from recado.queue.errors import StoreUnavailable
from recado.queue.model import NOBODY, Audience
from recado.queue.postgres import PostgresRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.clock import FakeClock
from tests.queue.conformance import OpenQueue, RetryQueueConformance
from tests.queue.conformance_customers import CustomerConformance
from tests.queue.conformance_erasure import ErasureConformance, Kept
from tests.queue.conformance_events import EventConformance
from tests.queue.conformance_forms import FormConformance
from tests.queue.conformance_handoffs import HandoffConformance
from tests.queue.conformance_hearing import HearingConformance
from tests.queue.conformance_lines import LineConformance
from tests.queue.conformance_notices import NoticeConformance
from tests.queue.conformance_orders import OrderConformance
from tests.queue.conformance_outages import OutageConformance
from tests.queue.conformance_outside import OutsideConformance
from tests.queue.conformance_permissions import PermissionConformance
from tests.queue.conformance_reminders import ReminderConformance
from tests.queue.conformance_sessions import SessionConformance
from tests.queue.conformance_survey import SurveyConformance
from tests.queue.conformance_traces import TraceConformance
from tests.queue.conformance_voice import VoiceConformance
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture
def open_queue(database_url: str, clock: FakeClock) -> Iterator[OpenQueue]:
    """Opens the test's database; each call is another process as far as the server can tell."""
    opened: list[PostgresRetryQueue] = []

    def open_(audience: Audience = NOBODY, **settings: str) -> PostgresRetryQueue:
        policy = retry_policy(load(settings), chance=lambda: 0.5)
        queue = PostgresRetryQueue(database_url, policy, clock=clock, audience=audience)
        opened.append(queue)
        return queue

    yield open_
    for queue in opened:
        with contextlib.suppress(StoreUnavailable):
            asyncio.run(queue.close())


class TestPostgresRetryQueue(RetryQueueConformance, CustomerConformance):
    """The conformance suite."""


class TestLines(LineConformance):
    """Its part on one customer's replies."""


class TestOutages(OutageConformance):
    """Its part on outages."""


class TestForms(FormConformance):
    """Its part on buttons and lists that Meta refuses."""


class TestSurvey(SurveyConformance):
    """Its part on what the report counts."""


@pytest.fixture
def kept(database_url: str) -> Kept:
    """Every row of every table as text."""

    def rows() -> bytes:
        with psycopg.connect(database_url) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'recado'").fetchall()
            found = [
                connection.execute(sql.SQL("SELECT t::text FROM recado.{} t").format(sql.Identifier(table)))
                for (table,) in tables
            ]
            return "".join(row for cursor in found for (row,) in cursor).encode()

    return rows


class TestVoice(VoiceConformance):
    """Its part on voice notes."""


class TestHearing(HearingConformance):
    """Its part on voice notes by the hundred."""


class TestErasure(ErasureConformance):
    """Its part on customers who want to be forgotten."""


class TestEvents(EventConformance):
    """Its part on events."""


class TestNotices(NoticeConformance):
    """Its part on notices."""


class TestSessions(SessionConformance):
    """Its part on conversations."""


class TestHandoffs(HandoffConformance):
    """Hand-offs."""


class TestOutside(OutsideConformance):
    """Its part on what is sent outside the window."""


class TestReminders(ReminderConformance):
    """Its part on quotes that nobody answers."""


class TestPermissions(PermissionConformance):
    """Its part on customers who do not want to be written to."""


class TestTraces(TraceConformance):
    """Its part on traces."""


class TestOrders(OrderConformance):
    """Its part on the shop's staff."""
