from __future__ import annotations

import pytest

from labrun_cluster_convergence.choosing import choose_members


@pytest.mark.parametrize(
    ("count", "chosen"),
    [
        (0, []),
        (1, [0]),
        (2, [0, 6]),
        (3, [0, 3, 6]),  # one of each set
        (5, [0, 1, 3, 6, 7]),  # then second ones, evenly
        (9, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_members_are_chosen_evenly_over_the_sets(count, chosen):
    assert choose_members([[0, 1, 2], [3, 4, 5], [6, 7]], count) == chosen
