"""Notices to a webhook in Slack's format and by mail: their content, and the meaning of each response."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from recado.delivery.channels import mail
from recado.delivery.channels.notice import NoticeChannel
from recado.network import BoundedClient
from recado.notices.notice import Notice, NoticeKind, in_one_line, text
from recado.notices.targets import Security, SlackTarget, SmtpTarget, WhatsAppTarget
from recado.outcome import Outcome
from recado.settings import load
from recado.simulator.server import Request, Response, Server
from recado.whatsapp.content import Template
from recado.whatsapp.from_settings import make_whatsapp
from tests.clock import FakeClock
from tests.meta import ENVIRONMENT, NUMBER, FakeGraph, graph_error

TLS = Path(__file__).parent.parent / "whatsapp" / "tls"
NOTICE = Notice(kind=NoticeKind.REPLY_LOST, count=3, since=FakeClock()(), whats={"window_closed": 2, "rejected": 1})


class Slack:
    """A webhook that responds with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.bodies: list[bytes] = []
        self.server = Server(self.handle, "127.0.0.1", 0)

    async def handle(self, request: Request) -> Response:
        self.bodies.append(request.body)
        return Response(self.status, b"ok")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    made = Slack()
    await made.server.start()
    yield made
    await made.server.stop()


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (400, Outcome.RETRYABLE),
        (410, Outcome.OPERATOR),
        (429, Outcome.THROTTLED),
        (500, Outcome.RETRYABLE),
    ],
)
async def test_slack_gets_a_text(slack: Slack, status: int, outcome: Outcome) -> None:
    """And nothing else. If the webhook was removed, an operator is needed, but the target is not ended."""
    slack.status = status
    target = SlackTarget(name="slack", url=f"http://127.0.0.1:{slack.server.port}/hook", allow_http=True)
    channel = NoticeChannel({"slack": target}, lambda: BoundedClient(seconds=5.0))
    result = await channel.tell("slack", NOTICE)
    await channel.aclose()

    assert result.outcome is outcome
    assert [json.loads(body) for body in slack.bodies] == [{"text": text(NOTICE)}]


PHONE = WhatsAppTarget(name="phone", phone="+5215550100001", phone_number_id=NUMBER)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (None, Outcome.DELIVERED),
        (graph_error(400, 132001), Outcome.OPERATOR),
        (graph_error(401, 190), Outcome.OPERATOR),
        (graph_error(500, 131000), Outcome.RETRYABLE),
    ],
)
async def test_a_phone_gets_a_template(answer: httpx.Response | None, outcome: Outcome) -> None:
    """With the number and the kind of events on one line, from the business number, with the id of the attempt."""
    graph = FakeGraph()
    graph.answer = (lambda: answer) if answer else None
    client = make_whatsapp(load(ENVIRONMENT), graph)
    channel = NoticeChannel({"phone": PHONE}, whatsapp=client)
    result = await channel.tell("phone", NOTICE, "store.1.1")
    reached = await channel.probe("phone")
    await client.aclose()

    assert result.outcome is outcome
    assert reached is (answer is None or answer.status_code < 500)
    (sent,) = graph.sent
    assert (sent["to"], sent["biz_opaque_callback_data"]) == (PHONE.phone, "store.1.1")
    assert sent["template"] == {
        "name": "recado_aviso",
        "language": {"code": "es"},
        "components": [
            {
                "type": "body",
                "parameters": [
                    {"type": "text", "text": "3"},
                    {
                        "type": "text",
                        "text": "3 respuestas no llegaron a sus clientes: window_closed x 2, rejected",
                    },
                ],
            }
        ],
    }


async def test_without_a_way_to_whatsapp_an_operator_is_needed() -> None:
    channel = NoticeChannel({"phone": PHONE})

    assert (await channel.tell("phone", NOTICE)).outcome is Outcome.OPERATOR
    assert not await channel.probe("phone")


@pytest.mark.parametrize("kind", NoticeKind)
def test_what_a_template_says_is_one_line(kind: NoticeKind) -> None:
    """Meta refuses a parameter that is empty or has a line break."""
    for count in (1, 12):
        Template("recado_aviso", "es", {"what": in_one_line(Notice(kind=kind, count=count, since=0.0))})


@pytest.mark.parametrize("came", ["todo llegó", "3 no llegaron"])
def test_the_end_of_a_problem_says_what_became_of_what_waited(came: str) -> None:
    """In each format, as a text and on one line. It names no runbook, because there is nothing to do."""
    notice = Notice(kind=NoticeKind.RECOVERED, count=1, since=0.0, whats={f"whatsapp {NUMBER}: {came}": 1})
    first, second = "Ya no espera nada en el canal que estaba detenido", f"whatsapp {NUMBER}: {came}"

    assert in_one_line(notice) == f"{first}: {second}"
    assert text(notice) == f"{first} (desde 1970-01-01 00:00 UTC).\n{second}"


async def test_an_unknown_target_needs_an_operator() -> None:
    assert (await NoticeChannel({}).tell("gone", NOTICE)).outcome is Outcome.OPERATOR
    assert not await NoticeChannel({}).probe("gone")


MAIL = SmtpTarget(name="mail", host="127.0.0.1", port=9, sender="recado@x.mx", to=("a@x.mx",))


class Mail:
    """A mail server that speaks TLS from the start. `answers`: its responses to some commands."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.lines: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 here")
        in_data = False
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.lines.append(line)
            while in_data and line != ".":
                line = (await reader.readline()).decode().rstrip("\r\n")
                self.lines.append(line)
            command = "." if in_data else line.split()[0].upper()
            in_data = command == "DATA"
            usual = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 ok", "DATA": "354 go on", "QUIT": "221 bye"}
            say(self.answers.get(command) or usual.get(command, "250 ok"))
        writer.close()


async def mailed(
    answers: dict[str, str],
    *,
    trusted: bool = True,
    to: Sequence[str] = ("a@x.mx",),
    host: str = "127.0.0.1",
    resolve: mail.Resolve = mail.resolve,
) -> tuple[Mail, Outcome]:
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    made = Mail(answers)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=server_side)
    target = SmtpTarget(
        name="mail",
        host=host,
        port=server.sockets[0].getsockname()[1],
        security=Security.TLS,
        username="recado",
        password="s3cr3t",
        sender="recado@x.mx",
        to=tuple(to),
    )
    context = ssl.create_default_context(cafile=TLS / "certificate.pem" if trusted else None)
    context.check_hostname = False
    result = await asyncio.to_thread(mail.send, target, NOTICE, context, resolve)
    server.close()
    assert "s3cr3t" not in str(result)
    return made, result.outcome


async def test_mail_arrives() -> None:
    """To every mailbox, with the event as its subject."""
    server, outcome = await mailed({}, to=("a@x.mx", "b@x.mx"))

    assert outcome is Outcome.DELIVERED
    assert [line for line in server.lines if line.startswith("rcpt")] == ["rcpt TO:<a@x.mx>", "rcpt TO:<b@x.mx>"]
    assert "Subject: recado: 3 respuestas no llegaron a sus clientes" in server.lines
    assert "window_closed x 2, rejected" in server.lines
    named = dict(line.split(": ", 1) for line in server.lines if line.startswith(("Date: ", "Message-ID: ")))
    assert parsedate_to_datetime(named["Date"])
    assert named["Message-ID"].endswith("@x.mx>")


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ({"AUTH": "535 no"}, Outcome.OPERATOR),
        ({"RCPT": "550 nobody"}, Outcome.PERMANENT),
        ({"RCPT": "451 later"}, Outcome.RETRYABLE),
        ({"MAIL": "550 not you"}, Outcome.PERMANENT),
        ({".": "452 full"}, Outcome.RETRYABLE),
    ],
)
async def test_what_a_mail_server_says(answers: dict[str, str], outcome: Outcome) -> None:
    assert (await mailed(answers))[1] is outcome


@pytest.mark.parametrize("security", Security)
@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::ffff:169.254.169.254"])
def test_a_mail_server_at_a_bad_address_gets_nothing(security: Security, address: str) -> None:
    """Even if it also has a good address. An operator is needed, and no connection is made."""
    target = replace(MAIL, host="mail.example.com", security=security)
    found: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        found.append((host, port))
        return ["127.0.0.1", address]

    result = mail.send(target, NOTICE, resolve=resolve)

    assert (result.outcome, result.detail.startswith(f"the host leads to {address}: ")) == (Outcome.OPERATOR, True)
    assert found == [("mail.example.com", MAIL.port)]


async def test_the_address_that_was_checked_is_connected_to() -> None:
    """The name is looked up once, even if its address changes a moment later; the certificate is checked against the
    name."""
    meanings = iter([["127.0.0.1"], ["169.254.169.254"]])
    server, outcome = await mailed({}, host="localhost", resolve=lambda host, port: next(meanings))

    assert outcome is Outcome.DELIVERED
    assert server.lines
    assert next(meanings) == ["169.254.169.254"]


async def test_a_certificate_that_nobody_trusts_gets_no_password() -> None:
    server, outcome = await mailed({}, trusted=False)

    assert outcome is Outcome.OPERATOR
    assert server.lines == []
