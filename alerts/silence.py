"""What keeps an incident from being told: a silence, maintenance, or another incident that tells of it already. Pure.

Suppression is no state. It is worked out whenever something would be owed, so that its end tells at once what is still
open; what happens meanwhile is recorded all the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from alerts.types import BrandId, Incident, IncidentId, RuleId, SourceId

SilenceId = NewType("SilenceId", int)


class SilenceKind(StrEnum):
    """Why somebody wants quiet."""

    SILENCE = "silence"
    #: Planned before: noise that is expected.
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """A span of time in which nobody is told of what matches. None matches everything; what is given must all match."""

    id: SilenceId
    kind: SilenceKind
    brand_id: BrandId | None
    rule_id: RuleId | None
    source_id: SourceId | None
    #: Half open.
    starts_at: datetime
    ends_at: datetime
    reason: str
    author: str

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Suppression:
    """What keeps an incident from being told."""

    silence: Silence | None = None
    #: The open incident that tells of it already.
    incident_id: IncidentId | None = None


def suppression(
    incident: Incident,
    silences: Sequence[Silence],
    *,
    sources: Collection[SourceId],
    told_by: IncidentId | None,
    now: datetime,
) -> Suppression | None:
    """Return what keeps an incident from being told now; None: nothing does. `sources` are those its mentions come
    from, all of which a silence of a source must cover; `told_by` is an open incident that is its cause."""
    for silence in silences:
        if silence.holds(now) and _matches(silence, incident, sources):
            return Suppression(silence=silence)
    return None if told_by is None else Suppression(incident_id=told_by)


def _matches(silence: Silence, incident: Incident, sources: Collection[SourceId]) -> bool:
    return (
        silence.brand_id in (None, incident.brand_id)
        and silence.rule_id in (None, incident.rule_id)
        and (silence.source_id is None or set(sources) == {silence.source_id})
    )
