"""What every RetryQueue must do with a reply whose buttons or list Meta refuses: send it again, as text."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from recado.queue.model import AttemptResult, LeasedReply, State
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Button, Buttons, Content, List, ListRow, ListSection, Text
from tests.clock import FakeClock
from tests.queue.replies import (
    DELIVERED,
    NO_JITTER,
    REJECTED,
    UNLIMITED,
    add_leased,
    claim_one,
    new_reply,
    status_of,
)

OpenQueue = Callable[..., RetryQueue]

FORM_REFUSED = replace(REJECTED, form_refused=True)
TAPS = Buttons("¿Confirmas? Responde SÍ o NO", (Button("q:7K:confirm", "Sí"),))
CHOICES = List("¿Cuál?", (ListSection((ListRow("c:1", "Jean azul"),)),), plain="¿Cuál: Jean azul?")


def fallbacks(queue: RetryQueue) -> float:
    return queue.snapshot().totals.get((metrics.TEXT_FALLBACKS.name, ()), 0)


async def refuse(queue: RetryQueue, message: LeasedReply, result: AttemptResult = FORM_REFUSED) -> State:
    decision = await queue.update_message_attempt(message, result)
    assert decision
    return decision.state


class FormConformance:
    """Refused buttons and lists."""

    @pytest.mark.parametrize(
        ("content", "text"), [(TAPS, "¿Confirmas? Responde SÍ o NO"), (CHOICES, "¿Cuál: Jean azul?")]
    )
    async def test_refused_buttons_go_out_as_text(
        self, open_queue: OpenQueue, clock: FakeClock, content: Content, text: str
    ) -> None:
        """At once, by any process; the refusal costs no attempt and is counted once."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock, content=content))
        assert await refuse(queue, message) is State.QUEUED

        again = await claim_one(open_queue(**UNLIMITED))
        assert again.content == Text(text)
        assert await queue.update_message_attempt(again, DELIVERED)
        assert fallbacks(queue) == 1

    @pytest.mark.parametrize("content", [TAPS, CHOICES])
    async def test_the_refusal_costs_no_attempt(
        self, open_queue: OpenQueue, clock: FakeClock, content: Content
    ) -> None:
        """The text has a full set of attempts."""
        queue = open_queue(**UNLIMITED, **NO_JITTER, RECADO_BACKOFF_SECONDS="1")
        await refuse(queue, await add_leased(queue, new_reply(1, clock, content=content)))
        (entry,) = await queue.list_messages([State.QUEUED])
        shown = await queue.show(entry.id)
        assert shown
        assert (shown["spent"], shown["attempts"]) == (0, 1)

    async def test_a_refused_text_is_given_up(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A text has no fallback, neither at first nor after refused buttons."""
        queue = open_queue(**UNLIMITED)
        assert await refuse(queue, await add_leased(queue, new_reply(1, clock))) is State.FAILED
        await refuse(queue, await add_leased(queue, new_reply(2, clock, content=TAPS)))
        assert await refuse(queue, await claim_one(queue)) is State.FAILED
        assert fallbacks(queue) == 1

    async def test_any_other_refusal_of_buttons_is_final(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If a customer cannot be reached, recado sends no text either."""
        queue = open_queue(**UNLIMITED)
        assert await refuse(queue, await add_leased(queue, new_reply(1, clock, content=TAPS)), REJECTED) is State.FAILED
        assert fallbacks(queue) == 0

    async def test_buttons_that_fail_later_go_out_as_text(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Meta accepts them and later reports by a status that they failed; a repeated status changes nothing."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock, content=TAPS))
        await queue.update_message_attempt(message, DELIVERED)
        assert await queue.apply_status(status_of(message, "failed", FORM_REFUSED))
        assert not await queue.apply_status(status_of(message, "failed", FORM_REFUSED))

        assert (await claim_one(queue)).content == Text(TAPS.body)
        assert fallbacks(queue) == 1

    async def test_a_closed_window_is_not_reopened(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If the refusal comes after the deadline, the reply fails."""
        queue = open_queue(**UNLIMITED)
        message = await add_leased(queue, new_reply(1, clock, content=TAPS, deadline_at=clock() + 5))
        clock.advance(6)
        assert await refuse(queue, message) is State.FAILED
        (failed,) = await queue.get_failed_messages()
        assert failed.reason == "window_closed"

    async def test_the_text_keeps_its_place_in_the_line(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """A later reply to the same customer waits for it."""
        queue = open_queue(**UNLIMITED)
        first = await add_leased(queue, new_reply(1, clock, customer=1, content=TAPS))
        await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        await refuse(queue, first)
        clock.advance(2)

        assert (await claim_one(queue)).id == first.id
