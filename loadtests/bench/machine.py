"""The machine under a benchmark: pinned child processes, their CPU and memory, how quiet it is, what runs on it."""

import contextlib
import importlib.metadata
import os
import platform
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

import apsw

ROOT = Path(__file__).resolve().parents[2]
#: Servers run on the first core, generators and stand-ins on the last; with one core they share it.
SERVER_CORE = 0
OTHER_CORE = (os.cpu_count() or 1) - 1
TICKS = os.sysconf("SC_CLK_TCK")


class ServerEndedError(RuntimeError):
    """A server ended before it listened; the message holds the end of its output."""


class Child:
    """A child process on one core, with its output in a file; ended by its own id, never by name."""

    def __init__(self, argv: Sequence[str], *, core: int, log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *argv],
                env={**os.environ, **(environment or {})},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_for_port(self, port: int, seconds: float = 20.0) -> None:
        """Until something listens. Raises ServerEndedError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                return
            time.sleep(0.005)
        raise ServerEndedError(f"nothing listens on {port}: {self.log.read_text(errors='replace')[-2000:]}")

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@contextlib.contextmanager
def running(child: Child, port: int) -> Iterator[Child]:
    """A child that listens, ended afterwards."""
    try:
        child.wait_for_port(port)
        yield child
    finally:
        child.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, *, data: bytes | None = None, seconds: float = 30.0) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=seconds) as answer:
        body: bytes = answer.read()
        return body


def core_busy_seconds(core: int) -> float:
    """Busy seconds of one core since boot, whoever used it."""
    for line in Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, line.split()[1:9])
            return (user + nice + system + irq + softirq + steal) / TICKS
    raise LookupError(f"there is no core {core}")


class Foreign:
    """The share of the servers' core that other processes take: what a figure suffers from."""

    def __init__(self) -> None:
        self._since, self._busy = time.monotonic(), core_busy_seconds(SERVER_CORE)

    def share(self, own_cpu_seconds: float) -> float:
        busy = core_busy_seconds(SERVER_CORE) - self._busy - own_cpu_seconds
        return round(max(0.0, busy) / (time.monotonic() - self._since), 3)


def versions() -> str:
    """What a figure depends on, in one line."""
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
    """Of a sorted sequence; 0 for an empty one."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
