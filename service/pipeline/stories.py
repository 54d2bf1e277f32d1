"""Finds the story each judged text tells: a near copy by its letters, else the same event by its meaning.

texts | those that tell the same, among themselves | near copies and events known before | stories opened and joined
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from alerts.types import BrandId, StoryId
from analysis import stories
from analysis.terms import terms
from analysis.types import Analysis
from service.store import story
from service.store.pool import Connection
from service.store.story import Candidate, Exemplified, NewStory

#: Posts further apart are told apart, however alike they read.
STORY_WINDOW = timedelta(days=3)
#: So many tellings stand for a story.
_MOST_EXEMPLARS = 8

Table = NDArray[np.float32]


async def stories_of(
    conn: Connection, brand_id: BrandId, told: Sequence[tuple[str, Analysis]], *, now: datetime
) -> list[StoryId]:
    """Return the recent story of the brand that each text tells again, else a new one. The caller holds the brand's
    story lock."""
    signatures = [stories.signature(text) for text, _ in told]
    bands = [() if one is None else tuple(stories.bands(one)) for one in signatures]
    near = await story.candidates(conn, brand_id, bands, now=now, within=STORY_WINDOW)
    has_meaning = any(verdict.embedding is not None for _, verdict in told)
    known = await story.exemplified(conn, brand_id, now=now, within=STORY_WINDOW) if has_meaning else []
    shelf = _Shelf(known)
    new_ids = iter(await story.next_ids(conn, len(told)))
    found: list[StoryId | None] = [None] * len(told)
    opened: list[NewStory] = []
    for group in _groups(signatures, told):
        copies = (copy for one in group if (copy := _copy_of(signatures[one], near)) is not None)
        rows = [told[one][1].embedding for one in group]
        story_id = next(copies, None) or shelf.event_of(rows)
        if story_id is None:
            story_id = next(new_ids)
            first = group[0]
            opened.append(NewStory(id=story_id, signature=signatures[first] or (), bands=bands[first]))
        shelf.tell(story_id, rows)
        for one in group:
            found[one] = story_id
    result = [one for one in found if one is not None]
    await story.open_stories(conn, brand_id, opened, now=now)
    await story.touch(conn, result, now=now)
    await story.keep(conn, shelf.changed())
    return result


def _copy_of(signature: Sequence[int] | None, near: Sequence[Candidate]) -> StoryId | None:
    """Return the story a text is a near copy of."""
    if signature is None:
        return None
    alike = max(near, key=lambda one: stories.similarity(signature, one.signature), default=None)
    return alike.id if alike is not None and stories.same_story(signature, alike.signature) else None


def _groups(signatures: Sequence[Sequence[int] | None], told: Sequence[tuple[str, Analysis]]) -> list[list[int]]:
    """Return which texts tell the same, each with all it is alike to, and what those are alike to; in order."""
    groups: dict[int, list[int]] = {}
    root = list(range(len(told)))
    alike = _alike(signatures, told)
    for one in range(len(told)):
        for other in np.flatnonzero(alike[one, :one]):
            low, high = sorted((_root(root, one), _root(root, int(other))))
            root[high] = low
    for one in range(len(told)):
        groups.setdefault(_root(root, one), []).append(one)
    return list(groups.values())


def _root(root: list[int], one: int) -> int:
    while root[one] != one:
        root[one] = root[root[one]]
        one = root[one]
    return one


def _alike(signatures: Sequence[Sequence[int] | None], told: Sequence[tuple[str, Analysis]]) -> NDArray[np.bool_]:
    """Return which texts are near copies, or tell of one event."""
    n = len(told)
    alike = np.zeros((n, n), dtype=np.bool_)
    marks = np.array([signature or (0,) * stories.HASHES for signature in signatures], dtype=np.int64)
    has_letters = np.array([signature is not None for signature in signatures], dtype=np.bool_)
    meant = [one for one, (_, verdict) in enumerate(told) if verdict.embedding is not None]
    for one in np.flatnonzero(has_letters):
        alike[one] = ((marks == marks[one]).mean(axis=1) >= stories.SAME) & has_letters
    if meant:
        rows = np.array([told[one][1].embedding for one in meant], dtype=np.float32)
        words = [frozenset(terms(told[one][0])) for one in meant]
        near = rows @ rows.T
        for a, b in zip(*np.nonzero(near >= stories.SAME_EVENT - stories.WORD_IN_COMMON), strict=True):
            common = not words[a].isdisjoint(words[b])
            alike[meant[a], meant[b]] |= stories.same_event(float(near[a, b]), word_in_common=common)
    return alike


class _Shelf:
    """The stories at hand while one batch is told."""

    def __init__(self, known: Sequence[Exemplified]) -> None:
        self._rows: dict[StoryId, list[Table]] = {}
        self._tellings = {one.id: one.tellings for one in known}
        self._changed: set[StoryId] = set()
        for one in known:
            table = np.frombuffer(one.exemplars, dtype="<f2").astype(np.float32)
            self._rows[one.id] = list(table.reshape(max(min(one.tellings, _MOST_EXEMPLARS), 1), -1))
        self._ids = [story_id for story_id, rows in self._rows.items() for _ in rows]
        every = [row for rows in self._rows.values() for row in rows]
        self._known = np.stack(every) if every else np.zeros((0, 0), dtype=np.float32)

    def event_of(self, embeddings: Sequence[Sequence[float] | None]) -> StoryId | None:
        """Return the story known before whose event texts tell, in whatever words."""
        rows = [one for one in embeddings if one is not None]
        if not rows or not self._ids:
            return None
        near = (self._known @ np.array(rows, dtype=np.float32).T).max(axis=1)
        best = int(near.argmax())
        return self._ids[best] if stories.same_event(float(near[best])) else None

    def tell(self, story_id: StoryId, embeddings: Sequence[Sequence[float] | None]) -> None:
        """Keep tellings of a story, the last ones for the oldest but the first."""
        for embedding in embeddings:
            if embedding is None:
                continue
            kept = self._rows.setdefault(story_id, [])
            kept.append(np.array(embedding, dtype=np.float32))
            if len(kept) > _MOST_EXEMPLARS:
                del kept[1]
            self._tellings[story_id] = self._tellings.get(story_id, 0) + 1
            self._changed.add(story_id)

    def changed(self) -> list[Exemplified]:
        """Return the stories that were told again, in one order for all who store them."""
        return [
            Exemplified(
                id=story_id,
                exemplars=np.stack(self._rows[story_id]).astype("<f2").tobytes(),
                tellings=self._tellings[story_id],
            )
            for story_id in sorted(self._changed)
        ]
