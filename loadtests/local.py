"""A load test without a cluster: `python -m loadtests.local [locust's options]` from the repository's root.

Starts the simulator, `recado serve` and `recado drain --loop` on this machine with an empty embedded queue, runs locust
against them, verifies the result, and stops them. Exits with locust's code: 0 if the run passed.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from recado.simulator.installation import SECRETS, Installation

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data"
#: Meta's lowest tier; for a higher one, the limits of both sides are raised to Meta's.
LOWEST_TIER = 80.0


@contextlib.contextmanager
def running(folder: Path, rate: float, latency_ms: float) -> Iterator[dict[str, str]]:
    """Runs simulator, serve and drain; yields the environment that locust needs to reach them. Raises
    NotStartedError."""
    unlimited = rate > LOWEST_TIER
    settings = {
        **({"RECADO_MESSAGES_PER_SECOND": "1000"} if unlimited else {}),
        **{name: value for name, value in os.environ.items() if name.startswith("RECADO_")},
    }
    recado = Installation(folder, settings, logs=folder)
    server = recado.server()
    options = ["--latency-ms", f"{latency_ms:g}", *(["--no-limits"] if unlimited else [])]
    with recado.simulate(*options), server, recado.drain():
        yield {
            **os.environ,
            **SECRETS,
            "WHATSAPP_PHONE_NUMBER_ID": recado.environment["WHATSAPP_PHONE_NUMBER_ID"],
            "LOCUST_HOST": server.url,
            "LOADTEST_SIMULATOR": recado.api_url,
        }


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
