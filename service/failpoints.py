"""Places where a test can kill the process: every await between a claim and its commit.

`EARSHOT_FAILPOINT=analyse.judged` dies at that point; `EARSHOT_FAILPOINT=analyse.claimed+7` behind the seventh
statement that the database answered after it, as far as the stage's last point. So no step between two statements is
left out.
"""

import os
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum


class Failpoint(StrEnum):
    """Every named place, as stage.moment: the claims, the work outside the database, and the ends."""

    COLLECT_CLAIMED = "collect.claimed"
    COLLECT_FETCHED = "collect.fetched"
    COLLECT_COMMITTED = "collect.committed"
    RECEIVE_CLAIMED = "receive.claimed"
    RECEIVE_READ = "receive.read"
    RECEIVE_COMMITTED = "receive.committed"
    ANALYSE_CLAIMED = "analyse.claimed"
    ANALYSE_JUDGED = "analyse.judged"
    ANALYSE_COMMITTED = "analyse.committed"
    DELIVER_CLAIMED = "deliver.claimed"
    DELIVER_COMPOSED = "deliver.composed"
    DELIVER_SENT = "deliver.sent"
    DELIVER_MARKED = "deliver.marked"


#: The point that ends a stage's counting of statements.
_LAST = {
    Failpoint.COLLECT_CLAIMED: Failpoint.COLLECT_COMMITTED,
    Failpoint.RECEIVE_CLAIMED: Failpoint.RECEIVE_COMMITTED,
    Failpoint.ANALYSE_CLAIMED: Failpoint.ANALYSE_COMMITTED,
    Failpoint.DELIVER_CLAIMED: Failpoint.DELIVER_MARKED,
}


@dataclass
class _Countdown:
    """Statements left to live; shared by the tasks that a stage starts."""

    left: int
    until: Failpoint | None


_NAME, _, _STATEMENTS = os.environ.get("EARSHOT_FAILPOINT", "").partition("+")
#: Whether statements are counted at all.
COUNTING = bool(_STATEMENTS)
_countdown: ContextVar[_Countdown | None] = ContextVar("countdown", default=None)


def reach(point: Failpoint) -> None:
    """Die at once, as by kill -9, where `EARSHOT_FAILPOINT` names this place; with a number, begin to count."""
    counting = _countdown.get()
    if counting is not None and counting.until == point:
        counting.left = 0
    if point != _NAME:
        return
    if not COUNTING:
        os._exit(137)
    _countdown.set(_Countdown(left=int(_STATEMENTS), until=_LAST.get(point)))


def answered() -> None:
    """Note that the database answered a statement of this stage; die where that was the one."""
    counting = _countdown.get()
    if counting is None or not counting.left:
        return
    counting.left -= 1
    if not counting.left:
        os._exit(137)
