"""Conversations with simulated customers, and what the ledger records: taps, carts, edits, orders, replies for
several messages."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from recado.simulator import FaultPlan, Simulator
from recado.simulator.chat import Chat, ChatError, Place, Step
from recado.simulator.interactive import Tappable
from recado.whatsapp.content import Choice, Content, Text, with_choices
from recado.whatsapp.errors import InvalidRequestError
from recado.whatsapp.inbound import Customer, InboundMessage, Location, MessageType
from tests.simulator.shop import Shop, open_shop


class Orders:
    """A shop that quotes and takes orders. `careless`: it makes a second order of a second yes."""

    def __init__(self, shop: Shop) -> None:
        self.placed: list[str] = []
        self.careless = False
        self.open = ""
        self.heard: list[InboundMessage] = []
        shop.content = self.reply

    def reply(self, message: InboundMessage) -> Content:
        self.heard.append(message)
        if (message.tapped or "").endswith(":confirm") or message.text == "sí":
            token = message.tapped.split(":")[1] if message.tapped else self.open
            if self.careless or token not in self.placed:
                self.placed.append(token)
            return Text(f"Pedido {self.placed.index(token) + 1}")
        self.open = f"T{len(self.heard)}"
        choices = [Choice(f"q:{self.open}:confirm", "✅ Sí, confirmar"), Choice(f"q:{self.open}:reject", "❌ No")]
        return with_choices("Total: $10", choices)


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Simulator, Orders, Shop]]:
    async with open_shop(statuses=()) as (meta, shop):
        yield meta, Orders(shop), shop


Open = tuple[Simulator, Orders, Shop]


async def test_a_tap_brings_the_id_of_its_button_and_the_message_it_was_on(shop: Open) -> None:
    """In Meta's form. Both taps of a double tap are messages of their own, and they place one order."""
    meta, orders, _ = shop
    chat = Chat(meta)
    await chat.say("2 zapatos")
    (quote,) = await chat.read()
    taps = await chat.tap("confirm", times=2)
    replies = await chat.read()

    assert [(choice.id, choice.title) for choice in quote.choices] == [
        ("q:T1:confirm", "✅ Sí, confirmar"),
        ("q:T1:reject", "❌ No"),
    ]
    assert len({tap.wamid for tap in taps}) == 2
    heard = orders.heard[1:]
    assert [(m.type, m.tapped, m.text, m.quoted) for m in heard] == [
        (MessageType.INTERACTIVE, "q:T1:confirm", "✅ Sí, confirmar", quote.wamid)
    ] * 2
    assert [reply.text for reply in replies] == ["Total: $10", "Pedido 1", "Pedido 1"]
    assert meta.ledger.verify(orders.placed).clean


async def test_what_a_customer_can_do(shop: Open) -> None:
    """The shop gets each message with its type: a cart, an edit, a revocation, a location, a question about a
    product, a quoted message."""
    meta, orders, _ = shop
    chat = Chat(meta)
    first = await chat.say("2 zapatos", about="CAL-001")
    await chat.fill_cart({"CAM-001": 3}, text="por favor", prices={"CAM-001": 25.5})
    await chat.edit("3 zapatos", message=first)
    await chat.revoke(message=first)
    await chat.share(Place(4.65, -74.1, name="La tienda"))
    await chat.say("sí", quoting=chat.replies[0].wamid)

    about, cart, edit, revoke, place, yes = orders.heard
    assert about.product == "CAL-001"
    assert [(line.sku, line.quantity, str(line.item_price), line.currency) for line in cart.cart] == [
        ("CAM-001", 3, "25.5", "USD")
    ]
    assert (edit.type, edit.text, edit.original) == (MessageType.EDIT, "3 zapatos", first.wamid)
    assert (revoke.type, revoke.original) == (MessageType.REVOKE, first.wamid)
    assert place.location == Location(4.65, -74.1, "La tienda")
    assert yes.quoted == chat.replies[0].wamid


async def test_a_tap_needs_a_button_that_exists(shop: Open) -> None:
    """A tap on a button that no message has is an error; a forged tap is sent all the same."""
    meta, _, _ = shop
    chat = Chat(meta)
    with pytest.raises(ChatError, match="0 messages"):
        await chat.tap("confirm")
    await chat.say("2 zapatos")
    with pytest.raises(ChatError, match="'maybe' is none of"):
        await chat.tap("maybe")
    forged = await chat.tap_choice(chat.replies[0], Tappable("q:FORGED:confirm", "Sí"), yes=False)
    assert forged[0].acknowledged_at


async def test_an_old_button_can_be_tapped(shop: Open) -> None:
    """A button of the first quote, after a second quote came."""
    meta, orders, _ = shop
    lines = await Chat(meta).play(
        [Step(say="2 zapatos"), Step(say="3 zapatos"), Step(tap="❌ No", of=2), Step(say="sí", yes=True)]
    )
    assert [line.did for line in lines] == ["say 2 zapatos", "say 3 zapatos", "tap ❌ No, of 2", "say sí, yes True"]
    assert orders.heard[2].tapped == "q:T1:reject"
    assert meta.ledger.said_yes_to == {"T3"}


async def test_the_ledger_knows_the_orders_that_must_be(shop: Open) -> None:
    """It names the quotes whose orders are missing, doubled or not asked for."""
    meta, orders, _ = shop
    orders.careless = True
    await Chat(meta).play([Step(say="2 zapatos"), Step(tap="confirm", times=2)])
    verdict = meta.ledger.verify([*orders.placed, "T99"])
    assert (verdict.orders_missing, verdict.orders_doubled, verdict.orders_unasked) == ([], ["T1"], ["T99"])
    assert not verdict.clean
    assert meta.ledger.verify([]).orders_missing == ["T1"]
    assert meta.ledger.verify().clean


async def test_one_reply_may_answer_several_messages() -> None:
    """If the business says so, they do not count as lost, and the replies are matched again without them."""
    async with open_shop(statuses=()) as (meta, shop):
        chat = Chat(meta)
        shop.replies = 0
        first = await chat.say("2 zapatos")
        shop.replies = 1
        second = await chat.say("y 1 gorra")
        third = await chat.say("gracias")
        assert meta.ledger.verify().lost == [third.wamid]
        meta.ledger.superseded([first.wamid])

        assert meta.ledger.verify().clean
        assert (meta.ledger.open, meta.ledger.summary().superseded) == (0, 1)
        assert [[reply.text for reply in one.replies] for one in (first, second, third)] == [
            [],
            ["re: y 1 gorra"],
            ["re: gracias"],
        ]


async def test_what_is_superseded_needs_a_later_reply() -> None:
    """Without a later reply the message is lost; a reply of its own is one too many."""
    async with open_shop(statuses=()) as (meta, shop):
        shop.replies = 0
        lost = await Chat(meta).say("2 zapatos")
        shop.replies, shop.quoting = 1, True
        chat = Chat(meta)
        doubled = await chat.say("3 zapatos")
        await chat.say("y 1 gorra")
        meta.ledger.superseded([lost.wamid, doubled.wamid])
        verdict = meta.ledger.verify()
        assert (verdict.lost, verdict.doubled) == ([lost.wamid], [doubled.wamid])


async def test_a_notice_answers_nobody() -> None:
    """If the business says so, it counts neither as a second reply nor as the reply to a waiting message."""
    async with open_shop(statuses=()) as (meta, shop):
        chat = Chat(meta)
        await chat.say("2 zapatos")
        customer = Customer(phone=chat.person.phone)
        await shop.whatsapp.send_message(customer, Text("Listo"), phone_number_id="1", attempt_id="notice")
        assert len(meta.ledger.verify().doubled) == 1
        meta.ledger.unprompted(chat.replies[1:])
        assert meta.ledger.verify().clean
        shop.replies = 0
        lost = await chat.say("¿y?")
        await shop.whatsapp.send_message(customer, Text("Listo"), phone_number_id="1", attempt_id="notice")
        assert meta.ledger.verify().clean
        meta.ledger.unprompted(chat.replies[1:])
        assert meta.ledger.verify().lost == [lost.wamid]


async def test_webhooks_go_to_several_pods_in_turn() -> None:
    """The two taps of a double tap reach different pods."""
    async with open_shop(statuses=()) as (meta, one), open_shop(statuses=()) as (_, two):
        meta.webhook_urls = [f"http://127.0.0.1:{pod.server.port}/api/v1/webhook" for pod in (one, two)]
        await asyncio.gather(*(meta.send_text("sí") for _ in range(4)))
        assert [len(pod.bodies) for pod in (one, two)] == [2, 2]


async def test_buttons_alone_can_be_refused() -> None:
    """A fault for messages with buttons; texts are accepted."""
    async with open_shop(statuses=(), faults=FaultPlan(interactive="code:131009")) as (meta, shop):
        Orders(shop)
        await meta.send_text("2 zapatos")
        assert [type(error) for error in shop.errors] == [InvalidRequestError]
        await meta.send_text("sí")
        assert len(shop.errors) == 1


async def test_chats_over_http(shop: Open) -> None:
    """A script, a tap on a message by the button's title, and a check of the orders. Invalid input gets 400 with the
    reason."""
    meta, orders, _ = shop
    async with httpx.AsyncClient(base_url=f"{meta.base_url}/_simulator/") as http:
        chat = (await http.post("chats", json={"steps": [{"say": "2 zapatos"}]})).json()
        (line,) = chat["lines"]
        (quote,) = line["read"]
        assert (line["did"], quote["text"], quote["kind"]) == ("say 2 zapatos", "Total: $10", "button")
        tapped = await http.post("taps", json={"wamid": quote["wamid"], "choose": "✅ Sí, confirmar"})
        assert tapped.json()[0]["replies"][0]["text"] == "Pedido 1"
        again = {"customer": chat["customer"], "steps": [{"tap": "confirm", "times": 2}]}
        assert (await http.post("chats", json=again)).json()["customer"] == chat["customer"]
        written = (await http.post("messages", json={"texts": ["hola"], "customer": chat["customer"]})).json()
        assert written[0]["customer"] == chat["customer"]
        judged = (await http.post("ledger/verify", json={"orders": orders.placed})).json()
        assert judged == {"lost": [], "doubled": [], "unanswered": []}
        assert "orders_missing" in (await http.post("ledger/verify", json={"orders": []})).json()
        told = await http.post("ledger/superseded", json={"wamids": [written[0]["wamid"]]})
        assert told.json()["superseded"] == 1

        bad: list[tuple[str, Any]] = [
            ("taps", {"wamid": "wamid.NONE", "choose": "confirm"}),
            ("taps", {"wamid": quote["wamid"], "choose": "maybe"}),
            ("chats", {"steps": [{}]}),
            ("chats", {"steps": [{"dance": 1}]}),
            ("chats", {"customer": "+1", "steps": []}),
            ("messages", {"texts": ["hola"], "customer": "+1"}),
            ("ledger/superseded", {"wamids": ["wamid.NONE"]}),
            ("ledger/verify", {}),
        ]
        for path, content in bad:
            refused = await http.post(path, json=content)
            assert (path, refused.status_code) == (path, 400)
            assert refused.json()["error"]
