"""A command of recado that sends itself a signal in the middle of its work on files.

`python -m tests.interrupted SIGNAL PATTERN BYTES COMMAND...` sends the signal once a file that matches the pattern
has that many bytes. Another process that watches the file could be too late.
"""

import os
import shutil
import sys
from pathlib import Path
from signal import Signals
from types import FrameType

from recado import cli, files
from recado.__main__ import main
from recado.queue.sqlite import backup

#: The code that works on files.
WATCHED = {module.__file__ for module in (backup, files, shutil)}


def interrupt(number: Signals, pattern: Path, size: int) -> None:
    """Sends the signal to this process at the first step of the code that works on files after the file exists."""

    def look(frame: FrameType, event: str, argument: object) -> None:
        if frame.f_code.co_filename in WATCHED and any(
            found.stat().st_size >= size for found in pattern.parent.glob(pattern.name)
        ):
            sys.setprofile(None)
            os.kill(os.getpid(), number)

    sys.setprofile(look)


if __name__ == "__main__":
    assert cli  # imported before the work begins
    backup.PAGES_A_STEP = 16
    interrupt(Signals[sys.argv[1]], Path(sys.argv[2]), int(sys.argv[3]))
    sys.argv[1:4] = []
    main()
