"""Requests to the service and the simulator before and after a run."""

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from loadtests.verdict import Book, Deliveries, compare

POLL_SECONDS = 0.5


class UnreachableError(Exception):
    """Nothing responds at an address."""


@dataclass(frozen=True)
class Target:
    """Base addresses; an empty one is not used."""

    admin_url: str
    admin_token: str
    simulator_url: str

    def queue_status(self) -> dict[str, Any] | None:
        """The queue's status; None if it is not available."""
        if not (self.admin_url and self.admin_token):
            return None
        status: dict[str, Any] = _get(f"{self.admin_url}/api/v1/webhook/queue-status?limit=1", self.admin_token)
        return status

    def replies(self) -> dict[str, int] | None:
        """Replies to customers who did not write through the simulator, by address; None without a simulator."""
        return _get(f"{self.simulator_url}/_simulator/ledger/unmatched") if self.simulator_url else None

    def settled(self, book: Book, patience: float) -> tuple[Deliveries | None, dict[str, Any] | None]:
        """Waits until every acknowledged message has its reply and the queue is empty, or until nothing has changed for
        `patience` seconds."""
        before, since = None, time.monotonic()
        while True:
            status, replies = self.queue_status(), self.replies()
            deliveries = None if replies is None else compare(book, replies)
            state = (deliveries, waiting(status))
            if not (deliveries and deliveries.lost) and not waiting(status):
                return deliveries, status
            if state != before:
                before, since = state, time.monotonic()
            elif time.monotonic() > since + patience:
                return deliveries, status
            time.sleep(POLL_SECONDS)


def wait_until_reachable(url: str, patience: float) -> None:
    """Waits until an address responds with anything. Raises UnreachableError after `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return
        except OSError as error:
            if time.monotonic() > until:
                raise UnreachableError(f"nothing responds at {url}: {error}") from error
        time.sleep(POLL_SECONDS)


def waiting(status: dict[str, Any] | None) -> int:
    """How many replies the queue still has to send."""
    return sum(status[name] for name in ("pending_retry", "in_flight", "unknown")) if status else 0


def _get(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return json.load(answer)
