"""A new row of the outbox."""

import msgspec

from recado.queue.model import Reason, State
from recado.whatsapp.content import Content


class NewRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A row of `entry`, in the order of the statement `add`."""

    id: int
    state: State
    channel: str
    lane: str
    key: str
    phone: str | None
    user_id: str | None
    wamid: str | None
    answers: tuple[str, ...] | None
    content: Content
    written_at: float
    received_at: float
    deadline_at: float
    traceparent: str | None
    due_at: float | None = None
    attempts: int = 0
    lease_owner: str | None = None
    lease_until: float | None = None
    reason: Reason | None = None
    finished_at: float | None = None
