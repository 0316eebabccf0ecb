"""Draws every board from the data of a real Prometheus during the run of traffic.py.

python -m tests.telemetry.preview FOLDER
"""

import sys
import tempfile
import time
from pathlib import Path

from dashboards.boards import BOARDS
from dashboards.preview import draw

from tests.telemetry import traffic
from tests.telemetry.stack import Stack

QUIET_SECONDS = 15


def main() -> int:
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "build/preview")
    target.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="recado-preview-") as folder,
        Stack(Path(folder), settings=traffic.SETTINGS) as stack,
    ):
        began = time.time()
        stack.orders(1500, per_second=20)
        stack.start_drains(1.0)
        time.sleep(QUIET_SECONDS)
        stack.stop_drains()
        traffic.everything(stack)
        stack.start_drains(1.0)
        time.sleep(QUIET_SECONDS)
        ended = time.time()
        for board in BOARDS:
            path = target / f"{board.uid}.png"
            draw(board, stack.prometheus.query_range, path, start=began + 3, end=ended, interval="4s", step="500ms")
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
