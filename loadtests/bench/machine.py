"""The machine under a benchmark: pinned child processes, their CPU and memory, other load, versions."""

import importlib.metadata
import os
import platform
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import apsw

from recado.simulator.installation import Process, listens

ROOT = Path(__file__).resolve().parents[2]
#: Servers run on the first core, generators and stand-ins on the last; with one core they share it.
SERVER_CORE = 0
OTHER_CORE = (os.cpu_count() or 1) - 1
TICKS = os.sysconf("SC_CLK_TCK")


def pinned(argv: Sequence[str], *, core: int, log: Path, port: int) -> Process:
    """A pinned program of the benchmarks, ready when it listens."""
    return Process(argv, os.environ, core=core, log=log, folder=ROOT, ready=lambda: listens(port))


def cpu_seconds(process: Process) -> float:
    """User and system time so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(process: Process) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def get(url: str, *, data: bytes | None = None, seconds: float = 30.0) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=seconds) as answer:
        body: bytes = answer.read()
        return body


def core_busy_seconds(core: int) -> float:
    """Busy seconds of one core since boot, by all processes."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
            return (user + nice + system + irq + softirq + steal) / TICKS
    raise LookupError(f"there is no core {core}")


def cores_busy_seconds() -> float:
    """Busy seconds of all cores since boot."""
    return sum(core_busy_seconds(core) for core in range(os.cpu_count() or 1))


class Foreign:
    """The share of the servers' core that other processes use."""

    def __init__(self) -> None:
        self._since, self._busy = time.monotonic(), core_busy_seconds(SERVER_CORE)

    def share(self, own_cpu_seconds: float) -> float:
        busy = core_busy_seconds(SERVER_CORE) - self._busy - own_cpu_seconds
        return round(max(0.0, busy) / (time.monotonic() - self._since), 3)


def versions() -> str:
    """The versions that a figure depends on, in one line."""
    packages = ("uvicorn", "uvloop", "httptools", "fastapi", "msgspec", "apsw", "httpx")
    parts = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return (
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, Linux {platform.release()}, "
        f"{cpu_model()} ({os.cpu_count()} cores); {', '.join(parts)}"
    )


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def percentile(ordered: Sequence[float], share: float) -> float:
    """A percentile of a sorted sequence; 0 for an empty one."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
