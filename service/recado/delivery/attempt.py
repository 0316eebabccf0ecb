"""One attempt: sends a leased reply and records the result. The web pod and the drain both use it."""

import asyncio
import logging
from collections.abc import Iterable

from recado.delivery.channels import Channel
from recado.outcome import Outcome
from recado.queue.errors import StoreUnavailable
from recado.queue.model import AttemptResult, Lane, LeasedReply
from recado.queue.policy import Transition
from recado.queue.protocol import Outbox
from recado.telemetry import conventions, tracing
from recado.telemetry.logging import defect_fields, wide

log = logging.getLogger(__name__)

#: No lease begins longer before its turn. A longer wait means that a clock was set back.
LONGEST_WAIT_SECONDS = 1.0
#: The pauses between attempts to record a result while the store fails.
RECORD_PAUSES_SECONDS = (0.05, 0.2, 1.0, 3.0)


class Delivery:
    """Makes attempts at leased entries of the queue, through their channel."""

    def __init__(self, queue: Outbox, channels: Iterable[Channel]) -> None:
        self._queue = queue
        self._channels = {channel.name: channel for channel in channels}
        self._clock = queue.now

    async def attempt(self, message: LeasedReply) -> AttemptResult | None:
        """Waits for the message's turn, sends it, records the result; returns None if the lease was too short to send.

        Never raises because of Meta or the store. If a result cannot be recorded, Meta's status settles the attempt;
        after the lease, the rules for unknown outcomes apply.
        """
        if (wait := message.send_at - self._clock()) > 0:
            await asyncio.sleep(min(wait, LONGEST_WAIT_SECONDS))
        channel = self._channels[message.lane.channel]
        if self._clock() + channel.send_seconds > message.lease_until:
            await self._give_back(message)
            return None
        with tracing.attempt(message.traceparent, message.id, message.attempt) as span:
            result = await self._send(channel, message, span)
            with tracing.settle(span) as settling:
                decision = await self._record(message, result)
                settling.set(conventions.STATE, decision.state.value if decision else "settled")
            span.set(conventions.OUTCOME, result.outcome.value)
            self._log(message, result, decision)
        return result

    async def probe(self, lane: Lane) -> None:
        """Checks for the queue, without sending anything, whether the receiver of a lane responds."""
        reachable = await self._channels[lane.channel].probe(lane.name)
        log.info("probe finished", extra={"action": "probe.finished", "reachable": reachable})
        try:
            await self._queue.record_probe(lane, reachable)
        except StoreUnavailable as error:  # the next probe is due soon
            log.warning("a probe could not be recorded", extra={"action": "probe.unrecorded", "error": str(error)})

    async def aclose(self) -> None:
        """Closes the channels."""
        for channel in self._channels.values():
            await channel.aclose()

    async def _send(self, channel: Channel, message: LeasedReply, span: tracing.NoSpan) -> AttemptResult:
        """The channel's result. After a bug in recado the outcome is unknown, because the message may have been sent;
        without a result, the attempt would be repeated each time its lease runs out.
        """
        try:
            return await channel.send(message, span)
        except Exception as error:
            log.error(
                "an attempt hit a defect",
                extra={"action": "attempt.error", "message_id": message.id, **defect_fields(error)},
            )
            return AttemptResult(outcome=Outcome.UNKNOWN, error_class="unreadable", detail=type(error).__name__)

    async def _record(self, message: LeasedReply, result: AttemptResult) -> Transition | None:
        for pause in (*RECORD_PAUSES_SECONDS, None):
            try:
                return await self._queue.update_message_attempt(message, result)
            except StoreUnavailable as error:
                if pause is None:
                    log.error(
                        "an attempt could not be recorded",
                        extra={"action": "attempt.unrecorded", "message_id": message.id, "error": str(error)},
                    )
                else:
                    await asyncio.sleep(pause)
        return None

    async def _give_back(self, message: LeasedReply) -> None:
        try:
            await self._queue.release(message)
        except StoreUnavailable as error:
            log.warning(
                "a lease could not be given back",
                extra={"action": "lease.unreleased", "message_id": message.id, "error": str(error)},
            )

    def _log(self, message: LeasedReply, result: AttemptResult, decision: Transition | None) -> None:
        fields = {
            "message_id": message.id,
            "channel": message.lane.channel,
            "attempt": message.attempt,
            "outcome": result.outcome,
            "error_class": result.error_class,
            "error_code": result.error_code,
            "state": decision.state if decision else "settled",
            "trial": message.trial,
            "duration_seconds": round(result.seconds, 6),
            "age_seconds": round(self._clock() - message.received_at, 3),
        }
        level = logging.INFO if result.outcome is Outcome.DELIVERED else logging.WARNING
        wide(log, "attempt.finished", "attempt finished", fields, level)
