"""Behind real proxies, which send the requests of all clients over a few connections: requests are never mixed up, and
only the webhook's path is public."""

import contextlib
import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from loadtests.chaos.crowds import WebProcess

from recado.settings import Settings
from recado.simulator.installation import free_port
from tests.meta import ADMIN_TOKEN, PATH, signed, text_message, webhook
from tests.waiting import PATIENCE_SECONDS, wait_for

HOST = "pedidos.example.com"
ATTACKS = 200

#: The parts of ingress-nginx's template that decide how a request of an Exact path is forwarded.
NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_header_buffer_size 1k;
  large_client_header_buffers 4 8k;
  # With an upstream that keeps connections ingress-nginx maps '' to ''.
  map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
  upstream upstream_balancer {{
    server 127.0.0.1:{upstream};
    keepalive 320;
    keepalive_timeout 60s;
    keepalive_requests 10000;
  }}
  server {{
    listen 127.0.0.1:{port};
    server_name {host};
    location = {path} {{
      client_max_body_size 3145728;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header Proxy "";
      proxy_connect_timeout 5s;
      proxy_buffering off;
      proxy_request_buffering on;
      proxy_http_version 1.1;
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 3;
      proxy_pass http://upstream_balancer;
      proxy_redirect off;
    }}
    location / {{ return 404; }}
  }}
}}
"""


def _nginx(folder: Path, port: int, upstream: int) -> list[str]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder, port=port, upstream=upstream, host=HOST, path=PATH))
    return [program, "-p", str(folder), "-c", str(configuration)]


def _traefik(folder: Path, port: int, upstream: int) -> list[str]:
    program = Path(sys.executable).parent / "traefik"
    router = {"rule": f"Host(`{HOST}`) && Path(`{PATH}`)", "service": "recado", "entryPoints": ["web"]}
    service = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{upstream}"}]}}
    dynamic = folder / "dynamic.yml"
    dynamic.write_text(json.dumps({"http": {"routers": {"recado": router}, "services": {"recado": service}}}))
    return [
        str(program),
        f"--entrypoints.web.address=127.0.0.1:{port}",
        f"--providers.file.filename={dynamic}",
        "--global.checkNewVersion=false",
        "--global.sendAnonymousUsage=false",
    ]


PROXIES: dict[str, Callable[[Path, int, int], list[str]]] = {"nginx": _nginx, "traefik": _traefik}


class Response(NamedTuple):
    status: int
    body: bytes


class Proxy:
    """A client of the proxy; each request uses a new connection, as from another client."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Host": HOST, **(headers or {})})
            response = connection.getresponse()
            return Response(response.status, response.read())

    def answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", PATH).status == 403
        return False


@pytest.fixture(scope="module", params=[pytest.param("nginx", marks=pytest.mark.nginx), pytest.param("traefik")])
def proxy(
    request: pytest.FixtureRequest, served: WebProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp(request.param)
    port = free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(PROXIES[request.param](folder, port, served.port), stdout=log, stderr=log)
    try:
        proxy = Proxy(port)
        wait_for(lambda: proxy.answers() or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield proxy
    finally:
        process.terminate()
        process.wait()


def _order(number: int) -> bytes:
    return webhook(text_message(number, "Quiero 2 zapatos", sent_at=time.time()))


_OFFER = {"Connection": "upgrade", "Upgrade": "h2c"}
#: A body that, if read as a request, swallows the next request with its last line. nginx stores a body of this size in
#: a file, and sends it after the headers.
_STOLEN = b"%s HTTP/1.1\r\nHost: recado\r\nX-Large: " + b"x" * 20_000 + b"\r\nX-Ignore: "
_INNER = (
    _STOLEN % b"GET /livez",
    _STOLEN % b"POST /api/v1/webhook/retry",
    b"POST /livez HTTP/1.1\r\nHost: recado\r\nContent-Length: 2000\r\nX-Large: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /livez HTTP/1.1\r\nX-Ignore: ",
)
_OUTER: tuple[dict[str, str], ...] = (
    _OFFER,
    {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA"},
    {"Connection": "upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="},
    {"Expect": "100-continue"},
    {},
)


def test_strangers_take_no_webhook(proxy: Proxy, served: WebProcess) -> None:
    """Attacks and signed webhooks alternate: each webhook gets 200 and is in the queue."""
    before = _queued(served)
    attacks, statuses = [], []
    for number in range(ATTACKS):
        attacks.append(proxy.ask("POST", PATH, _INNER[number % len(_INNER)], _OUTER[number % len(_OUTER)]).status)
        body = _order(int(before) + number)
        statuses.append(proxy.ask("POST", PATH, body, signed(body)).status)
    assert _queued(served) - before == ATTACKS
    assert statuses == [200] * ATTACKS
    # 502: the response and the end of the connection arrived while the proxy was still sending the attacker's body.
    assert set(attacks) <= {401, 502}


def _queued(served: WebProcess) -> int:
    answer = served.client.get(
        served.url("/api/v1/webhook/queue-status"), headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}
    )
    size: int = answer.json()["queue_size"]
    return size


def test_a_signed_webhook_may_offer_an_upgrade(proxy: Proxy, served: WebProcess) -> None:
    """As `curl --http2` does: through the proxy and directly."""
    body = _order(9_000)
    assert proxy.ask("POST", PATH, body, {**signed(body), **_OFFER}).status == 200
    assert served.client.post(served.url(PATH), content=body, headers={**signed(body), **_OFFER}).status_code == 200


def test_idle_connections_outlive_every_proxy() -> None:
    """nginx and AWS 60 s, traefik and cloudflared 90, Azure 240, Google 600, Envoy 3,600."""
    assert Settings().keep_alive_seconds >= 3600 + 60


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/metrics",
        "/readyz",
        "/docs",
        PATH + "/",
        PATH + "/retry",
        PATH + "/queue-status",
        PATH + "/../../../livez",
    ],
)
def test_nothing_else_is_public(proxy: Proxy, path: str) -> None:
    answer = proxy.ask("GET", path, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"})
    assert answer.status == 404
    assert b"recado" not in answer.body
