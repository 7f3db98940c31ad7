from __future__ import annotations

import pytest

from labrun.kit.batches import batches


@pytest.mark.parametrize(
    ("count", "size", "sizes"), [(0, 3, []), (1, 3, [1]), (3, 3, [3]), (7, 3, [3, 3, 1]), (2, 1, [1, 1])]
)
def test_batches_hold_every_index_once_in_order(count, size, sizes):
    found = list(batches(count, size))
    assert [len(one) for one in found] == sizes
    assert [int(i) for one in found for i in one] == list(range(count))
