"""`matrix`: combinations, names, places, and what cannot vary."""

import pytest

from labrun.contracts.naming import suffix
from labrun.project.matrix import variants

BLOCK = {"use": "line", "with": {"width": 8, "rates": [1]}, "fit": {"epochs": 2}}


def test_every_combination():
    found, problems = variants(BLOCK | {"matrix": {"with.width": [8, 16], "fit.seed": [0, 1, 2]}})
    assert problems == []
    assert [v.values for v in found] == [{"with.width": w, "fit.seed": s} for w in (8, 16) for s in (0, 1, 2)]
    assert found[5].block == {"use": "line", "with": {"width": 16, "rates": [1]}, "fit": {"epochs": 2, "seed": 2}}
    assert BLOCK["with"]["width"] == 8
    assert suffix(found[5].values) == "[width=16,seed=2]"


def test_a_block_without_a_matrix():
    assert [(v.block, v.values) for v in variants(BLOCK)[0]] == [(BLOCK, {})]


def test_where_a_value_is_written():
    variant = variants(BLOCK | {"matrix": {"with.width": [8, 16], "from.model": ["a", "b"]}})[0][3]
    assert variant.written_at(("with", "width")) == ("matrix", "with.width", 1)
    assert variant.written_at(("from", "model", 0)) == ("matrix", "from.model", 1, 0)
    assert variant.written_at(("with", "rates", 0)) == ("with", "rates", 0)


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [
        ({"width": [1]}, "'width': a key of a matrix is 'use', or begins with 'with.', 'fit.' or 'from.'"),
        ({"with": [{}]}, "'with': a key of a matrix is 'use', or begins with 'with.', 'fit.' or 'from.'"),
        ({"use.x": [1]}, "'use.x': 'use' is not a mapping, so nothing in it can vary"),
        ({"with.": [1]}, "'with.': a key of a matrix is 'use', or begins with 'with.', 'fit.' or 'from.'"),
        ({"with.width.x": [1]}, "'with.width.x': 'with.width' is not a mapping, so nothing in it can vary"),
        ({"with.a": [{}], "with.a.b": [1]}, "'with.a.b' varies a part of 'with.a', which varies too"),
        ({f"with.{c}": [*range(11)] for c in "abc"}, "it makes 1,331 stages; at most 1,000 are possible"),
    ],
)
def test_problems(matrix, problem):
    ((axis, text),) = variants(BLOCK | {"matrix": matrix})[1]
    assert text == problem
    assert axis == ("" if len(matrix) == 3 else [*matrix][-1])
