"""Waits of tests: for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")

#: Much longer than any condition takes on a slow and busy machine: only a failing test waits this long.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.005


async def until(true: Callable[[], object | Awaitable[object]]) -> None:
    """Waits until the function, or its coroutine, returns something true. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(POLL_SECONDS)


def wait_for(true: Callable[[], Found]) -> Found:
    """The same without an event loop; returns what the function returned."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := true()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(POLL_SECONDS)
    return found
