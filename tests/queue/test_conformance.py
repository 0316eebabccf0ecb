"""Every store passes the conformance suite: the modules conformance_*.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clock import FakeClock
from tests.queue.conformance_crashes import CrashConformance
from tests.queue.conformance_customers import CustomerConformance
from tests.queue.conformance_deliveries import DeliveryConformance
from tests.queue.conformance_erasure import ErasureConformance
from tests.queue.conformance_events import EventConformance
from tests.queue.conformance_forms import FormConformance
from tests.queue.conformance_handoffs import HandoffConformance
from tests.queue.conformance_hearing import HearingConformance
from tests.queue.conformance_lines import LineConformance
from tests.queue.conformance_notices import NoticeConformance
from tests.queue.conformance_operators import OperatorConformance
from tests.queue.conformance_orders import OrderConformance
from tests.queue.conformance_outages import OutageConformance
from tests.queue.conformance_outside import OutsideConformance
from tests.queue.conformance_permissions import PermissionConformance
from tests.queue.conformance_quotes import QuoteConformance
from tests.queue.conformance_reminders import ReminderConformance
from tests.queue.conformance_results import ResultConformance
from tests.queue.conformance_sending import SendingConformance
from tests.queue.conformance_sessions import SessionConformance
from tests.queue.conformance_survey import SurveyConformance
from tests.queue.conformance_traces import TraceConformance
from tests.queue.conformance_voice import VoiceConformance
from tests.queue.postgres import database_url as database_url
from tests.queue.postgres import postgres as postgres
from tests.queue.stores import Kept, OpenQueue, files_of, postgres_store, rows_of, sqlite_store

STORES = ["sqlite", pytest.param("postgres", marks=pytest.mark.xdist_group("postgres"))]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def open_queue(store: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[OpenQueue]:
    """Opens the same store each time within a test."""
    opened = (
        sqlite_store(tmp_path, clock)
        if store == "sqlite"
        else postgres_store(request.getfixturevalue("database_url"), clock)
    )
    with opened as open_:
        yield open_


@pytest.fixture
def kept(store: str, request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """Everything that the store keeps."""
    if store == "sqlite":
        return lambda: files_of(tmp_path)
    url = request.getfixturevalue("database_url")
    return lambda: rows_of(url)


class TestSending(SendingConformance):
    """About adding, claiming, limits."""


class TestResults(ResultConformance):
    """About the results of attempts."""


class TestCrashes(CrashConformance):
    """About processes that die, restarts, clocks."""


class TestOperators(OperatorConformance):
    """About operators' commands, retention, totals."""


class TestCustomers(CustomerConformance):
    """About customers with several names."""


class TestLines(LineConformance):
    """About the order of one customer's replies."""


class TestOutages(OutageConformance):
    """About outages."""


class TestForms(FormConformance):
    """About buttons and lists that Meta refuses."""


class TestSessions(SessionConformance):
    """About conversations."""


class TestQuotes(QuoteConformance):
    """About quotes."""


class TestHandoffs(HandoffConformance):
    """About hand-offs."""


class TestOutside(OutsideConformance):
    """About sends outside the window."""


class TestReminders(ReminderConformance):
    """About reminders."""


class TestPermissions(PermissionConformance):
    """About opt-outs and opt-ins."""


class TestOrders(OrderConformance):
    """About orders and the staff."""


class TestEvents(EventConformance):
    """About events to the shop's systems."""


class TestDeliveries(DeliveryConformance):
    """About deliveries of events."""


class TestNotices(NoticeConformance):
    """About notices to the operator."""


class TestVoice(VoiceConformance):
    """About voice notes."""


class TestHearing(HearingConformance):
    """About voice notes with many faults."""


class TestTraces(TraceConformance):
    """About traces."""


class TestSurvey(SurveyConformance):
    """About the report's counts."""


class TestErasure(ErasureConformance):
    """About erasing a customer."""
