"""The judgement of conversations: the store's rows compared with what reached the customers."""

from collections.abc import Sequence
from pathlib import Path

import apsw
from loadtests.chaos.talks import Rows, judge

from recado.simulator import Ledger
from recado.simulator.graph import Accepted

ANA = "+15550100001"


def store(path: Path, entries: Sequence[tuple[int, str, str | None, float, str | None]], orders: list[str]) -> Rows:
    """A database with replies (id, wamid, answers, written_at, reason), all to one customer, and orders by token."""
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE entry (id, wamid, answers, written_at, reason, key DEFAULT 'ana')")
    connection.execute("CREATE TABLE shop_order (quote)")
    connection.executemany("INSERT INTO entry (id, wamid, answers, written_at, reason) VALUES (?, ?, ?, ?, ?)", entries)
    connection.executemany("INSERT INTO shop_order VALUES (?)", [(token,) for token in orders])
    return lambda statement: list(connection.execute(statement))


def ledger_of(*wamids: str, sent: list[tuple[int, float]], yes: tuple[str, ...] = ()) -> Ledger:
    """Messages and their authors, and the entries that arrived as (id, at)."""
    ledger = Ledger(lambda: 1.0)
    for wamid in wamids:
        ledger.wrote(wamid, [ANA], "hola")
    for number, (id_, at) in enumerate(sent):
        ledger.replied(Accepted(f"wamid.OUT{number}", ANA, "1", "re", at, f"store.{id_}.1"))
    for token in yes:
        ledger.said_yes(token)
    return ledger


def test_one_reply_for_each_message_in_order_and_one_order_for_each_yes(tmp_path: Path) -> None:
    """A reply to two messages counts for both."""
    entries = [(1, "a", None, 10.0, "superseded"), (2, "b", '["a"]', 11.0, None), (3, "c", None, 12.0, None)]
    ledger = ledger_of("a", "b", "c", sent=[(2, 20.0), (3, 21.0)], yes=("T1",))
    talks = judge(store(tmp_path / "db", entries, ["T1"]), ledger, 1, ())
    assert talks.good
    assert (talks.conversations, talks.said_yes, talks.superseded) == (1, 1, 1)


def test_everything_that_must_not_be_is_counted(tmp_path: Path) -> None:
    """No reply, two replies, replies in the wrong order; a yes without an order, with two orders, an order without a
    yes."""
    entries = [(1, "a", None, 10.0, None), (2, "b", None, 11.0, None), (3, "c", None, 12.0, None)]
    ledger = ledger_of("a", "b", "c", sent=[(2, 20.0), (1, 21.0), (1, 22.0)], yes=("T1", "T2"))
    ledger.known(["wamid.OUT1"])
    talks = judge(store(tmp_path / "db", entries, ["T2", "T2", "T3"]), ledger, 1, ["b"])
    assert (talks.lost, talks.doubled, talks.disordered) == (1, 1, 1)
    assert (talks.orders_missing, talks.orders_doubled, talks.orders_unasked) == (1, 1, 1)
    assert not talks.good


def test_a_message_that_came_later_may_be_answered_later(tmp_path: Path) -> None:
    """Although it was written earlier: Meta delivered it late."""
    entries = [(1, "b", None, 11.0, None), (2, "a", None, 10.0, None)]
    ledger = ledger_of("a", "b", sent=[(1, 20.0), (2, 21.0)])
    assert judge(store(tmp_path / "db", entries, []), ledger, 1, ()).disordered == 0


def test_a_reply_may_be_sent_again_where_nobody_knows_of_the_first(tmp_path: Path) -> None:
    """The attempt's outcome was unknown, and the status came too late or not at all."""
    ledger = ledger_of("a", sent=[(1, 20.0), (1, 21.0)])
    rows = store(tmp_path / "db", [(1, "a", None, 10.0, None)], [])
    in_doubt, recorded = judge(rows, ledger, 1, ["a"]), judge(rows, ledger, 1, ())
    assert (in_doubt.repeated, in_doubt.doubled, in_doubt.good) == (1, 0, True)
    assert (recorded.repeated, recorded.doubled, recorded.good) == (0, 1, False)
