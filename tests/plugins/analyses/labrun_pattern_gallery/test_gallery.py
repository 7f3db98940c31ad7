from __future__ import annotations

import numpy as np
import pytest

from labrun import Ensemble, Outline
from labrun_pattern_gallery import PatternGallery


def ensemble(shape: tuple[int, ...]) -> Ensemble:
    arrays = [{"u": np.full(shape, float(i))} for i in range(6)]
    columns = {"class": ["a", "b", "a", "b", "a", "c"], "kill": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}
    return Ensemble.from_arrays(arrays, columns, "train")


@pytest.mark.parametrize("shape", [(8, 12), (8, 12, 3)])
def test_a_row_of_pictures_for_each_value_in_the_order_of_the_table(shape):
    findings = PatternGallery(array="u", by="class", members=3).analyse(ensemble(shape))
    table = findings.tables["values"]
    assert list(table.index) == ["a", "b", "c"]
    assert table["members"].tolist() == [3, 2, 1]
    assert table["max kill"].tolist() == [0.5, 0.4, 0.6]
    pictures = [axes for axes in findings.figures["gallery"].axes if axes.images]
    assert len(pictures) == 6


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"'u' has 1 dimensions; a gallery draws arrays \(height, width\)"):
        PatternGallery(array="u", by="class").analyse(ensemble((8,)))


def test_check_tells_what_is_missing():
    outline = Outline("train", PatternGallery(array="u", by="class"), ("kill",), {"u": ""})
    problems = dict(PatternGallery(array="v", by="class").check(simulation=outline))
    assert problems["array"] == "'train' gives no array 'v' (it gives u)"
    assert problems["by"] == "the table of 'train' has no column 'class' (it has kill)"
