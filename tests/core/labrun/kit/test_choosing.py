from __future__ import annotations

import pytest

from labrun.kit.choosing import evenly


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [
        (101, 5, [0, 25, 50, 75, 100]),
        (2, 5, [0, 1]),
        (7, 1, [0]),
        (7, 2, [0, 6]),
        (7, 0, []),
        (0, 4, []),
        (23, 5, [0, 6, 11, 16, 22]),  # 5.5 and 16.5 are rounded to even
    ],
)
def test_the_first_the_last_and_some_between(count, most, chosen):
    assert evenly(count, most).tolist() == chosen


def test_no_index_is_chosen_twice():
    for count in range(1, 60):
        for most in range(1, count + 1):
            assert len(set(evenly(count, most).tolist())) == most
