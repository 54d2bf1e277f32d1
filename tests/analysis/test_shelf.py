"""Stories by meaning and words: joined, kept apart, merged when their middles meet."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analysis.shelf import MOST_EXEMPLARS, Kept, Shelf

NUMBERS = 16


def towards(axis: int, other: int | None = None, *, share: float = 0.0) -> list[float]:
    """Return a direction of one event, a share of it towards another."""
    point = np.zeros(NUMBERS)
    point[axis] = 1 - share
    if other is not None:
        point[other] += share
    return list(point / np.linalg.norm(point))


def test_a_telling_near_to_a_known_one_is_of_its_story() -> None:
    shelf = Shelf([])
    shelf.tell(1, towards(0), ["soup"])

    assert shelf.event_of(towards(0, 1, share=0.4), []) == 1
    assert shelf.event_of(towards(0, 1, share=0.6), []) is None


def test_shared_words_bring_tellings_nearer() -> None:
    shelf = Shelf([])
    shelf.tell(1, towards(0), ["cockroach", "milk tea", "xinyi"])
    far = towards(0, 1, share=0.6)

    assert shelf.event_of(far, ["refund", "monday"]) is None
    assert shelf.event_of(far, ["cockroach", "milk tea"]) == 1


def test_the_middle_of_a_story_that_is_told_often_takes_in_more() -> None:
    shelf = Shelf([])
    for other in range(1, 9):
        shelf.tell(1, towards(0, other, share=0.35), [])
    wide = towards(0, 12, share=0.62)

    assert shelf.event_of(wide, []) == 1
    once = Shelf([])
    once.tell(1, towards(0, 1, share=0.35), [])
    assert once.event_of(wide, []) is None


def test_two_stories_whose_middles_meet_become_the_older_one() -> None:
    shelf = Shelf([])
    for story, other in ((1, 2), (2, 3), (1, 4), (2, 5), (1, 6), (2, 7)):
        shelf.tell(shelf.living(story), towards(0, other, share=0.4), [f"word {other}"])

    assert shelf.merged() == {2: 1}
    assert [(one.id, one.tellings) for one in shelf.changed()] == [(1, 6)]


def test_a_merged_story_keeps_the_tellings_of_both() -> None:
    shelf = Shelf([])
    for story, other in ((1, 2), (2, 3), (1, 4), (2, 5)):
        shelf.tell(story, towards(0, other, share=0.4), [])
    (kept,) = shelf.changed()

    assert shelf.merged() == {2: 1}
    assert sorted(int(row.argsort()[-2]) for row in kept.exemplars) == [2, 3, 4, 5]


def test_what_is_kept_is_known_again() -> None:
    shelf = Shelf([])
    for n in range(12):
        shelf.tell(1, towards(0, n % 3 + 1, share=0.2), [f"word {n}"])
    again = Shelf(shelf.changed())

    assert again.event_of(towards(0), []) == 1
    again.tell(1, towards(0), [])
    (kept,) = again.changed()
    assert kept.tellings == 13
    assert kept.exemplars.shape == (MOST_EXEMPLARS, NUMBERS)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 15), st.floats(0, 1)), max_size=60))
def test_every_telling_is_counted_once_whatever_is_merged(told: list[tuple[int, int, float]]) -> None:
    shelf = Shelf([Kept(id=1, exemplars=np.zeros((0, NUMBERS), dtype=np.float32), words=(), tellings=0)])
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
