"""A command that is told to stop ends at once, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recado.simulator.installation import free_port, listens
from tests.cli.commands import ROOT
from tests.meta import ENVIRONMENT
from tests.waiting import PATIENCE_SECONDS, wait_for


def ended(process: "subprocess.Popen[bytes]", number: signal.Signals = signal.SIGTERM) -> int:
    """Returns the exit code of a process that is told to stop; -15 if it had no handler for the signal."""
    process.send_signal(number)
    try:
        return process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()


def catches(process: "subprocess.Popen[bytes]") -> bool:
    """Whether the process has a handler for SIGTERM."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (caught,) = [int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt")]
    return bool(caught >> (signal.SIGTERM - 1) & 1)


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class TestStopping:
    """Process 1 of a container gets only signals that it has a handler for, so each command sets one first."""

    def test_a_command_ends_as_soon_as_it_has_started(self, tmp_path: Path) -> None:
        """While it imports what it needs, before it looks at its arguments."""
        program = """if True:
            import signal, sys
            class Importing:
                def find_spec(self, name, path, target=None):
                    if name == "recado.cli":
                        print("importing", flush=True)
                        signal.pause()
            sys.meta_path.insert(0, Importing())
            from recado.__main__ import main
            main()
        """
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"importing\n"
            assert ended(process) == 143

    def test_the_handler_comes_before_the_imports(self, tmp_path: Path) -> None:
        """The imports take most of the first second, in which a signal may arrive."""
        program = "import sys, recado.__main__; sys.exit('typer' in sys.modules or 'msgspec' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

    @pytest.mark.parametrize("moment", ["its handler", "the store", "the metrics port", "the web port"])
    def test_serve_ends_whenever_it_is_told_to(self, tmp_path: Path, moment: str) -> None:
        """From each step of its start on, also between its own handlers and uvicorn's."""
        port, metrics_port = free_port(), free_port()
        ports = {"RECADO_PORT": str(port), "RECADO_METRICS_PORT": str(metrics_port)}
        environment = {**os.environ, **ENVIRONMENT, **ports}
        reached: dict[str, Callable[[], bool]] = {
            "its handler": lambda: catches(process),
            "the store": (tmp_path / "data/recado.db-wal").exists,
            "the metrics port": lambda: listens(metrics_port),
            "the web port": lambda: listens(port),
        }
        command = [sys.executable, "-m", "recado", "serve"]
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
            wait_for(reached[moment])
            assert ended(process) in (0, 143)

    def test_a_backup_that_waits_ends(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "recado", "backup", "copies", "--wait", "60"]
        with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **ENVIRONMENT}) as process:
            wait_for(lambda: "apsw" in Path(f"/proc/{process.pid}/maps").read_text())
            assert ended(process) == 143

    def test_a_backup_removes_what_it_has_half_made(self, tmp_path: Path, failed_message: int) -> None:
        words = ("SIGTERM", str(tmp_path / "copies" / "*.partial"), "1", "backup", str(tmp_path / "copies"))
        environment = {**os.environ, "RECADO_DATABASE": str(tmp_path / "data/recado.db")}
        done = subprocess.run([sys.executable, "-m", "tests.interrupted", *words], cwd=ROOT, env=environment)

        assert done.returncode == 143
        assert not list(tmp_path.glob("copies/*"))

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_the_demo_leaves_no_service_behind(self, tmp_path: Path, number: signal.Signals) -> None:
        command = [sys.executable, "-m", "recado", "demo"]
        with subprocess.Popen(command, cwd=tmp_path, env=os.environ, stdout=subprocess.DEVNULL) as process:
            started = wait_for(lambda: children(process.pid))
            assert ended(process, number) == 1
        assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
