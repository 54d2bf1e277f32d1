"""Waits for a condition, never for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T]], *, within: float = 30.0, what: str = "the condition") -> T:
    """Return the condition's first true value. Fails when it stays false."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if value := await condition():
            return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"{what} did not come true within {within:.0f} s")
