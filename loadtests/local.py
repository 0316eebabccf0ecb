"""A load test without a cluster: `python -m loadtests.local [locust's options]` from the repository's root.

Starts the simulator, `recado serve` and `recado drain --loop` on this machine with an empty embedded queue, runs
locust against them, verifies, and ends them. Exits with locust's code: 0 when the run was good.
"""

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
#: Meta's lowest tier; for a higher one both sides' limits are lifted to what Meta grants.
LOWEST_TIER = 80.0
START_SECONDS = 20.0
NUMBER = "106540352242922"


class NotStartedError(RuntimeError):
    """A process ended, or did not listen in time."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(folder: Path, rate: float, latency_ms: float) -> Iterator[dict[str, str]]:
    """Simulator, serve and drain; the environment that locust needs to reach them. Raises NotStartedError."""
    web, metrics, meta = free_port(), free_port(), free_port()
    unlimited = rate > LOWEST_TIER
    secrets = {
        "WHATSAPP_APP_SECRET": "loadtest-app-secret-of-32-characters",
        "WHATSAPP_PHONE_NUMBER_ID": NUMBER,
        "RECADO_ADMIN_TOKEN": "loadtest-admin-token",
    }
    settings = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RECADO_", "WHATSAPP_"))},
        **secrets,
        "WHATSAPP_VERIFY_TOKEN": "loadtest-verify-token",
        "WHATSAPP_ACCESS_TOKEN": "loadtest-access-token",
        "WHATSAPP_API_URL": f"http://127.0.0.1:{meta}",
        "RECADO_DATABASE": str(folder / "recado.db"),
        "RECADO_PORT": str(web),
        "RECADO_METRICS_PORT": str(metrics),
        **({"RECADO_MESSAGES_PER_SECOND": "1000"} if unlimited else {}),
        **{name: value for name, value in os.environ.items() if name.startswith("RECADO_")},
    }
    webhook = f"http://127.0.0.1:{web}/api/v1/webhook"
    simulate = ["simulate", "--port", str(meta), "--webhook", webhook, "--latency-ms", f"{latency_ms:g}"]
    commands = ([*simulate, "--no-limits"] if unlimited else simulate, ["serve"], ["drain", "--loop"])
    children = []
    try:
        for command, port in zip(commands, (meta, web, None), strict=True):
            with (folder / f"{command[0]}.log").open("wb") as log:
                argv = [sys.executable, "-m", "recado", *command]
                children.append(subprocess.Popen(argv, env=settings, cwd=folder, stdout=log, stderr=log))
            if port:
                _wait_for(port, children[-1], folder / f"{command[0]}.log")
        yield {
            **os.environ,
            **secrets,
            "LOCUST_HOST": f"http://127.0.0.1:{web}",
            "LOADTEST_SIMULATOR": f"http://127.0.0.1:{meta}",
        }
    finally:
        for child in reversed(children):
            child.send_signal(signal.SIGTERM)
        for child in children:
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()


def _wait_for(port: int, child: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and child.poll() is None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        time.sleep(0.02)
    raise NotStartedError(log.read_text(errors="replace")[-2000:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--latency-ms", type=float, default=50.0, help="how long the simulated Graph API takes")
    parser.add_argument("--web", action="store_true", help="with locust's web page, instead of at once")
    ours, others = parser.parse_known_args()
    argv = [sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests/locustfile.py"), "--stop-timeout", "10"]
    argv += ["--rate", str(ours.rate), "--seconds", str(ours.seconds), *others]
    argv += [] if ours.web else ["--headless", "--only-summary"]
    DATA.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="loadtest-", dir=DATA) as folder,
        running(Path(folder), ours.rate, ours.latency_ms) as environment,
    ):
        code = subprocess.run(argv, env=environment, cwd=ROOT).returncode
    raise SystemExit(code)


if __name__ == "__main__":
    main()
