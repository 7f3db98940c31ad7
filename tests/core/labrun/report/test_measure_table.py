"""The numbers of an analysis as a table, and in a few words."""

from labrun import Interval, Measure
from labrun.report.measure_table import as_cell, measure_table, short, value_text


def test_columns_that_would_be_empty_are_left_out():
    table = measure_table({"r": Measure(0.5, name="r"), "n": Measure(12.0, name="n")})
    assert table.header == ["number", "value"]
    assert table.first == [["r", "0.5"], ["n", "12"]]


def test_a_value_is_rounded_by_its_interval_and_its_bounds_stand_beside_it():
    one = Measure(0.97712, interval=Interval(0.9, 0.99), baseline=0.5, ceiling=1, n=40, units="members", unit="mK")
    table = measure_table({"r": one})
    assert [column.name for column in table.columns] == ["number", "value", "unit", "baseline", "ceiling", "over", "of"]
    assert table.first == [["r", "0.977 [0.900, 0.990]", "mK", "0.5", "1", "40", "members"]]
    assert value_text(one) == ("0.977", "[0.900, 0.990]")
    assert short("r of net", one) == "r of net 0.977 mK"


def test_whole_numbers_of_any_type_are_cells():
    assert [as_cell(value) for value in (3, 3.0, Measure(3), Measure(3.0), 2.5)] == [3, 3, 3, 3, 2.5]
    assert as_cell(float("inf")) == float("inf")
