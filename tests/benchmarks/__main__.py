"""`python -m tests.benchmarks [NAME …]`: measures, and prints a table."""

import asyncio
import sys

from tests.benchmarks import collect, endpoint, latency, lines, matching, search, start, store
from tests.benchmarks.budget import table

BENCHMARKS = {
    "start": start.measure,
    "store": store.measure,
    "collect": collect.measure,
    "matching": matching.measure,
    "search": search.measure,
    "endpoint": endpoint.measure,
    "latency": latency.measure,
    "lines": lines.measure,
}


async def main(names: list[str]) -> int:
    found = [line for name in names or BENCHMARKS async for line in BENCHMARKS[name]()]
    print(table(found))
    return 0 if all(line.holds for line in found) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
