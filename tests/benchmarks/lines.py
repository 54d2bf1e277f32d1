"""`earshot analyse` on many mixed lines: `python -m tests.benchmarks lines` (EARSHOT_LINES=1000 for fewer).

One and two threads answer alike to the byte, in order, and the process never holds more than its share of memory.
"""

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import psutil

from tests.benchmarks.budget import Line
from tests.quality import gate
from tests.service import programs

_LINES = int(os.environ.get("EARSHOT_LINES", "100000"))
_MOST_BYTES = 600 << 20
_LOOK = 0.5


def _write(path: Path) -> None:
    """Write lines of our own sentences, numbered so that none is like another; one in a hundred is no JSON."""
    random, texts = Random(7), [row.text for row in gate.hard_rows()]
    with path.open("w", encoding="utf-8") as lines:
        for number in range(_LINES):
            asked = json.dumps({"id": number, "text": f"{random.choice(texts)} {number}"}, ensure_ascii=False)
            lines.write(asked[: -1 if number % 100 == 99 else None] + "\n")


async def _answered(path: Path, out: Path, threads: int) -> tuple[float, int]:
    """Return the seconds it takes and the most memory it holds."""
    began, most = time.perf_counter(), 0
    with out.open("wb") as answers:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "service.cli", "analyse", str(path), "--threads", str(threads),
            stdout=answers, env=programs.environment(),
        )  # fmt: skip
        watched = psutil.Process(process.pid)
        ended = asyncio.create_task(process.wait())
        while not ended.done():
            held = [watched, *watched.children(recursive=True)] if watched.is_running() else []
            most = max(most, sum(one.memory_info().rss for one in held))
            await asyncio.wait([ended], timeout=_LOOK)
    return time.perf_counter() - began, most


async def measure() -> AsyncIterator[Line]:
    """Yield speed, memory, order and whether one thread and two say the same."""
    with TemporaryDirectory() as folder:
        path, outs = Path(folder) / "lines.jsonl", [Path(folder) / f"{threads}.jsonl" for threads in (1, 2)]
        _write(path)
        took = [await _answered(path, out, threads) for threads, out in enumerate(outs, 1)]
        told = [json.loads(line).get("id") for line in outs[1].read_bytes().splitlines()]
        alike = len({hashlib.sha256(out.read_bytes()).digest() for out in outs}) == 1
    ordered = told == [None if number % 100 == 99 else number for number in range(_LINES)]
    most = max(held for _, held in took)
    rates = " and ".join(f"{_LINES / seconds:.0f}" for seconds, _ in took)
    yield Line(
        what=f"earshot analyse, {_LINES} lines: memory in all ({rates} lines/s on 1 and 2 threads)",
        budget=f"≤ {_MOST_BYTES >> 20} MB",
        measured=f"{most >> 20} MB",
        holds=most <= _MOST_BYTES,
    )
    yield Line(
        what="the same lines on 1 and 2 threads: same bytes, same order",
        budget="yes",
        measured=f"{'same' if alike else 'other'} bytes, {'in' if ordered else 'out of'} order",
        holds=alike and ordered,
    )
