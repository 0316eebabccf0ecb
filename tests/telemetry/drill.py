"""Drills: each injects one fault, waits for its alert, removes the fault, and waits for the alert to clear.

    python -m tests.telemetry.drill               all of them
    python -m tests.telemetry.drill token outage  some

It runs the service, the simulator and a real Prometheus with the chart's rules; all times of rules and service are
divided by `FACTOR`. Every drill has processes of its own. The exit code is 1 if an alert did not fire or clear, or if
another one fired that the fault does not explain. drills.py lists the drills, faults.py has their faults.
"""

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from dashboards.alert import TimeScale
from loadtests.chaos.standby import Pair

from tests.telemetry.drills import DRILLS, Drill
from tests.telemetry.faults import FACTOR, Traffic
from tests.telemetry.stack import Stack, wait_until

#: How long an alert may take to fire or to clear: longer than the longest window of a drilled alert.
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


class DrillResult(msgspec.Struct, frozen=True):
    """The result of a drill for one alert; None if it did not fire or clear in time."""

    drill: str
    alert: str
    fired_after: float | None
    cleared_after: float | None
    others: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return self.fired_after is not None and self.cleared_after is not None and not self.others


def run(drill: Drill) -> list[DrillResult]:
    """Runs one drill, from a healthy start until its alerts clear."""
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
            before = {name for name, _ in stack.prometheus.firing()}
            if before:
                return [DrillResult(drill.name, name, None, None, tuple(before)) for name, _ in drill.alerts]
            return _inject(drill, stack, traffic)
        finally:
            traffic.stop()


def _inject(drill: Drill, stack: Stack, traffic: Traffic) -> list[DrillResult]:
    expected = {name for name, _ in drill.alerts} | set(drill.also)
    seen: set[str] = set()
    fired: dict[tuple[str, str], float] = {}
    cleared: dict[tuple[str, str], float] = {}

    def look(since: float) -> set[tuple[str, str]]:
        firing = stack.prometheus.firing()
        seen.update(name for name, _ in firing)
        for alert in firing:
            fired.setdefault(alert, time.monotonic() - since)
        return firing

    began = time.monotonic()
    with drill.fault(stack, traffic):
        wait_until(lambda: set(drill.alerts) <= (look(began), set(fired))[1], FIRE_SECONDS, every=0.25)
    removed = time.monotonic()

    def clear() -> bool:
        firing = look(began)
        for alert in drill.alerts:
            if alert not in firing:
                cleared.setdefault(alert, time.monotonic() - removed)
            else:
                cleared.pop(alert, None)
        return not set(drill.alerts) & firing

    wait_until(clear, CLEAR_SECONDS, every=0.25)
    others = tuple(sorted(seen - expected))
    return [DrillResult(drill.name, alert[0], fired.get(alert), cleared.get(alert), others) for alert in drill.alerts]


@contextlib.contextmanager
def servers(drill: Drill) -> Iterator[Pair | None]:
    """A primary and its synchronous standby, if the drill needs them."""
    if not drill.pair:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="recado-drill-servers-") as folder:
        Path(folder).chmod(0o755)  # the servers may run as another user
        with volume(drill.volume, Path(folder) / "one"), Pair(Path(folder)) as pair:
            yield pair


@contextlib.contextmanager
def volume(size: str, store: Path) -> Iterator[None]:
    """A small volume for a database, if `size` is given. Raises PermissionError without root."""
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
