"""The self-test passes on a correct installation, names what fails on a wrong one, and sends nothing."""

import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import msgspec
import pytest

from recado import selftest
from recado.http.webhook import PATH
from recado.settings import Settings
from recado.simulator.installation import RECADO, Server, free_port
from recado.whatsapp.signature import signature

SETTINGS = Settings(
    whatsapp_verify_token="b4c1f0e2" * 2,
    whatsapp_app_secret="0c7be07f" * 4,
    whatsapp_access_token="EAAJB9fQ" * 2,
    whatsapp_phone_number_id=("106540352242922",),
)


class Web(Server):
    """`recado serve` as an operator runs it. The Graph API's address has no server, so no reply could be sent."""

    def __init__(self, folder: Path) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "WHATSAPP_VERIFY_TOKEN": SETTINGS.whatsapp_verify_token,
            "WHATSAPP_APP_SECRET": SETTINGS.whatsapp_app_secret,
            "WHATSAPP_ACCESS_TOKEN": SETTINGS.whatsapp_access_token,
            "WHATSAPP_PHONE_NUMBER_ID": SETTINGS.whatsapp_phone_number_id[0],
            "WHATSAPP_API_URL": f"http://127.0.0.1:{free_port()}",
            "RECADO_DATABASE": str(folder / "recado.db"),
            "RECADO_PORT": str(free_port()),
            "RECADO_METRICS_PORT": str(free_port()),
        }
        super().__init__(environment, program=RECADO, log=folder / "log", folder=folder)
        self.metrics_url = f"http://127.0.0.1:{self.metrics_port}/metrics"

    def problems(self, settings: Settings, product: str = "Zapatos") -> dict[str, str]:
        steps = selftest.run(settings, self.url, self.metrics_url, product)
        return {step.name: step.problem for step in steps if step.problem}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with Web(tmp_path_factory.mktemp("web")) as service:
        yield service
        assert service.stop() == 0


def test_a_service_that_is_set_up_right_passes_and_nothing_is_queued(web: Web) -> None:
    """Every step passes, and afterwards the queue is empty, because the order comes from nobody."""
    assert web.problems(SETTINGS) == {}
    rows = [line for line in httpx.get(web.metrics_url).text.splitlines() if line.startswith("recado_queue_replies{")]
    assert rows
    assert all(line.endswith(" 0.0") for line in rows)


class Pods(BaseHTTPRequestHandler):
    """Three pods behind a Service: each connection goes to the next pod."""

    protocol_version = "HTTP/1.1"
    counts: ClassVar = [0.0, 40.0, 7.0]
    turn: ClassVar = itertools.count()

    def setup(self) -> None:
        super().setup()
        self.pod = next(self.turn) % len(self.counts)

    def do_GET(self) -> None:
        started = f"process_start_time_seconds {1_800_000_000.5 + self.pod}"
        self._say(f'{started}\nrecado_messages_received_total{{type="text"}} {self.counts[self.pod]}\n')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.counts[self.pod] += 1
        self._say('{"result": {"sent": false, "quote": {"items": ["2 Zapatos"]}}}')

    def _say(self, body: str) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_the_metric_is_found_behind_several_pods() -> None:
    """The pod that is scraped first is not the one that gets the webhook, and each pod has other counts."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in ("web", "metrics"):
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Pods))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            ports.append(server.server_port)
        web, metrics = (f"http://127.0.0.1:{port}" for port in ports)
        steps = {step.name: step.problem for step in selftest.run(SETTINGS, web, f"{metrics}/metrics", "Zapatos")}
    assert steps["the metric counts it"] == ""


def test_wrong_secrets_are_told_apart(web: Web) -> None:
    """With a wrong verify token only the handshake fails; with a wrong app secret, the signed order and its metric."""
    wrong_token = msgspec.structs.replace(SETTINGS, whatsapp_verify_token="another")
    assert set(web.problems(wrong_token)) == {"the handshake succeeds"}
    wrong_secret = msgspec.structs.replace(SETTINGS, whatsapp_app_secret="another-secret-of-32-characters..")
    assert set(web.problems(wrong_secret)) == {"a signed order is quoted, and no reply is sent", "the metric counts it"}


def test_a_secret_that_is_not_metas_shows_in_what_was_refused(tmp_path: Path) -> None:
    """The self-test signs with the same wrong secret as the pod, so its order is accepted. The webhooks that Meta
    sent before show the problem."""
    with Web(tmp_path) as service:
        for number in range(3):
            body = selftest.order(SETTINGS, "Zapatos", number)
            headers = {"x-hub-signature-256": signature(b"the secret in Meta's dashboard", body).decode()}
            assert httpx.post(f"{service.url}{PATH}", content=body, headers=headers).status_code == 401
        problems = service.problems(SETTINGS)
    assert list(problems) == ["webhooks have the right signature"]
    assert problems["webhooks have the right signature"].startswith("3 were refused and 0 accepted")


def test_an_order_that_is_not_quoted_is_a_problem(web: Web) -> None:
    """It shows that the pod has another catalogue."""
    problems = web.problems(SETTINGS, product="qwertyuiop")
    assert problems["a signed order is quoted, and no reply is sent"].startswith("no quote for 'qwertyuiop'")


def test_a_service_that_is_not_there_fails_every_step_in_words(tmp_path: Path) -> None:
    """Each step fails with one sentence, without a traceback."""
    steps = list(selftest.run(SETTINGS, f"http://127.0.0.1:{free_port()}", None, "Zapatos"))
    assert len(steps) == 5
    assert all(step.problem.startswith("no response: ConnectError") for step in steps)
