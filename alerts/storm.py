"""Which of the notifications owed to one contact are e-mails of their own, and which go into one that lists them all.
Pure.

No contact gets more than 13 e-mails an hour, and nothing is dropped: what goes beyond is collapsed and counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.types import IncidentId, Owed, Urgency

HOUR = timedelta(hours=1)
#: E-mails of their own, while fewer e-mails than this were owed within the hour.
SINGLES_AN_HOUR = 6
#: Lists are at least so far apart: seven at most within an hour.
BETWEEN_LISTS = timedelta(minutes=10)
#: What else happens in the first minute of a storm goes into its first list.
GATHER = timedelta(minutes=1)
#: So many alerts of a rule within a few seconds are a burst: a further incident of the brand is likely a part of one
#: that is told already, and its first word waits until the stories had time to come together.
BURST, BURST_ALERTS = timedelta(seconds=10), 3
BURST_WAIT = timedelta(seconds=30)
_RANK = {urgency: rank for rank, urgency in enumerate(Urgency)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Allotment:
    """What becomes of the notifications owed to one contact."""

    singles: tuple[Owed, ...]
    bundled: tuple[Owed, ...]


def allot(owed: Sequence[Owed], *, urgencies: Mapping[IncidentId, Urgency], recent: int) -> Allotment:
    """Return which are e-mails of their own, the most urgent first. `urgencies` are the incidents' by id, `recent`
    counts the e-mails owed to the contact within the last hour."""
    ordered = sorted(owed, key=lambda one: (_RANK[urgencies[one.incident_id]], one.incident_id, one.seq))
    room = max(SINGLES_AN_HOUR - recent, 0)
    return Allotment(singles=tuple(ordered[:room]), bundled=tuple(ordered[room:]))


def list_due(*, last_list: datetime | None, now: datetime) -> datetime:
    """Return when the next list leaves."""
    soonest = now + GATHER
    return soonest if last_list is None else max(soonest, last_list + BETWEEN_LISTS)
