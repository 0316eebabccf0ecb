"""Runs commands of recado.

Most run in a fork of a process that has imported what they need. That takes a seventh of the CPU time of a new
interpreter (0.07 s instead of 0.47 s), and a command has its own folder, environment, arguments, output and exit code.
"""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from tests.waiting import PATIENCE_SECONDS

#: Where the tests are imported from.
ROOT = Path(__file__).resolve().parents[2]
Done = subprocess.CompletedProcess[str]


def recado(*words: str, folder: Path, **environment: str) -> Done:
    """Runs a command in a fork."""
    with tempfile.NamedTemporaryFile("r") as output, tempfile.NamedTemporaryFile("r") as errors:
        asked = {
            "words": words,
            "folder": str(folder),
            "environment": _complete(folder, environment),
            "output": output.name,
            "errors": errors.name,
        }
        forking = _forking()
        assert forking.stdin
        assert forking.stdout
        print(json.dumps(asked), file=forking.stdin, flush=True)
        code = int(forking.stdout.readline())
        return Done(words, code, output.read(), errors.read())


def spawned(*words: str, folder: Path, **environment: str) -> Done:
    """Runs a command in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-m", "recado", *words],
        cwd=folder,
        env=_complete(folder, environment),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def _complete(folder: Path, environment: dict[str, str]) -> dict[str, str]:
    """A command's environment; nothing of the test's own."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "COLUMNS": "200", **environment}


@cache
def _forking() -> "subprocess.Popen[str]":
    """The process that forks; it ends with this one."""
    command = [sys.executable, "-m", "tests.cli.forking"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process
