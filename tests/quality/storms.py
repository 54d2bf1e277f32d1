"""How many stories come of many people's posts about one event, told one at a time, and of posts about many events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from analysis import metric
from analysis.metric import Row
from analysis.naming import without
from analysis.shelf import Shelf
from analysis.terms import terms
from analysis.training.corpus import rows
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


def _posts(told: Sequence[tuple[str, str, int, tuple[str, ...]]], analyser: Analyser) -> list[Post]:
    """Return posts from text, language, event and brand."""
    assert isinstance(analyser, Understanding)
    made = []
    bare = [without(text, brand) for text, _, _, brand in told]
    for (text, language, event, brand), embedding in zip(told, analyser.embeddings(bare), strict=True):
        place = None if embedding is None else metric.shipped().place(embedding, language)
        assert place is not None
        words = [word for word in terms(text) if not any(word in name or name in word for name in brand)]
        made.append(Post(brand=brand, event=event, place=place, words=tuple(words)))
    return made


def read(name: str, analyser: Analyser) -> list[Post]:
    """Return the posts of a file of ours: of one event where they share its number."""
    lines = list(map(json.loads, (gate.FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()))
    told = [(row["text"], row["lang"], row["event"], tuple(row.get("brand", _TEA))) for row in lines]
    return _posts(told, analyser)


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


def of_many(posts: Sequence[Post], times: int) -> list[int]:
    """Return, event by event, how many stories come of every post told so many times over."""
    random = Random(5)
    counts = []
    for event in sorted({post.event for post in posts}):
        those = [post for post in posts if post.event == event] * times
        random.shuffle(those)
        counts.append(len(set(stories(those))))
    return counts


def complaints_of_an_hour(corpus: Path, analyser: Analyser) -> float:
    """Return the mean of the stories that twenty customers' complaints become; real ones, of three sources."""
    random = Random(5)
    counts = []
    for language, source in (("zh-Hans", "waimai_10k"), ("zh-Hans", "online_shopping_10_cats"), ("th", "wisesight")):
        said = [row for row in rows(corpus, language, "train") if row["source"] == source]
        negative = [str(row["text"]) for row in said if row.get("sentiment") == "neg"]
        for _ in range(_SHUFFLES):
            told = [(text, language, 0, ()) for text in random.sample(negative, 20)]
            counts.append(len(set(stories(_posts(told, analyser)))))
    return float(np.mean(counts))


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
