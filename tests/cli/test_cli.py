"""The command line: its help explains each command, and every expected failure is one line and an exit code."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import shlex
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import apsw
import pytest

from recado import cli
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.installation import free_port, listens
from tests.cli.commands import recado, spawned
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT
from tests.queue.replies import new_reply
from tests.waiting import PATIENCE_SECONDS, wait_for


class TestBadInput:
    """Bad input, for every command."""

    @pytest.mark.parametrize(
        "words",
        [
            ("queue", "status"),
            ("queue", "show", "1"),
            ("queue", "list", "--state", "lost"),
            ("queue", "erase"),
            ("quote",),
            ("quote", "--batch", "nowhere.jsonl"),
            ("quote", "x", "--catalogue", "nowhere.csv"),
            ("simulate", "--fault", "nonsense=1"),
            ("simulate", "--count", "1"),
            ("simulate", "--webhook", "http://[::1", "--count", "1"),
            ("simulate", "--webhook", "notaurl"),
            ("simulate", "--faults", "."),
            ("selftest", "http://[::1"),
            ("selftest", "http://127.0.0.1:9", "--metrics-url", "notaurl"),
            ("restore", "nowhere"),
            ("restore", "/proc/self/mem"),
        ],
    )
    def test_bad_input_is_one_line_and_exit_2(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        """Bad input prints one line on stderr and no traceback."""
        done = recado(*words, folder=tmp_path)

        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert done.stderr.startswith("recado")
        assert len(done.stderr.strip().splitlines()) == 1

    @pytest.mark.parametrize(
        "words",
        [
            ("queue", "show", "9" * 22),
            ("queue", "list", "--after", "9" * 20),
            ("queue", "retry", "9" * 20),
            ("simulate", "--port", "99999"),
        ],
    )
    def test_numbers_out_of_range_are_said_to_be(self, tmp_path: Path, words: tuple[str, ...]) -> None:
        """The message names the option, and the exit code is 2."""
        done = recado(*words, folder=tmp_path)

        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert "Invalid value" in done.stderr

    @pytest.mark.parametrize(
        ("words", "database"),
        [
            (("backup", "file"), "data/recado.db"),
            (("backup", "/proc/nowhere"), "data/recado.db"),
            (("restore", "copies"), "file/recado.db"),
            (("restore", "copies"), "data"),
            (("restore", "copies"), "/proc/nowhere/recado.db"),
            (("drain",), "foreign.db"),
            (("queue", "status"), "foreign.db"),
            (("backup", "copies"), "foreign.db"),
            (("restore", "foreign.db", "--drill"), "data/recado.db"),
        ],
    )
    def test_a_wrong_path_is_one_line_and_exit_2(
        self, tmp_path: Path, failed_message: int, words: tuple[str, ...], database: str
    ) -> None:
        """A file in place of a folder, a folder in place of a file, and other applications' files are refused."""
        (tmp_path / "file").write_text("")
        connection = apsw.Connection(str(tmp_path / "foreign.db"))
        connection.execute("CREATE TABLE message (id INTEGER)")
        connection.close()
        assert recado("backup", "copies", folder=tmp_path).returncode == 0
        done = recado(
            *words, folder=tmp_path, RECADO_DATABASE=database, WHATSAPP_ACCESS_TOKEN="an-access-token-of-ours"
        )

        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith("recado: ")
        assert len(done.stderr.splitlines()) == 1

    @pytest.mark.parametrize("content", [b"root:x:0:0:root", b"\0\xff\xfe", b"- : :\n\t{", None])
    def test_a_file_that_is_no_kubeconfig(self, tmp_path: Path, content: bytes | None) -> None:
        """Text, bytes, broken YAML and a folder are each refused with one line."""
        file = tmp_path / "config"
        file.mkdir() if content is None else file.write_bytes(content)
        done = recado("doctor", folder=tmp_path, KUBECONFIG=str(file))

        assert done.returncode == 1
        assert done.stderr.startswith("recado: no cluster: the kubeconfig cannot be read")
        assert len(done.stderr.splitlines()) == 1

    def test_a_bug_shows_as_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An unexpected exception keeps its traceback."""
        monkeypatch.setattr(cli, "app", lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            cli.main()


class TestServe:
    """recado serve."""

    def test_missing_settings_are_named_one_a_line(self, tmp_path: Path) -> None:
        """Every missing setting is named, and the exit code is 2."""
        done = spawned("serve", folder=tmp_path)

        assert done.returncode == 2
        assert [line.split()[1] for line in done.stderr.splitlines()] == [
            "WHATSAPP_VERIFY_TOKEN",
            "WHATSAPP_APP_SECRET",
            "WHATSAPP_ACCESS_TOKEN",
            "WHATSAPP_PHONE_NUMBER_ID",
        ]

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
    def test_it_ends_cleanly(self, tmp_path: Path, how: signal.Signals) -> None:
        """Exit 0, an expired API version warned about, no secret in the log."""
        port, metrics_port = free_port(), free_port()
        service = subprocess.Popen(
            [sys.executable, "-m", "recado", "serve"],
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                **ENVIRONMENT,
                "WHATSAPP_API_VERSION": "v18.0",
                "RECADO_PORT": str(port),
                "RECADO_METRICS_PORT": str(metrics_port),
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for(lambda: listens(port))
        service.send_signal(how)
        _, log = service.communicate(timeout=PATIENCE_SECONDS)
        lines = [json.loads(line) for line in log.splitlines()]

        assert service.returncode == 0
        assert "api_version.expired" in [line["action"] for line in lines]
        assert lines[-1]["action"] == "serve.stopped"
        assert not any(ENVIRONMENT[name] in log for name in ("WHATSAPP_APP_SECRET", "WHATSAPP_ACCESS_TOKEN"))

    def test_a_taken_port_is_one_clear_line(self, tmp_path: Path) -> None:
        """The exit code is 1, and there is no traceback."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            done = spawned("serve", folder=tmp_path, **ENVIRONMENT, RECADO_METRICS_PORT=port)

        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "RECADO_METRICS_PORT" in done.stderr


class TestDrain:
    """recado drain."""

    def test_an_empty_queue_is_work_done(self, tmp_path: Path) -> None:
        """The exit code is 0."""
        done = spawned("drain", folder=tmp_path, WHATSAPP_ACCESS_TOKEN="an-access-token-of-ours")

        assert done.returncode == 0
        assert json.loads(done.stderr.splitlines()[-1])["action"] == "drain.finished"

    def test_peers_that_fail_are_not_its_failure(self, tmp_path: Path) -> None:
        """A message that cannot be sent stays queued; the drain did its work."""

        async def fill() -> None:
            clock = FakeClock(time.time())
            queue = SqliteRetryQueue(tmp_path / "data/recado.db", retry_policy(load({})), clock=clock)
            await queue.add_message(new_reply(1, clock), lease=False)
            await queue.close()

        asyncio.run(fill())
        done = spawned(
            "drain",
            folder=tmp_path,
            WHATSAPP_ACCESS_TOKEN="an-access-token-of-ours",
            WHATSAPP_API_URL="http://127.0.0.1:9",
        )
        status = json.loads(spawned("queue", "status", "--json", folder=tmp_path).stdout)

        assert done.returncode == 0
        assert status["pending_retry"] == 1

    def test_not_being_able_to_work_is_exit_1(self, tmp_path: Path) -> None:
        """The CronJob's pod fails, and Kubernetes says so."""
        done = spawned(
            "drain",
            folder=tmp_path,
            WHATSAPP_ACCESS_TOKEN="an-access-token-of-ours",
            RECADO_DATABASE="/proc/nowhere/recado.db",
        )

        assert done.returncode == 1
        assert "Traceback" not in done.stderr


def test_help_teaches(tmp_path: Path) -> None:
    """Every command says what it is for."""
    done = spawned("--help", folder=tmp_path)

    assert done.returncode == 0
    for command in ("serve", "drain", "queue", "quote", "simulate", "demo"):
        assert command in done.stdout


@pytest.mark.parametrize("words", [("demo",)])
def test_the_demo_plays(tmp_path: Path, words: tuple[str, ...]) -> None:
    """The demo plays every kind of reply, and its exit code is 0."""
    done = spawned(*words, folder=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Total: $117.48" in done.stdout
    assert "¡Pedido P-1001 confirmado!" in done.stdout
    assert "order.created" in done.stdout
    assert "exactly once" in done.stdout


def test_commands_to_try_can_be_copied_whole_from_a_narrow_terminal() -> None:
    """A terminal of 40 columns gets each curl command on one line, uncut, with JSON that can be read."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    show = [sys.executable, "-c", "from recado.demo import show_commands; show_commands()"]
    with subprocess.Popen(show, stdout=end, env=environment) as process:
        os.close(end)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed: all was read
            while part := os.read(terminal, 65536):
                shown += part
    os.close(terminal)
    commands = [shlex.split(line) for line in shown.decode().splitlines() if "curl" in line]

    assert process.returncode == 0
    assert len(commands) == 8
    for command in commands:
        assert command[:2] == ["curl", "-s"]
        assert any(word.startswith("localhost:") for word in command)
        assert all(json.loads(command[at + 1]) for at, word in enumerate(command) if word == "-d")
