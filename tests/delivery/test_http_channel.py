"""Events over HTTP: signed, only to checked addresses, and the meaning of each response."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook, WebhookVerificationError

from recado.delivery.channels.http import NAME, HttpChannel
from recado.events.endpoints import Endpoint, Shown, ShownText
from recado.events.event import body
from recado.events.examples import EXAMPLES
from recado.network import BoundedClient, NotReached, RefusedAddress, trusted
from recado.outcome import Outcome, Scope
from recado.queue.model import AttemptResult, Lane, LeasedReply
from recado.runtime import retry_policy
from recado.settings import load
from recado.simulator.receiver import Receiver
from recado.simulator.server import Request, Response, Server
from recado.telemetry import tracing
from tests.clock import FakeClock
from tests.events.test_signing import make_secret
from tests.waiting import PATIENCE_SECONDS

TLS = Path(__file__).parent.parent / "whatsapp" / "tls"
OLD, NEW = make_secret(), make_secret()


def leased(kind: str = "order.created", *, endpoint: str = "crm", attempt: int = 1) -> LeasedReply:
    now = time.time()
    return LeasedReply(
        id=1,
        attempt=attempt,
        wamid=None,
        lane=Lane(NAME, endpoint),
        phone=None,
        user_id=None,
        content=EXAMPLES[kind],
        received_at=now,
        deadline_at=now + 1e5,
        send_at=now,
        lease_until=now + 60,
        quoting=False,
        trial=False,
        attempt_id="store.1.1",
        traceparent=None,
    )


class Shop:
    """A receiver that checks signatures with the independent library, and a channel to it."""

    def __init__(self) -> None:
        self.receiver = Receiver([OLD], verify=self.verify)
        self.server = Server(self.receiver.handle, "127.0.0.1", 0)
        self.resolved: list[str] = []
        self.client = self.patient(PATIENCE_SECONDS)

    def verify(self, headers: Any, body: bytes) -> bool:
        for secret in self.receiver.secrets:
            try:
                Webhook(secret).verify(body, dict(headers))
            except WebhookVerificationError:
                continue
            return True
        return False

    def patient(self, seconds: float) -> BoundedClient:
        """A client that waits this long for a response."""
        return BoundedClient(resolve=self.resolve, seconds=seconds)

    async def resolve(self, host: str, port: int) -> list[str]:
        return self.resolved or [host]

    def endpoint(self, **changes: Any) -> Endpoint:
        url = f"http://127.0.0.1:{self.server.port}/hooks"
        return replace(Endpoint(name="crm", url=url, secret=OLD, allow_http=True), **changes)

    async def send(self, message: LeasedReply | None = None, **changes: Any) -> AttemptResult:
        channel = HttpChannel({"crm": self.endpoint(**changes)}, lambda: self.client)
        return await channel.send(message or leased(), tracing.NoSpan())


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    made = Shop()
    await made.server.start()
    yield made
    await made.client.aclose()
    await made.server.stop()


async def test_an_event_is_delivered_and_verified(shop: Shop) -> None:
    result = await shop.send()

    assert (result.outcome, result.code_class, result.error_class) == (Outcome.DELIVERED, "2xx", "none")
    assert shop.receiver.accepted.keys() == {EXAMPLES["order.created"].public_id}
    assert shop.receiver.unverified == 0


async def test_a_rotation_breaks_no_receiver(shop: Shop) -> None:
    """Receivers with the old secret, with both, and with the new one accept the events that they get."""
    old = shop.endpoint()
    both = replace(old, secret=NEW, secret_previous=OLD)
    new = replace(old, secret=NEW)
    outcomes = []
    for known, endpoint in (([OLD], old), ([OLD], both), ([OLD, NEW], both), ([NEW], both), ([NEW], new)):
        shop.receiver.secrets = known
        channel = HttpChannel({"crm": endpoint}, lambda: shop.client)
        outcomes.append((await channel.send(leased(), tracing.NoSpan())).outcome)

    assert outcomes == [Outcome.DELIVERED] * 5
    assert shop.receiver.unverified == 0
    shop.receiver.secrets = [make_secret()]
    assert (await shop.send()).outcome is Outcome.RETRYABLE
    assert shop.receiver.unverified == 1


async def test_every_attempt_has_the_same_id_and_body(shop: Shop) -> None:
    shop.receiver.change({"script": ["server_error"]})
    first, second = await shop.send(), await shop.send(leased(attempt=2))

    assert (first.outcome, second.outcome) == (Outcome.RETRYABLE, Outcome.DELIVERED)
    assert shop.receiver.seen == {EXAMPLES["order.created"].public_id: 2}


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ("server_error", {"outcome": Outcome.RETRYABLE, "error_class": "server", "outage": True, "error_code": 500}),
        ("refused", {"outcome": Outcome.RETRYABLE, "error_class": "refused", "outage": False}),
        ("redirect", {"outcome": Outcome.RETRYABLE, "error_class": "redirect", "outage": False}),
        ("gone", {"outcome": Outcome.ENDED, "error_class": "gone", "scope": Scope.NUMBER}),
        ("too_many", {"outcome": Outcome.THROTTLED, "scope": Scope.NUMBER, "wait_seconds": None, "outage": False}),
        ("bad_gateway", {"outcome": Outcome.THROTTLED, "scope": Scope.NUMBER, "wait_seconds": None, "outage": True}),
        ("unavailable", {"outcome": Outcome.THROTTLED, "wait_seconds": 120.0, "wait_growth": 1.0, "outage": True}),
        ("reset", {"outcome": Outcome.RETRYABLE, "error_class": "transport", "outage": True}),
        ("hang", {"outcome": Outcome.RETRYABLE, "error_class": "timeout", "outage": True, "code_class": "timeout"}),
        ("endless", {"outcome": Outcome.DELIVERED, "code_class": "2xx"}),
    ],
)
async def test_what_a_response_means(shop: Shop, failure: str, expected: dict[str, Any]) -> None:
    shop.receiver.change({"always": failure, "seconds": PATIENCE_SECONDS})
    if failure == "hang":
        shop.client = shop.patient(0.5)
    result = await shop.send()

    assert {name: getattr(result, name) for name in expected} == expected


@pytest.mark.parametrize("asked", ["0", "-5", "0.001", "Wed, 21 Oct 2015 07:28:00 GMT", "nan", "soon"])
@pytest.mark.parametrize(
    ("status", "outcome", "growth"), [(429, Outcome.THROTTLED, 2.0), (400, Outcome.RETRYABLE, 1.0)]
)
async def test_without_a_usable_wait_recados_own_holds(
    shop: Shop, asked: str, status: int, outcome: Outcome, growth: float
) -> None:
    """An event that is sent again at once without using up an attempt would be sent thousands of times."""
    shop.server.handler = lambda _: Response(status, headers=f"Retry-After: {asked}\r\n".encode())
    result = await shop.send()

    assert (result.outcome, result.wait_seconds, result.wait_growth) == (outcome, None, growth)


async def test_a_redirect_is_not_followed(shop: Shop) -> None:
    shop.receiver.change({"script": ["redirect"]})
    await shop.send()

    assert shop.receiver.summary().attempts == 1
    assert shop.receiver.accepted == {}


async def test_a_connection_is_used_again(shop: Shop) -> None:
    for _ in range(5):
        await shop.send()

    assert len(shop.server.connections) == 1


async def test_nothing_of_the_customer_unless_the_endpoint_may_see_it(shop: Shop) -> None:
    """The test searches the received bodies of all types of events."""
    for kind in EXAMPLES:
        await shop.send(leased(kind))
    for sent in shop.receiver.bodies:
        assert not any(word in sent.decode() for word in ("15550100001", "Quiero", "jeans", "wamid"))
    await shop.send(customer=Shown.FULL, text=ShownText.FULL)

    assert json.loads(shop.receiver.bodies[-1])["data"]["customer"]["phone"] == "+15550100001"
    assert len(shop.receiver.bodies) == len(EXAMPLES) + 1


async def test_static_headers_go_along(shop: Shop) -> None:
    seen: list[bytes] = []
    handle = shop.receiver.handle

    def watching(request: Request) -> Response:
        seen.append(request.authorization)
        return handle(request)

    shop.server.handler = watching
    await shop.send(headers={"Authorization": "Bearer for-the-crm"})

    assert seen == [b"Bearer for-the-crm"]


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "169.254.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255"),
        *("fe80::1", "fe80::1%eth0", "ff02::1", "::", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
    ],
)
async def test_a_host_that_leads_to_a_bad_address_is_refused(shop: Shop, address: str) -> None:
    """An operator must act, and the event is held, even if the name has other addresses."""
    shop.resolved = ["127.0.0.1", address]
    result = await shop.send()

    assert (result.outcome, result.error_class, result.scope) == (Outcome.OPERATOR, "configuration", Scope.NUMBER)
    assert address in result.detail
    assert shop.receiver.summary().attempts == 0


async def test_a_name_that_changes_between_check_and_connection_is_looked_up_once(shop: Shop) -> None:
    """DNS rebinding: a second look-up would return a metadata service, but there is none."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    client = BoundedClient(resolve=rebinding, seconds=PATIENCE_SECONDS)
    channel = HttpChannel(
        {"crm": shop.endpoint(url=f"http://crm.example.com:{shop.server.port}/hooks")}, lambda: client
    )
    result = await channel.send(leased(), tracing.NoSpan())
    await client.aclose()

    assert result.outcome is Outcome.DELIVERED
    assert asked == ["crm.example.com"]


async def test_each_new_connection_is_checked_again(shop: Shop) -> None:
    """A name with a good address may get another one later."""
    answers = [["127.0.0.1"], ["169.254.169.254"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    client = BoundedClient(resolve=rebinding, seconds=PATIENCE_SECONDS)
    url = f"http://crm.example.com:{shop.server.port}/"
    await client.post(url, {}, b"{}")
    for connection in list(shop.server.connections):
        connection.drop()
    await asyncio.sleep(0)
    with pytest.raises(RefusedAddress):
        await client.post(url, {}, b"{}")
    await client.aclose()


async def test_the_next_address_is_tried(shop: Shop) -> None:
    """The first address of the name accepts no connections."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.2", 0))
        shop.resolved = ["127.0.0.2", "127.0.0.1"]
        result = await shop.send()

    assert result.outcome is Outcome.DELIVERED


async def test_a_name_that_nobody_knows(shop: Shop) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    client = BoundedClient(resolve=unknown)
    with pytest.raises(NotReached, match="cannot be looked up"):
        await client.post("http://crm.example.com/", {}, b"")
    await client.aclose()


def test_what_tls_trusts_is_read_once_for_all_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod has a client for each purpose."""
    read: list[ssl.SSLContext] = []

    def reading() -> ssl.SSLContext:
        read.append(ssl.create_default_context())
        return read[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", reading)
    trusted.cache_clear()
    for _ in range(3):
        BoundedClient()
    assert len(read) == 1


async def test_tls_is_for_the_name_and_not_for_the_address() -> None:
    """The certificate is checked against the host of the URL, although the connection is to an address."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    async def local(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    client = BoundedClient(resolve=local, ssl_context=ssl.create_default_context(cafile=TLS / "certificate.pem"))
    try:
        assert await client.reachable(f"https://localhost:{port}/")
        assert not await client.reachable(f"https://crm.example.com:{port}/")
        assert (await client.post(f"https://localhost:{port}/", {}, b"{}")).status == 204
        with pytest.raises(NotReached, match="certificate"):
            await client.post(f"https://crm.example.com:{port}/", {}, b"{}")
    finally:
        await client.aclose()
        server.close()
    assert len(asked) == 1


async def test_an_endpoint_that_was_removed_holds_its_events(shop: Shop) -> None:
    result = await HttpChannel({}).send(leased(), tracing.NoSpan())

    assert (result.outcome, result.scope) == (Outcome.OPERATOR, Scope.NUMBER)
    assert not await HttpChannel({}).probe("crm")


async def test_a_probe_sends_nothing(shop: Shop) -> None:
    channel = HttpChannel({"crm": shop.endpoint()}, lambda: shop.client)

    assert await channel.probe("crm")
    await shop.server.stop()
    assert not await channel.probe("crm")
    assert shop.receiver.summary().attempts == 0


async def test_a_proxy_of_the_environment_is_not_used(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would connect to unchecked addresses."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert (await shop.send()).outcome is Outcome.DELIVERED


def test_a_body_is_small() -> None:
    """The specification asks for less than 20 kB. An order of 50 lines with names of 100 characters fits."""
    event = EXAMPLES["order.created"]
    order = event.data["order"]
    lines = [{**order["lines"][0], "name": "ñ" * 100}] * 50
    large = replace(event, data={"order": {**order, "lines": lines}})

    assert len(body(large, Endpoint(name="crm", url="", secret=""))) < 20_000


def test_the_clock_is_that_of_the_attempt() -> None:
    """A signature has the time of the attempt, so receivers with a tolerance also accept late attempts."""
    clock = FakeClock()
    endpoint = Endpoint(name="crm", url="http://127.0.0.1:9/", secret=OLD)
    seen: list[dict[str, str]] = []

    class Recorder:
        async def post(self, url: str, headers: dict[str, str], body: bytes) -> Any:
            seen.append(headers)
            raise NotReached("no")

    channel = HttpChannel({"crm": endpoint}, lambda: Recorder(), clock=clock)  # type: ignore[arg-type, return-value]  # a fake
    for _ in range(2):
        asyncio.run(channel.send(leased(), tracing.NoSpan()))
        clock.advance(300)

    assert [int(headers["webhook-timestamp"]) for headers in seen] == [1_800_000_000, 1_800_000_300]
    assert len({headers["webhook-id"] for headers in seen}) == 1


def test_a_lease_is_long_enough_for_an_attempt() -> None:
    """Whatever the lease of replies is. An entry with too short a lease would be given back each time."""
    short = {"RECADO_LEASE_SECONDS": "8", "RECADO_READ_TIMEOUT_SECONDS": "1", "RECADO_CONNECT_TIMEOUT_SECONDS": "1"}

    assert retry_policy(load(short)).limits[NAME].lease_seconds > HttpChannel.send_seconds + 5
