"""Finds the story each judged text tells: a near copy by its letters, else the same event by its meaning.

texts | near copies by shingles | same event by embedding | stories opened, joined and centred
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.types import BrandId, StoryId
from analysis import stories
from analysis.types import Analysis
from service.store import story
from service.store.pool import Connection
from service.store.story import Centred, NewStory

#: Posts further apart are told apart, however alike they read.
STORY_WINDOW = timedelta(days=3)
#: So many tellings say what a story is about; the next ones move it less and less.
_MOST_WEIGHT = 20

Vector = NDArray[np.float32]


async def stories_of(
    conn: Connection, brand_id: BrandId, told: Sequence[tuple[str, Analysis]], *, now: datetime
) -> list[StoryId]:
    """Return the recent story of the brand that each text tells again, else a new one. The caller holds the brand's
    story lock."""
    signatures = [stories.signature(text) for text, _ in told]
    bands = [() if one is None else tuple(stories.bands(one)) for one in signatures]
    near = await story.candidates(conn, brand_id, bands, now=now, within=STORY_WINDOW)
    has_meaning = any(verdict.embedding is not None for _, verdict in told)
    centred = await story.centred(conn, brand_id, now=now, within=STORY_WINDOW) if has_meaning else []
    shelf = _Shelf(near, centred)
    new_ids = iter(await story.next_ids(conn, len(told)))
    found: list[StoryId] = []
    opened: list[NewStory] = []
    for (_, verdict), signature, own_bands in zip(told, signatures, bands, strict=True):
        embedding = None if verdict.embedding is None else np.array(verdict.embedding, dtype=np.float32)
        story_id = shelf.copy_of(signature) or shelf.event_of(embedding)
        if story_id is None:
            story_id = next(new_ids)
            opened.append(NewStory(id=story_id, signature=signature or (), bands=own_bands))
            shelf.open(story_id, signature)
        shelf.tell(story_id, embedding)
        found.append(story_id)
    await story.open_stories(conn, brand_id, opened, now=now)
    await story.touch(conn, found, now=now)
    await story.centre(conn, shelf.moved())
    return found


class _Shelf:
    """The stories at hand while one batch is told."""

    def __init__(self, near: Sequence[story.Candidate], centred: Sequence[Centred]) -> None:
        self._signatures: list[tuple[StoryId, Sequence[int]]] = [(one.id, one.signature) for one in near]
        self._ids = [one.id for one in centred]
        self._rows: list[Vector] = [np.frombuffer(one.centroid, dtype="<f2").astype(np.float32) for one in centred]
        self._tellings = [one.tellings for one in centred]
        self._place = {story_id: place for place, story_id in enumerate(self._ids)}
        self._moved: set[int] = set()

    def copy_of(self, signature: Sequence[int] | None) -> StoryId | None:
        """Return the story a text is a near copy of."""
        if signature is None:
            return None
        alike = max(self._signatures, key=lambda one: stories.similarity(signature, one[1]), default=None)
        return alike[0] if alike is not None and stories.same_story(signature, alike[1]) else None

    def event_of(self, embedding: Vector | None) -> StoryId | None:
        """Return the story whose event a text tells, in whatever words."""
        if embedding is None or not self._rows:
            return None
        near = np.stack(self._rows) @ embedding
        best = int(near.argmax())
        return self._ids[best] if stories.same_event(float(near[best])) else None

    def open(self, story_id: StoryId, signature: Sequence[int] | None) -> None:
        """Put a new story on the shelf."""
        if signature is not None:
            self._signatures.append((story_id, signature))

    def tell(self, story_id: StoryId, embedding: Vector | None) -> None:
        """Move what a story is about toward one more telling."""
        if embedding is None:
            return
        place = self._place.get(story_id)
        if place is None:
            place = self._place[story_id] = len(self._rows)
            self._ids.append(story_id)
            self._rows.append(embedding)
            self._tellings.append(1)
        else:
            weight = min(self._tellings[place], _MOST_WEIGHT)
            mean = self._rows[place] * weight + embedding
            self._rows[place] = mean / max(float(np.linalg.norm(mean)), 1e-9)
            self._tellings[place] += 1
        self._moved.add(place)

    def moved(self) -> list[Centred]:
        """Return the stories that are about something else than before, in one order for all who store them."""
        centres = [
            Centred(
                id=self._ids[place], centroid=self._rows[place].astype("<f2").tobytes(), tellings=self._tellings[place]
            )
            for place in self._moved
        ]
        return sorted(centres, key=lambda one: one.id)
