"""One attempt: it sends only with a sufficient lease, records the result when the store accepts it, and never
raises."""

import logging
from typing import cast

import pytest
from msgspec.structs import replace

from recado.delivery import attempt
from recado.delivery.attempt import RECORD_PAUSES_SECONDS, Delivery
from recado.outcome import Outcome
from recado.queue.errors import StoreUnavailable
from recado.queue.model import AttemptResult, LeasedReply
from recado.queue.protocol import RetryQueue
from recado.telemetry import tracing
from recado.whatsapp.content import Text
from tests.delivery.test_slots import leased

NOW = 1000.0
MESSAGE = replace(leased(Text("x")), send_at=NOW, lease_until=NOW + 60)


class Store:
    """Refuses the first `refusals` calls; remembers the accepted ones."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.recorded: list[AttemptResult] = []
        self.released: list[LeasedReply] = []

    def now(self) -> float:
        return NOW

    async def update_message_attempt(self, message: LeasedReply, result: AttemptResult) -> None:
        self._refuse()
        self.recorded.append(result)

    async def release(self, message: LeasedReply) -> None:
        self._refuse()
        self.released.append(message)

    def _refuse(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StoreUnavailable("full")


class Channel:
    """Delivers, or raises a defect."""

    name = MESSAGE.lane.channel
    send_seconds = 20.0

    def __init__(self, defect: Exception | None = None) -> None:
        self.defect = defect
        self.sent: list[LeasedReply] = []

    async def send(self, message: LeasedReply, attempt: tracing.NoSpan) -> AttemptResult:
        self.sent.append(message)
        if self.defect is not None:
            raise self.defect
        return AttemptResult(outcome=Outcome.DELIVERED)

    async def aclose(self) -> None: ...

    async def probe(self, lane: str) -> bool:
        return True


def delivery(store: Store, channel: Channel) -> Delivery:
    return Delivery(cast(RetryQueue, store), [channel])


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [getattr(record, "action", "") for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(("seconds", "sent"), [(20.0, True), (19.9, False)])
async def test_a_lease_that_could_end_during_the_send_is_given_back(seconds: float, sent: bool) -> None:
    """Another process could send the same reply meanwhile."""
    store, channel = Store(), Channel()
    result = await delivery(store, channel).attempt(replace(MESSAGE, lease_until=NOW + seconds))

    assert (result is not None, len(channel.sent), len(store.recorded)) == (sent, int(sent), int(sent))
    assert len(store.released) == int(not sent)


async def test_a_lease_that_cannot_be_given_back_runs_out(caplog: pytest.LogCaptureFixture) -> None:
    store = Store(refusals=1)

    assert await delivery(store, Channel()).attempt(replace(MESSAGE, lease_until=NOW)) is None
    assert (store.released, actions(caplog)) == ([], ["lease.unreleased"])


@pytest.mark.parametrize("refusals", [0, 1, len(RECORD_PAUSES_SECONDS), len(RECORD_PAUSES_SECONDS) + 1])
async def test_a_result_is_recorded_once_the_store_takes_it(
    refusals: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The reply is sent once, however often the store refuses the result. After the last try the lost result is
    logged."""
    monkeypatch.setattr(attempt, "RECORD_PAUSES_SECONDS", (0.0,) * len(RECORD_PAUSES_SECONDS))
    store, channel = Store(refusals), Channel()
    result = await delivery(store, channel).attempt(MESSAGE)
    lost = refusals > len(RECORD_PAUSES_SECONDS)

    assert result is not None
    assert (result.outcome, len(channel.sent)) == (Outcome.DELIVERED, 1)
    assert store.recorded == ([] if lost else [result])
    assert actions(caplog) == (["attempt.unrecorded"] if lost else [])


async def test_a_defect_of_a_channel_leaves_the_outcome_unknown(caplog: pytest.LogCaptureFixture) -> None:
    """The reply may have been sent, so it is not sent again at once. The log does not contain the error's text."""
    store = Store()
    result = await delivery(store, Channel(RuntimeError("Calle Falsa 123"))).attempt(MESSAGE)

    assert result is not None
    assert (result.outcome, result.detail) == (Outcome.UNKNOWN, "RuntimeError")
    assert store.recorded == [result]
    assert "attempt.error" in actions(caplog)
    assert "Calle Falsa" not in caplog.text
