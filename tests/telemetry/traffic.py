"""Makes everything happen to recado once: every kind of message, refusal and fault.

Personal data, texts and secrets are marked, so a search for `MARKS` in all telemetry shows leaks.
"""

import asyncio
import contextlib
import datetime
import json
import signal
import socket
import time
from functools import partial
from typing import Any

import apsw

from recado.delivery.channels.whatsapp import NAME
from recado.queue.model import Lane, NewReply
from recado.runtime import open_queue
from recado.settings import load
from recado.simulator.installation import SECRETS
from recado.simulator.simulator import PHONE_NUMBER_ID
from recado.telemetry import metrics
from recado.telemetry.metric import Metric
from recado.whatsapp.content import Button, Buttons
from tests.telemetry.defective import STUMBLES
from tests.telemetry.stack import Stack, message, wait_until, webhook

#: A time zone in which it is about two in the afternoon now, because customers are reminded by day.
AFTERNOON = f"Etc/GMT{datetime.datetime.now(datetime.UTC).hour - 14:+d}"

#: Settings with which everything happens within seconds.
SETTINGS = {
    "RECADO_BACKOFF_SECONDS": "0.4,3,0.4,0.4",  # time to see a second attempt before the third
    "RECADO_UNKNOWN_GRACE_SECONDS": "1.5",
    "RECADO_READ_TIMEOUT_SECONDS": "3",  # time to see a send and kill its drain
    "RECADO_LEASE_SECONDS": "10",
    "RECADO_BREAKER_FAILURES": "6",
    "RECADO_CUSTOMER_MESSAGES_PER_MINUTE": "4",
    "RECADO_RETRY_AFTER_MAX_SECONDS": "1",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "0",
    "RECADO_FAILED_RETENTION_SECONDS": "3",
    "RECADO_MESSAGES_PER_SECOND": "0",
    "RECADO_MAX_CONCURRENT_SENDS": "20000",
    "RECADO_AFTER_WINDOW": "template",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "102290129340398",
    "RECADO_REMINDER_SECONDS": "3600",
    "RECADO_TIMEZONE": AFTERNOON,
}

TEXT = "TEXTOMARCADO"
WRONG_TOKEN = "WRONGTOKENMARKED"
PHONE = "1555444"  # the beginning of all marked phone numbers
USER = "US.MARKED"
WAMID = "wamid.MARKED"

#: The first bytes of every voice note, raw and in base64.
SOUND = ("OggS", "T2dnU")
#: None of these may be in a metric, log line, span or URL.
MARKS = (TEXT, WRONG_TOKEN, PHONE, "MARKED", *SOUND, *SECRETS.values())

THIRD_TIME = f"{WAMID}.third"


def phone(number: int) -> str:
    return f"{PHONE}{number:04d}"


def order(number: int, text: str = "Quiero 2 zapatos", *, wamid: str = "", **fields: object) -> dict[str, object]:
    """A marked customer's message."""
    return message(wamid or f"{WAMID}.{number}", f"{text} {TEXT}", phone=phone(number), **fields)


def everything(stack: Stack) -> int:
    """Runs everything, in about 30 s; returns the id of the reply that was delivered by its third attempt."""
    refusals(stack)
    conversations(stack)
    stack.start_drains(1.0)
    reminder(stack)
    template(stack)
    third = third_time(stack)
    killed_sender(stack)
    hopeless(stack)
    asyncio.run(refused_buttons(stack))
    doubtful(stack)
    catalogue(stack)
    stack.stop_drains()  # a drain that waits for the lock as long as the service would fail, too
    busy_store(stack)
    stack.start_drains(1.0)
    outage(stack)
    operator(stack)
    stack.backup()
    stack.orders(30, per_second=100)
    assert wait_until(lambda: total(stack, metrics.RESCUES) > 0), "no lease was rescued"
    time.sleep(1.5)
    stack.stop_drains()
    return third


def refusals(stack: Stack) -> None:
    """Requests that are not from Meta, or not webhooks."""
    url = f"{stack.web_url}/api/v1/webhook"
    for _ in range(12):
        stack.post(webhook(order(1)), secret="wrong")
    stack.status(url, method="POST", body=b"{}")
    stack.status(url, method="POST", body=b"{}", headers={"X-Hub-Signature-256": "nonsense"})
    stack.status(url, method="POST", body=b"x" * 4_000_000)
    for token in (SECRETS["WHATSAPP_VERIFY_TOKEN"], WRONG_TOKEN):
        stack.status(f"{url}?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1")
    for token in (SECRETS["RECADO_ADMIN_TOKEN"], WRONG_TOKEN):
        stack.status(f"{url}/queue-status", headers={"Authorization": f"Bearer {token}"})
    with socket.create_connection(("127.0.0.1", stack.web_port)) as connection:
        signed = b"X-Hub-Signature-256: sha256=" + b"0" * 64
        connection.sendall(b"POST /api/v1/webhook HTTP/1.1\r\nContent-Length: 9\r\n" + signed + b"\r\n\r\nhalf")
    stack.post({"entry": 7})
    stack.post(webhook(field="calls"))
    stack.post(webhook(field="account_update", event="ACCOUNT_VIOLATION", violation_info={"violation_type": "SPAM"}))
    disabled = {"waba_ban_state": "DISABLE", "requester": f"MARKED {phone(2)}"}
    stack.post(webhook(field="account_update", event="DISABLED_UPDATE", ban_info=disabled))
    stack.post({"entry": [{"changes": [{"field": "messages", "value": {"messages": [7, {"no": "id"}]}}]}]})
    stack.post(webhook(errors=[{"code": 131031, "title": f"Locked {phone(2)}"}]))
    tracestate = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    stack.post(webhook(order(3)), headers=tracestate)


def conversations(stack: Stack) -> None:
    """Each type of message, each kind of reply, duplicates, and messages without a reply."""
    for number, text in enumerate(("hola", "Quiero 2 zapatos", "sí", "Quiero 1 camisa", "no", "xyzzy", "ayuda")):
        person = 20 if text in ("Quiero 2 zapatos", "sí", "Quiero 1 camisa", "no") else 30 + number
        stack.post(webhook(message(f"{WAMID}.c{number}", text, phone=phone(person))))
    for number, text in enumerate(("Quiero 2 zapatos", "agrega 1 gorra", "un asesor por favor")):
        stack.post(webhook(message(f"{WAMID}.edit{number}", text, phone=phone(21))))
    for number, text in enumerate(("baja", "alta")):
        stack.post(webhook(message(f"{WAMID}.permission{number}", text, phone=phone(24))))
    stack.simulator("POST", "chats", {"steps": [{"speak": f"quiero dos zapatos {TEXT}"}]})
    stack.post(webhook(order(40, "Quiero 2 zapatos y 3 unicornios")))
    stack.post(webhook(order(43, STUMBLES), order(44, "½" * 4000)))
    stack.post(webhook(order(41), order(41)))
    stack.post(webhook(order(41)))
    for number in range(7):
        stack.post(webhook(order(42, wamid=f"{WAMID}.many{number}")))
    for number in range(4):
        stack.post(webhook(message(f"{WAMID}.away{number}", f"gracias {TEXT}", phone=phone(43))))
    for number in range(2):
        picture: dict[str, Any] = {"type": "image", "text": None, "image": {"caption": None}}
        stack.post(webhook(order(44, wamid=f"{WAMID}.album{number}", **picture)))
    kinds = ("image", "audio", "reaction", "sticker", "unsupported", "nfc_tap")
    for number, kind in enumerate(kinds):
        other: dict[str, Any] = {"type": kind, "text": None, kind: {"caption": None}}
        stack.post(webhook(order(50 + number, **other)))
    stack.post(webhook(order(60, group_id="G1")))
    stack.post(webhook({**order(61), "from": None}))
    stack.post(webhook({**order(62), "from": None, "from_user_id": f"{USER}0000001"}))
    elsewhere = webhook(order(63))
    elsewhere["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"
    stack.post(elsewhere)
    stack.post(webhook(order(64, timestamp=str(int(time.time()) - 90_000))))
    stack.post(webhook(statuses=[{"id": WAMID, "status": kind} for kind in ("played", "warmed", "read")]))


def reminder(stack: Stack) -> None:
    """A customer wrote two hours ago and has not answered his quote: the test changes the times in the store."""
    stack.post(webhook(order(25, timestamp=str(int(time.time()) - 7200))))

    def reminded() -> bool:
        with contextlib.closing(apsw.Connection(str(stack.database))) as connection:
            connection.set_busy_timeout(5000)
            sql = """UPDATE quote SET accepted_at = c.written_at FROM customer c
                     WHERE c.key = quote.key AND quote.accepted_at IS NOT NULL AND c.written_at < ?"""
            connection.execute(sql, (time.time() - 3600,))
        return total(stack, metrics.REMINDERS) >= 1

    assert wait_until(reminded), "nobody was reminded"


def template(stack: Stack) -> None:
    """A template announces a quote whose window has closed; `conversations` has sent the message."""
    announced = partial(total, stack, metrics.TEMPLATES, "recado_cotizacion_lista", "delivered")
    assert wait_until(lambda: announced() >= 1), "no template was sent"


def third_time(stack: Stack) -> int:
    """A reply that is delivered by its third attempt; its id."""
    stack.faults(poison={f"+{phone(70)}": "server_error"})
    stack.post(webhook(order(70, wamid=THIRD_TIME)))
    twice = "SELECT 1 FROM entry WHERE wamid = ? AND attempts = 2 AND state = 'queued'"
    assert wait_until(lambda: bool(_one(stack, twice, THIRD_TIME)), every=0.02), "no second attempt"
    id_ = int(str(_one(stack, "SELECT id FROM entry WHERE wamid = ?", THIRD_TIME)))
    stack.faults(poison={})
    assert wait_until(lambda: state(stack, THIRD_TIME) in ("delivered", None)), "not delivered"
    return id_


def killed_sender(stack: Stack) -> None:
    """A drain dies while it sends; its lease is rescued later."""
    stack.stop_drains()
    victim = f"{WAMID}.victim"
    stack.faults(poison={f"+{phone(71)}": "server_error"})
    stack.post(webhook(order(71, wamid=victim)))
    stack.faults(poison={f"+{phone(71)}": "timeout"})
    stack.start_victim()
    assert wait_until(lambda: state(stack, victim) == "sending", every=0.01), "the drain does not send"
    stack.end("victim", signal.SIGKILL)
    stack.faults(poison={})
    stack.start_drains(1.0)


def hopeless(stack: Stack) -> None:
    """Replies that Meta refuses permanently, later, for one customer, or repeatedly."""
    faults = ("code:131026", "failed:131026", "code:131056", "server_error", "timeout", "code:100", "throttled")
    poison = {f"+{phone(80 + number)}": fault for number, fault in enumerate(faults)}
    stack.faults(poison=poison)
    for number in range(len(faults)):
        stack.post(webhook(order(80 + number)))
        stack.post(webhook(order(180 + number)))
    assert wait_until(lambda: total(stack, metrics.FAILED_REASONS, "retries_exhausted") >= 1), (
        "retries were not exhausted"
    )
    assert wait_until(lambda: total(stack, metrics.FAILED_REASONS, "unknown") >= 1), "no outcome stayed unknown"
    stack.faults(poison={})


async def refused_buttons(stack: Stack) -> None:
    """Meta refuses buttons, and recado sends the text."""
    to = f"+{phone(100)}"
    stack.faults(poison={to: "code:131009"})
    queue = open_queue(load({"RECADO_DATABASE": str(stack.database)}))
    now = time.time()
    reply = NewReply(
        wamid=f"{WAMID}.buttons",
        lane=Lane(NAME, PHONE_NUMBER_ID),
        key=to,
        phone=to,
        user_id=None,
        content=Buttons(TEXT, (Button("yes", "Sí"),)),
        written_at=now,
        received_at=now,
        deadline_at=now + 1000,
    )
    await queue.add_message(reply, lease=False)
    await queue.close()
    assert wait_until(lambda: total(stack, metrics.TEXT_FALLBACKS) >= 1), "no text went out instead"
    stack.faults(poison={})


def doubtful(stack: Stack) -> None:
    """Responses get lost after the message was accepted; Meta's status settles the attempts."""
    for number, fault in enumerate(("timeout_after", "reset_after", "garbage", "edge_error_after")):
        stack.faults(poison={f"+{phone(90 + number)}": fault})
        stack.post(webhook(order(90 + number)))
    stack.faults(poison={})


def catalogue(stack: Stack) -> None:
    """An invalid new catalogue, and then a valid one."""
    good = stack.catalogue.read_text()
    for text, outcome in (("sku,name\nbroken", "refused"), (good + "\n", "loaded")):
        stack.catalogue.write_text(text)
        series = f'recado_catalogue_reloads_total{{outcome="{outcome}"}} 1.0'
        assert wait_until(partial(_exposes, stack, series)), outcome


def _exposes(stack: Stack, series: str) -> bool:
    return series in stack.exposition()


def busy_store(stack: Stack) -> None:
    """Another process holds the store's lock for longer than the service waits."""
    holder = apsw.Connection(str(stack.database))
    holder.set_busy_timeout(5000)
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert stack.post(webhook(order(95))) == 503
    finally:
        holder.execute("ROLLBACK")
        holder.close()


def meta_is_down(stack: Stack) -> None:
    """The Graph API fails until the breaker opens."""
    stack.faults(outages=[{"fault": "server_error"}])
    stack.orders(20, per_second=50)
    assert wait_until(lambda: breaker(stack) == "outage"), "the breaker did not open"


def outage(stack: Stack) -> None:
    """The Graph API fails until the breaker opens, and comes back until it closes."""
    meta_is_down(stack)
    for number, text in enumerate(("Quiero 2 zapatos", "Quiero 1 camisa")):  # the second quote supersedes the first
        stack.post(webhook(message(f"{WAMID}.super{number}", text, phone=phone(22))))
    stack.faults(outages=[])
    assert wait_until(lambda: breaker(stack) is None), "the breaker did not close"


def operator(stack: Stack) -> None:
    """The access token has expired; a person puts it right."""
    stack.faults(outages=[{"fault": "code:190"}])
    stack.orders(3, per_second=50)
    assert wait_until(lambda: breaker(stack) == "operator"), "nobody was called"
    stack.faults(outages=[])
    assert wait_until(lambda: breaker(stack) is None), "the breaker did not close"


# -- looking into the store --------------------------------------------------------------------------------------------


def state(stack: Stack, wamid: str) -> object:
    """The state of the reply to a message; None when its row is gone."""
    return _one(stack, "SELECT state FROM entry WHERE wamid = ?", wamid)


def breaker(stack: Stack) -> object:
    """Why the breaker is open; None when it is not."""
    return _one(stack, "SELECT open_reason FROM lane WHERE name = ?", PHONE_NUMBER_ID)


def total(stack: Stack, metric: Metric, *labels: str) -> float:
    """A durable total."""
    wanted = json.dumps(labels, separators=(",", ":"))
    found = _one(stack, "SELECT value FROM total WHERE metric = ? AND labels = ?", metric.name, wanted)
    return float(str(found or 0))


def _one(stack: Stack, sql: str, *bindings: object) -> object:
    connection = apsw.Connection(str(stack.database), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(2000)
    try:
        rows = connection.execute(sql, bindings).fetchall()
    finally:
        connection.close()
    return rows[0][0] if rows else None
