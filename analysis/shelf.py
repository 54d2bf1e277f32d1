"""The stories at hand: which of them a text tells again, by what it means and what words it uses.

A text tells a story again where it lies near one of the tellings kept, nearer by less where they share words, or near
the middle of a story that was told often: the more tellings, the surer the middle, and the likelier that one more is
another. Two stories whose middles come near are one: that is how the same event in two languages, begun apart, comes
together.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float32]

#: So many tellings stand for a story: the first, and the last of the others.
MOST_EXEMPLARS = 8
#: So many of its words are kept, the last ones.
_MOST_WORDS = 64

#: Chosen on tests/quality/storms.jsonl and events.jsonl with the encoder that ships, tellings coming one at a time.
#: The cosine from which two tellings are of one event, and what none, one, two or more shared words add to it.
_SAME = 0.60
_SHARED_WORDS = (0.0, 0.18, 0.3, 0.4)
#: The cosine to a middle falls by a step each time the tellings double.
_FEWEST_FOR_MIDDLE = 3
_MIDDLE, _MIDDLE_STEP, _LEAST_MIDDLE = 0.60, 0.05, 0.44
#: The same between two middles, by the story that was told less often.
_FEWEST_TO_MERGE = 2
_MERGE, _MERGE_STEP = 0.72, 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A story and what is kept of its tellings."""

    id: int
    #: One row each, at most eight; the first is the first telling.
    exemplars: Table
    words: tuple[str, ...]
    tellings: int


class Shelf:
    """Stories of one brand while texts are told one after the other."""

    def __init__(self, known: Sequence[Kept]) -> None:
        self._place: dict[int, int] = {}
        self._ids: list[int] = []
        #: In the order they were last said.
        self._words: list[dict[str, None]] = []
        self._with_word: dict[str, set[int]] = {}
        self._tellings = np.zeros(0, dtype=np.int64)
        #: place × telling × number; zeros where none is kept, which are near to nothing.
        self._rows: Table = np.zeros((0, MOST_EXEMPLARS, 1), dtype=np.float32)
        self._middles: Table = np.zeros((0, 1), dtype=np.float32)
        self._changed: set[int] = set()
        self._merged: dict[int, int] = {}
        for one in known:
            if len(one.exemplars):
                self._put(one)

    def event_of(self, embedding: Sequence[float], words: Collection[str]) -> int | None:
        """Return the story whose event a text tells; None where it tells of something new."""
        if not self._ids:
            return None
        point = np.array(embedding, dtype=np.float32)
        n = len(self._ids)
        bonus = np.zeros(n, dtype=np.float32)
        for place, count in Counter(one for word in set(words) for one in self._with_word.get(word, ())).items():
            bonus[place] = _SHARED_WORDS[min(count, len(_SHARED_WORDS) - 1)]
        to_telling = (self._rows[:n] @ point).max(axis=1) + bonus - _SAME
        to_middle = self._middles[:n] @ point - _bars(self._tellings[:n])
        near = np.maximum(to_telling, to_middle)
        best = int(near.argmax())
        return self._ids[best] if near[best] >= 0 else None

    def tell(self, story_id: int, embedding: Sequence[float], words: Collection[str]) -> None:
        """Note one more telling of a story, known or new."""
        row = np.array([embedding], dtype=np.float32)
        if story_id in self._place:
            self._add(self._place[story_id], row, words, tellings=1)
        else:
            self._put(Kept(id=story_id, exemplars=row, words=tuple(words), tellings=1))
        self._changed.add(story_id)
        self._merge_near(story_id)

    def changed(self) -> list[Kept]:
        """Return the stories that were told again, in one order for all who store them."""
        return [self._kept(story_id) for story_id in sorted(self._changed & self._place.keys())]

    def merged(self) -> dict[int, int]:
        """Return the stories that turned out to be parts of older ones, and of which."""
        return {gone: self.living(gone) for gone in self._merged}

    def living(self, story_id: int) -> int:
        """Return the story that a story is part of now."""
        while story_id in self._merged:
            story_id = self._merged[story_id]
        return story_id

    def _kept(self, story_id: int) -> Kept:
        place = self._place[story_id]
        told = int(self._tellings[place])
        return Kept(
            id=story_id,
            # A copy: the place is cleared when the story is merged, and changes with the next telling.
            exemplars=self._rows[place, : min(told, MOST_EXEMPLARS)].copy(),
            words=tuple(self._words[place]),
            tellings=told,
        )

    def _put(self, story: Kept) -> None:
        """Give a story a place."""
        place = len(self._ids)
        if place == len(self._tellings):
            self._grow(story.exemplars.shape[1])
        self._place[story.id] = place
        self._ids.append(story.id)
        self._words.append({})
        self._add(place, story.exemplars, story.words, tellings=story.tellings)

    def _grow(self, numbers: int) -> None:
        more = max(len(self._tellings), 64)
        self._tellings = np.concatenate([self._tellings, np.zeros(more, dtype=np.int64)])
        empty: Table = np.zeros((more, MOST_EXEMPLARS, numbers), dtype=np.float32)
        self._rows = np.concatenate([self._rows, empty]) if len(self._rows) else empty
        middles: Table = np.zeros((more, numbers), dtype=np.float32)
        self._middles = np.concatenate([self._middles, middles]) if len(self._middles) else middles

    def _add(self, place: int, rows: Table, words: Collection[str], *, tellings: int) -> None:
        """Add tellings to what is kept of a story: the first stays, the oldest of the others go."""
        had = min(int(self._tellings[place]), MOST_EXEMPLARS)
        every = np.concatenate([self._rows[place, :had], rows])
        if len(every) > MOST_EXEMPLARS:
            every = np.concatenate([every[:1], every[1 - MOST_EXEMPLARS :]])
        self._rows[place, : len(every)] = every
        self._tellings[place] += tellings
        mean = every.mean(axis=0)
        self._middles[place] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        said = self._words[place]
        for word in words:
            said.pop(word, None)
            said[word] = None
            self._with_word.setdefault(word, set()).add(place)
        for word in list(said)[:-_MOST_WORDS]:
            self._forget(place, word)

    def _forget(self, place: int, word: str) -> None:
        del self._words[place][word]
        self._with_word[word].discard(place)

    def _merge_near(self, story_id: int) -> None:
        """Make the story and those it has come near one, the oldest."""
        while (other := self._same_as(story_id)) is not None:
            older, younger = sorted((story_id, other))
            gone = self._kept(younger)
            place = self._place.pop(younger)
            for word in gone.words:
                self._forget(place, word)
            self._rows[place], self._middles[place], self._tellings[place] = 0, 0, 0
            self._add(self._place[older], gone.exemplars, gone.words, tellings=gone.tellings)
            self._merged[younger] = older
            self._changed.add(older)
            story_id = older

    def _same_as(self, story_id: int) -> int | None:
        """Return another story whose middle is as near as that of the same event."""
        n, place = len(self._ids), self._place[story_id]
        told = np.minimum(np.minimum(self._tellings[:n], self._tellings[place]), MOST_EXEMPLARS)
        near = self._middles[:n] @ self._middles[place] - (_MERGE - _MERGE_STEP * np.log2(np.maximum(told, 1)))
        near[told < _FEWEST_TO_MERGE] = -1
        near[place] = -1
        best = int(near.argmax())
        return self._ids[best] if near[best] >= 0 else None


def _bars(tellings: NDArray[np.int64]) -> Table:
    """Return how near stories' middles one more telling of them lies at least."""
    falling = _MIDDLE - _MIDDLE_STEP * np.log2(np.clip(tellings, 1, 16))
    bars = np.where(tellings < _FEWEST_FOR_MIDDLE, np.inf, np.maximum(falling, _LEAST_MIDDLE))
    return bars.astype(np.float32)
