"""recado queue: what it shows, as a table and as JSON, and what it changes."""

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import apsw
import msgspec

from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from recado.whatsapp.content import Text
from tests.cli.commands import recado, spawned
from tests.clock import FakeClock
from tests.queue.replies import REJECTED, UNLIMITED, add_leased, new_reply

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
