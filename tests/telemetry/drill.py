"""Drills: each injects one fault, waits for its alert, mends the fault, and waits for the alert to clear.

    python -m tests.telemetry.drill               all of them
    python -m tests.telemetry.drill token outage  some

The service, the simulator and a real Prometheus with the rules that the chart ships; all times of rules and service are
divided by `FACTOR`. Every drill has processes of its own. Ends with 1 when an alert did not fire or clear, or when
another fired that does not belong to the fault.
"""

import contextlib
import itertools
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import msgspec
from dashboards.rules import ALERTS, TimeScale
from dashboards.slo import DAY
from loadtests.chaos.standby import Pair

from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics
from tests.dashboards.alert_cases import series
from tests.telemetry import server_faults
from tests.telemetry.defective import STUMBLES
from tests.telemetry.stack import Stack, message, repeated, wait_until, webhook

#: An hour of rules is a minute of drill.
FACTOR = 60.0
PAGE, TICKET = "page", "ticket"
#: How long an alert may take to fire or to clear: more than the longest window of an alert that is drilled.
FIRE_SECONDS, CLEAR_SECONDS = 160.0, 150.0
WARM_UP_SECONDS = 4.0

SETTINGS = {
    "RECADO_LOG_LEVEL": "warning",
    "RECADO_DRAIN_SECONDS": "1",
    "RECADO_BACKOFF_SECONDS": "1,1,1,1",
    "RECADO_RETRY_AFTER_MAX_SECONDS": "1",
    "RECADO_BREAKER_PROBE_SECONDS": "0.5",
    "RECADO_MESSAGES_PER_SECOND": "0",
}


class Traffic:
    """Customers who order, a new one each time; `text` and `per_second` may be changed meanwhile."""

    def __init__(self, stack: Stack, per_second: float) -> None:
        self.text = "Quiero 2 zapatos"
        self.per_second = per_second
        self._stack = stack
        self._numbers = itertools.count()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="traffic")
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            if self.per_second:
                number = next(self._numbers)
                self._stack.post(webhook(message(f"wamid.{number}", self.text, phone=f"1555{number:07d}")))
            self._stopping.wait(1 / (self.per_second or 10))


Fault = Callable[[Stack, Traffic], contextlib.AbstractContextManager[None]]


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """`also` names the alerts that the same fault may raise besides; `settings` are the service's for this drill,
    `history` is what Prometheus saw before; with `events` the simulator is an endpoint of events, with `notices`
    the target of notices takes none. `per_second` customers order, and Prometheus scrapes every `scrape`, which is
    also the time that a scrape may take: what fires by a gauge needs few of both, and so fires on a busy machine too.
    With `pair` the store is a PostgreSQL with a synchronous standby, and `volume` is the primary's.
    """

    name: str
    fault: Fault
    alerts: tuple[tuple[str, str], ...]
    also: tuple[str, ...] = ()
    settings: dict[str, str] = {}
    volume: str = ""
    history: Callable[[], str] = str
    events: bool = False
    notices: bool = False
    pair: bool = False
    per_second: float = 5.0
    scrape: str = "250ms"


class Outcome(msgspec.Struct, frozen=True):
    """What came of a drill, for one alert; None where it did not come in time."""

    drill: str
    alert: str
    fired_after: float | None
    cleared_after: float | None
    others: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.fired_after is not None and self.cleared_after is not None and not self.others


# -- faults ------------------------------------------------------------------------------------------------------------


def meta(**plan: object) -> Fault:
    """A fault of Meta's, from the simulator."""

    @contextlib.contextmanager
    def fault(stack: Stack, traffic: Traffic) -> Iterator[None]:
        stack.faults(**plan)
        yield
        stack.faults(outages=[], ratios={}, latency_seconds=0.02)

    return fault


@contextlib.contextmanager
def rush_in_an_outage(stack: Stack, traffic: Traffic) -> Iterator[None]:
    with meta(outages=[{"fault": "server_error"}])(stack, traffic):
        traffic.per_second = 60
        yield
        traffic.per_second = 5


@contextlib.contextmanager
def drain_stopped(stack: Stack, traffic: Traffic) -> Iterator[None]:
    stack.stop_drains()
    yield
    stack.start_drains(1.0)


@contextlib.contextmanager
def drain_stopped_with_work(stack: Stack, traffic: Traffic) -> Iterator[None]:
    with meta(ratios={"server_error": 0.3})(stack, traffic), drain_stopped(stack, traffic):
        yield


@contextlib.contextmanager
def forged(stack: Stack, traffic: Traffic) -> Iterator[None]:
    with repeated(lambda: stack.post(webhook(message("wamid.forged")), secret="guess"), per_second=20):
        yield


def a_day_ago() -> str:
    """Two webhooks a second, a day of the rules ago and for some time after."""
    name = series(metrics.WEBHOOK_DURATION, "_count", outcome="accepted")
    began = time.time() - 1.3 * DAY / FACTOR
    return "".join(f"{name} {2 * second} {began + second:.3f}\n" for second in range(0, round(0.7 * DAY / FACTOR), 2))


@contextlib.contextmanager
def webhooks_stopped(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.per_second = 0
    yield
    traffic.per_second = 5


@contextlib.contextmanager
def secret_changed_at_meta(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.per_second = 0
    with repeated(lambda: stack.post(webhook(message("wamid.renamed")), secret="the new one"), per_second=0.8):
        yield
    traffic.per_second = 5


@contextlib.contextmanager
def crash_loop(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.per_second = 0
    for _ in range(4):
        stack.end("serve", signal.SIGKILL)
        stack.start_service()
        time.sleep(1)
    traffic.per_second = 5
    yield


@contextlib.contextmanager
def pod_gone(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.per_second = 0
    stack.end("serve")
    yield
    stack.start_service()
    traffic.per_second = 5


@contextlib.contextmanager
def senders_killed(stack: Stack, traffic: Traffic) -> Iterator[None]:
    stack.faults(outages=[{"fault": "timeout"}])
    traffic.per_second = 40
    time.sleep(0.6)
    traffic.per_second = 0
    stack.end("serve", signal.SIGKILL)
    stack.faults(outages=[])
    stack.start_service()
    traffic.per_second = 5
    yield


@contextlib.contextmanager
def bad_catalogue(stack: Stack, traffic: Traffic) -> Iterator[None]:
    good = stack.catalogue.read_text()
    stack.catalogue.write_text("sku,name\nbroken")
    yield
    stack.catalogue.write_text(good)


@contextlib.contextmanager
def receiver_down(stack: Stack, traffic: Traffic) -> Iterator[None]:
    stack.receiver(always="server_error")
    yield
    stack.receiver(always="none")


@contextlib.contextmanager
def receiver_refuses(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """An endpoint takes no event until some are too old; then what waits is due at once."""

    def put(column: str) -> None:
        with contextlib.closing(apsw.Connection(str(stack.database))) as connection:
            connection.set_busy_timeout(5_000)
            sql = f"UPDATE entry SET {column} = ? WHERE channel = 'http' AND due_at IS NOT NULL"
            connection.execute(sql, (time.time(),))

    stack.receiver(always="refused")
    with repeated(lambda: put("deadline_at"), per_second=0.5):
        yield
    stack.receiver(always="none")
    put("due_at")


@contextlib.contextmanager
def another_number(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Customers write to a number whose id is not in the settings."""
    metadata = {"display_phone_number": "15550100009", "phone_number_id": "700000000000009"}
    written = (webhook(message(f"wamid.other.{n}", "hola"), metadata=metadata) for n in itertools.count())
    with repeated(lambda: stack.post(next(written)), per_second=1):
        yield


@contextlib.contextmanager
def nonsense(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.text = "Quiero 3 unicornios"
    yield
    traffic.text = "Quiero 2 zapatos"


@contextlib.contextmanager
def order_waits(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """A customer says yes, and the staff accepts the order late."""
    stack.post(webhook(message("wamid.order", phone="15559990000")))
    time.sleep(2)
    stack.post(webhook(message("wamid.yes", "sí", phone="15559990000")))
    yield
    stack.accept_order("P-1001")


@contextlib.contextmanager
def template_paused(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Meta has paused the template for orders; the staff moves an order after its customer's window, and Meta approves
    the template again."""
    stack.template("recado_pedido_estado", "PAUSED")
    stack.post(webhook(message("wamid.order", phone="15559990000")))
    time.sleep(2)
    stack.post(webhook(message("wamid.yes", "sí", phone="15559990000")))
    time.sleep(12)
    stack.accept_order("P-1001")
    yield
    stack.template("recado_pedido_estado", "APPROVED")


@contextlib.contextmanager
def person_wanted(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """A customer asks for a person, and the shop writes to him late."""
    stack.post(webhook(message("wamid.person", "quiero hablar con una persona", phone="15559990001")))
    yield
    echo = {"id": "wamid.eva", "to": "15559990001", "type": "text", "text": {"body": "Hola"}}
    stack.post(webhook(field="smb_message_echoes", message_echoes=[echo]))


@contextlib.contextmanager
def voice_unheard(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Customers send voice notes whose files Meta does not have."""
    gone = {"id": "1", "mime_type": "audio/ogg", "voice": True}
    spoken = (
        webhook(message(f"wamid.voice.{n}", "", phone=f"1666{n:07d}", type="audio", audio=gone))
        for n in itertools.count()
    )
    with repeated(lambda: stack.post(next(spoken)), per_second=1):
        yield


def notice(event: str, **value: object) -> dict[str, object]:
    """What Meta says about the account, as a webhook."""
    return webhook(field="account_update", event=event, **value)


@contextlib.contextmanager
def account_disabled(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Meta reports a violation and disables the account; then it takes that back."""
    stack.post(notice("ACCOUNT_VIOLATION", violation_info={"violation_type": "SPAM"}))
    stack.post(notice("DISABLED_UPDATE", ban_info={"waba_ban_state": "DISABLE"}))
    yield
    stack.post(notice("DISABLED_UPDATE", ban_info={"waba_ban_state": "REINSTATE"}))


@contextlib.contextmanager
def stumbling(stack: Stack, traffic: Traffic) -> Iterator[None]:
    traffic.text = STUMBLES
    yield
    traffic.text = "Quiero 2 zapatos"


@contextlib.contextmanager
def backups_stopped(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """The last backup is older than a day; then one is made."""
    stack.backup()
    with apsw.Connection(str(stack.database)) as connection:
        old = time.time() - BACKUP_LATE_SECONDS / FACTOR
        connection.execute("UPDATE meta SET value = ? WHERE name = 'backup_succeeded_at'", (str(old),))
    yield
    stack.backup()


@contextlib.contextmanager
def lock_held(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Another process takes SQLite's lock again and again, for nearly as long as a writer waits."""
    stopping = threading.Event()

    def hold() -> None:
        holder = apsw.Connection(str(stack.database))
        holder.set_busy_timeout(30_000)
        while not stopping.is_set():
            holder.execute("BEGIN IMMEDIATE")
            stopping.wait(2)
            holder.execute("ROLLBACK")
            time.sleep(0.01)
        holder.close()

    thread = threading.Thread(target=hold)
    thread.start()
    yield
    stopping.set()
    thread.join()


def fill(share: float, *, slowly: bool = False) -> Fault:
    """The volume fills up to a share of its size, at once or at a steady rate."""

    @contextlib.contextmanager
    def fault(stack: Stack, traffic: Traffic) -> Iterator[None]:
        volume = stack.database.parent
        ballast = volume / "ballast"
        usage = shutil.disk_usage(volume)
        wanted = int(usage.total * share) - usage.used
        steps = 60 if slowly else 1
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            for _ in range(steps):
                file.write(b"x" * (wanted // steps))
                time.sleep(0.2 if slowly else 0)
        with contextlib.nullcontext() if not slowly else trickle(ballast):
            yield
        ballast.unlink()

    return fault


@contextlib.contextmanager
def trickle(ballast: Path) -> Iterator[None]:
    """Goes on filling, a little at a time."""

    def more() -> None:
        with contextlib.suppress(OSError), ballast.open("ab") as file:
            file.write(b"x" * 4_000)

    with repeated(more, per_second=5):
        yield


# -- the drills --------------------------------------------------------------------------------------------------------

OUTAGE = {"outages": [{"fault": "server_error"}]}
#: What a machine that others use raises by itself.
BUSY = ("RecadoDrainStalled", "RecadoWebhookLatencyBurn")
#: What waits because nothing can be sent is no second fault.
WAITING = ("RecadoRepliesLate", "RecadoQueueGrowing", "RecadoOutcomesUnknown")


def on_servers(**fields: Any) -> Drill:
    """A drill on a pair of servers: their answers take their time, on a busy machine too."""
    return Drill(pair=True, scrape="1s", per_second=2.0, **fields)


#: What else an unusable server explains: nothing is recorded, and what was sent meanwhile is looked after later. A
#: scrape that waits for the server fails here, because it may take no longer than the drill's short interval.
SERVER_GONE = (
    *WAITING,
    "RecadoDown",
    "RecadoStoreBusy",
    "RecadoStoreInDoubt",
    "RecadoStandbyLost",
    "RecadoDrainStalled",
    "RecadoWebhookLatencyBurn",
    "RecadoDeliveryBurn",
    "RecadoLeasesRescued",
)

DRILLS = (
    Drill(name="outage", fault=meta(**OUTAGE), alerts=(("RecadoMetaOutage", TICKET),), also=WAITING),
    Drill(
        name="rush",
        fault=rush_in_an_outage,
        alerts=(("RecadoQueueGrowing", TICKET),),
        also=(*WAITING, "RecadoMetaOutage"),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0"},
    ),
    Drill(
        name="token",
        fault=meta(outages=[{"fault": "code:190"}]),
        alerts=(("RecadoOperatorNeeded", PAGE),),
        also=WAITING,
    ),
    Drill(
        name="account",
        fault=account_disabled,
        alerts=(("RecadoAccountStopped", PAGE), ("RecadoAccountThreatened", TICKET)),
    ),
    Drill(
        name="slow",
        fault=meta(latency_seconds=0.5),
        alerts=(("RecadoWebhookLatencyBurn", PAGE),),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0.8"},
    ),
    Drill(
        name="refused",
        fault=meta(ratios={"code:131026": 1.0}),
        alerts=(("RecadoDeliveryBurn", PAGE), ("RecadoRepliesLost", TICKET)),
    ),
    Drill(
        name="receiver",
        fault=receiver_down,
        alerts=(("RecadoEventEndpointHeld", TICKET), ("RecadoEventsLate", TICKET)),
        also=BUSY,
        events=True,
        per_second=1.0,
        scrape="2s",
    ),
    Drill(name="refusals", fault=receiver_refuses, alerts=(("RecadoEventsLost", TICKET),), events=True),
    Drill(
        name="notices",
        fault=meta(ratios={"code:131026": 1.0}),
        alerts=(("RecadoNoticesFailing", TICKET),),
        also=("RecadoDeliveryBurn", "RecadoRepliesLost"),
        notices=True,
    ),
    Drill(
        name="voice",
        fault=voice_unheard,
        alerts=(("RecadoVoiceUnheard", TICKET),),
        settings={"RECADO_TRANSCRIBE_URL": "http://127.0.0.1:9/v1"},
    ),
    Drill(name="throttle", fault=meta(ratios={"throttled": 0.3}), alerts=(("RecadoThrottled", TICKET),), also=WAITING),
    Drill(
        name="no-answers",
        fault=meta(ratios={"timeout": 0.4}),
        alerts=(("RecadoOutcomesUnknown", TICKET),),
        also=("RecadoMetaOutage", "RecadoRepliesLate", "RecadoRepliesLost", "RecadoDeliveryBurn"),
    ),
    Drill(name="drain", fault=drain_stopped, alerts=(("RecadoDrainStalled", TICKET),)),
    Drill(
        name="late",
        fault=drain_stopped_with_work,
        alerts=(("RecadoRepliesLate", PAGE),),
        also=("RecadoDrainStalled", "RecadoQueueGrowing"),
    ),
    Drill(
        name="silence",
        fault=webhooks_stopped,
        alerts=(("RecadoWebhooksStopped", TICKET),),
        history=a_day_ago,
    ),
    Drill(name="forgery", fault=forged, alerts=(("RecadoSignatureFailures", TICKET),)),
    Drill(name="secret", fault=secret_changed_at_meta, alerts=(("RecadoWrongAppSecret", PAGE),)),
    Drill(
        name="crashes",
        fault=crash_loop,
        alerts=(("RecadoCrashLooping", TICKET),),
        also=("RecadoLeasesRescued", "RecadoDown"),
    ),
    Drill(name="gone", fault=pod_gone, alerts=(("RecadoDown", PAGE),)),
    Drill(
        name="killed",
        fault=senders_killed,
        alerts=(("RecadoLeasesRescued", TICKET),),
        also=("RecadoOutcomesUnknown",),
        settings={"RECADO_ACK_BUDGET_SECONDS": "0"},
    ),
    Drill(name="catalogue", fault=bad_catalogue, alerts=(("RecadoCatalogueRefused", TICKET),)),
    Drill(name="backups", fault=backups_stopped, alerts=(("RecadoBackupStale", TICKET),)),
    Drill(name="defect", fault=stumbling, alerts=(("RecadoMessageErrors", TICKET),)),
    Drill(name="number", fault=another_number, alerts=(("RecadoUnknownNumber", PAGE),)),
    Drill(
        name="template",
        fault=template_paused,
        alerts=(("RecadoTemplatePaused", TICKET),),
        settings={
            "RECADO_AFTER_WINDOW": "template",
            "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
            "RECADO_REPLY_WINDOW_SECONDS": "10",
            "RECADO_REPLY_WINDOW_MARGIN_SECONDS": "0",
        },
    ),
    Drill(
        name="person",
        fault=person_wanted,
        alerts=(("RecadoPersonWanted", TICKET),),
        settings={"RECADO_HANDOFF_ANSWER_SECONDS": "5"},
    ),
    Drill(
        name="waiting",
        fault=order_waits,
        alerts=(("RecadoOrdersWaiting", TICKET),),
        settings={"RECADO_ORDER_ACCEPT_SECONDS": "5"},
    ),
    Drill(name="nonsense", fault=nonsense, alerts=(("RecadoOrdersNotUnderstood", TICKET),)),
    Drill(
        name="lock",
        fault=lock_held,
        alerts=(("RecadoStoreBusy", TICKET),),
        also=("RecadoWebhookLatencyBurn", "RecadoWebhookRefusalBurn", "RecadoDrainStalled", "RecadoRepliesLate"),
    ),
    Drill(
        name="filling",
        fault=fill(0.87, slowly=True),
        alerts=(("RecadoVolumeFilling", TICKET),),
        volume="256m",
    ),
    Drill(
        name="full",
        fault=fill(1.01),
        alerts=(("RecadoVolumeFull", PAGE), ("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=("RecadoDrainStalled", "RecadoVolumeFilling", "RecadoRepliesLate"),
        volume="32m",
    ),
    on_servers(
        name="server",
        fault=server_faults.server_gone,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
    ),
    on_servers(
        name="frozen",
        fault=server_faults.server_frozen,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
    ),
    on_servers(
        name="failover",
        fault=server_faults.failover,
        alerts=(("RecadoStandbyLost", TICKET),),
        also=(*SERVER_GONE, "RecadoStoreFailing", "RecadoWebhookRefusalBurn"),
    ),
    on_servers(
        name="doubt",
        fault=server_faults.standby_frozen,
        alerts=(("RecadoStoreInDoubt", TICKET), ("RecadoStoreFailing", TICKET)),
        also=(*SERVER_GONE, "RecadoWebhookRefusalBurn"),
    ),
    on_servers(
        name="vacuum",
        fault=server_faults.long_transaction,
        alerts=(("RecadoVacuumBlocked", TICKET),),
        also=("RecadoWebhookLatencyBurn",),
    ),
    on_servers(
        name="clock",
        fault=server_faults.clock_wrong,
        alerts=(("RecadoClockOffset", TICKET),),
        also=("RecadoDown", "RecadoWebhookLatencyBurn"),  # the pod is restarted
    ),
    on_servers(
        name="server-full",
        fault=server_faults.server_full,
        alerts=(("RecadoStoreFailing", TICKET), ("RecadoWebhookRefusalBurn", PAGE)),
        also=SERVER_GONE,
        volume="256m",
    ),
)


def undrilled() -> set[str]:
    """Alerts without a drill."""
    return {alert.name for alert in ALERTS} - {name for drill in DRILLS for name, _ in drill.alerts}


# -- running them ------------------------------------------------------------------------------------------------------


def run(drill: Drill) -> list[Outcome]:
    """One drill, from a healthy start to the alert's end."""
    with (
        tempfile.TemporaryDirectory(prefix="recado-drill-") as folder,
        volume("" if drill.pair else drill.volume, Path(folder) / "store"),
        servers(drill) as pair,
        Stack(
            Path(folder),
            pace=TimeScale(FACTOR),
            settings={**SETTINGS, **drill.settings},
            scrape=drill.scrape,
            history=drill.history(),
            events=drill.events,
            notices=drill.notices,
            pair=pair,
        ) as stack,
    ):
        stack.start_drains(1.0)
        traffic = Traffic(stack, drill.per_second)
        try:
            time.sleep(WARM_UP_SECONDS)
            before = {name for name, _ in stack.firing()}
            if before:
                return [Outcome(drill.name, name, None, None, tuple(before)) for name, _ in drill.alerts]
            return _inject(drill, stack, traffic)
        finally:
            traffic.stop()


def _inject(drill: Drill, stack: Stack, traffic: Traffic) -> list[Outcome]:
    expected = {name for name, _ in drill.alerts} | set(drill.also)
    seen: set[str] = set()
    fired: dict[tuple[str, str], float] = {}
    cleared: dict[tuple[str, str], float] = {}

    def look(since: float) -> set[tuple[str, str]]:
        firing = stack.firing()
        seen.update(name for name, _ in firing)
        for alert in firing:
            fired.setdefault(alert, time.monotonic() - since)
        return firing

    began = time.monotonic()
    with drill.fault(stack, traffic):
        wait_until(lambda: set(drill.alerts) <= (look(began), set(fired))[1], FIRE_SECONDS, every=0.25)
    mended = time.monotonic()

    def clear() -> bool:
        firing = look(began)
        for alert in drill.alerts:
            if alert not in firing:
                cleared.setdefault(alert, time.monotonic() - mended)
            else:
                cleared.pop(alert, None)
        return not set(drill.alerts) & firing

    wait_until(clear, CLEAR_SECONDS, every=0.25)
    others = tuple(sorted(seen - expected))
    return [Outcome(drill.name, alert[0], fired.get(alert), cleared.get(alert), others) for alert in drill.alerts]


@contextlib.contextmanager
def servers(drill: Drill) -> Iterator[Pair | None]:
    """A primary and its synchronous standby, where the drill wants them."""
    if not drill.pair:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="recado-drill-servers-") as folder:
        Path(folder).chmod(0o755)  # the servers may run as another user than we
        with volume(drill.volume, Path(folder) / "one"), Pair(Path(folder)) as pair:
            yield pair


@contextlib.contextmanager
def volume(size: str, store: Path) -> Iterator[None]:
    """A small volume for a database, if a size is given. Raises PermissionError without root."""
    if not size:
        yield
        return
    store.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(store)]
    if subprocess.run(command, capture_output=True).returncode:
        raise PermissionError("a volume of its own can only be mounted by root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(store)], check=False)


def main() -> int:
    wanted = sys.argv[1:]
    print(f"times divided by {FACTOR:g}; seconds are of the drill, a minute of which is an hour of rules\n")
    print(f"{'fault':<12}{'alert':<28}{'fires after':>12}{'clears after':>14}  also firing")
    good = True
    for drill in DRILLS:
        if wanted and drill.name not in wanted:
            continue
        try:
            outcomes = run(drill)
        except PermissionError as error:
            print(f"{drill.name:<12}not drilled: {error}", flush=True)
            continue
        for outcome in outcomes:
            good &= outcome.good
            times = [f"{t:.1f} s" if t is not None else "never" for t in (outcome.fired_after, outcome.cleared_after)]
            others = ", ".join(outcome.others)
            print(f"{outcome.drill:<12}{outcome.alert:<28}{times[0]:>12}{times[1]:>14}  {others}", flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
