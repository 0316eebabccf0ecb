"""The developer's loop: a changed source file starts the service again, a command that ends ends the loop."""

import subprocess
import sys
import threading
import time
from pathlib import Path

from recado.cluster import reload


def test_a_changed_file_starts_the_command_again(tmp_path: Path) -> None:
    """The first run is replaced by one that has the change; the second ends by itself, and its exit code is kept."""
    program = (
        "import sys, threading; from pathlib import Path; from recado.cluster import reload;"
        "reload.SOURCE = Path(sys.argv[1]); reload.LOOK_SECONDS = 0.05;"
        "sys.exit(reload.run([], copy=Path(sys.argv[2])))"
    )
    package = tmp_path / "recado"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("import time\nprint('first', flush=True)\ntime.sleep(60)\n")
    copy = tmp_path / "copy"
    loop = subprocess.Popen(
        [sys.executable, "-c", program, str(package), str(copy)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert loop.stdout
    assert loop.stdout.readline() == "first\n"
    killer = threading.Timer(30, loop.kill)
    killer.start()
    time.sleep(0.2)
    (copy / "recado" / "__main__.py").write_text("print('second', flush=True)\nraise SystemExit(5)\n")
    output, errors = loop.communicate()
    killer.cancel()
    assert output == "second\n"
    assert "the source has changed" in errors
    assert loop.returncode == 5


def test_the_newest_change_counts(tmp_path: Path) -> None:
    """Only Python files count, wherever they lie."""
    assert reload.stamp(tmp_path) == 0
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_text("")
    changed = reload.stamp(tmp_path)
    (tmp_path / "c.txt").write_text("")
    assert reload.stamp(tmp_path) == changed > 0
