"""A simulated Meta, for the demo, the tests, the load tests and the drills."""

from recado.simulator.faults import FaultError, FaultPlan, Outage
from recado.simulator.ledger import Ledger, LedgerMessage, LedgerReply, Summary, Verdict
from recado.simulator.simulator import Simulator
from recado.simulator.webhooks import Person

__all__ = [
    "FaultError",
    "FaultPlan",
    "Ledger",
    "LedgerMessage",
    "LedgerReply",
    "Outage",
    "Person",
    "Simulator",
    "Summary",
    "Verdict",
]
