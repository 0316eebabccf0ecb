"""Delivers webhooks as Meta does: at once, and then at growing intervals until each gets a 200."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx

from recado.simulator import webhooks
from recado.whatsapp.transport import GraphTransport, RequestHead

#: Meta does not publish its intervals, only that they grow and end after 7 days. The last one is repeated.
REDELIVERY_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
_TIMEOUTS = {"connect": 5.0, "pool": 60.0, "write": 5.0, "read": 20.0}
_HEADERS = httpx.Headers({"User-Agent": "facebookexternalua", "Accept": "*/*", "Content-Type": "application/json"})


class Webhook:
    """One POST: its body, the ids of its messages, and whether it was tried. `reached`: the business's messages that
    have left Meta or got further, according to its statuses.
    """

    def __init__(self, body: bytes, wamids: Sequence[str] = (), reached: Sequence[str] = ()) -> None:
        self.body = body
        self.wamids = wamids
        self.reached = reached
        self.tried = asyncio.Event()


class Sender:
    """Posts webhooks to `urls` in turn, as an ingress does with several pods. `on_tried` is called after each try, with
    the HTTP status or the name of the error.

    redelivery_seconds: the waits between tries; with (), it never tries again. duplicates: the share of webhooks that
    are sent twice although the first got 200.
    """

    def __init__(
        self,
        urls: Sequence[str],
        secret: str,
        on_tried: Callable[[Webhook, str], None],
        *,
        redelivery_seconds: Sequence[float] = REDELIVERY_SECONDS,
        duplicates: float = 0.0,
        connections: int = 256,
        seed: int = 1,
    ) -> None:
        self.urls, self.secret = urls, secret
        self.counts: Counter[str] = Counter()
        self.redelivery_seconds, self.duplicates = redelivery_seconds, duplicates
        self._on_tried = on_tried
        self._transport = GraphTransport(max_connections=connections)
        self._random = random.Random(seed)  # noqa: S311 - reproducible on purpose
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def urls(self) -> Sequence[str]:
        """Where the webhooks go; empty for nowhere."""
        return self._urls

    @urls.setter
    def urls(self, urls: Sequence[str]) -> None:
        self._urls = urls
        self._heads = itertools.cycle([RequestHead("POST", httpx.URL(url), _HEADERS) for url in urls])

    @property
    def pending(self) -> int:
        """Webhooks that have no 200 yet and are still to be tried."""
        return len(self._tasks)

    def send(self, webhook: Webhook) -> Webhook:
        """Begins to deliver a webhook."""
        self._start(self._deliver(webhook))
        if self.duplicates and self._random.random() < self.duplicates:
            self._start(self._try(webhook))
        return webhook

    async def close(self) -> None:
        """Stops all deliveries."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._transport.aclose()

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, webhook: Webhook) -> None:
        tries = 0
        while not await self._try(webhook) and self.redelivery_seconds:
            wait = self.redelivery_seconds[min(tries, len(self.redelivery_seconds) - 1)]
            tries += 1
            await asyncio.sleep(wait)

    async def _try(self, webhook: Webhook) -> bool:
        try:
            answer = await self._transport.exchange(
                next(self._heads), webhook.body, _TIMEOUTS, header=webhooks.signed(self.secret, webhook.body)
            )
            outcome = str(answer.status)
        except httpx.RequestError as error:
            outcome = type(error).__name__
        self.counts[outcome] += 1
        self._on_tried(webhook, outcome)
        webhook.tried.set()
        return outcome == "200"
