"""Places where a test can kill the process: before and behind each step between a claim and its commit."""

import os
from enum import StrEnum


class Failpoint(StrEnum):
    """Every place, named stage.moment; `tests/service/test_failpoints.py` dies at each of them."""

    COLLECT_CLAIMED = "collect.claimed"
    COLLECT_FETCHED = "collect.fetched"
    COLLECT_INGESTED = "collect.ingested"
    COLLECT_RECORDED = "collect.recorded"
    COLLECT_COMMITTED = "collect.committed"
    ANALYSE_CLAIMED = "analyse.claimed"
    ANALYSE_JUDGED = "analyse.judged"
    ANALYSE_STORED = "analyse.stored"
    ANALYSE_ALERTED = "analyse.alerted"
    ANALYSE_COMMITTED = "analyse.committed"
    DELIVER_CLAIMED = "deliver.claimed"
    DELIVER_COMPOSED = "deliver.composed"
    DELIVER_SENT = "deliver.sent"
    DELIVER_MARKED = "deliver.marked"


_ARMED = os.environ.get("EARSHOT_FAILPOINT")


def reach(point: Failpoint) -> None:
    """Die at once, as by kill -9, where `EARSHOT_FAILPOINT` names this place."""
    if point == _ARMED:
        os._exit(137)
