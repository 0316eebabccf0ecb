"""The output of `recado events`."""

from collections.abc import Mapping, Sequence

import msgspec

from recado.cli.queue_output import shown_time
from recado.console import Console, cells, table
from recado.events.endpoints import Endpoint, Shown, ShownText
from recado.events.event import shown
from recado.queue.operations.lanes import OpenReason
from recado.queue.protocol import EventLog, QueueReadings
from recado.terminal import print_json

_STATES = {
    None: "ok",
    OpenReason.OUTAGE: "down",
    OpenReason.OPERATOR: "wrongly configured",
    OpenReason.ENDED: "ended by a 410",
}


async def listing(log: EventLog, after: int, types: Sequence[str], *, limit: int, as_json: bool) -> None:
    """Prints a page of events, with customers masked and without what they wrote."""
    events = await log.after(after, limit=limit, types=types)
    if as_json:
        print_json([shown(event, Shown.MASKED, ShownText.NONE) for event in events])
        return
    page = table("id", "type", "time", "conversation", "sequence", "customer")
    for event in events:
        customer = shown(event, Shown.MASKED, ShownText.NONE)["data"].get("customer")
        who = (customer.phone or customer.ref) if customer else "-"
        page.add_row(
            *cells(event.public_id, event.kind, shown_time(event.at), event.conversation or "-", event.sequence, who)
        )
    Console().show(page)
    if len(events) == limit:
        print(f"more: recado events list --after {events[-1].public_id}")


async def show(log: EventLog, id_: int, *, as_json: bool) -> bool:
    """Prints everything about an event; returns whether it exists."""
    events = await log.after(id_ - 1, limit=1)
    if not events or events[0].id != id_:
        return False
    body, deliveries = shown(events[0], Shown.FULL, ShownText.FULL), await log.deliveries(id_)
    if as_json:
        print_json({"event": body, "deliveries": deliveries})
        return True
    print(msgspec.json.format(msgspec.json.encode(body), indent=2).decode())
    found = table("endpoint", "state", "attempts", "due", "reason", "last error")
    for one in deliveries:
        due = shown_time(one.due_at) if one.due_at is not None else "-"
        found.add_row(*cells(one.endpoint, one.state.value, one.attempts, due, one.reason, one.last_error))
    Console().show(found)
    return True


async def endpoints(queue: QueueReadings, configured: Mapping[str, Endpoint], *, as_json: bool) -> None:
    """Prints the endpoints of the file, and those that got events before."""
    readings = queue.snapshot().endpoints
    rows = []
    for name in sorted(configured.keys() | readings.keys()):
        endpoint, reading = configured.get(name), readings.get(name)
        rows.append(
            {
                "name": name,
                "state": _state(endpoint, reading.breaker.open_reason if reading else None),
                "waiting": reading.waiting if reading else 0,
                "oldest_seconds": round(reading.oldest_seconds) if reading else 0,
                "url": endpoint.url.partition("?")[0] if endpoint else "",
                "types": len(endpoint.wanted) if endpoint else 0,
            }
        )
    if as_json:
        print_json(rows)
        return
    found = table("endpoint", "state", "waiting", "oldest (s)", "URL", "types")
    for row in rows:
        found.add_row(*cells(*row.values()))
    Console().show(found)


async def ended(queue: QueueReadings, names: Sequence[str]) -> list[str]:
    """The endpoints that get nothing until an operator resumes them."""
    readings = queue.snapshot().endpoints
    return [name for name in names if name in readings and readings[name].breaker.open_reason is OpenReason.ENDED]


def _state(endpoint: Endpoint | None, open_reason: OpenReason | None) -> str:
    return _STATES[open_reason] if endpoint is not None else "not in the file"
