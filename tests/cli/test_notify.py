"""`recado notify`: whether notices arrive, on a terminal."""

import asyncio
import json
import ssl
from pathlib import Path

from recado.simulator import Simulator
from recado.simulator.server import Request, Response, Server
from tests.cli.commands import recado
from tests.delivery.test_notice_channel import PHONE, TLS, Mail
from tests.meta import ENVIRONMENT, NUMBER

SAYS = "Prueba: los avisos de recado llegan"


async def test_one_goes_through_each(tmp_path: Path) -> None:
    """To a chat, a mailbox, a phone and a service of Apprise's, by the real command; each says that it is a test."""
    posted: list[dict[str, str]] = []

    async def take(request: Request) -> Response:
        posted.append(json.loads(request.body))
        return Response(200, b"ok")

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    post, mail = Server(take, "127.0.0.1", 0), Mail({})
    mailbox = await asyncio.start_server(mail.serve, "127.0.0.1", 0, ssl=tls)
    await post.start()
    async with Simulator(access_token=ENVIRONMENT["WHATSAPP_ACCESS_TOKEN"], phone_number_ids=[NUMBER]) as meta:
        targets = [
            {"name": "slack", "format": "slack", "url": f"http://127.0.0.1:{post.port}/hook", "allow_http": True},
            {
                "name": "mail",
                "format": "smtp",
                "host": "localhost",
                "port": mailbox.sockets[0].getsockname()[1],
                "security": "tls",
                "sender": "recado@x.mx",
                "to": ["eva@x.mx"],
            },
            {"name": "phone", "format": "whatsapp", "phone": PHONE.phone, "phone_number_id": NUMBER},
            {"name": "push", "format": "apprise", "url": f"json://127.0.0.1:{post.port}/push"},
        ]
        (tmp_path / "notify.json").write_text(json.dumps(targets))
        done = await asyncio.to_thread(
            recado,
            *("notify", "test"),
            folder=tmp_path,
            **ENVIRONMENT,
            RECADO_NOTIFY_FILE="notify.json",
            WHATSAPP_API_URL=meta.base_url,
            SSL_CERT_FILE=str(TLS / "certificate.pem"),
        )
        sent = meta.graph.counts["accepted"]
    mailbox.close()
    await post.stop()

    assert done.stdout == "slack: sent\nmail: sent\nphone: sent\npush: sent\n", done.stderr
    assert posted[0]["text"].startswith(SAYS)
    assert posted[1]["message"].startswith(SAYS)
    assert f"Subject: recado: {SAYS}" in mail.lines
    assert sent == 1


def test_a_target_that_does_not_answer_is_named_without_its_secret(tmp_path: Path) -> None:
    """Nothing listens on port 9 of this machine; the URL is the secret."""
    target = {"name": "slack", "format": "slack", "url": "http://127.0.0.1:9/s3cr3t", "allow_http": True}
    (tmp_path / "notify.json").write_text(json.dumps([target]))
    done = recado("notify", "test", folder=tmp_path, RECADO_NOTIFY_FILE="notify.json")

    assert done.returncode == 1
    assert done.stdout.startswith("slack: not sent: transport")
    assert "s3cr3t" not in done.stdout + done.stderr


def test_without_targets_there_is_nothing_to_try(tmp_path: Path) -> None:
    done = recado("notify", "test", folder=tmp_path)

    assert done.returncode == 2
    assert "RECADO_NOTIFY_FILE is not set" in done.stderr
