"""What modules below the transaction write with: the part of it that they use."""

from collections.abc import Callable
from typing import Protocol

from recado.events.facts import Fact
from recado.notices.notice import NoticeKind
from recado.queue.model import Audience
from recado.queue.operations.lanes import Lanes
from recado.queue.statements import Row
from recado.telemetry.totals import Totals


class Writing(Protocol):
    """A write transaction, which transaction.py makes; that module imports those that use this."""

    run: Callable[..., list[Row]]
    now: float
    audience: Audience
    totals: Totals
    lanes: Lanes

    def take_ids(self, count: int) -> int: ...

    def note(self, kind: NoticeKind, what: str) -> None: ...

    def tell(
        self,
        key: str,
        fact: Fact,
        phone: str | None = None,
        user_id: str | None = None,
        traceparent: str | None = None,
    ) -> None: ...

    def reference(self, prefix: str, name: str) -> str: ...
