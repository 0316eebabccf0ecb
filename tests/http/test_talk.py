"""When the pod replies and when it is silent: identities, bots, albums, backlogs, carts, forms, Meta's notices."""

import json
import logging
from typing import Any

import pytest

from recado.telemetry import metrics
from tests.clock import FakeClock
from tests.http.conftest import Pod, StartPod
from tests.meta import text_message, webhook

ORDER = "Quiero 2 zapatos y 1 camisa"
AWAY = (
    "Gracias por comunicarte con Muebles del Sur. En este momento no podemos atenderte, te responderemos lo antes"
    " posible."
)
IMMEDIATE = {"RECADO_CUSTOMER_INTERVAL_SECONDS": "0"}


def message(n: int, clock: FakeClock, kind: str, content: Any, **more: Any) -> dict[str, Any]:
    """A message of another type than text."""
    raw = text_message(n, "", sent_at=clock(), **more) | {"type": kind, kind: content}
    del raw["text"]
    return raw


def texts(pod: Pod) -> list[str]:
    """The texts that customers read, without choices."""
    said = (sent["text"]["body"] if "text" in sent else sent["interactive"]["body"]["text"] for sent in pod.graph.sent)
    return list(said)


class TestIdentity:
    """Phone numbers and user ids are Meta's, and one customer may have several."""

    @pytest.mark.parametrize("digits", ["22507014657", "22997123456", "5215512345678", "99912345678", "1555"])
    async def test_the_digits_are_answered_as_they_came(
        self, start_pod: StartPod, clock: FakeClock, digits: str
    ) -> None:
        """Regardless of today's numbering plan."""
        raw = text_message(1, ORDER, sent_at=clock()) | {"from": digits, "from_user_id": None}
        async with start_pod() as pod:
            await pod.receive(raw)
            (sent,) = pod.graph.sent

        assert sent["to"] == f"+{digits}"

    @pytest.mark.parametrize("user_id", ["US.ABC123", "ana", "a.b-c_d.9", "MX.ENT.x-1"])
    async def test_any_user_id_is_answered(self, start_pod: StartPod, clock: FakeClock, user_id: str) -> None:
        """Meta may change their form."""
        raw = text_message(1, ORDER, sent_at=clock()) | {"from": None, "from_user_id": user_id}
        async with start_pod() as pod:
            await pod.receive(raw)
            (sent,) = pod.graph.sent

        assert sent["recipient"] == user_id

    @pytest.mark.parametrize(
        "identities",
        [
            [{"from_user_id": None}, {}],
            [{"from_user_id": None}, {}, {"from": None}],
            [{}, {"from": None}],
            [{}, {"from_user_id": None}],
            [{}, {"from_user_id": "US.regenerated"}],
            [{}, {"from_user_id": "US.regenerated"}, {"from": None, "from_user_id": "US.regenerated"}],
        ],
    )
    async def test_a_customer_confirms_the_quote_under_any_name(
        self, start_pod: StartPod, clock: FakeClock, identities: list[dict[str, Any]]
    ) -> None:
        """First with a phone number, then also with a user id, then only with that: he is one customer with one open
        quote."""
        async with start_pod() as pod:
            for n, identity in enumerate(identities):
                words = "muchas gracias" if n else ORDER
                await pod.receive(text_message(n, words, sent_at=clock(), customer=1) | identity)
            answer = await pod.receive(text_message(90, "sí", sent_at=clock(), customer=1) | identities[-1])
            sent = len(pod.graph.sent)
            pending = (await pod.queue.status()).pending_retry
            rows = await pod.queue.list_messages(["queued"])  # type: ignore[list-item]  # by its value
            last = await pod.queue.show(rows[-1].id)

        assert answer["result"]["success"]
        assert (sent, pending) == (1, len(identities))
        assert last is not None
        assert "confirmado" in last["content"]["body"]

    @pytest.mark.parametrize("kind", ["user_changed_number", "user_changed_user_id"])
    async def test_a_customer_with_a_new_number_keeps_his_quote(
        self, start_pod: StartPod, clock: FakeClock, kind: str
    ) -> None:
        """A system message of Meta says that both numbers are one customer's."""
        system = {"type": kind, "user_id": "US.new", "previous_user_id": "US.000001"}
        if kind == "user_changed_number":
            system["wa_id"] = "15550109999"
        async with start_pod(**IMMEDIATE) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            await pod.receive(message(2, clock, "system", system, customer=1))
            await pod.receive(text_message(3, "sí", sent_at=clock()) | {"from": None, "from_user_id": "US.new"})

        assert "confirmado" in texts(pod)[-1]

    async def test_what_is_forgotten_of_a_customer_are_all_his_names(
        self, start_pod: StartPod, clock: FakeClock
    ) -> None:
        """If an operator erases the failed reply, all the customer's names are erased."""
        async with start_pod() as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock() - 90_000, customer=1))
            (failed,) = await pod.queue.get_failed_messages()
            await pod.queue.remove([failed.id])
            names = json.dumps(["700000000000001:US.000001"])
            left = pod.queue.database.read(lambda found: found.run("identities", names))  # type: ignore[attr-defined]  # SQLite's

        assert left == []


class TestRestraint:
    """Two bots do not talk for long."""

    async def test_an_away_message_is_answered_a_few_times(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Then recado is silent and counts, until it has something different to say."""
        async with start_pod(**IMMEDIATE) as pod:
            answers = []
            for n in range(30):
                answers.append(await pod.receive(text_message(n, AWAY, sent_at=clock(), customer=1)))
                clock.advance(6)
            until = len(pod.graph.sent)
            await pod.receive(text_message(99, ORDER, sent_at=clock(), customer=1))
            silenced = pod.count(metrics.UNANSWERED.name, reason="repetitive")
            answered = pod.count(metrics.REPLIES.name, kind="thanks")

        assert [a["result"].get("ignored") for a in answers] == [None] * 3 + ["repetitive"] * 27
        assert (until, silenced, answered) == (3, 27, 3)
        assert "Cotización" in texts(pod)[-1]

    async def test_silence_outlives_the_pod_and_a_second_delivery(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The count is in the store, in the message's transaction."""
        for n in range(4):
            async with start_pod(**IMMEDIATE) as pod:
                message = text_message(n, AWAY, sent_at=clock(), customer=1)
                first, again = await pod.receive(message), await pod.receive(message)
                assert first["result"].get("ignored") == ("repetitive" if n == 3 else None)
                assert again["result"]["duplicate"]
                assert len(pod.graph.sent) == (n < 3)

    async def test_an_album_gets_one_reply(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Ten pictures, in one POST or several."""
        pictures = [message(n, clock, "image", {"id": str(n)}, customer=1) for n in range(10)]
        async with start_pod(**IMMEDIATE) as pod:
            await pod.receive(*pictures[:6])
            for picture in pictures[6:]:
                clock.advance(1)
                await pod.receive(picture)
            folded = pod.count(metrics.UNANSWERED.name, reason="album")

        assert (len(pod.graph.sent), folded) == (1, 9)

    async def test_a_caption_speaks_for_its_album(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The order is quoted, and nobody is asked to write."""
        captioned = message(0, clock, "image", {"id": "0", "caption": ORDER}, customer=1)
        pictures = [message(n, clock, "image", {"id": str(n)}, customer=1) for n in range(1, 10)]
        async with start_pod(**IMMEDIATE) as pod:
            await pod.receive(captioned, *pictures)

        assert ["Cotización" in text for text in texts(pod)] == [True]


class TestBacklog:
    """After a downtime of recado."""

    async def test_hours_of_messages_are_all_answered(self, start_pod: StartPod, clock: FakeClock) -> None:
        """Sixty messages that a customer wrote a minute apart arrive at once: all get replies."""
        orders = [
            text_message(n, f"Quiero {n + 1} zapatos", sent_at=clock() - 60 * (60 - n), customer=1) for n in range(60)
        ]
        async with start_pod(RECADO_CUSTOMER_MESSAGES_PER_MINUTE="2", **IMMEDIATE) as pod:
            answer = await pod.receive(*orders)

        assert [result.get("ignored") for result in answer["results"]] == [None] * 60

    async def test_a_flood_is_a_flood_whenever_it_comes(self, start_pod: StartPod, clock: FakeClock) -> None:
        """By the time of writing, under any name."""
        flood = [text_message(n, f"Quiero {n + 1} zapatos", sent_at=clock() - 3600, customer=1) for n in range(5)]
        flood[1] |= {"from": None}
        flood[2] |= {"from_user_id": None}
        async with start_pod(RECADO_CUSTOMER_MESSAGES_PER_MINUTE="2", **IMMEDIATE) as pod:
            answer = await pod.receive(*flood)

        assert [result.get("ignored") for result in answer["results"]] == [None] * 3 + ["too_many"] * 2


class TestTaps:
    """Messages that are sent by a tap."""

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            (
                "interactive",
                {"type": "nfm_reply", "nfm_reply": {"name": "flow", "body": "Sent", "response_json": "{}"}},
            ),
            ("interactive", {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}),
            ("interactive", {"type": "button_reply", "button_reply": {"id": "1"}}),
            ("button", {"payload": "campaign-7"}),
            ("order", {"catalog_id": "1", "product_items": []}),
        ],
    )
    async def test_who_tapped_is_not_asked_to_write(
        self, start_pod: StartPod, clock: FakeClock, kind: str, content: dict[str, Any]
    ) -> None:
        """A finished form, a call permission and a template's button without words get no reply; they are counted."""
        async with start_pod() as pod:
            answer = await pod.receive(message(1, clock, kind, content))

        assert answer["result"]["ignored"] == "type"
        assert pod.graph.sent == []

    async def test_a_templates_button_says_what_stands_on_it(self, start_pod: StartPod, clock: FakeClock) -> None:
        """The button's words are read like a text."""
        async with start_pod(**IMMEDIATE) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            await pod.receive(message(2, clock, "button", {"payload": "yes", "text": "Sí"}, customer=1))

        assert "confirmado" in texts(pod)[-1]

    async def test_a_cart_is_quoted_at_our_prices(self, start_pod: StartPod, clock: FakeClock) -> None:
        """By sku. The reply names what is not sold; Meta's prices are not used."""
        item = {"item_price": 1.0, "currency": "USD"}
        items = [
            {"product_retailer_id": "ACC-001", "quantity": 2, **item},
            {"product_retailer_id": "XXX-9", "quantity": 1, **item},
            {"product_retailer_id": "CAL-001", "quantity": "1", **item},
            {"product_retailer_id": "CAM-001", "quantity": "many", **item},
            7,
        ]
        order = {"catalog_id": "5001", "text": "para mañana porfa", "product_items": items}
        async with start_pod() as pod:
            answer = await pod.receive(message(1, clock, "order", order))
            (text,) = texts(pod)

        quote = answer["result"]["quote"]
        assert [(i["sku"], i["quantity"], i["unit_price"]) for i in quote["items"]] == [
            ("ACC-001", 2, "13.00"),
            ("CAL-001", 1, "45.99"),
        ]
        assert quote["unmatched"] == ["XXX-9", "Camisa"]
        assert "No encontré «XXX-9»" in text
        assert "Zapatos cuesta $45.99 (en tu carrito decía $1.00)" in text

    async def test_a_quote_is_confirmed_by_its_button(self, start_pod: StartPod, clock: FakeClock) -> None:
        """After two taps there is one order; the reply to the second has its number."""
        async with start_pod(RECADO_BUTTONS="true", **IMMEDIATE) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            (quote,) = pod.graph.sent
            button = quote["interactive"]["action"]["buttons"][0]["reply"]
            clock.advance(10)
            tapped = {"type": "button_reply", "button_reply": button}
            for n in (2, 3):
                await pod.receive(message(n, clock, "interactive", tapped, customer=1))
            first, second = texts(pod)[1:]

        assert button["title"] == "✅ Sí, confirmar"
        assert "¡Pedido P-1001 confirmado!" in first
        assert "Tu pedido *P-1001* ya está confirmado" in second

    @pytest.mark.parametrize("turned", [False, True])
    @pytest.mark.parametrize("tap_at", [0, 1, 2])
    async def test_a_tap_inside_a_burst_confirms_what_it_was_on(
        self, start_pod: StartPod, clock: FakeClock, tap_at: int, turned: bool
    ) -> None:
        """Meta's timestamps count, in any order of delivery: a tap after a change confirms nothing."""
        async with start_pod(RECADO_BUTTONS="true", **IMMEDIATE) as pod:
            await pod.receive(text_message(1, ORDER, sent_at=clock(), customer=1))
            (quote,) = pod.graph.sent
            button = quote["interactive"]["action"]["buttons"][0]["reply"]
            clock.advance(20)
            said = [
                text_message(n, text, sent_at=0, customer=1) for n, text in ((2, "agrega 1 gorra"), (3, "y 1 bufanda"))
            ]
            tap = message(4, clock, "interactive", {"type": "button_reply", "button_reply": button}, customer=1)
            said.insert(tap_at, tap)
            for n, one in enumerate(said):
                one["timestamp"] = str(int(clock()) - 10 + n)
            await pod.receive(*(reversed(said) if turned else said))

        assert any("¡Pedido P-" in text for text in texts(pod)) == (tap_at == 0)

    async def test_a_cart_can_be_confirmed(self, start_pod: StartPod, clock: FakeClock) -> None:
        """It is a quote like any other; its note may order more."""
        items = [{"product_retailer_id": "ACC-001", "quantity": 2}]
        cart = message(1, clock, "order", {"text": "y 3 camisas", "product_items": items}, customer=1)
        async with start_pod(**IMMEDIATE) as pod:
            answer = await pod.receive(cart)
            await pod.receive(text_message(2, "✔️", sent_at=clock(), customer=1))

        assert [(i["sku"], i["quantity"]) for i in answer["result"]["quote"]["items"]] == [
            ("CAM-001", 3),
            ("ACC-001", 2),
        ]
        assert "confirmado" in texts(pod)[-1]


class TestNotices:
    """Warnings of Meta."""

    async def test_a_warning_is_told_counted_and_kept(
        self, start_pod: StartPod, clock: FakeClock, caplog: pytest.LogCaptureFixture
    ) -> None:
        """In the log, in a counter by event, and in the store, which outlives the pod."""
        value = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
        async with start_pod() as pod:
            response = await pod.post(_about("account_update", value))
            snapshot = pod.queue.snapshot()

        assert response.json() == {"status": "ok", "result": None, "results": []}
        assert snapshot.totals[metrics.ACCOUNT_NOTICES.name, ("account_disabled",)] == 1
        assert snapshot.instants["account_stopped_at"] == clock()
        [record] = [r for r in caplog.records if getattr(r, "action", "") == "account.notice"]
        assert (record.levelno, record.event, record.gravity) == (  # type: ignore[attr-defined]  # fields of the line
            logging.WARNING,
            "account_disabled",
            "stops",
        )

    async def test_what_meta_takes_back_is_over(self, start_pod: StartPod, clock: FakeClock) -> None:
        """After a reinstatement the account counts as neither stopped nor threatened."""
        async with start_pod() as pod:
            for state in ("SCHEDULE_FOR_DISABLE", "REINSTATE"):
                await pod.post(
                    _about("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}})
                )
            instants = pod.queue.snapshot().instants

        assert (instants["account_stopped_at"], instants["account_threatened_at"]) == (0.0, 0.0)


def _about(field: str, value: dict[str, Any]) -> bytes:
    """A webhook of another field than `messages`."""
    body = json.loads(webhook())
    body["entry"][0]["changes"] = [{"field": field, "value": value}]
    return json.dumps(body).encode()
