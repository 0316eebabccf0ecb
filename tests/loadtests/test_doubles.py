"""Which second replies are excused: those that the service could not avoid."""

import pytest
from loadtests.chaos.doubles import Kill, is_allowed

from recado.simulator import Ledger
from recado.simulator.graph import Accepted

ANA = "+15550100001"
#: A process died 0.1 s after Meta had accepted the first reply.
DIED = Kill(1000.1, 1000.1)


def sent_twice(*, known_at: float | None = None) -> Ledger:
    """A message, and a reply that Meta accepted at 1000 and again at 1040. known_at: when the service learnt of the
    first."""
    ledger = Ledger(lambda: known_at or 0.0)
    ledger.wrote("wamid.IN", [ANA], "hola")
    for number, at in enumerate((1000.0, 1040.0), 1):
        ledger.replied(Accepted(f"wamid.OUT{number}", ANA, "1", "re", at, f"store.1.{number}"))
    if known_at:
        ledger.known(["wamid.OUT1"])
    return ledger


@pytest.mark.parametrize(
    ("kill", "allowed"),
    [
        (DIED, True),
        (Kill(900.0, 996.0), True),  # the process had not yet reconnected to the restarted server
        (Kill(900.0, 990.0), False),
        (Kill(1006.0, 1006.0), True),
        (Kill(1008.0, 1008.0), False),  # its lease had ended
    ],
)
def test_an_attempt_that_a_kill_cut_off(kill: Kill, allowed: bool) -> None:
    """Something was dead at the time when the result of the first attempt was due."""
    ledger = sent_twice()
    assert is_allowed(ledger, ledger["wamid.IN"], {"wamid.IN": True}, [Kill(0, 0), kill]) is allowed


def test_an_attempt_that_meta_did_not_answer() -> None:
    """A second reply is allowed, whether or not something died."""
    ledger = sent_twice()
    assert is_allowed(ledger, ledger["wamid.IN"], {"wamid.IN": False}, [])


def test_an_outcome_that_the_store_knew() -> None:
    """If the store never marked the attempt as unknown, the reply must not be sent again, whatever died."""
    ledger = sent_twice()
    assert not is_allowed(ledger, ledger["wamid.IN"], {"wamid.OTHER": True}, [DIED])


@pytest.mark.parametrize(("known_at", "allowed"), [(1030.0, False), (1038.0, True), (1041.0, True)])
def test_a_status_that_was_acknowledged(known_at: float, allowed: bool) -> None:
    """It told the service that the first reply was sent, unless the second was claimed by then."""
    ledger = sent_twice(known_at=known_at)
    assert is_allowed(ledger, ledger["wamid.IN"], {"wamid.IN": True}, [DIED]) is allowed


def test_a_message_that_another_reply_answers() -> None:
    """It has two replies, although no attempt was repeated."""
    ledger = Ledger()
    ledger.wrote("wamid.IN", [ANA], "hola")
    ledger.replied(Accepted("wamid.OUT", ANA, "1", "re", 1000.0, "store.1.1", "wamid.IN"))
    ledger.superseded(["wamid.IN"])
    assert ledger.verify().doubled == ["wamid.IN"]
    assert not is_allowed(ledger, ledger["wamid.IN"], {"wamid.IN": True}, [DIED])
