"""How many stories come of many people's posts about one event, told one at a time, and of posts about many events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from analysis import metric
from analysis.metric import Row
from analysis.naming import without
from analysis.shelf import Shelf
from analysis.terms import terms
from analysis.types import Analyser, Understanding
from tests.quality import gate
from tests.quality.events import Told

#: Of the brand in storms.jsonl and events.jsonl.
_TEA = ("lantern tea", "燈籠茶")
_SHUFFLES = 10
_DRAWS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """One post as a shelf sees it."""

    brand: tuple[str, ...]
    event: int
    place: Row
    words: tuple[str, ...]


def posts() -> list[Told]:
    """Return our own angry posts about two events of one brand, each by many people in three languages."""
    lines = (gate.FOLDER / "storms.jsonl").read_text("utf-8").splitlines()
    return [Told(event=row["event"], language=row["lang"], text=row["text"]) for row in map(json.loads, lines)]


def read(name: str, analyser: Analyser) -> list[Post]:
    """Return the posts of a file of ours: of one event where they share its number."""
    rows = list(map(json.loads, (gate.FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()))
    brands = [tuple(row.get("brand", _TEA)) for row in rows]
    assert isinstance(analyser, Understanding)
    bare = [without(row["text"], brand) for row, brand in zip(rows, brands, strict=True)]
    made = []
    for row, brand, embedding in zip(rows, brands, analyser.embeddings(bare), strict=True):
        place = None if embedding is None else metric.shipped().place(embedding, row["lang"])
        assert place is not None
        words = [word for word in terms(row["text"]) if not any(word in name or name in word for name in brand)]
        made.append(Post(brand=brand, event=row["event"], place=place, words=tuple(words)))
    return made


def stories(posts: Sequence[Post]) -> list[int]:
    """Return the story of each post, coming one at a time within an hour."""
    shelf = Shelf([], metric.shipped().spread)
    found = []
    for n, post in enumerate(posts):
        known = shelf.event_of(post.place, post.words)
        found.append(n if known is None else known)
        shelf.tell(found[-1], post.place, post.words)
    return [shelf.living(story) for story in found]


def of_one(posts: Sequence[Post]) -> dict[str, float]:
    """Return means over the events and many orders: how many stories an event becomes, and the share of the largest."""
    random = Random(5)  # the same draws every time
    counts, shares = [], []
    for event in sorted({post.event for post in posts}):
        those = [post for post in posts if post.event == event]
        for _ in range(_SHUFFLES):
            random.shuffle(those)
            found = stories(those)
            counts.append(len(set(found)))
            shares.append(max(map(found.count, found)) / len(found))
    return {"stories": float(np.mean(counts)), "largest": float(np.mean(shares))}


def of_twenty(posts: Sequence[Post]) -> dict[str, float]:
    """Return the mean and the fewest of the stories that twenty posts about twenty events become."""
    random = Random(5)
    counts = []
    for _ in range(_DRAWS):
        chosen = random.sample(sorted({post.event for post in posts}), 20)
        twenty = [random.choice([post for post in posts if post.event == event]) for event in chosen]
        counts.append(len(set(stories(twenty))))
    return {"stories": float(np.mean(counts)), "fewest": float(min(counts))}


def swallowed(crowds: Sequence[Post], beside: Sequence[Post]) -> float:
    """Return the share of a brand's other complaints that become part of the story of a storm around them."""
    random = Random(5)
    shares = []
    for event in sorted({post.event for post in crowds}):
        crowd = [post for post in crowds if post.event == event]
        others = [post for post in beside if post.brand == crowd[0].brand]
        for _ in range(_SHUFFLES):
            posts = crowd + others
            random.shuffle(posts)
            found = stories(posts)
            storm = [story for post, story in zip(posts, found, strict=True) if post.event == event]
            largest = max(storm, key=storm.count)
            lost = sum(story == largest for story in found) - storm.count(largest)
            shares.append(lost / len(others))
    return float(np.mean(shares))
