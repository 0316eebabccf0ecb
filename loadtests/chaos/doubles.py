"""Decides whether a reply may have been sent twice: only if the service could not know that the first one was sent.

That is so if the first attempt got no response from Meta, or a process died before the result was recorded, and until a
status of Meta is acknowledged. The store itself shows which attempts these were.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from loadtests.chaos.installation import LEASE_SECONDS

from recado.queue.postgres.connection import RETRY_SECONDS
from recado.simulator import Ledger
from recado.simulator.graph import Accepted
from recado.simulator.ledger import LedgerMessage, LedgerReply

#: How long a process may need to reconnect after a server is back.
RECONNECT_SECONDS: Final = RETRY_SECONDS[1]
#: How long before it is sent a reply may have been claimed. A status that arrives in between cannot stop it. This is
#: milliseconds on a quiet machine, and was up to 1.9 s where fifteen processes waited for two cores.
CLAIM_SECONDS: Final = 3.0


class Kill(msgspec.Struct, frozen=True):
    """A process or server was down between two moments."""

    began: float
    ended: float

    def cut_off(self, at: float) -> bool:
        """Whether the result of an attempt that Meta accepted at this moment may be unrecorded."""
        return at - RECONNECT_SECONDS <= self.ended and self.began <= at + LEASE_SECONDS


def is_allowed(ledger: Ledger, message: LedgerMessage, in_doubt: Mapping[str, bool], kills: Sequence[Kill]) -> bool:
    """Whether a message may have more than one reply. `in_doubt` is the installation's."""
    pairs = list(itertools.pairwise(message.arrived))
    if not pairs or message.superseded or message.wamid not in in_doubt:
        return False
    unrecorded = in_doubt[message.wamid]
    return all(
        is_unknown(ledger, *pair) and (not unrecorded or any(kill.cut_off(pair[0].at) for kill in kills))
        for pair in pairs
    )


def is_unknown(ledger: Ledger, first: Accepted | LedgerReply, second: Accepted | LedgerReply) -> bool:
    """Whether the service had acknowledged no status of the first reply when it claimed the second."""
    known_at = ledger.known_at(first.wamid)
    return known_at is None or known_at > second.at - CLAIM_SECONDS
