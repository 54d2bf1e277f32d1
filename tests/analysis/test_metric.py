"""Where texts lie among tellings of events."""

from pathlib import Path

import numpy as np
import pytest

from analysis import metric
from analysis.errors import ModelError
from analysis.metric import Metric


def test_a_place_is_what_a_text_has_beyond_its_language() -> None:
    means = {"th": np.array([1.0, 0.0], dtype=np.float32), metric.REST: np.zeros(2, dtype=np.float32)}
    ours = Metric(means=means, turn=np.diag([2.0, 4.0]).astype(np.float32), spread=np.ones(2, dtype=np.float32))

    for language, expected in (("th", [0.0, 4.0]), ("fr", [2.0, 4.0])):
        place = ours.place((1.0, 1.0), language)
        assert place is not None
        assert place.tolist() == expected
    assert ours.place((1.0, 0.0, 0.0), "th") is None


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    shipped = metric.shipped()
    metric.save(shipped, tmp_path / "metric.npz")
    again = metric.shipped(tmp_path / "metric.npz")

    assert again.means.keys() == shipped.means.keys() == {"zh-Hant", "zh-Hans", "th", "en", metric.REST}
    assert (again.turn == shipped.turn).all()
    assert again.turn.shape == (128, 64)
    assert again.spread.shape == (64,)


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "metric.npz").write_bytes(b"PK\x05\x06 no")
    with pytest.raises(ModelError, match="install Earshot again"):
        metric.shipped(tmp_path / "metric.npz")
    with pytest.raises(ModelError, match="install Earshot again"):
        metric.shipped(tmp_path / "absent.npz")
