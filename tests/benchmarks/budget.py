"""One line of the table: what, the budget, what was measured, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, kw_only=True)
class Line:
    """A measured number beside its budget."""

    what: str
    budget: str
    measured: str
    holds: bool


def table(lines: Sequence[Line]) -> str:
    """Return the lines as text."""
    rows = [
        ("what", "budget", "measured", ""),
        *((x.what, x.budget, x.measured, "" if x.holds else "MISSED") for x in lines),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value below which so many percent lie."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]
