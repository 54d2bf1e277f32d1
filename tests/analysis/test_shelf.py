"""Stories by meaning and words: joined, kept apart, merged when they turn out to be one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.metric import Row
from analysis.shelf import Kept, Shelf

SPREAD = np.full(16, 3, dtype=np.float32)


def towards(axis: int, other: int | None = None, *, share: float = 0.0) -> Row:
    """Return a place of one event, a share of it towards another."""
    point = np.zeros(len(SPREAD), dtype=np.float32)
    point[axis] = 10 * (1 - share)
    if other is not None:
        point[other] += 10 * share
    return point


def test_a_telling_near_to_a_known_one_is_of_its_story() -> None:
    shelf = Shelf([], SPREAD)
    shelf.tell(1, towards(0), ["soup"])

    assert shelf.event_of(towards(0, 1, share=0.05), []) == 1
    assert shelf.event_of(towards(0, 1, share=0.6), []) is None


def test_shared_words_bring_tellings_nearer() -> None:
    shelf = Shelf([], SPREAD)
    shelf.tell(1, towards(0), ["cockroach", "milk tea", "xinyi"])
    far = towards(0, 1, share=0.3)

    assert shelf.event_of(far, ["refund", "monday"]) is None
    assert shelf.event_of(far, ["cockroach", "milk tea"]) == 1


def test_a_story_that_is_told_often_now_takes_in_more() -> None:
    wide = towards(0, 12, share=0.35)
    often = Kept(id=1, middle=towards(0), words=(), tellings=12, recent=12.0)
    long_ago = Kept(id=1, middle=towards(0), words=(), tellings=12, recent=0.0)

    assert Shelf([often], SPREAD).event_of(wide, []) == 1
    assert Shelf([long_ago], SPREAD).event_of(wide, []) is None


def test_two_stories_that_turn_out_to_be_one_become_the_older_one() -> None:
    shelf = Shelf([], SPREAD)
    for story, other in ((1, 2), (2, 3), (1, 2), (2, 3), (1, 3), (2, 2)):
        shelf.tell(shelf.living(story), towards(0, other, share=0.45), [f"word {other}"])

    assert shelf.merged() == {2: 1}
    assert [(one.id, one.tellings, one.recent) for one in shelf.changed()] == [(1, 6, 6.0)]


def test_a_merged_story_lies_in_the_middle_of_both() -> None:
    shelf = Shelf([], SPREAD)
    shelf.tell(1, towards(0, 2, share=0.3), ["floor"])
    shelf.tell(2, towards(0, 3, share=0.3), ["floor"])
    shelf.tell(2, towards(0), ["floor", "pearls"])
    (kept,) = shelf.changed()

    assert shelf.merged() == {2: 1}
    assert np.allclose(kept.middle, (towards(0, 2, share=0.3) + towards(0, 3, share=0.3) + towards(0)) / 3)
    assert kept.words == ("floor", "pearls")


def test_what_is_kept_is_known_again() -> None:
    shelf = Shelf([], SPREAD)
    for n in range(12):
        shelf.tell(1, towards(0, n % 3 + 1, share=0.2), [f"word {n}"])
    again = Shelf(shelf.changed(), SPREAD)

    assert again.event_of(towards(0), []) == 1
    again.tell(1, towards(0), [])
    (kept,) = again.changed()
    assert kept.tellings == 13
    assert kept.words == tuple(f"word {n}" for n in range(12))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 15), st.floats(0, 1)), max_size=60))
def test_every_telling_is_counted_once_whatever_is_merged(told: list[tuple[int, int, float]]) -> None:
    shelf = Shelf([], SPREAD)
    next_id = 10
    for axis, other, share in told:
        point = towards(axis, other, share=share / 2)
        story = shelf.event_of(point, [f"word {axis}"])
        if story is None:
            next_id += 1
            story = next_id
        assert shelf.living(story) == story
        shelf.tell(story, point, [f"word {axis}"])

    assert sum(one.tellings for one in shelf.changed()) == len(told)
    assert not {one.id for one in shelf.changed()} & shelf.merged().keys()
