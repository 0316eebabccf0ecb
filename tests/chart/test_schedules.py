"""When the chart's jobs run: what alerts and the doctor allow for, pauses, and a loop that hangs."""

import datetime
import itertools
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from recado.cli.drain import MARK

from .conftest import Manifest, find

Render = Callable[..., list[Manifest]]


def due(field: str, value: int, low: int, high: int) -> bool:
    """Whether a field of a cron schedule matches a value."""
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = low if span == "*" else int(first)
        end = high if span == "*" or (step and not last) else int(last or first)
        if value in range(start, end + 1, int(step or 1)):
            return True
    return False


def longest_gap(schedule: str) -> int:
    """The longest time between two runs within two years, in minutes."""
    minute, hour, day, _, weekday = schedule.split()
    times = [h * 60 + m for h in range(24) for m in range(60) if due(hour, h, 0, 23) and due(minute, m, 0, 59)]
    gaps, last = [], None
    for ordinal in range(datetime.date(2027, 1, 1).toordinal(), datetime.date(2029, 1, 1).toordinal()):
        date = datetime.date.fromordinal(ordinal)
        by_day, by_weekday = due(day, date.day, 1, 31), due(weekday, date.isoweekday() % 7, 0, 6)
        if (by_day and by_weekday) if "*" in (day[0], weekday[0]) else (by_day or by_weekday):
            if last is not None:
                gaps.append((ordinal - last[0]) * 1440 + times[0] - last[1])
            last = (ordinal, times[-1])
    return max([*gaps, *(later - earlier for earlier, later in itertools.pairwise(times))])


SCHEDULES = {
    "* * * * *": 1,
    "*/10 * * * *": 10,
    "*/7 * * * *": 7,
    "5/20 * * * *": 20,
    "0,30 8-20 * * *": 690,
    "17 3 * * 0": 10080,
    "17 3 * * MON-FRI": 4320,
    "0 6,18 1,15 * *": 24480 - 720,
    "0 0 31 * *": 89280,
    "0 0 1 * 1": 10080,
    "0 0 */10 * *": 14400,
}


@pytest.mark.parametrize(("schedule", "gap"), SCHEDULES.items(), ids=SCHEDULES)
def test_alerts_and_doctor_allow_for_the_schedule(schedule: str, gap: int, render: Render) -> None:
    """Two missed drains, and a copy or a drill two hours after it should have been there; never less than usual."""
    days = schedule.replace("MON-FRI", "1-5")
    assert longest_gap(days) <= gap
    documents = render(
        *(f'drain.schedule="{schedule}"', f'backup.schedule="{schedule}"', "backup.enabled=true"),
        *("drain.activeDeadlineSeconds=59", "monitoring.rules.enabled=true"),
    )
    drain_late = max(300, gap * 120 + 60)
    backup_late = max(93600, gap * 60 + 7200)
    late = {
        "RecadoDrainStalled": drain_late,
        "RecadoRepliesLate": max(300, gap * 60 + 240),
        "RecadoBackupStale": backup_late,
    }
    rules = find(documents, "PrometheusRule", "shop-recado")["spec"]["groups"]
    exprs = {rule["alert"]: rule["expr"] for group in rules for rule in group["rules"] if rule.get("alert") in late}
    for alert, seconds in late.items():
        assert set(re.findall(r"> ([0-9]+)\b", exprs[alert])) == {str(seconds)}, alert
    for name, seconds in (("drain", drain_late), ("backup", backup_late), ("backup-drill", backup_late)):
        annotations = find(documents, "CronJob", f"shop-recado-{name}")["metadata"]["annotations"]
        assert annotations["recado/late-after-seconds"] == str(seconds)


def test_a_loop_is_late_whatever_its_schedule(render: Render) -> None:
    documents = render("drain.loop=true", 'drain.schedule="0 0 * * *"', "monitoring.rules.enabled=true")
    (rules,) = (d["spec"]["groups"] for d in documents if d["kind"] == "PrometheusRule")
    (stalled,) = (r["expr"] for g in rules for r in g["rules"] if r.get("alert") == "RecadoDrainStalled")
    assert "> 300 " in stalled


def test_everything_can_be_stopped_by_values(render: Render) -> None:
    """Values alone stop every component before a restore; a patch would make Helm 4 report a conflict."""
    stopped = ("web.replicaCount=0", "drain.suspend=true", "backup.suspend=true", "backup.enabled=true")
    documents = render(*stopped)
    assert find(documents, "Deployment", "shop-recado")["spec"]["replicas"] == 0
    assert all(d["spec"]["suspend"] for d in documents if d["kind"] == "CronJob")
    assert find(render(*stopped, "drain.loop=true"), "Deployment", "shop-recado-drain")["spec"]["replicas"] == 0


def test_a_loop_that_hangs_is_started_again(render: Render, tmp_path: Any) -> None:
    """The probe is a script that fails once the loop's mark is older than a round may take."""
    pod = find(render("drain.loop=true"), "Deployment", "shop-recado-drain")["spec"]["template"]["spec"]
    probe = pod["containers"][0]["livenessProbe"]
    program, flag, script = probe["exec"]["command"]
    assert (program, flag, probe["periodSeconds"]) == ("python3", "-c", 60)
    mark = tmp_path / "mark"
    mark.touch()
    here = script.replace(MARK.as_posix(), str(mark))
    assert here != script
    for age, failed in ((0, False), (109, False), (115, True)):
        os.utime(mark, (time.time() - age,) * 2)
        assert bool(subprocess.run([sys.executable, "-c", here], check=False).returncode) is failed
