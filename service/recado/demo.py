"""`recado demo`: shows a newcomer what recado does, with real processes and a simulated Meta.

A service and a simulator start on free ports with a queue of their own. A customer gets a quote, changes it and taps
yes; the shop accepts the order, and the customer is told. Then Meta goes down and orders pile up. Meta comes back,
`recado drain` delivers the replies, and the simulator's ledger shows who got how many.
"""

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from recado.simulator import Simulator
from recado.simulator.chat import Chat, Step
from recado.simulator.graph import Accepted
from recado.simulator.installation import EVENTS_SECRET, SECRETS, Installation, started

ORDER = "Quiero 2 zapatos y 1 camisa"
TALK = (Step(say=ORDER), Step(say="agrega 2 gorras y quita la camisa"), Step(tap="confirm"))
DURING_OUTAGE = (
    "Hola! me das 3 camisetas y un pantalón por favor",
    "media docena de medias deportivas",
    "2 gorras, 1 cinturon y 1 mochila porfa",
    "necesito un vestido de fiesta y una cartera",
    "quiero dos toallas y 4 almohadas",
    "x3 camisas, x1 corbata",
)
PATIENCE_SECONDS = 10.0
DELIVERY_SECONDS = 30.0
#: Seconds in place of the usual minutes.
SHORTENED = {
    "RECADO_BACKOFF_SECONDS": "2,4,8,16",
    "RECADO_BREAKER_PROBE_SECONDS": "1",
    "RECADO_CUSTOMER_INTERVAL_SECONDS": "1",
    "RECADO_LOG_LEVEL": "error",
}

#: What to try while it runs. The lines are printed unwrapped, so each can be copied from a narrow terminal.
COMMANDS = f"""
Running. Try it; stop with Ctrl-C.

A customer writes (the simulator signs it as Meta does):
  curl -s localhost:8090/_simulator/messages -d '{{"texts": ["quiero 3 gorras"]}}'
Another one writes, reads the quote, and taps twice:
  curl -s localhost:8090/_simulator/chats -d '{{"steps": [{{"say": "2 gorras"}}, {{"tap": "confirm", "times": 2}}]}}'
The orders:
  curl -s -H 'Authorization: Bearer {SECRETS["RECADO_ADMIN_TOKEN"]}' localhost:8000/api/v1/orders
The messages and their replies:
  curl -s localhost:8090/_simulator/ledger/full
The queue:
  curl -s -H 'Authorization: Bearer {SECRETS["RECADO_ADMIN_TOKEN"]}' localhost:8000/api/v1/webhook/queue-status
Meta down, and up again:
  curl -s localhost:8090/_simulator/faults -d '{{"outages": [{{}}]}}'
  curl -s localhost:8090/_simulator/faults -d '{{"outages": []}}'
Deliver what waits:
  curl -s -X POST -H 'Authorization: Bearer {SECRETS["RECADO_ADMIN_TOKEN"]}' localhost:8000/api/v1/webhook/retry

Metrics: localhost:9464/metrics    API: localhost:8000/docs
"""

console = Console(highlight=False)


def run(*, keep: bool, postgres: bool = False) -> int:
    """Plays the demo, or with `keep` leaves it running until Ctrl-C or SIGTERM; stops everything that it started.

    With `postgres`, the queue is in a server that the demo starts.

    Returns the exit code: 0 if everything worked, or if `keep` was ended.
    """
    stopped = (KeyboardInterrupt, asyncio.CancelledError)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recado-demo-")))
        settings = {"DATABASE_URL": stack.enter_context(_database())} if postgres else {}
        stack.enter_context(contextlib.suppress(*stopped))
        return asyncio.run(_until_told(_keep(folder, settings) if keep else _play(folder, settings)))
    return 0 if keep else 1


@contextlib.contextmanager
def _database() -> Iterator[str]:
    """The URL of a database with our schema, on a server that is started for it."""
    from recado.queue.postgres.migrations import migrate
    from recado.simulator.postgres import started_server

    with started_server() as server:
        url = server.create("recado")
        migrate(url)
        yield url


async def _until_told(work: Awaitable[int]) -> int:
    """SIGTERM ends the work as Ctrl-C does."""
    task = asyncio.current_task()
    assert task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


async def _play(folder: Path, settings: Mapping[str, str]) -> int:
    async with installation(folder, settings) as shop:
        console.rule("1. A customer orders")
        chat = Chat(shop.simulator)
        replied = await shop.talk(chat, TALK)
        console.rule("2. The shop has the order")
        told = await shop.accept_order(chat)
        console.rule("3. Meta is down")
        shop.simulator.faults.change({"outages": [{"fault": "server_error"}]}, shop.simulator.clock())
        for text in DURING_OUTAGE:
            await shop.simulator.send_text(text)
        console.print(f"{len(DURING_OUTAGE)} more orders came in; each was acknowledged, and its quote stored.")
        waiting = await shop.recado.status()
        console.print(f"The queue: [bold]{waiting['queue_size']} waiting[/], {waiting['failed']} failed.")
        console.rule("4. Meta is back")
        shop.simulator.faults.change({"outages": []}, shop.simulator.clock())
        drained = await shop.drain_until_empty()
        return _verdict(shop.simulator, replied and told and drained, await shop.orders(), await shop.recado.status())


async def _keep(folder: Path, settings: Mapping[str, str]) -> int:
    async with installation(folder, settings, port=8000, metrics_port=9464, simulator_port=8090) as shop:
        await shop.talk(Chat(shop.simulator), TALK[:1])
        show_commands()
        await asyncio.Event().wait()
    return 0


def show_commands() -> None:
    """Prints what to try, without rich, which would wrap or crop lines."""
    print(COMMANDS, flush=True)


class Shop:
    """A running service with its simulated Meta."""

    def __init__(self, simulator: Simulator, recado: Installation) -> None:
        self.simulator = simulator
        self.recado = recado

    async def talk(self, chat: Chat, steps: Sequence[Step]) -> bool:
        """A customer takes one step after the other; shows what he gets. Returns whether he got a reply to each."""
        for step in steps:
            what = f"writes: [bold cyan]{step.say}[/]" if step.say else f"taps: [bold cyan]{chat.choice(step).title}[/]"
            console.print(f"The customer {what}")
            (line,) = await chat.play([step], patience=PATIENCE_SECONDS)
            if not line.read:
                console.print("[red]No reply arrived.[/]")
                return False
            for reply in line.read:
                show_reply(reply, f"after {(reply.at - chat.written[-1].sent_at) * 1000:.0f} ms")
        return True

    async def orders(self) -> list[dict[str, Any]]:
        """The shop's orders, as the admin API gives them."""
        orders: list[dict[str, Any]] = (await self.recado.admin("/api/v1/orders"))["orders"]
        return orders

    async def accept_order(self, chat: Chat) -> bool:
        """The staff accepts the order; returns whether there is one and its customer was told."""
        orders = await self.orders()
        if len(orders) != 1:
            console.print(f"[red]There are {len(orders)} orders.[/]")
            return False
        number, had = orders[0]["number"], len(chat.replies)
        for arguments in (("orders", "list"), ("orders", "accept", number), ("drain",)):
            console.print(f"[bold]recado {' '.join(arguments)}[/]")
            command = self.recado.command(*arguments)
            async with started([command]):
                await asyncio.to_thread(command.wait)
        told = chat.replies[had:]
        self.simulator.ledger.unprompted(told)
        for reply in told:
            show_reply(reply, "the customer reads")
        types = [event["type"] for event in self.simulator.receiver.accepted.values()]
        console.print(f"The shop's own system gets these signed webhooks: [bold]{', '.join(types)}[/].")
        return len(told) == 1 and "order.created" in types

    async def drain_until_empty(self) -> bool:
        """Runs `recado drain` as the CronJob does, until nothing waits; returns whether that was in time."""
        end = asyncio.get_running_loop().time() + DELIVERY_SECONDS
        while asyncio.get_running_loop().time() < end:
            drain = self.recado.command("drain")
            async with started([drain]):
                code = await asyncio.to_thread(drain.wait)
            left = (await self.recado.status())["queue_size"]
            console.print(f"[bold]recado drain[/] ended with exit code {code}; {left} left in the queue.")
            if not left:
                return True
        return False


@contextlib.asynccontextmanager
async def installation(
    folder: Path, settings: Mapping[str, str] = {}, *, port: int = 0, metrics_port: int = 0, simulator_port: int = 0
) -> AsyncIterator[Shop]:
    """A service with its queue in `folder`, and a simulator; on free ports unless told otherwise."""
    simulator = Simulator(
        event_secrets=[EVENTS_SECRET],
        port=simulator_port,
        app_secret=SECRETS["WHATSAPP_APP_SECRET"],
        access_token=SECRETS["WHATSAPP_ACCESS_TOKEN"],
    )
    async with simulator:
        recado = Installation(folder, {**SHORTENED, **settings}, api_url=simulator.base_url)
        recado.receive_events()
        server = recado.server(port=port, metrics_port=metrics_port)
        simulator.webhook_url = f"{server.url}/api/v1/webhook"
        async with started([server]):
            yield Shop(simulator, recado)


def show_reply(reply: Accepted, title: str) -> None:
    """Prints what the customer reads and can tap."""
    choices = "  ".join(f"[ {choice.title} ]" for choice in reply.choices)
    shown = f"{reply.text}\n\n{choices}" if choices else reply.text
    console.print(Panel(Text(shown), title=title, expand=False, border_style="green"), emoji=False)


def _verdict(simulator: Simulator, well: bool, orders: list[dict[str, Any]], status: dict[str, object]) -> int:
    summary = simulator.ledger.summary()
    clean = simulator.ledger.verify(order["quote"] for order in orders).clean
    console.rule("What Meta's side saw")
    console.print(
        f"{summary.inbound} messages, {summary.answered} with a reply, {summary.lost + summary.unanswered} without,"
        f" {summary.doubled} with two, {len(orders)} order; {status['queue_size']} left in the queue,"
        f" {status['avg_attempts']} attempts on average."
    )
    good = well and clean and not status["queue_size"]
    console.print(
        "[bold green]Every reply was delivered exactly once, and the yes is one order.[/]"
        if good
        else "[bold red]Not every reply was delivered exactly once, or the yes is not one order.[/]"
    )
    return 0 if good else 1
