"""`recado orders`: the shop's orders on a terminal, and out of it."""

import asyncio
import csv
import json
import time
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from recado.orders import Line, OrderState
from recado.queue.sqlite import SqliteRetryQueue
from recado.runtime import retry_policy
from recado.settings import load
from tests.cli.commands import recado
from tests.clock import FakeClock
from tests.queue.conformance_orders import moving, ordered
from tests.queue.replies import UNLIMITED
from tests.queue.sessions import deciding, quoted, session_of


@pytest.fixture
def numbers(tmp_path: Path) -> list[int]:
    """The numbers of three orders at data/recado.db: placed, accepted, and one with hostile words."""

    async def make() -> list[int]:
        clock = FakeClock(time.time() - 3600)
        queue = SqliteRetryQueue(tmp_path / "data/recado.db", retry_policy(load(UNLIMITED)), clock=clock)
        made = [(await ordered(queue, clock, customer)).number for customer in (1, 2)]
        await queue.move_order(moving(made[1], OrderState.ACCEPTED))
        await quoted(queue, clock, "AAA3", customer=3)
        message = deciding(90, clock, await session_of(queue, clock, 3, may_order=True), customer=3)
        order = message.changes.places
        assert order
        line = Line(sku="X", name="=1+1", quantity=1, unit_price=Decimal(5))
        order = replace(order, lines=(line,), left_out=("@jeans\x1b[2J", "a;=1+1", "b"))
        await queue.add_message(replace(message, changes=replace(message.changes, places=order)), lease=False)
        await queue.close()
        return [*made, order.number]

    return asyncio.run(make())


def test_orders_are_listed_and_shown(tmp_path: Path, numbers: list[int]) -> None:
    """By state, with their customers; one with its lines."""
    listed = recado("orders", "list", folder=tmp_path).stdout
    accepted = json.loads(recado("orders", "list", "--state", "accepted", "--json", folder=tmp_path).stdout)
    paged = recado("orders", "list", "--limit", "1", folder=tmp_path).stdout
    shown = recado("orders", "show", f"P-{numbers[0]}", folder=tmp_path).stdout
    as_json = json.loads(recado("orders", "show", str(numbers[1]), "--json", folder=tmp_path).stdout)

    assert all(f"P-{number}" in listed for number in numbers)
    assert [one["number"] for one in accepted] == [f"P-{numbers[1]}"]
    assert f"more: recado orders list --after {numbers[0]}" in paged
    assert "Zapatos" in shown
    assert "1.5 kg" in shown
    assert "+15550100001" in shown
    assert (as_json["state"], as_json["total"]) == ("accepted", "103.76")


def test_orders_are_moved(tmp_path: Path, numbers: list[int]) -> None:
    """An order moves once; an impossible move prints one line, and the exit code is 2."""
    done = recado("orders", "accept", str(numbers[0]), folder=tmp_path)
    again = recado("orders", "accept", f"p-{numbers[0]}", folder=tmp_path)
    completed = recado("orders", "complete", str(numbers[0]), folder=tmp_path)
    cancelled = recado("orders", "cancel", str(numbers[0]), folder=tmp_path)
    queued = recado("queue", "list", "--state", "queued", "--json", folder=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"P-{numbers[0]} is accepted; the next drain tells the customer\n")
    assert "was accepted already" in again.stdout
    assert completed.returncode == 0
    assert (cancelled.returncode, "cannot become cancelled" in cancelled.stderr) == (2, True)
    assert len(json.loads(queued.stdout)) == 4  # two notices here, one before, and one reply


def test_orders_are_exported(tmp_path: Path, numbers: list[int]) -> None:
    """As JSON lines, and as CSV that no spreadsheet runs."""
    lines = recado("orders", "export", folder=tmp_path).stdout.splitlines()
    placed = recado("orders", "export", "--state", "placed", folder=tmp_path).stdout.splitlines()
    table = recado("orders", "export", "--format", "csv", folder=tmp_path).stdout
    rows = list(csv.DictReader(table.splitlines()))

    assert [json.loads(line)["number"] for line in lines] == [f"P-{number}" for number in numbers]
    assert len(placed) == 2
    assert [row["number"] for row in rows] == [f"P-{n}" for n in (numbers[0],) * 2 + (numbers[1],) * 2 + (numbers[2],)]
    assert [row["line_total"] for row in rows[:2]] == ["91.98", "11.78"]
    assert (rows[-1]["name"], rows[-1]["left_out"]) == ("'=1+1", r"'@jeans\u001b[2J; a;'=1+1; b")
    assert "\x1b" not in table


@pytest.mark.parametrize(
    "words", [("show", "7"), ("show", "P-x"), ("list", "--state", "lost"), ("accept", "7"), ("cancel", "x")]
)
@pytest.mark.usefixtures("numbers")
def test_bad_input_is_one_line_and_exit_2(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Bad input prints one line on stderr and no traceback."""
    done = recado("orders", *words, folder=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("recado")
    assert len(done.stderr.strip().splitlines()) == 1
