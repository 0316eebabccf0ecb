"""`recado simulate`: the simulator as a process of its own."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from recado.errors import Expected
from recado.simulator.faults import FaultError, FaultPlan, Faults
from recado.simulator.ledger import Summary
from recado.simulator.simulator import Simulator

#: How long the replies to the last orders may take before the ledger is read.
_SETTLE_SECONDS = 30.0


class SimulateError(Expected):
    """The command cannot do what its options say; the message gives the reason in one line."""


def run(
    *,
    host: str = "127.0.0.1",
    port: int = 8090,
    webhook_url: str = "",
    app_secret: str = "",
    access_token: str = "",
    phone_number_ids: Sequence[str] = (),
    count: int = 0,
    per_second: float = 1.0,
    hidden: float = 0.0,
    duplicates: float = 0.0,
    fault: Sequence[str] = (),
    fault_file: Path | None = None,
    latency_ms: float = 0.0,
    messages_per_second: int = 80,
    pair_interval: float = 6.0,
    enforce_window: bool = False,
    event_secrets: Sequence[str] = (),
    settle_seconds: float = _SETTLE_SECONDS,
) -> int:
    """Serves until SIGINT or SIGTERM. With `count`, sends this many orders, waits for the replies, reports and ends.

    `fault` holds `NAME=RATIO` pairs; `fault_file` a whole plan as JSON. Returns the exit code: 1 if a message of a run
    with `count` did not get exactly one reply. Raises SimulateError for invalid input.
    """
    plan = _plan(fault, fault_file, latency_ms)
    if count and not (webhook_url and app_secret):
        raise SimulateError("to send orders, give the webhook's URL and the app secret")
    simulator = Simulator(
        host=host,
        port=port,
        webhook_url=webhook_url,
        app_secret=app_secret or "simulated-app-secret-of-32-characters",
        access_token=access_token,
        phone_number_ids=phone_number_ids,
        faults=plan,
        messages_per_second=messages_per_second,
        pair_interval=pair_interval,
        enforce_window=enforce_window,
        duplicates=duplicates,
        event_secrets=event_secrets,
    )
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(simulator, count, per_second, hidden, settle_seconds))


async def _serve(simulator: Simulator, count: int, per_second: float, hidden: float, settle_seconds: float) -> int:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        await simulator.start()
    except OSError as error:
        raise SimulateError(f"cannot listen: {error.strerror}") from error
    try:
        say(f"The simulated Meta listens on {simulator.base_url} (WHATSAPP_API_URL); controls: /_simulator")
        if not count:
            await stop.wait()
            return 0
        say(f"{count} orders at {per_second:g}/s to {simulator.webhook_url}")
        traffic = simulator.begin_traffic(count, per_second, hidden=hidden)
        stopping = loop.create_task(stop.wait())
        await asyncio.wait({traffic, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await simulator.settled(settle_seconds)
        stopping.cancel()
        say(report(simulator.ledger.summary()))
        return 0 if simulator.ledger.verify().clean else 1
    finally:
        await simulator.stop()


def report(summary: Summary) -> str:
    """The totals in readable form."""
    seconds = summary.seconds
    times = f"; reply after {seconds['p50']:.3f} s (p50), {seconds['p99']:.3f} s (p99)" if seconds else ""
    return (
        f"{summary.inbound} messages, {summary.acknowledged} acknowledged, {summary.answered} answered, "
        f"{summary.lost} lost, {summary.doubled} doubled, {summary.unanswered} unanswered, "
        f"{summary.redeliveries} redeliveries{times}"
    )


def say(line: str) -> None:
    """Prints one line and flushes it."""
    print(line, file=sys.stderr, flush=True)


def _plan(fault: Sequence[str], fault_file: Path | None, latency_ms: float) -> FaultPlan:
    """The faults that the options name. Raises SimulateError."""
    try:
        plan = FaultPlan() if fault_file is None else msgspec.json.decode(fault_file.read_bytes(), type=FaultPlan)
        ratios = dict(plan.ratios)
        for pair in fault:
            name, _, ratio = pair.partition("=")
            ratios[name] = float(ratio)
        latency = latency_ms / 1e3 or plan.latency_seconds
        plan = msgspec.structs.replace(plan, ratios=ratios, latency_seconds=latency)
        Faults(plan)
    except OSError as error:
        raise SimulateError(f"{fault_file}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise SimulateError(f"{fault_file}: {error}") from error
    except FaultError as error:
        raise SimulateError(str(error)) from error
    except ValueError as error:
        raise SimulateError(f"a fault is NAME=RATIO, such as timeout_after=0.1: {error}") from error
    return plan
