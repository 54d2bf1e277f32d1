"""Finds the story each judged text tells: a near copy by its letters, else the same event by its meaning.

texts, one after the other | near copies and events known before | stories opened, joined and merged
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import numpy as np

from alerts.types import BrandId, StoryId
from analysis import metric, stories
from analysis.metric import Row
from analysis.shelf import Kept, Shelf
from analysis.terms import terms
from analysis.types import Analysis
from service.store import brand, incident, story
from service.store.pool import Connection
from service.store.story import Candidate, NewStory, Placed

#: Posts further apart are told apart, however alike they read.
STORY_WINDOW = timedelta(days=3)
#: What was told this long ago counts for little in what is told now.
FADING = timedelta(hours=1)


async def stories_of(
    conn: Connection, brand_id: BrandId, told: Sequence[tuple[str, Analysis]], *, now: datetime
) -> list[StoryId]:
    """Return the recent story of the brand that each text tells again, else a new one. Stories that turn out to tell of
    one event are merged, their incidents too. The caller holds the brand's story lock."""
    signatures = [stories.signature(text) for text, _ in told]
    bands = [() if one is None else tuple(stories.bands(one)) for one in signatures]
    near = await story.candidates(conn, brand_id, bands, now=now, within=STORY_WINDOW)
    words = await _words(conn, brand_id, told, now=now)
    places = [_place(verdict) for _, verdict in told]
    wanted = any(place is not None for place in places)
    known = await story.placed(conn, brand_id, now=now, within=STORY_WINDOW, fading=FADING) if wanted else []
    spread = metric.shipped().spread
    # What an older metric of other directions placed cannot be held against anything.
    shelf = Shelf([_kept(one) for one in known if len(one.middle) == spread.nbytes], spread)
    new_ids = iter(await story.next_ids(conn, len(told)))
    found: list[StoryId] = []
    opened: list[NewStory] = []
    for place, signature, of_bands, said in zip(places, signatures, bands, words, strict=True):
        story_id = _copy_of(signature, near)
        if story_id is None and place is not None:
            event = shelf.event_of(place, said)
            story_id = None if event is None else StoryId(event)
        if story_id is None:
            story_id = next(new_ids)
            opened.append(NewStory(id=story_id, signature=signature or (), bands=of_bands))
            if signature is not None:
                near.append(Candidate(id=story_id, signature=signature))
        story_id = StoryId(shelf.living(story_id))
        if place is not None:
            shelf.tell(story_id, place, said)
        found.append(story_id)
    result = [StoryId(shelf.living(story_id)) for story_id in found]
    await story.open_stories(conn, brand_id, opened, now=now)
    await story.touch(conn, result, now=now)
    await story.keep(conn, [_placed(one) for one in shelf.changed()])
    await _merge(conn, {StoryId(gone): StoryId(into) for gone, into in shelf.merged().items()}, now=now)
    return result


async def _merge(conn: Connection, merged: dict[StoryId, StoryId], *, now: datetime) -> None:
    if not merged:
        return
    await story.merge(conn, merged)
    for gone, into in sorted(merged.items()):
        await incident.follow_story(conn, gone, into=into, now=now)


async def _words(
    conn: Connection, brand_id: BrandId, told: Sequence[tuple[str, Analysis]], *, now: datetime
) -> list[Collection[str]]:
    """Return the words by which each text may tell an event; none where the model gives no meaning to go with them."""
    if not any(verdict.embedding is not None for _, verdict in told):
        return [() for _ in told]
    names = tuple(name.casefold() for name in (await brand.names(conn, [brand_id])).get(brand_id, ()))
    usual = await story.usual_words(conn, brand_id, before=now)

    def tells(word: str) -> bool:
        return word not in usual and not any(word in name or name in word for name in names)

    return [[word for word in terms(text) if tells(word)] for text, _ in told]


def _place(verdict: Analysis) -> Row | None:
    """Return where a text lies among tellings; None where the model says nothing of what it is about."""
    return None if verdict.embedding is None else metric.shipped().place(verdict.embedding, verdict.language)


def _kept(one: Placed) -> Kept:
    middle = np.frombuffer(one.middle, dtype="<f4").astype(np.float32)
    return Kept(id=one.id, middle=middle, words=one.words, tellings=one.tellings, recent=one.recent)


def _placed(one: Kept) -> Placed:
    return Placed(
        id=StoryId(one.id),
        middle=one.middle.astype("<f4").tobytes(),
        words=one.words,
        tellings=one.tellings,
        recent=one.recent,
    )


def _copy_of(signature: Sequence[int] | None, near: Sequence[Candidate]) -> StoryId | None:
    """Return the story a text is a near copy of."""
    if signature is None:
        return None
    alike = max(near, key=lambda one: stories.similarity(signature, one.signature), default=None)
    return alike.id if alike is not None and stories.same_story(signature, alike.signature) else None
