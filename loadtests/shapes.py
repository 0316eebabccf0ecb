"""The rate of messages by the time since the start."""

from collections.abc import Callable

#: The default duration of a run in seconds.
SECONDS = {"steady": 60.0, "ramp": 300.0, "spike": 120.0, "soak": 3600.0, "monday": 120.0}
SPIKE_FACTOR = 5
RAMP_STEPS = 10


def steady(share: float) -> float:
    return 1.0


def ramp(share: float) -> float:
    """From a tenth of the tier to all of it, in steps."""
    return min(RAMP_STEPS, int(share * RAMP_STEPS) + 1) / RAMP_STEPS


def spike(share: float) -> float:
    """Five times the tier in the middle fifth."""
    return SPIKE_FACTOR if 0.4 <= share < 0.6 else 1.0


#: The factor of the tier by the elapsed share of the run. `monday` uses the tier's rate, and delivers the backlog in
#: addition, in batches.
SHAPES: dict[str, Callable[[float], float]] = {
    "steady": steady,
    "ramp": ramp,
    "spike": spike,
    "soak": steady,
    "monday": steady,
}


def rate_at(shape: str, second: float, *, rate: float, seconds: float) -> float | None:
    """Messages a second at a moment; None if the run is over."""
    if second >= seconds:
        return None
    return rate * SHAPES[shape](second / seconds)
