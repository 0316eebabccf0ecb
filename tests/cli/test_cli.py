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
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec
import pytest

from recado import cli
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.installation import free_port, listens
from recado.whatsapp.content import Text
from tests.cli.commands import ROOT, recado, spawned
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT
from tests.queue.replies import REJECTED, UNLIMITED, add_leased, new_reply
from tests.waiting import PATIENCE_SECONDS, wait_for


@pytest.fixture
def failed_message(tmp_path: Path) -> int:
    """Makes a queue at data/recado.db with one failed message, and returns its id."""

    async def make() -> int:
        clock = FakeClock(time.time())
        queue = SqliteRetryQueue(tmp_path / "data/recado.db", retry_policy(load(UNLIMITED)), clock=clock)
        message = await add_leased(queue, new_reply(1, clock))
        await queue.update_message_attempt(message, REJECTED)
        await queue.close()
        return message.id

    return asyncio.run(make())


#: Characters that control a terminal, or change the order in which it shows text.
COMMANDS = "\x07\x7f\x9b\u061c\u200e\u2028\u202e\u2066"


def refused_message(folder: Path, text: str, *, detail: str = "") -> int:
    """Makes a queue at data/recado.db with one message that Meta refused, and returns its id."""

    async def make() -> int:
        clock = FakeClock(time.time())
        queue = SqliteRetryQueue(folder / "data/recado.db", retry_policy(load(UNLIMITED)), clock=clock)
        message = await add_leased(queue, new_reply(1, clock, content=Text(text)))
        await queue.update_message_attempt(message, msgspec.structs.replace(REJECTED, detail=detail))
        await queue.close()
        return message.id

    return asyncio.run(make())


def on_a_terminal(*words: str, folder: Path, columns: int = 80) -> str:
    """Returns what the command writes to a terminal of the given width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "recado", *words]
    written = b""
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        with contextlib.suppress(OSError), open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 - a descriptor
            while part := terminal.read(65536):
                written += part
    assert process.returncode == 0, written
    return written.decode()


class TestQueue:
    """recado queue."""

    def test_status(self, tmp_path: Path, failed_message: int) -> None:
        """The status is a table, and JSON with --json."""
        table = recado("queue", "status", folder=tmp_path)
        fields = json.loads(recado("queue", "status", "--json", folder=tmp_path).stdout)

        assert "queue size" in table.stdout
        assert (fields["queue_size"], fields["failed"]) == (1, 1)

    def test_list_masks_and_show_tells(self, tmp_path: Path, failed_message: int) -> None:
        """The list masks customers' numbers; `show` prints one message in full."""
        listed = recado("queue", "list", folder=tmp_path).stdout
        shown = recado("queue", "show", str(failed_message), folder=tmp_path).stdout

        assert str(failed_message) in listed
        assert "131009" in listed
        assert "+1555" not in listed
        assert "+1555" in shown

    def test_retry_discard_export_erase(self, tmp_path: Path, failed_message: int) -> None:
        """An operator's four verbs."""
        retried = recado("queue", "retry", str(failed_message), folder=tmp_path)
        discarded = recado("queue", "discard", str(failed_message), folder=tmp_path)
        exported = recado("queue", "export", folder=tmp_path)
        erased = recado("queue", "erase", "--all", folder=tmp_path)

        assert "1 of 1" in retried.stdout
        assert "1 of 1" in discarded.stdout
        assert json.loads(exported.stdout)["state"] == "discarded"
        assert "1 replies erased" in erased.stdout
        assert apsw.Connection(str(tmp_path / "data/recado.db")).execute("SELECT count(*) FROM customer").get == 0

    def test_what_others_wrote_is_shown_as_it_is(self, tmp_path: Path) -> None:
        """Markup and control characters in Meta's or a customer's text have no effect; its line breaks stay."""
        text = f"one\x1b[2J [/bold]\ntwo :smile:{COMMANDS}"
        id_ = refused_message(tmp_path, text, detail=f"Param [/to] is \x1b[31m[red]wrong[/red]{COMMANDS}")
        listed = recado("queue", "list", folder=tmp_path)
        shown = recado("queue", "show", str(id_), folder=tmp_path)
        exported = recado("queue", "export", folder=tmp_path)
        as_json = recado("queue", "list", "--json", folder=tmp_path)

        escaped = "".join(f"\\u{ord(c):04x}" for c in COMMANDS)
        assert rf"Param [/to] is \u001b[31m[red]wrong[/red]{escaped}" in listed.stdout
        assert r"one\u001b[2J [/bold]" in shown.stdout
        assert f"two :smile:{escaped}" in shown.stdout
        assert json.loads(exported.stdout)["content"]["body"] == text
        assert COMMANDS in json.loads(as_json.stdout)[0]["last_error"]
        for result in (listed, shown, exported, as_json):
            assert not {*COMMANDS, "\x1b"} & {*result.stdout}

    def test_a_terminal_gets_colours_but_no_commands(self, tmp_path: Path) -> None:
        """Only rich's own control sequences reach the terminal, none of a customer's, whatever the width."""
        id_ = refused_message(tmp_path, f"\x1b[8mhidden{COMMANDS}", detail=f"\x1b]0;title{COMMANDS}")
        for words in (("list",), ("show", str(id_)), ("export",), ("show", str(id_), "--json")):
            shown = on_a_terminal("queue", *words, folder=tmp_path, columns=40)
            assert "\x1b[8m" not in shown
            assert "\x1b]" not in shown
            assert not {*COMMANDS} & {*shown}

    def test_a_file_gets_whole_lines(self, tmp_path: Path) -> None:
        """`kubectl exec` without a terminal has no width: what is shown is whole, on a line of its own."""
        text, detail = "palabra " * 500 + "fin", "reason " * 20 + "end"
        id_ = refused_message(tmp_path, text, detail=detail)
        for columns in ("80", "20"):
            listed = recado("queue", "list", folder=tmp_path, COLUMNS=columns).stdout
            shown = recado("queue", "show", str(id_), folder=tmp_path, COLUMNS=columns).stdout
            status = recado("queue", "status", folder=tmp_path, COLUMNS=columns).stdout

            assert detail in listed
            assert text in shown
            assert "…" not in listed + shown + status
            assert not [line for line in shown.splitlines() if line.endswith(" ")]

    def test_lists_are_json_too(self, tmp_path: Path, failed_message: int) -> None:
        """With --json, a list has the columns of the table with masked customers, and `show` prints all of one
        message."""
        listed = json.loads(recado("queue", "list", "--json", folder=tmp_path).stdout)
        shown = json.loads(recado("queue", "show", str(failed_message), "--json", folder=tmp_path).stdout)
        none = json.loads(recado("queue", "list", "--json", "--state", "queued", folder=tmp_path).stdout)

        assert [(entry["id"], entry["state"]) for entry in listed] == [(failed_message, "failed")]
        assert "+1555" not in listed[0]["to"]
        assert shown["id"] == failed_message
        assert none == []

    def test_json_is_utf8_whatever_the_locale(self, tmp_path: Path) -> None:
        refused_message(tmp_path, "¿mañana? 👟")
        exported = spawned("queue", "export", folder=tmp_path, PYTHONIOENCODING="ascii")

        assert json.loads(exported.stdout)["content"]["body"] == "¿mañana? 👟"

    def test_a_terminal_that_lacks_characters(self, tmp_path: Path, failed_message: int) -> None:
        """Characters that the terminal's encoding lacks are written as escapes."""
        listed = spawned("queue", "list", folder=tmp_path, PYTHONIOENCODING="ascii")

        assert listed.returncode == 0, listed.stderr
        assert str(failed_message) in listed.stdout

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

    def test_a_backup_removes_what_it_has_half_made(self, tmp_path: Path) -> None:
        refused_message(tmp_path, "hola")
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
