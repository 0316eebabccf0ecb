"""What every RetryQueue must do for voice notes: send one reply each, in order, whatever the outcome of the job."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from recado.delivery.channels import media
from recado.delivery.channels.media import PATIENCE_SECONDS
from recado.orders import Changes, HandoffChange, HandoffReason
from recado.outcome import Outcome, Scope
from recado.queue.model import (
    MEDIA,
    REPLIES,
    Added,
    AttemptResult,
    Lane,
    LeasedReply,
    Listening,
    NewReply,
    State,
    VoiceNote,
)
from recado.queue.protocol import RetryQueue
from recado.telemetry import metrics
from recado.whatsapp.content import Text
from recado.whatsapp.inbound import Customer, Media
from tests.clock import FakeClock
from tests.queue.replies import DELIVERED, LANE, NO_JITTER, NUMBER, UNLIMITED, new_reply, text_of
from tests.queue.sessions import quote_named, session_of
from tests.queue.stores import OpenQueue

HEARS = Lane(MEDIA, media.LANE)
ASK = "¿Me lo escribes?"
HEARD = AttemptResult(outcome=Outcome.DELIVERED)
REFUSED = AttemptResult(outcome=Outcome.PERMANENT, error_class="media_wrong_type", code_class="transport")
BROKEN = AttemptResult(outcome=Outcome.RETRYABLE, error_class="media_cut", code_class="transport")
DOWN = AttemptResult(outcome=Outcome.RETRYABLE, error_class="server", outage=True, code_class="5xx")
WRONG_KEY = AttemptResult(
    outcome=Outcome.OPERATOR, error_class="configuration", scope=Scope.NUMBER, error_code=401, code_class="4xx"
)

Kept = Callable[[], bytes]


def spoken(n: int, clock: FakeClock, *, customer: int = 1, **changes: Any) -> NewReply:
    """Voice note number n, as it arrives."""
    note = VoiceNote(
        media=Media(f"90{n}"),
        customer=Customer(f"+1555010{customer:04d}", None),
        phone_number_id=NUMBER,
        written_at=clock(),
    )
    listening = Listening(note, HEARS, clock() + PATIENCE_SECONDS)
    return new_reply(n, clock, customer=customer, content=Text(ASK), listening=listening, **changes)


def answer(n: int, clock: FakeClock, *, customer: int = 1, **changes: Any) -> NewReply:
    """The message of voice note number n after its transcription."""
    return new_reply(n, clock, customer=customer, **{"content": Text(f"heard {n}"), **changes})


async def speak(queue: RetryQueue, message: NewReply) -> Added:
    added = await queue.add_message(message, lease=True)
    assert added.id is not None
    assert added.message is None, "nobody is asked to write before the note had its time"
    return added


async def take(queue: RetryQueue, added: Added) -> LeasedReply:
    """The job of a voice note, leased."""
    assert added.job is not None
    (job,) = (await queue.claim_message(added.job)).messages
    return job


async def sent(queue: RetryQueue) -> list[str]:
    """The texts that customers get now, in order. It does not claim jobs."""
    texts: list[str] = []
    while True:
        had = len(texts)
        for message in (await queue.get_messages_to_retry(10)).messages:
            if message.lane.channel == REPLIES:
                await queue.update_message_attempt(message, DELIVERED)
                texts.append(text_of(message))
            else:
                await queue.release(message)
        if len(texts) == had:
            return texts


def notes(queue: RetryQueue, outcome: str) -> float:
    return queue.snapshot().totals.get((metrics.VOICE_NOTES.name, (outcome,)), 0)


class VoiceConformance:
    """The behaviour; `open_queue(**settings)` opens the same store each time within a test."""

    async def test_a_note_is_answered_by_what_was_heard(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """At once, and only once; the job has the file's id."""
        queue = open_queue(**UNLIMITED)
        added = await speak(queue, spoken(1, clock))
        job = await take(queue, added)
        assert isinstance(job.content, VoiceNote)
        assert (job.content.media, job.content.reply) == (Media("901"), added.id)
        clock.advance(2)
        filled = await queue.reply_to_voice(job, answer(1, clock))
        await queue.update_message_attempt(job, HEARD)

        assert (filled.id, filled.duplicate) == (added.id, False)
        assert await sent(queue) == ["heard 1"]
        clock.advance(100)
        assert await sent(queue) == []
        assert notes(queue, "heard") == 1

    async def test_a_note_that_nobody_hears_is_asked_for_within_a_minute(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The process with the job is dead; the reply is sent in any case."""
        queue = open_queue(**UNLIMITED)
        await take(queue, await speak(queue, spoken(1, clock)))
        clock.advance(PATIENCE_SECONDS - 1)
        assert await sent(queue) == []
        clock.advance(1)
        assert await sent(queue) == [ASK]

    async def test_an_answer_that_comes_too_late_is_none(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Nothing is written, because the customer was asked to write."""
        queue = open_queue(**UNLIMITED)
        job = await take(queue, await speak(queue, spoken(1, clock)))
        clock.advance(PATIENCE_SECONDS)
        assert await sent(queue) == [ASK]
        late = await queue.reply_to_voice(
            job, answer(1, clock, changes=Changes(version=0, opens=quote_named("T", clock)))
        )

        assert late == Added(id=None, duplicate=True)
        assert (await session_of(queue, clock)).quote is None

    async def test_two_processes_hear_a_note_and_one_answers(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The first process was stopped for longer than its lease, and the second one did the job."""
        one, two = open_queue(**UNLIMITED), open_queue(**UNLIMITED)
        added = await speak(one, spoken(1, clock))
        job = await take(one, added)
        clock.advance(30)
        (again,) = [m for m in (await two.get_messages_to_retry(10)).messages if m.lane == HEARS]
        opens = Changes(version=0, opens=quote_named("T", clock))

        assert (await one.reply_to_voice(job, answer(1, clock, changes=opens))).duplicate
        assert not (await two.reply_to_voice(again, answer(1, clock, changes=opens))).duplicate
        assert (await two.reply_to_voice(again, answer(1, clock, changes=opens))).duplicate
        assert await sent(two) == ["heard 1"]

    async def test_what_is_refused_is_asked_for_at_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """recado does not wait for a file that can never be used."""
        queue = open_queue(**UNLIMITED)
        job = await take(queue, await speak(queue, spoken(1, clock)))
        await queue.update_message_attempt(job, REFUSED)

        assert await sent(queue) == [ASK]
        assert notes(queue, "asked") == 1

    async def test_what_fails_is_tried_again(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """There are four more attempts within half a minute; then the customer is asked to write."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        added = await speak(queue, spoken(1, clock))
        for wait in (*media.BACKOFF_SECONDS, None):
            assert await sent(queue) == []
            await queue.update_message_attempt(await take(queue, added), BROKEN)
            if wait is not None:
                assert added.job is not None
                assert (await queue.claim_message(added.job)).next_at == pytest.approx(clock() + wait)
                clock.advance(wait)

        assert await sent(queue) == [ASK]

    async def test_replies_keep_the_order_of_what_was_said(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The reply to a later message waits for the voice note's reply; it is checked every second."""
        queue = open_queue(**UNLIMITED)
        added = await speak(queue, spoken(1, clock))
        clock.advance(1)
        later = await queue.add_message(new_reply(2, clock, customer=1), lease=True)
        assert (later.message, later.due_at) == (None, clock() + 1)
        assert await sent(queue) == []
        clock.advance(1)
        await queue.reply_to_voice(await take(queue, added), answer(1, clock))

        assert await sent(queue) == ["heard 1", "reply 2"]

    async def test_a_note_does_not_hold_up_what_was_written_before(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """An earlier reply is sent during the transcription, and the job does not wait for it."""
        queue = open_queue(**UNLIMITED)
        await queue.add_message(new_reply(1, clock, customer=1), lease=False)
        clock.advance(1)
        job = await take(queue, await speak(queue, spoken(2, clock)))

        assert await sent(queue) == ["reply 1"]
        await queue.reply_to_voice(job, answer(2, clock))
        assert await sent(queue) == ["heard 2"]

    async def test_a_quote_of_what_was_heard_supersedes_one_that_waits(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """The written message was handled during the transcription: one reply answers both."""
        queue = open_queue(**UNLIMITED)
        added = await speak(queue, spoken(1, clock))
        clock.advance(1)
        opens = Changes(version=0, opens=quote_named("WRITTEN", clock))
        await queue.add_message(new_reply(2, clock, customer=1, changes=opens), lease=True)
        version = (await session_of(queue, clock)).version
        job = await take(queue, added)
        both = Changes(version=version, opens=quote_named("BOTH", clock))
        filled = await queue.reply_to_voice(job, answer(1, clock, changes=both))

        assert await sent(queue) == ["heard 1"]
        assert filled.id is not None
        shown = await queue.show(filled.id)
        assert shown is not None
        assert shown["answers"] == ["wamid.IN2"]
        quote = (await session_of(queue, clock)).quote
        assert quote is not None
        assert quote.token == "BOTH"
        assert quote.accepted_at == clock()

    async def test_a_note_is_handled_with_the_session_as_it_is(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If the session changed during the transcription, the job gets the present session, and nothing is written."""
        queue = open_queue(**UNLIMITED)
        added = await speak(queue, spoken(1, clock))
        opens = Changes(version=0, opens=quote_named("WRITTEN", clock))
        await queue.add_message(new_reply(2, clock, customer=1, changes=opens), lease=True)
        job = await take(queue, added)
        stale = await queue.reply_to_voice(job, answer(1, clock, changes=Changes(version=0)))

        assert stale.stale is not None
        assert stale.stale.quote is not None
        assert stale.stale.quote.token == "WRITTEN"
        again = Changes(version=stale.stale.version)
        assert not (await queue.reply_to_voice(job, answer(1, clock, changes=again))).duplicate

    async def test_a_person_who_takes_over_ends_the_matter(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The reply is discarded; a later transcript has no effect."""
        queue = open_queue(**UNLIMITED)
        job = await take(queue, await speak(queue, spoken(1, clock)))
        key = f"{NUMBER}:US.1"
        await queue.change_handoff(HandoffChange(key=key, why=HandoffReason.STAFF, at=clock(), until=clock() + 3600))

        assert (await queue.reply_to_voice(job, answer(1, clock))).duplicate
        clock.advance(PATIENCE_SECONDS)
        assert await sent(queue) == []

    async def test_silence_is_an_answer_too(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """If the conversation decides on no reply, the waiting reply is discarded."""
        queue = open_queue(**UNLIMITED)
        job = await take(queue, await speak(queue, spoken(1, clock)))
        await queue.reply_to_voice(job, answer(1, clock, content=None))
        clock.advance(PATIENCE_SECONDS)

        assert await sent(queue) == []
        assert queue.snapshot().rows[State.DISCARDED] == 1

    async def test_a_note_is_claimed_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """After a redelivery there is still one job."""
        queue = open_queue(**UNLIMITED)
        await speak(queue, spoken(1, clock))
        again = await queue.add_message(spoken(1, clock), lease=True)

        assert again == Added(id=None, duplicate=True)
        assert len((await queue.get_messages_to_retry(10)).messages) == 1

    async def test_while_nobody_hears_notes_are_asked_for_at_once(
        self, open_queue: OpenQueue, clock: FakeClock
    ) -> None:
        """After five failures the breaker is open. A note is tried again when a probe is due."""
        queue = open_queue(**UNLIMITED, **NO_JITTER)
        for n in range(5):
            await queue.update_message_attempt(
                await take(queue, await speak(queue, spoken(n, clock, customer=n))), DOWN
            )
        asked = await queue.add_message(spoken(7, clock, customer=7), lease=True)
        assert asked.job is None
        assert asked.message is not None
        assert text_of(asked.message) == ASK
        clock.advance(31)
        tried = await queue.add_message(spoken(8, clock, customer=8), lease=True)
        assert tried.job is not None
        assert (await queue.get_messages_to_retry(10)).probes == (HEARS,)
        assert not queue.snapshot().breakers.get(NUMBER, None) or not queue.snapshot().breakers[NUMBER].open

    async def test_a_wrong_key_is_told_to_an_operator(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """It costs no attempts; nothing is sent to the transcriber meanwhile, and replies continue."""
        queue = open_queue(**UNLIMITED)
        added = await speak(queue, spoken(1, clock))
        await queue.update_message_attempt(await take(queue, added), WRONG_KEY)
        written = await queue.add_message(new_reply(2, clock, customer=2), lease=True)
        assert written.message is not None
        clock.advance(PATIENCE_SECONDS)
        assert ASK in await sent(queue)

    async def test_few_notes_are_in_memory_at_once(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """Further notes wait, and are checked again soon."""
        queue = open_queue(**UNLIMITED)
        added = [await speak(queue, spoken(n, clock, customer=n)) for n in range(media.AT_ONCE + 1)]
        jobs = [await take(queue, one) for one in added[:-1]]
        last = added[-1].job
        assert last is not None
        full = await queue.claim_message(last)
        assert (full.messages, full.next_at) == ((), clock() + 1)
        await queue.reply_to_voice(jobs[0], answer(0, clock, customer=0))
        assert len((await queue.claim_message(last)).messages) == 1

    async def test_a_job_that_is_too_late_is_not_begun(self, open_queue: OpenQueue, clock: FakeClock) -> None:
        """The drain gives it up, because the customer was asked to write."""
        queue = open_queue(**UNLIMITED)
        await speak(queue, spoken(1, clock))
        clock.advance(PATIENCE_SECONDS)
        await queue.expire()

        assert await sent(queue) == [ASK]
        assert notes(queue, "asked") == 1

    async def test_a_customer_who_is_erased_takes_his_notes_along(
        self, open_queue: OpenQueue, clock: FakeClock, kept: Kept
    ) -> None:
        """Including the note under way, whose transcript has no effect."""
        queue = open_queue(**UNLIMITED)
        note = spoken(1, clock, phone="+5215559876543")
        assert note.listening is not None
        his = replace(note.listening.note, customer=Customer("+5215559876543", None), quoted="wamid.HIS")
        added = await speak(queue, replace(note, listening=replace(note.listening, note=his)))
        job = await take(queue, added)
        erased = await queue.erase_customer("+5215559876543")

        assert erased.found
        assert (await queue.reply_to_voice(job, answer(1, clock))).duplicate
        assert await sent(queue) == []
        disk = kept()
        assert b"5215559876543" not in disk
        assert b"wamid.HIS" not in disk
        assert LANE.name.encode() in disk
