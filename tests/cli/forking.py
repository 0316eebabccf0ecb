"""Forks for each command that it reads, as a JSON line, from stdin, and writes the command's exit code to stdout."""

import gc
import importlib
import json
import os
import signal
import sys
from typing import Any

from recado.__main__ import main
from tests.waiting import PATIENCE_SECONDS

#: What most commands import.
IMPORTED = (
    *("recado.runtime", "recado.queue.sqlite.backup", "recado.telemetry.logging", "recado.simulator.process"),
    *(f"recado.cli.{name}_output" for name in ("events", "orders", "queue", "report")),
    *("asyncio", "rich.table", "typer.rich_utils", "typer._adapters", "pydantic.plugin._loader", "babel.numbers"),
)


def wait_for_commands() -> None:
    """Returns in a fork for each command, in which all is as if this interpreter had been started for it."""
    while line := sys.stdin.readline():
        if not (pid := os.fork()):
            prepare(json.loads(line))
            return
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    sys.exit()


def prepare(asked: dict[str, Any]) -> None:
    """Gives this process a command's folder, environment, arguments and output."""
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["recado", *asked["words"]]
    for descriptor, path in enumerate((os.devnull, asked["output"], asked["errors"])):
        os.dup2(os.open(path, os.O_RDWR), descriptor)
    signal.alarm(round(PATIENCE_SECONDS))


if __name__ == "__main__":
    for module in IMPORTED:
        importlib.import_module(module)
    gc.freeze()  # otherwise each fork walks through, and so copies, all that is imported when it ends
    wait_for_commands()
    main()
