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


def test_the_cut_of_anger_is_where_labels_agree_best_and_a_missed_one_counts_more() -> None:
    share = np.array([0.2, 0.3, 0.45, 0.5, 0.7, 0.9])
    angry = np.array([False, False, True, False, True, True])

    assert 0.3 < best_cut(share, angry, np.array([1, 1, 9, 1, 1, 1])) <= 0.45
    assert 0.5 < best_cut(share, angry, np.array([1, 1, 1, 9, 1, 1])) <= 0.7


def test_angry_texts_weigh_as_they_do_in_life_however_many_were_picked() -> None:
    angry = np.array([True, True, True, False])

    weight = as_usual(angry, np.ones(4))

    assert weight[angry].sum() / weight.sum() == pytest.approx(0.15)
    assert weight.sum() == pytest.approx(4)
