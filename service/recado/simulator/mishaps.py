"""Faults of a part of the simulator, by a plan: a script, always the same fault, or ratios."""

import random
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec

from recado.simulator.faults import FaultError

Kind = TypeVar("Kind", bound=StrEnum)


class MishapPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """script: the faults of the next calls, one each. always: the fault of all later calls. ratios: without `always`,
    the share of calls for each fault. seconds: how long a slow call takes."""

    script: tuple[str, ...] = ()
    always: str = "none"
    ratios: dict[str, float] = {}
    seconds: float = 1.0
    seed: int = 1


class Mishaps(Generic[Kind]):
    """Draws the fault of each call. The same seed and calls give the same faults."""

    def __init__(self, kinds: type[Kind]) -> None:
        self._kinds = kinds
        self.plan = MishapPlan()
        self.reset()

    def reset(self) -> None:
        """Removes all faults."""
        self.change(msgspec.to_builtins(MishapPlan()))

    def change(self, changes: dict[str, Any]) -> MishapPlan:
        """Replaces the named parts of the plan. Raises FaultError and changes nothing if the new plan is invalid."""
        try:
            plan = msgspec.convert({**msgspec.to_builtins(self.plan), **changes}, MishapPlan)
            script = [self._kinds(name) for name in plan.script]
            always = self._kinds(plan.always)
            ratios = {self._kinds(name): share for name, share in plan.ratios.items()}
        except (msgspec.ValidationError, ValueError) as error:
            raise FaultError(str(error)) from error
        self.plan, self._script, self._always, self._ratios = plan, script, always, ratios
        self._random = random.Random(plan.seed)  # noqa: S311 - reproducible on purpose
        return plan

    def draw(self) -> Kind:
        """The fault of the next call."""
        if self._script:
            return self._script.pop(0)
        drawn, edge = self._random.random(), 0.0
        for kind, share in self._ratios.items():
            edge += share
            if drawn < edge:
                return kind
        return self._always
