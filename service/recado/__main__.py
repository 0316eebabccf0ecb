"""`recado`, and `python -m recado`."""

import os
import signal


def main() -> None:
    """Runs the command line.

    As process 1 of a container a process without a handler never sees SIGTERM: the kernel drops it. So there is one
    before the many imports begin. Until a command has something to put in order it ends the process at once.
    """
    signal.signal(signal.SIGTERM, lambda number, frame: os._exit(128 + number))
    from recado.cli import main as run

    run()


if __name__ == "__main__":
    main()
