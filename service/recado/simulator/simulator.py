"""A simulated Meta: the Graph API with faults and limits, the webhooks, and a ledger of the replies to each message.

    async with Simulator(webhook_url="http://127.0.0.1:8000/api/v1/webhook", app_secret="...") as meta:
        ...  # start the service with WHATSAPP_API_URL=meta.base_url
        await meta.send_text("Quiero 2 zapatos")
        await meta.settled(10)
        assert meta.ledger.verify().clean

`/_simulator` offers the same over HTTP, see `control.py`.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Any, Self

from recado.simulator import webhooks
from recado.simulator.control import control
from recado.simulator.faults import FaultPlan, Faults
from recado.simulator.graph import Accepted, Graph
from recado.simulator.ledger import Ledger, LedgerMessage
from recado.simulator.limits import PairLimit, Throughput
from recado.simulator.media import MediaStore
from recado.simulator.receiver import Receiver
from recado.simulator.sender import REDELIVERY_SECONDS, Sender, Webhook
from recado.simulator.server import Request, Server
from recado.simulator.transcriber import PATH as TRANSCRIBER_PATH
from recado.simulator.transcriber import Transcriber
from recado.simulator.webhooks import People, Person, Wamids

#: A message: the customer, its type, its content and its context.
Written = tuple[Person, str, Any, dict[str, Any] | None]

PHONE_NUMBER_ID = "700000000000001"
EVENTS_PATH = "/_simulator/events"
STATUSES = ("sent", "delivered", "read")
WINDOW_SECONDS = 86400.0
#: Orders from the sample catalogue.
ORDERS = (
    "Quiero 2 zapatos y 1 camisa",
    "Hola! Me cotiza tres pares de sandalias por favor?",
    "buenas, necesito 5 camisas y dos pantuflas",
    "una camisa y zapatillas, gracias",
    "Buenos días, ¿cuánto salen 10 zapatos escolares?",
)


class Simulator:
    """The simulated Meta. Start it with `async with`, or with start() and stop().

    webhook_url: where webhooks go; "" for nowhere; can be set later. access_token, phone_number_ids: the valid ones;
    empty accepts any. messages_per_second, pair_interval, pair_burst: Meta's limits, 0 for none. enforce_window: refuse
    replies later than 24 hours after the customer's last message. status_delay: seconds from acceptance to `sent`, and
    again to each further status; shuffle_statuses: in random order. batch: events that one POST may carry, collected
    for batch_seconds. event_secrets: those of the events that are posted to events_url.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        webhook_url: str = "",
        app_secret: str = "simulated-app-secret-of-32-characters",  # noqa: S107 - a default for tests
        access_token: str = "",
        phone_number_ids: Collection[str] = (),
        faults: FaultPlan | None = None,
        messages_per_second: int = 0,
        pair_interval: float = 0.0,
        pair_burst: int = 45,
        enforce_window: bool = False,
        statuses: Sequence[str] = STATUSES,
        status_delay: float = 0.05,
        shuffle_statuses: bool = False,
        batch: int = 1,
        batch_seconds: float = 0.02,
        redelivery_seconds: Sequence[float] = REDELIVERY_SECONDS,
        duplicates: float = 0.0,
        event_secrets: Collection[str] = (),
        seed: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.ledger = Ledger(clock)
        self.faults = Faults(faults or FaultPlan(), now=clock())
        self.media = MediaStore(lambda: self.base_url, clock)
        self.graph = Graph(
            self._accepted,
            faults=self.faults,
            media=self.media,
            throughput=Throughput(messages_per_second),
            pair_limit=PairLimit(pair_interval, pair_burst),
            access_token=access_token,
            phone_number_ids=phone_number_ids,
            window_open=self._window_open if enforce_window else None,
            clock=clock,
        )
        self.sender = Sender(
            [webhook_url] if webhook_url else [],
            app_secret,
            self._tried,
            redelivery_seconds=redelivery_seconds,
            duplicates=duplicates,
            seed=seed,
        )
        self.transcriber = Transcriber()
        self.receiver = Receiver(tuple(event_secrets), clock=clock)
        self.phone_number_id = next(iter(phone_number_ids), PHONE_NUMBER_ID)
        self.statuses, self.status_delay, self.shuffle_statuses = tuple(statuses), status_delay, shuffle_statuses
        self._batch, self._batch_seconds = batch, batch_seconds
        self._server = Server(self._handle, host, port)
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        # New customers in every run, because the service under test remembers customers.
        self._new_people = People(time.time_ns() // 1_000_000 * 100 % 10_000_000)
        self._wamids = Wamids()
        self._orders = 0
        self._people: dict[str, Person] = {}
        self._collected: list[tuple[Accepted, str]] = []
        self._statuses_to_come = 0
        self._running = False
        self._traffic: set[asyncio.Task[None]] = set()

    @property
    def base_url(self) -> str:
        """The value for WHATSAPP_API_URL."""
        return f"http://{self._server.host}:{self._server.port}"

    @property
    def events_url(self) -> str:
        """Where the receiver of events is."""
        return self.base_url + EVENTS_PATH

    @property
    def transcribe_url(self) -> str:
        """The value for RECADO_TRANSCRIBE_URL."""
        return f"{self.base_url}/v1"

    @property
    def webhook_url(self) -> str:
        """Where webhooks go; "" for nowhere."""
        return next(iter(self.sender.urls), "")

    @webhook_url.setter
    def webhook_url(self, url: str) -> None:
        self.webhook_urls = [url] if url else []

    @property
    def webhook_urls(self) -> Sequence[str]:
        """Where webhooks go in turn, as behind an ingress with several pods."""
        return self.sender.urls

    @webhook_urls.setter
    def webhook_urls(self, urls: Sequence[str]) -> None:
        self.sender.urls = urls

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        await self._server.start()
        self._running = True

    async def stop(self) -> None:
        """End everything, webhooks under way included."""
        self._running = False
        for task in self._traffic:
            task.cancel()
        await self.sender.close()
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Customers

    def new_person(self, *, hidden: bool = False) -> Person:
        """A customer who never wrote before."""
        return self._new_people.new(hidden=hidden)

    async def send_text(self, text: str, *, sender: Person | None = None) -> LedgerMessage:
        """A customer (by default a new one) writes. Returns after the first response to the webhook, even an error; the
        simulator delivers the webhook again until it gets 200.
        """
        return await self.send(sender or self.new_person(), "text", {"body": text})

    async def send(
        self,
        sender: Person,
        kind: str,
        content: Any,
        *,
        expects_reply: bool = True,
        context: dict[str, Any] | None = None,
    ) -> LedgerMessage:
        """A customer sends a message of any type, which may refer to another. Returns as send_text does."""
        [inbound], webhook = self._write([(sender, kind, content, context)], expects_reply)
        await webhook.tried.wait()
        return inbound

    def person(self, address: str) -> Person:
        """The customer with a phone number or user id. Raises ValueError for a customer who never wrote."""
        if address not in self._people:
            raise ValueError(f"no customer of the address {address!r} ever wrote")
        return self._people[address]

    async def send_batch(self, texts: Sequence[str]) -> list[LedgerMessage]:
        """Sends each text as a new customer; Meta delivers all of them in one POST."""
        written, webhook = self._write([(self.new_person(), "text", {"body": text}, None) for text in texts], True)
        await webhook.tried.wait()
        return written

    async def notify(self, field: str, value: dict[str, Any]) -> None:
        """Meta reports a change of the account, such as `account_update`. Returns after the first response."""
        if not self.webhook_url:
            raise ValueError("there is no webhook URL to send to")
        await self.sender.send(Webhook(webhooks.notice(field, value))).tried.wait()

    async def order(self) -> LedgerMessage:
        """A new customer orders something from the sample catalogue. Returns as send_text does."""
        return await self.send_text(self._next_order())

    async def traffic(self, count: int, per_second: float, *, hidden: float = 0.0) -> None:
        """`count` orders of new customers, each at its time, even if the service is slow; `hidden` is the share of
        customers without phone number. Returns when all webhooks have been sent once.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number in range(count):
            if (wait := started + number / per_second - loop.time()) > 0:
                await asyncio.sleep(wait)
            person = self.new_person(hidden=self._random.random() < hidden)
            self._write([(person, "text", {"body": self._next_order()}, None)], True)

    def begin_traffic(self, count: int, per_second: float, *, hidden: float = 0.0) -> asyncio.Task[None]:
        """traffic(), in the background; it ends with the simulator."""
        task = asyncio.get_running_loop().create_task(self.traffic(count, per_second, hidden=hidden))
        self._traffic.add(task)
        task.add_done_callback(self._traffic.discard)
        return task

    async def settled(self, timeout: float, *, statuses: bool = False) -> bool:  # noqa: ASYNC109 - the time-out is part of the result
        """Waits until every message that expects a reply has one; False if that takes longer than `timeout` seconds.

        With `statuses`, until no webhook is under way either.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while self.ledger.open or (statuses and self.bringing):
            if loop.time() > end:
                return False
            await asyncio.sleep(0.01)
        return True

    @property
    def bringing(self) -> bool:
        """Whether a webhook is being delivered or waits to be."""
        return bool(self.sender.pending or self._statuses_to_come or self._collected)

    def _next_order(self) -> str:
        self._orders += 1
        return ORDERS[self._orders % len(ORDERS)]

    def _write(self, messages: list[Written], expects_reply: bool) -> tuple[list[LedgerMessage], Webhook]:
        if not self.webhook_url:
            raise ValueError("there is no webhook URL to send to")
        now = self.clock()
        written, events, contacts = [], [], []
        for person, kind, content, context in messages:
            wamid = self._wamids.new()
            text = webhooks.words_of(content)
            written.append(self.ledger.wrote(wamid, person.addresses, text, expects_reply=expects_reply))
            self._people |= dict.fromkeys(person.addresses, person)
            events.append(webhooks.message(person, wamid, now, kind, content, context))
            contacts.append(webhooks.contact(person))
        content = webhooks.body(self.phone_number_id, [{"contacts": contacts, "messages": events}])
        return written, self.sender.send(Webhook(content, [inbound.wamid for inbound in written]))

    def _tried(self, webhook: Webhook, outcome: str) -> None:
        for wamid in webhook.wamids:
            self.ledger.tried(wamid, outcome)
        if outcome == "200":
            self.ledger.known(webhook.reached)

    # The business

    def _handle(self, request: Request) -> Any:
        if request.path == EVENTS_PATH and request.method == "POST":
            return self.receiver.handle(request)
        if request.path == TRANSCRIBER_PATH:
            return self.transcriber.handle(request)
        if request.path.startswith("/_simulator"):
            return control(self, request)
        return self.graph.handle(request)

    def _accepted(self, accepted: Accepted) -> None:
        self.ledger.replied(accepted)
        if not self.webhook_url:
            return
        kinds = ["failed"] if accepted.failure else list(self.statuses)
        if self.shuffle_statuses:
            self._random.shuffle(kinds)
        loop = asyncio.get_running_loop()
        for number, kind in enumerate(kinds, 1):
            loop.call_later(number * self.status_delay, self._status, accepted, kind)
        self._statuses_to_come += len(kinds)

    def _status(self, accepted: Accepted, kind: str) -> None:
        self._statuses_to_come -= 1
        if not self._running:
            return
        self._collected.append((accepted, kind))
        if len(self._collected) >= self._batch:
            self._flush()
        elif len(self._collected) == 1:
            asyncio.get_running_loop().call_later(self._batch_seconds, self._flush)

    def _flush(self) -> None:
        """Sends the statuses collected so far, one POST for each business number."""
        collected, self._collected = self._collected, []
        if not self._running:
            return
        by_number: dict[str, list[tuple[Accepted, str]]] = {}
        for accepted, kind in collected:
            by_number.setdefault(accepted.phone_number_id, []).append((accepted, kind))
        now = self.clock()
        for number, statuses in by_number.items():
            people = [self._people.get(accepted.customer) for accepted, _ in statuses]
            value = webhooks.status_value(
                [webhooks.status(one, kind, now, who) for (one, kind), who in zip(statuses, people, strict=True)],
                [who for (_, kind), who in zip(statuses, people, strict=True) if who and kind != "failed"],
            )
            reached = [accepted.wamid for accepted, kind in statuses if kind != "failed"]
            self.sender.send(Webhook(webhooks.body(number, [value]), reached=reached))

    def _window_open(self, customer: str) -> bool:
        written_at = self.ledger.last_written_at(customer)
        return written_at is not None and self.clock() - written_at < WINDOW_SECONDS
