"""A warm start of everything, and the memory of everything at rest."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx
import psutil

from service import database
from tests.benchmarks.budget import Line
from tests.benchmarks.places import open_folder
from tests.places import free_port
from tests.service import programs
from tests.service.waiting import until


async def _ready(port: int) -> None:
    async with httpx.AsyncClient() as client:

        async def answers() -> bool:
            try:
                return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(answers, within=120, what="readiness")


def _proportional_bytes(pids: Iterable[int]) -> int:
    """Return the memory of processes and their descendants, what they share counted once."""
    roots = [psutil.Process(pid) for pid in pids]
    family = [*roots, *(child for root in roots for child in root.children(recursive=True))]
    return sum(process.memory_full_info().pss for process in family)


def _postgres_pid(data_dir: Path) -> int:
    pid = database.running_pid(database.server_folder(data_dir))
    assert pid is not None
    return pid


async def measure() -> AsyncIterator[Line]:
    """Yield the seconds of a second start and the memory afterwards."""
    with open_folder() as folder:
        port = free_port()
        settings = {"EARSHOT_DATA_DIR": str(folder / "data"), "EARSHOT_PORT": str(port)}
        with programs.started("up", "--demo", settings=settings) as first:
            await _ready(port)
            programs.end(first)
        began = time.perf_counter()
        with programs.started("up", "--demo", settings=settings) as second:
            await _ready(port)
            seconds = time.perf_counter() - began
            await asyncio.sleep(15)  # the demo's history is collected and judged
            memory = _proportional_bytes([second.pid, _postgres_pid(folder / "data")]) / 1e6
            programs.end(second)
    yield Line(what="warm start to /readyz", budget="≤ 5 s", measured=f"{seconds:.1f} s", holds=seconds <= 5)
    yield Line(what="memory of everything (PSS)", budget="≤ 700 MB", measured=f"{memory:.0f} MB", holds=memory <= 700)
