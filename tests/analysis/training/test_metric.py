"""The metric that ships is what its written events teach."""

import numpy as np

from analysis import metric
from analysis.encoder import shipped
from analysis.training.metric import learnt, tellings


def test_the_written_events_teach_the_metric_that_ships() -> None:
    told = tellings()
    again = learnt(np.array(shipped().embeddings([one.text for one in told])), told)

    assert len({one.event for one in told}) == 151
    assert not [one.text for one in told if not one.text.strip() or "{" in one.text]
    assert np.allclose(again.spread, metric.shipped().spread, rtol=0.05)
