from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr

from labrun_snapshot_cnn.metric import PearsonR


def test_it_is_that_of_all_batches_together(rng):
    truth = 100 + rng.normal(size=60)
    predicted = 0.5 * truth + rng.normal(size=60)
    metric = PearsonR()
    for part in (slice(0, 25), slice(25, 26), slice(26, 60)):
        metric.update_state(truth[part], predicted[part][:, None])
    assert float(metric.result()) == pytest.approx(pearsonr(truth, predicted).statistic, abs=1e-4)
    metric.reset_state()
    metric.update_state(truth[:5], truth[:5])
    assert float(metric.result()) == pytest.approx(1, abs=1e-5)


def test_a_constant_answer_has_none():
    metric = PearsonR()
    metric.update_state(np.arange(4.0), np.ones((4, 1)))
    assert float(metric.result()) == 0
