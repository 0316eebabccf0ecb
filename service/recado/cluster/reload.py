"""For developers: runs `recado ...` in a pod from a writable copy of its source, and restarts it after each change.

`skaffold dev` writes changed files into the copy. Started as `python -m recado.cluster.reload serve`; only web.reload
of the chart does so.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
COPY = Path("/tmp/src")  # noqa: S108 - the pod's own emptyDir
LOOK_SECONDS = 0.5


def run(arguments: Sequence[str], *, copy: Path = COPY, sleep: Callable[[float], None] = time.sleep) -> int:
    """Runs until the command ends or this process gets SIGTERM; returns the exit code."""
    child: subprocess.Popen[bytes] | None = None
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        if child:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    shutil.copytree(SOURCE, copy / SOURCE.name, dirs_exist_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    while not stopping:
        seen = stamp(copy)
        child = subprocess.Popen([sys.executable, "-m", "recado", *arguments], env=environment)  # noqa: S603 - our own
        while child.poll() is None and (stopping or stamp(copy) == seen):
            sleep(LOOK_SECONDS)
        if child.poll() is not None and (stopping or stamp(copy) == seen):
            return child.returncode
        print("recado: the source has changed, restarting", file=sys.stderr)
        child.terminate()
        child.wait()
    return 128 + signal.SIGTERM


def stamp(folder: Path) -> float:
    """The time of the latest change of a Python file."""
    return max((path.stat().st_mtime for path in folder.rglob("*.py")), default=0.0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
