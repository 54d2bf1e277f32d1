"""The parts of training that need no torch, and what the command says where it is not installed."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analysis.training.command import main
from analysis.training.cuts import as_usual, best_cut


def test_a_missing_extra_is_named_with_its_remedy(tmp_path: Path) -> None:
    if find_spec("torch") is not None:
        pytest.skip("torch is installed here")

    done = CliRunner().invoke(main, [str(tmp_path), "--corpus", str(tmp_path)])

    assert done.exit_code == 1
    assert "pip install 'earshot[train]'" in done.output


def test_something_to_learn_from_has_to_be_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path)])

    assert done.exit_code == 2
    assert "--corpus" in done.output


def test_minutes_are_by_stage(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, [str(tmp_path), "--minutes", "student.pt"])

    assert done.exit_code == 2
    assert "STAGE=MINUTES" in done.output


def test_the_cut_of_anger_lies_between_the_calm_and_the_angry_and_a_missed_one_counts_more() -> None:
    apart = np.repeat([0.1, 0.8], [80, 20])
    mixed = np.repeat([0.1, 0.3, 0.3, 0.8], [70, 10, 10, 10])

    assert 0.1 < best_cut(apart, apart == 0.8, np.ones(100)) <= 0.8
    angry = np.arange(100) >= 80
    assert 0.1 < best_cut(mixed, angry, np.ones(100)) <= 0.3


def test_angry_texts_weigh_half_way_between_how_many_were_picked_and_how_many_there_are() -> None:
    angry = np.array([True, True, True, False])

    weight = as_usual(angry, np.ones(4))

    assert weight[angry].sum() / weight[~angry].sum() == pytest.approx((3 * 0.15 / 0.85) ** 0.5)
    assert weight.sum() == pytest.approx(4)
