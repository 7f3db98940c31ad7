"""Sweeps: exact grids, tables with labels and repeats, random samples within their bounds."""

import os
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from pydantic import ValidationError

from labrun.project.sweep import Sweep
from labrun.project.sweeptable import SweepError, SweepTable, distinct_rows
from labrun.project.tabulate import open_sweep, tabulate


def table(tmp_path=None, seed=1, stage="train", **sweep):
    wanted = Sweep.model_validate(sweep)
    return tabulate(wanted, open_sweep(wanted, tmp_path, seed, stage))


def test_steps_are_decimal():
    """The k axis of the Gray-Scott scan: 0.03 … 0.0675 by 0.000625 is 61 values, each the nearest to its decimal."""
    kill = table(grid={"kill": {"from": 0.03, "to": 0.0675, "step": 0.000625}}).parameters["kill"]
    assert kill == [float(Decimal("0.03") + i * Decimal("0.000625")) for i in range(61)]
    assert kill[-1] == 0.0675


def test_steps_that_miss_the_end():
    assert table(grid={"a": {"from": 0, "to": 1, "step": 0.3}}).parameters["a"] == [0, 0.3, 0.6, 0.9]


@pytest.mark.parametrize(
    ("scale", "values"), [("linear", [1, 34, 67, 100]), ("log", [1, 100 ** (1 / 3), 100 ** (2 / 3), 100])]
)
def test_counts(scale, values):
    found = table(grid={"a": {"from": 1, "to": 100, "count": 4, "scale": scale}}).parameters["a"]
    np.testing.assert_allclose(found, values, rtol=1e-14)


def test_grid_is_the_product_and_its_last_axis_is_the_fastest():
    grid = table(grid={"a": [1, 2, 3], "b": ["x", "y"], "c": 5})
    assert list(zip(*grid.parameters.values(), strict=True)) == list(product([1, 2, 3], ["x", "y"], [5]))
    assert grid.size == 6
    assert [grid.where(4, "a"), grid.where(4, "b")] == [("grid", "a", 2), ("grid", "b", 0)]


@pytest.mark.parametrize("method", ["uniform", "latin_hypercube", "sobol"])
def test_random_is_reproducible_and_within_its_bounds(method):
    columns = {
        "a": {"from": -2, "to": 3},
        "b": {"from": 1e-4, "to": 1e2, "scale": "log"},
        "n": {"from": 1, "to": 3, "whole": True},
        "m": {"from": 1, "to": 1000, "whole": True, "scale": "log"},
    }
    random = {"count": 250, "method": method, "columns": columns}
    found = table(random=random).parameters
    assert found == table(random=random).parameters
    assert found != table(random=random, seed=2).parameters
    assert found != table(random=random, stage="other").parameters
    assert all(columns[name]["from"] <= v <= columns[name]["to"] for name in columns for v in found[name])
    assert set(found["n"]) == {1, 2, 3}
    assert {type(v) for v in found["m"]} == {int}
    assert 0.4 < np.mean(np.log(found["b"]) < np.log(0.1)) < 0.6


def test_latin_hypercube_has_one_member_in_each_slice():
    found = table(random={"count": 20, "method": "latin_hypercube", "columns": {"a": {"from": 0, "to": 20}}})
    assert sorted(int(v) for v in found.parameters["a"]) == list(range(20))


def test_sobol_is_balanced():
    """Of 2^m points, each half of each axis holds exactly half."""
    found = table(random={"count": 64, "method": "sobol", "columns": {c: {"from": 0, "to": 1} for c in "abc"}})
    assert [sum(v < 0.5 for v in values) for values in found.parameters.values()] == [32, 32, 32]


CSV = "class,kill,feed,repeats\nalpha,0.05,0.015,2\nbeta,5e-2,0.025,0\n\ngamma,0.06,1,3\n"


def test_table_with_labels_and_repeats(tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    found = table(tmp_path, table="t.csv", columns=["feed", "kill"], labels=["class"], repeats="repeats")
    assert found.parameters == {"feed": [0.015] * 2 + [1] * 3, "kill": [0.05] * 2 + [0.06] * 3}
    assert found.labels == {"class": ["alpha"] * 2 + ["gamma"] * 3, "repeat": [0, 1, 0, 1, 2]}
    assert [member for member, _ in distinct_rows(found)] == [0, 2]
    assert found.called(4) == "row 3"
    assert str(found.where(4, "feed")).endswith("t.csv:5:12")


def test_table_in_line():
    found = table(table=[{"a": 1, "b": "x"}, {"b": "y", "a": 2}], repeats=2)
    assert found.parameters == {"a": [1, 1, 2, 2], "b": ["x", "x", "y", "y"]}
    assert found.labels == {"repeat": [0, 1, 0, 1]}
    assert found.where(3, "b") == ("table", 1, "b")


@pytest.mark.parametrize(
    ("text", "sweep", "message", "place"),
    [
        ("", {}, "the table {t} is empty: its first line must name the columns", "table"),
        ("a,b\n", {}, "the sweep is empty: the table {t} has no rows", "table"),
        ("a,a\n1,2\n", {}, "the table {t} has two columns 'a'", "{t}:1:1"),
        ("a,,b\n1,2,3\n", {}, "the table {t} has a column without a name", "{t}:1:1"),
        ("a,b\n1,2\n\n1,2,3\n", {}, "row 2 has 3 cells, but the header names 2 columns", "{t}:4:1"),
        ("a,n\n1,2\n1,x\n", {"repeats": "n"}, "row 2: the column 'n' must hold whole numbers, not 'x'", "{t}:3:3"),
        ("a,n\n1,-1\n", {"repeats": "n"}, "row 1: the column 'n' must hold whole numbers, not -1", "{t}:2:3"),
        ("a,n\n1,0\n", {"repeats": "n"}, "the sweep is empty: it makes no member", "table"),
        ("a\n1\n", {"columns": ["b"]}, "the table {t} has no column 'b' (known: a)", "columns.0"),
        ("a\n1\n", {"seed_by": ["b"]}, "'seed_by' names 'b' (known: a)", "seed_by.0"),
        (
            "repeat\n1\n",
            {"repeats": 2},
            "a column cannot be called 'repeat': repeats are counted under that name",
            "repeats",
        ),
        ("a\n1\n", {"repeats": 10**8}, "the sweep has more than 20,000,000 members", "repeats"),
        (f"a\n{'1' * 2000}\n", {}, "row 1: this number has more than 1000 digits", "{t}:2:1"),
    ],
)
def test_faults_of_tables(tmp_path, text, sweep, message, place):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(SweepError) as caught:
        table(tmp_path, table="t.csv", **sweep)
    assert str(caught.value) == message.format(t=path)
    where = caught.value.where
    assert (".".join(map(str, where)) if isinstance(where, tuple) else str(where)) == place.format(t=path)


def test_table_that_is_no_text(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"a\n\xff\n")
    with pytest.raises(SweepError, match=r"t\.csv is not text in UTF-8; save it in that encoding$"):
        table(tmp_path, table="t.csv")


MISSING = "a,class,value,other\n1,one,0.1,\n2,,NaN,\n3,two,n/a,\n4,two,0.4,\n"


def test_missing_values_are_refused(tmp_path):
    """An empty cell is not a class, and `NaN` among numbers does not make classes of them."""
    (tmp_path / "t.csv").write_text(MISSING)
    for labels, message, place in (
        (["class"], "lacks values: 'class' in row 2 (empty). Fill them in, remove these rows, or leave", "3:3"),
        (["value"], "lacks values: 'value' in row 2 (NaN), 'value' in row 3 (n/a). Fill", "3:4"),
        (["value", "class"], "lacks values: 'value' in row 2 (NaN), 'value' in row 3 (n/a). Fill", "3:4"),
        (["other"], "lacks values: 'other' in row 1 (empty), 'other' in row 2 (empty), ", "2:11"),
    ):
        with pytest.raises(SweepError) as caught:
            table(tmp_path, table="t.csv", columns=["a"], labels=labels)
        assert f"t.csv {message}" in str(caught.value)
        assert str(caught.value.where).endswith(f"t.csv:{place}")
    assert table(tmp_path, table="t.csv", columns=["a"]).size == 4  # columns that are not used may lack values


def test_rows_with_missing_values_are_left_out_on_request(tmp_path):
    (tmp_path / "t.csv").write_text(MISSING.replace("other\n", "n\n").replace(",\n", ",2\n"))
    found = table(tmp_path, table="t.csv", columns=["a"], labels=["class", "value"], repeats="n", missing="drop")
    assert found.parameters == {"a": [1, 1, 4, 4]}
    assert found.labels == {
        "class": ["one", "one", "two", "two"],
        "value": [0.1, 0.1, 0.4, 0.4],
        "repeat": [0, 1, 0, 1],
    }
    assert (found.called(3), str(found.where(3, "a"))[-5:]) == ("row 4", "v:5:1")
    assert found.remarks == (
        f"2 of 4 rows of the table {tmp_path}/t.csv are left out, because values are missing: 'class' in row 2 (empty), "
        "'value' in row 3 (n/a)",
    )
    with pytest.raises(SweepError, match="lacks a value in every row"):
        table(table=[{"a": 1, "b": None}], labels=["b"], missing="drop")


def test_text_among_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("a,value\n1,0.1\n2,0.2\n3,bad\n")
    with pytest.raises(SweepError, match="row 3: the column 'value' holds the text 'bad' among numbers") as caught:
        table(tmp_path, table="t.csv", labels=["value"])
    assert str(caught.value.where).endswith("t.csv:4:3")


def test_words_for_nothing_may_be_classes(tmp_path):
    (tmp_path / "t.csv").write_text("a,class\n1,NULL\n2,None\n3,NA\n4,null\n5,true\n")
    assert table(tmp_path, table="t.csv", labels=["class"]).labels["class"] == ["NULL", "None", "NA", "null", True]
    inline = table(table=[{"a": 1, "class": "NA"}, {"a": 2, "class": "nan"}], labels=["class"])
    assert inline.labels["class"] == ["NA", "nan"]


def test_null_is_a_value_of_a_parameter(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n1,x\n~,null\n")
    assert table(tmp_path, table="t.csv").parameters == {"a": [1, None], "b": ["x", None]}
    assert table(table=[{"a": None}, {"a": 1}]).parameters == {"a": [None, 1]}
    (tmp_path / "t.csv").write_text("a,b\n1,2\n,3\n")
    with pytest.raises(SweepError, match=r"lacks values: 'a' in row 2 \(empty\)"):
        table(tmp_path, table="t.csv")
    with pytest.raises(SweepError, match=r"lacks values: 'b' in row 1 \(empty\)"):
        table(table=[{"a": 1, "b": None}], labels=["b"])


def test_whole_numbers_of_a_spreadsheet(tmp_path):
    (tmp_path / "t.csv").write_text("n,x,r\n8.0,8.0,2.0\n9,1.5,1\n2.5,2,1.0\n")
    found = table(tmp_path, table="t.csv", repeats="r")
    found.make_whole(["n", "other"])
    assert [*map(repr, found.parameters["n"])] == ["8", "8", "9", "2.5"]
    assert [*map(repr, found.parameters["x"])] == ["8.0", "8.0", "1.5", "2"]


def test_names_of_columns_are_known_before_rows_are_drawn():
    """Drawing so many would take minutes, and memory that is not there."""
    wanted = Sweep.model_validate({"random": {"count": 20_000_000, "columns": {"a": {"from": 0, "to": 1}}}})
    assert [*open_sweep(wanted, None, 0, "s").parameters] == ["a"]
    wanted = Sweep.model_validate({"grid": {c: {"from": 0, "to": 1, "count": 20_000_000} for c in "ab"}})
    assert [*open_sweep(wanted, None, 0, "s").parameters] == ["a", "b"]


@pytest.mark.parametrize("name", ["gone.csv", ".", "\0", "x" * 5000, "pipe"])
def test_table_that_is_not_there(tmp_path, name):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SweepError, match="there is no table"):
        table(tmp_path, table=name)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        (
            {"grid": {"a": [1]}, "table": "t.csv"},
            "give one of 'grid', 'table', 'files', 'random' and 'adaptive', not grid and table",
        ),
        ({"grid": {"a": [1]}, "labels": ["b"]}, "'labels' and a column of repeats go with a 'table'"),
        ({"grid": {"a": [1]}, "missing": "drop"}, "'missing' goes with a 'table'"),
        ({"grid": {"a": [1]}, "repeats": 0}, "'repeats' must be at least 1, not 0"),
        ({"grid": {"a": {"from": 1, "to": 2}}}, "give either 'step' or 'count'"),
        ({"grid": {"a": {"from": 1, "to": 2, "step": 1, "count": 2}}}, "give either 'step' or 'count'"),
        ({"grid": {"a": {"from": 2, "to": 1, "step": 1}}}, "'to' (1.0) is below 'from' (2.0)"),
        (
            {"grid": {"a": {"from": 0, "to": 1, "count": 3, "scale": "log"}}},
            "a log range needs 'count' and positive ends",
        ),
        ({"grid": {"a": {"from": 0, "to": 1, "step": 1e-300}}}, "the range has more than 20,000,000 values"),
        ({"grid": {"a": {"from": -1e308, "to": 1e308, "count": 3}}}, "lie too far apart"),
        ({"grid": {"a": {"from": 0, "to": float("inf"), "step": 1}}}, "finite number"),
        ({"random": {"count": 1, "columns": {"a": {"from": 1, "to": 1}}}}, "'to' (1.0) must be above 'from' (1.0)"),
        (
            {"random": {"count": 1, "columns": {"a": {"from": 0, "to": 1, "scale": "log"}}}},
            "a log scale needs positive ends",
        ),
        (
            {"random": {"count": 1, "columns": {"a": {"from": 0.5, "to": 2, "whole": True}}}},
            "both ends must be whole numbers",
        ),
    ],
)
def test_sweeps_without_sense(sweep, message):
    with pytest.raises(ValidationError) as caught:
        Sweep.model_validate(sweep)
    assert any(message in error["msg"] for error in caught.value.errors())


def test_grid_that_is_too_large():
    with pytest.raises(SweepError, match="the grid has more than 20,000,000 members"):
        table(grid={c: {"from": 1, "to": 1000, "step": 1} for c in "abc"})


def test_seed_by_groups():
    found = table(grid={"sky": [1, 2], "redshift": [6, 7, 8]}, seed_by=["sky"])
    assert found.groups() == [(1,)] * 3 + [(2,)] * 3
    assert table(grid={"sky": [1, 2]}).groups() is None
    assert table(grid={"sky": [1, 2]}, seed_by=[]).groups() == [(), ()]
    assert len(set(table(grid={"size": [[64, 64], [32, 64]]}, seed_by=["size"]).groups())) == 2


def test_distinct_rows_tell_types_apart():
    values = [1, 1.0, True, "1", None, 1, [1]]
    found = distinct_rows(SweepTable({"a": values}, {}, len(values)))
    assert [member for member, _ in found] == [0, 1, 2, 3, 4, 6]


def test_no_sweep_is_one_member():
    assert (table().size, table().parameters, list(distinct_rows(table()))) == (1, {}, [(0, {})])
