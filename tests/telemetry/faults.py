"""The faults of drills: each injects something into the service, the simulator or the volume, and removes it again."""

import contextlib
import itertools
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
from dashboards.slo import DAY

from recado.queue.sqlite.backup import BACKUP_LATE_SECONDS
from recado.telemetry import metrics
from tests.dashboards.alert_data import series
from tests.telemetry.defective import STUMBLES
from tests.telemetry.stack import Stack, message, repeated, webhook

#: All times of rules and service are divided by it: an hour of rules is a minute of a drill.
FACTOR = 60.0


class Traffic:
    """New customers who order; `text` and `per_second` can be changed."""

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


def meta(**plan: object) -> Fault:
    """A fault of the simulated Meta."""

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
    """Two webhooks a second, beginning a day of the rules ago."""
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
    """An endpoint accepts no events until some are too old; afterwards the waiting events are due at once."""

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
    """Meta pauses the template for orders, and the staff changes an order's state after its customer's window; later
    Meta approves the template again."""
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
    """A webhook with a notice of Meta about the account."""
    return webhook(field="account_update", event=event, **value)


@contextlib.contextmanager
def account_disabled(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Meta reports a violation and disables the account; later it reinstates the account."""
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
    """The last backup is older than a day; later a new one is made."""
    stack.backup()
    with apsw.Connection(str(stack.database)) as connection:
        old = time.time() - BACKUP_LATE_SECONDS / FACTOR
        connection.execute("UPDATE meta SET value = ? WHERE name = 'backup_succeeded_at'", (str(old),))
    yield
    stack.backup()


@contextlib.contextmanager
def lock_held(stack: Stack, traffic: Traffic) -> Iterator[None]:
    """Another process repeatedly holds SQLite's lock, for nearly as long as a writer waits."""
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
    """Keeps filling the volume, a little at a time."""

    def more() -> None:
        with contextlib.suppress(OSError), ballast.open("ab") as file:
            file.write(b"x" * 4_000)

    with repeated(more, per_second=5):
        yield
