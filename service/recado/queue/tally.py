"""How the entries of each channel are counted. The service's objectives cover replies."""

from recado.queue.model import EVENTS, MEDIA, NOTICES, REPLIES, TEMPLATES, AttemptResult, Reason, State
from recado.telemetry import metrics
from recado.telemetry.totals import Totals
from recado.whatsapp.outside import template_in


class Tally:
    """Adds facts about the entries of a lane to the totals. The base class counts nothing."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        pass

    def claimed(self, totals: Totals) -> None:
        pass

    def rescued(self, totals: Totals) -> None:
        pass

    def throttled(self, totals: Totals, scope: str) -> None:
        pass

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        pass

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        pass

    def discarded(self, totals: Totals, lane: str) -> None:
        pass

    def breaker(self, totals: Totals, lane: str, to: str) -> None:
        pass


class ReplyTally(Tally):
    """Replies to customers; lanes are business numbers."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        totals.inc(metrics.ATTEMPTS, result.outcome, result.error_class)
        totals.observe(metrics.GRAPH_DURATION, result.seconds, result.code_class)

    def claimed(self, totals: Totals) -> None:
        totals.inc(metrics.DRAIN_CLAIMED)

    def rescued(self, totals: Totals) -> None:
        totals.inc(metrics.RESCUES)

    def throttled(self, totals: Totals, scope: str) -> None:
        totals.inc(metrics.THROTTLED, scope)

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        totals.inc(metrics.FINISHED, State.DELIVERED)
        totals.observe(metrics.DELIVERY_AGE, age)
        totals.observe(metrics.DELIVERED_ATTEMPTS, attempts)

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        totals.inc(metrics.FINISHED, State.FAILED)
        totals.inc(metrics.FAILED_REASONS, reason)

    def discarded(self, totals: Totals, lane: str) -> None:
        totals.inc(metrics.FINISHED, State.DISCARDED)

    def breaker(self, totals: Totals, lane: str, to: str) -> None:
        totals.inc(metrics.BREAKER_TRIPS, lane, to)


class EventTally(Tally):
    """Events to the shop's systems; lanes are endpoints."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        totals.inc(metrics.EVENT_ATTEMPTS, lane, result.outcome)

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        totals.inc(metrics.EVENT_DELIVERIES, lane, State.DELIVERED)
        totals.observe(metrics.EVENT_AGE, age)

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        totals.inc(metrics.EVENT_DELIVERIES, lane, State.FAILED)

    def discarded(self, totals: Totals, lane: str) -> None:
        totals.inc(metrics.EVENT_DELIVERIES, lane, State.DISCARDED)


class NoticeTally(Tally):
    """Notices to the operator; lanes are targets."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        totals.inc(metrics.NOTICE_ATTEMPTS, lane, result.outcome.value)

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        totals.inc(metrics.NOTICES, lane, State.DELIVERED.value)

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        totals.inc(metrics.NOTICES, lane, State.FAILED.value)

    def discarded(self, totals: Totals, lane: str) -> None:
        totals.inc(metrics.NOTICES, lane, State.DISCARDED.value)


class TemplateTally(Tally):
    """What is sent outside the window; lanes are templates of business numbers."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        totals.inc(metrics.TEMPLATE_ATTEMPTS, template_in(lane), result.outcome.value)

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        totals.inc(metrics.TEMPLATES, template_in(lane), State.DELIVERED.value)

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        totals.inc(metrics.TEMPLATES, template_in(lane), State.FAILED.value)

    def discarded(self, totals: Totals, lane: str) -> None:
        totals.inc(metrics.TEMPLATES, template_in(lane), State.DISCARDED.value)


class VoiceTally(Tally):
    """Voice notes, transcribed or not."""

    def attempted(self, totals: Totals, lane: str, result: AttemptResult) -> None:
        totals.inc(metrics.VOICE_ATTEMPTS, result.outcome.value, result.error_class)

    def delivered(self, totals: Totals, lane: str, *, age: float, attempts: int) -> None:
        totals.inc(metrics.VOICE_NOTES, "heard")
        totals.observe(metrics.VOICE_AGE, age)

    def failed(self, totals: Totals, lane: str, reason: Reason) -> None:
        totals.inc(metrics.VOICE_NOTES, "asked")

    def discarded(self, totals: Totals, lane: str) -> None:
        totals.inc(metrics.VOICE_NOTES, "discarded")


TALLIES: dict[str, Tally] = {
    REPLIES: ReplyTally(),
    EVENTS: EventTally(),
    NOTICES: NoticeTally(),
    TEMPLATES: TemplateTally(),
    MEDIA: VoiceTally(),
}
