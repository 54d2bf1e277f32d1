"""The stories at hand: which of them a text tells again, by what it means and what words it uses.

Each story is held against each other as one event or two: how near their middles lie beside how far events lie apart
and tellings of one event scatter (`analysis/metric.py`; the surer, the more tellings), what words they share, and how
often both were told lately: in a storm the next post is likely about it too. A text begins a story of one telling. Two
stories that turn out to be one become the older: that is how the same event in two languages, begun apart, comes
together. Some events only come together when they have been told by dozens; to ask for less would make one story of the
complaints that any busy hour brings, which are of a kind but of no event.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.metric import Row

#: Chosen on tests/quality (README.md there): storms, crowds, complaints beside them, and real complaints of one hour.
#: So many tellings make a middle as sure as it gets: what tellings in one language share is no chance of each.
_FIRM = 4
#: How much the log odds by places count: places say less than they seem to, as their numbers hang together.
_TEMPER = 0.31
#: What none, one, two or more shared words add to the log odds.
_SHARED_WORDS = (0.0, 0.85, 1.7)
#: What the log of how often both were told adds, at most as if `_OFTEN` times each.
_PULL, _OFTEN = 1.28, 32.0
#: From which log odds two are one.
_BAR = 4.3
#: So many of its words are kept, the last ones.
_MOST_WORDS = 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A story and what is kept of its tellings."""

    id: int
    #: The mean of their places.
    middle: Row
    words: tuple[str, ...]
    tellings: int
    #: How many of them are recent: each counts less the longer it is ago.
    recent: float


class Shelf:
    """Stories of one brand while texts are told one after the other."""

    def __init__(self, known: Sequence[Kept], spread: Row) -> None:
        self._place: dict[int, int] = {}
        self._ids: list[int] = []
        #: In the order they were last said.
        self._words: list[dict[str, None]] = []
        self._with_word: dict[str, set[int]] = {}
        self._tellings = np.zeros(0, dtype=np.int64)
        self._recent = np.zeros(0, dtype=np.float64)
        self._middles: Row = np.zeros((0, len(spread)), dtype=np.float32)
        self._alone: Row = np.zeros(0, dtype=np.float32)
        self._changed: set[int] = set()
        self._merged: dict[int, int] = {}
        # Of sums of n places: what their squares weigh, and what is taken off.
        n = np.arange(2 * _FIRM + 1, dtype=np.float32)[:, None]
        self._weights: Row = (spread / (1 + n * spread) / 2).astype(np.float32)
        self._offsets: Row = (np.log1p(n * spread).sum(axis=1) / 2).astype(np.float32)
        for one in known:
            self._put(one)

    def event_of(self, place: Row, words: Collection[str]) -> int | None:
        """Return the story whose event a text tells; None where it tells of something new."""
        if not self._ids:
            return None
        odds = self._odds(place, 1, 1.0, words)
        best = int(odds.argmax())
        return self._ids[best] if odds[best] >= 0 else None

    def tell(self, story_id: int, place: Row, words: Collection[str]) -> None:
        """Note one more telling of a story, known or new."""
        telling = Kept(id=story_id, middle=place, words=tuple(words), tellings=1, recent=1.0)
        if story_id in self._place:
            self._add(self._place[story_id], telling)
        else:
            self._put(telling)
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

    def _odds(self, middle: Row, tellings: int, recent: float, words: Iterable[str]) -> Row:
        """Return by how much the log odds that each story and the one described are one event pass the bar."""
        n = len(self._ids)
        firm = np.minimum(self._tellings[:n], _FIRM)
        own = min(tellings, _FIRM)
        together = self._middles[:n] * firm[:, None].astype(np.float32) + middle * np.float32(own)
        near = self._sure(together, firm + own) - self._alone[:n] - self._sure(middle[None] * own, np.array([own]))
        shared: Row = np.zeros(n, dtype=np.float32)
        for place, count in Counter(one for word in set(words) for one in self._with_word.get(word, ())).items():
            shared[place] = _SHARED_WORDS[min(count, len(_SHARED_WORDS) - 1)]
        pull = _PULL * np.log(np.clip(self._recent[:n], 1, _OFTEN) * min(max(recent, 1.0), _OFTEN))
        odds: Row = (_TEMPER * near + shared + pull - _BAR).astype(np.float32)
        odds[self._tellings[:n] == 0] = -np.inf
        return odds

    def _sure(self, sums: Row, n: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Row:
        """Return the log odds that sums of n places each are of one event, against places of nothing in common."""
        found: Row = np.einsum("ij,ij->i", sums * sums, self._weights[n]) - self._offsets[n]
        return found

    def _kept(self, story_id: int) -> Kept:
        place = self._place[story_id]
        return Kept(
            id=story_id,
            # A copy: it changes with the next telling.
            middle=self._middles[place].copy(),
            words=tuple(self._words[place]),
            tellings=int(self._tellings[place]),
            recent=float(self._recent[place]),
        )

    def _put(self, story: Kept) -> None:
        """Give a story a place."""
        place = len(self._ids)
        if place == len(self._tellings):
            self._grow()
        self._place[story.id] = place
        self._ids.append(story.id)
        self._words.append({})
        self._add(place, story)

    def _grow(self) -> None:
        more = max(len(self._tellings), 64)
        self._tellings = np.concatenate([self._tellings, np.zeros(more, dtype=np.int64)])
        self._recent = np.concatenate([self._recent, np.zeros(more)])
        empty: Row = np.zeros((more, self._middles.shape[1]), dtype=np.float32)
        self._middles = np.concatenate([self._middles, empty])
        self._alone = np.concatenate([self._alone, empty[:, 0]])

    def _add(self, place: int, more: Kept) -> None:
        """Add tellings to what is kept of a story."""
        had = int(self._tellings[place])
        told = had + more.tellings
        middle = (self._middles[place] * np.float32(had) + more.middle * np.float32(more.tellings)) / np.float32(told)
        firm = min(told, _FIRM)
        self._middles[place], self._tellings[place] = middle, told
        self._recent[place] += more.recent
        self._alone[place] = self._sure(middle[None] * np.float32(firm), np.array([firm]))[0]
        said = self._words[place]
        for word in more.words:
            said.pop(word, None)
            said[word] = None
            self._with_word.setdefault(word, set()).add(place)
        for word in list(said)[:-_MOST_WORDS]:
            self._forget(place, word)

    def _forget(self, place: int, word: str) -> None:
        del self._words[place][word]
        self._with_word[word].discard(place)

    def _merge_near(self, story_id: int) -> None:
        """Make the story and those it turns out to be one with the oldest of them."""
        while (other := self._same_as(story_id)) is not None:
            older, younger = sorted((story_id, other))
            gone = self._kept(younger)
            place = self._place.pop(younger)
            for word in gone.words:
                self._forget(place, word)
            self._tellings[place], self._recent[place] = 0, 0
            self._add(self._place[older], gone)
            self._merged[younger] = older
            self._changed.add(older)
            story_id = older

    def _same_as(self, story_id: int) -> int | None:
        """Return another story that is of the same event."""
        place = self._place[story_id]
        odds = self._odds(
            self._middles[place], int(self._tellings[place]), float(self._recent[place]), self._words[place]
        )
        odds[place] = -np.inf
        best = int(odds.argmax())
        return self._ids[best] if odds[best] >= 0 else None
