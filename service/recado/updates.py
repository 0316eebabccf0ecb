"""Takes what Meta reports besides customers' messages: statuses, the shop's own messages, new names, what customers set
in WhatsApp, and notices and errors of the account."""

import logging
from collections.abc import Awaitable, Collection, Iterator, Sequence

from recado.defects import Defects, Stage
from recado.delivery.channels.whatsapp import status_update
from recado.orders import HandoffChange, HandoffReason, PermissionChange, Returned
from recado.queue.protocol import Outbox
from recado.settings import Settings
from recado.telemetry import metrics
from recado.telemetry.logging import wide
from recado.telemetry.totals import Totals
from recado.telemetry.web_metrics import WebMetrics
from recado.whatsapp.errors import harmless
from recado.whatsapp.inbound import Batch, Echo, ErrorDetail, Preference, Status, StatusKind
from recado.whatsapp.notices import AccountNotice, Gravity

log = logging.getLogger(__name__)

#: The maximum number of errors that are logged for one webhook; all are counted.
MAX_ERRORS_LOGGED = 5
#: The maximum number of business numbers that one log line lists.
MAX_NUMBERS_NAMED = 5
#: The store's name for the time of Meta's last report; 0 after Meta has withdrawn it.
KEPT_AS = {Gravity.STOPS: "account_stopped_at", Gravity.THREATENS: "account_threatened_at"}
#: The maximum number of notices that are logged for one webhook, the serious ones first; all are counted.
MAX_NOTICES_LOGGED = 20


class Updates:
    """Takes the updates of all webhooks of one pod."""

    def __init__(self, settings: Settings, queue: Outbox, metrics: WebMetrics, defects: Defects) -> None:
        self._settings = settings
        self._queue = queue
        self._metrics = metrics
        self._defects = defects

    def take(self, batch: Batch) -> list[Awaitable[object]]:
        """Counts everything in a batch except its messages, and begins to store it. When the result is awaited, it is
        durable.

        It is stored before the batch's messages. Awaiting raises StoreUnavailable.
        """
        for status in batch.statuses:
            self._metrics.status(status.status)
        for reason in batch.ignored:
            self._metrics.ignored(reason)
        if batch.errors:
            report_errors(batch.errors, self._metrics)
        numbers, now = self._settings.whatsapp_phone_number_id, self._queue.now()
        storing: list[Awaitable[object]] = []
        if self._settings.handoff_on_foreign_status:  # before a status deletes the reply that it is about
            ours = [one for one in batch.statuses if one.phone_number_id in numbers]
            storing += take_foreign(self._queue, ours, self._settings.hold_seconds, now)
        storing += self._statuses(batch.statuses)
        for renamed in batch.renamed:
            before, after = (who.names_at(renamed.phone_number_id) for who in (renamed.before, renamed.after))
            storing.append(self._queue.rename_customer(before, after))
        storing += [self._echo(echo, now) for echo in batch.echoes if echo.phone_number_id in numbers]
        storing += [self._preference(one, now) for one in batch.preferences if one.phone_number_id in numbers]
        if batch.notices:
            storing.append(take_notice(self._queue, batch.notices, now))
        return storing

    def _statuses(self, statuses: Sequence[Status]) -> Iterator[Awaitable[bool]]:
        """Begins to settle the attempts that the statuses report."""
        for status in statuses:
            try:
                update = status_update(status)
            except Exception as error:
                self._defects.report(Stage.STATUS, status.wamid, error)
            else:
                if update:
                    yield self._queue.apply_status(update)

    def _echo(self, echo: Echo, now: float) -> Awaitable[bool]:
        """Begins to hand the conversation to a person, or back to recado, because of the shop's own message."""
        key, *aliases = echo.customer.names_at(echo.phone_number_id)
        at = echo.written_at(now)
        change = HandoffChange(
            key=key,
            aliases=tuple(aliases),
            why=Returned.ECHO if echo.returns else HandoffReason.ECHO,
            at=at,
            until=None if echo.returns else at + self._settings.hold_seconds,
            echo=echo.wamid,
        )
        return self._queue.change_handoff(change)

    def _preference(self, preference: Preference, now: float) -> Awaitable[bool]:
        """Begins to record whether a customer may be written to."""
        key, *aliases = preference.customer.names_at(preference.phone_number_id)
        at = min(preference.set_at or now, now)
        return self._queue.change_permission(
            PermissionChange(key=key, aliases=tuple(aliases), opted_out=preference.opted_out, at=at)
        )


async def take_notice(queue: Outbox, notices: Sequence[AccountNotice], now: float) -> None:
    """Records what Meta reported at `now`; it is durable when this returns, because Meta reports it only once.

    Raises StoreUnavailable.
    """
    totals, instants = Totals(), dict[str, str]()
    for notice in notices:
        totals.inc(metrics.ACCOUNT_NOTICES, notice.event.value)
        if notice.gravity in KEPT_AS:
            instants[KEPT_AS[notice.gravity]] = str(now)
        elif notice.gravity is Gravity.REINSTATES:
            instants |= dict.fromkeys(KEPT_AS.values(), "0")
    for notice in notices:
        if notice.template:
            await queue.change_template(notice.template)
    await queue.record_totals(totals, instants)
    for notice in sorted(notices, key=lambda notice: notice.gravity not in KEPT_AS)[:MAX_NOTICES_LOGGED]:
        fields = {"event": notice.event.value, "gravity": notice.gravity.value, "detail": notice.said}
        level = logging.WARNING if notice.gravity in KEPT_AS else logging.INFO
        wide(log, "account.notice", "Meta reports a change of the account", fields, level)
    if (omitted := len(notices) - MAX_NOTICES_LOGGED) > 0:
        log.warning(
            "Meta reports more changes of the account in one webhook",
            extra={"action": "account.notices", "omitted": omitted},
        )


def take_foreign(queue: Outbox, statuses: Sequence[Status], hold_seconds: float, now: float) -> list[Awaitable[bool]]:
    """Begins to hand conversations to a person if another system has written from our business number. It recognises
    this by statuses of messages that do not carry recado's attempt id. Each message counts once."""
    return [
        queue.change_handoff(
            HandoffChange(
                key=names[0],
                aliases=names[1:],
                why=HandoffReason.FOREIGN,
                at=at,
                until=at + hold_seconds,
                echo=status.wamid,
            )
        )
        for status in statuses
        if status.recipient is not None and status.status in (StatusKind.SENT, StatusKind.DELIVERED) and status.wamid
        for names in [status.recipient.names_at(status.phone_number_id)]
        for at in [min(status.at or now, now)]
    ]


def report_errors(errors: Sequence[ErrorDetail], counters: WebMetrics) -> None:
    """Counts the errors of the account in a webhook, and logs the first of them."""
    counters.account_errors(len(errors))
    for error in errors[:MAX_ERRORS_LOGGED]:
        log.warning(
            "Meta reports an error of the account",
            extra={"action": "account.error", "error_code": error.code, "detail": harmless(error.detail)},
        )
    if (omitted := len(errors) - MAX_ERRORS_LOGGED) > 0:
        log.warning(
            "Meta reports more errors of the account in one webhook",
            extra={"action": "account.errors", "omitted": omitted},
        )


def report_other_numbers(numbers: Collection[str]) -> None:
    """Logs the business numbers of messages that are not ours to reply to."""
    log.warning(
        "messages for business numbers that are not in WHATSAPP_PHONE_NUMBER_ID get no reply",
        extra={
            "action": "messages.other_number",
            "phone_number_ids": sorted(number[:20] for number in numbers)[:MAX_NUMBERS_NAMED],
        },
    )
