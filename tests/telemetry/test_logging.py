"""Log lines: their form, their level, and what they must not contain."""

import datetime
import io
import json
import logging
import re
import time
from pathlib import Path

import pytest

import recado
from recado.telemetry import logging as logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_one_json_object(root_logger: logging.Logger) -> None:
    """Time in UTC, level, action, message, logger, and the extras flattened."""
    stream = io.StringIO()
    logs.configure("info", stream)
    logging.getLogger("recado.test").warning("it is %s", "late", extra={"action": "test.late", "seconds": 1.5})
    line = json.loads(stream.getvalue())
    assert abs(time.time() - datetime.datetime.fromisoformat(line.pop("ts")).timestamp()) < 60
    assert line == {
        "level": "warning",
        "action": "test.late",
        "message": "it is late",
        "logger": "recado.test",
        "seconds": 1.5,
    }


def test_wide_lines_look_like_all_others(root_logger: logging.Logger) -> None:
    """Lines without a LogRecord have the same fields as others."""
    stream = io.StringIO()
    logs.configure("info", stream)
    log = logging.getLogger("recado.test")
    logs.wide(log, "test.done", "done", {"outcome": "ok"})
    log.info("done", extra={"action": "test.done", "outcome": "ok"})
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first.keys() == second.keys()
    assert {**first, "ts": ""} == {**second, "ts": ""}


def test_the_level_is_kept(root_logger: logging.Logger) -> None:
    """Nothing below the level is written, by either way."""
    stream = io.StringIO()
    logs.configure("warning", stream)
    log = logging.getLogger("recado.test")
    log.info("quiet")
    logs.wide(log, "test.done", "quiet", {})
    assert stream.getvalue() == ""


def test_an_exception_is_part_of_its_line(root_logger: logging.Logger) -> None:
    """A traceback does not break the line."""
    stream = io.StringIO()
    logs.configure("info", stream)
    try:
        raise ValueError("oh")
    except ValueError:
        logging.getLogger("recado.test").exception("broken", extra={"action": "test.broken"})
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: oh" in json.loads(line)["exception"]


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_secrets_are_blanked(root_logger: logging.Logger, stream: io.StringIO) -> None:
    """Configured secrets, and everything that looks like one."""
    logs.configure("info", stream, secrets=["hunter2-hunter2", ""])
    log = logging.getLogger("recado.test")
    log.warning(
        "GET /?hub.verify_token=abc123&x=1 Bearer abcdef EAAG0123456789abcdefgh http://u:s3cr3t@c:4318/v1",
        extra={"url": "hunter2-hunter2"},
    )
    logs.wide(log, "test.done", "hunter2-hunter2", {})
    text = stream.getvalue()
    assert "x=1" in text
    for secret in ("abc123", "abcdef", "EAAG", "s3cr3t", "hunter2"):
        assert secret not in text


def test_a_terminal_gets_lines_for_people(root_logger: logging.Logger) -> None:
    """Time, level, message, extras; no braces."""
    stream = Terminal()
    logs.configure("info", stream)
    logging.getLogger("recado.test").info("drain finished", extra={"action": "drain.finished", "failed": 0})
    assert re.fullmatch(r"\d\d:\d\d:\d\d info    drain finished  action=drain.finished failed=0\n", stream.getvalue())


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_no_line_commands_a_terminal(root_logger: logging.Logger, stream: io.StringIO) -> None:
    """Control characters of other people's text are escaped, in messages, extras and tracebacks; it starts no new
    line."""
    commands = "\x1b[2J\x07\x7f\x9b\u061c\u200e\u2028\u202e\u2066"
    logs.configure("info", stream)
    log = logging.getLogger("recado.test")
    logs.wide(log, "test.done", f"done{commands}", {"title": f"a\nb{commands}"})
    log.error("no %s", commands, extra={"title": f"a\nb{commands}"})
    lines = stream.getvalue().splitlines()
    try:
        raise ValueError(commands)
    except ValueError:
        log.exception("broken")
    assert len(lines) == 2
    assert not {*commands} & {*stream.getvalue()} - {*"[2J"}
    assert stream.getvalue().count(r"\u202e") == 5
    if not stream.isatty():
        assert json.loads(lines[1])["title"] == f"a\nb{commands}"


def test_every_action_is_documented() -> None:
    """docs/traces-and-logs.md lists each action that the code logs, and none that it does not."""
    root = Path(recado.__file__).parent
    pattern = re.compile(r'"action": "([a-z_]+\.[a-z_]+)"|wide\(log, "([a-z_.]+)"')
    text = "\n".join(path.read_text() for path in root.rglob("*.py"))
    logged = {one or other for one, other in pattern.findall(text)}
    page = (root.parent.parent / "docs" / "traces-and-logs.md").read_text()
    assert set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", page, re.MULTILINE)) == logged
