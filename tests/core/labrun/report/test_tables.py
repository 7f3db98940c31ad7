"""How the cells of a table are written."""

import csv
import io

import pytest

from labrun.files.guarded import GuardedPath
from labrun.report.tables import CELLS_AT_MOST, PAGE, Table, read_table


def column(cells, **options):
    table = Table("t", ["c"], [[cell] for cell in cells], **options)
    return [row[0] for row in table.first]


def from_csv(tmp_path, header, rows):
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    (tmp_path / "t.csv").write_text(text.getvalue())
    return read_table(GuardedPath(tmp_path) / "t.csv", "t", "")


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        (["30.0", "0.0", "7.0"], ["30", "0", "7"]),  # counts, as pandas writes them
        (["30.0", "", "7.0"], ["30", "", "7"]),
        (["30.0", "0.5"], ["30.00", "0.50"]),
        (["0.123456789", "12345678.9"], ["0.1235", "1.235e+07"]),
        (["20260101", "123456789"], ["20,260,101", "123,456,789"]),
        (["1.0", "spots"], ["1.0", "spots"]),
        (["0.25", "nan", "inf"], ["0.2500", "nan", "inf"]),
        (["", ""], ["", ""]),
        ([], []),
    ],
)
def test_cells_of_a_column(tmp_path, cells, shown):
    table = from_csv(tmp_path, ["c", "d"], [[cell, "x"] for cell in cells])
    assert [row[0] for row in table.first] == shown


def test_numbers_of_one_column_have_equal_decimals_so_that_they_align():
    assert column([0.5, 12.3456, 0.001]) == ["0.50", "12.35", "0.00"]


def test_numbers_over_many_orders_of_magnitude_have_equal_digits():
    assert column([3.14159, 1.23456e-9]) == ["3.142", "1.235e-09"]


def test_a_number_is_rounded_by_its_interval():
    table = Table("t", ["r", "r_low", "r_high", "n"], [[0.97712, 0.90214, 0.99871, 12]])
    assert [one.name for one in table.columns] == ["r", "n"]
    assert table.first == [["0.977 [0.902, 0.999]", "12"]]


def test_columns_with_one_name_are_all_shown():
    assert [one.at for one in Table("t", ["a", "a"], [[1, 2]]).columns] == [0, 1]


def test_the_page_holds_as_many_rows_as_it_has_room_for_and_counts_the_others(tmp_path):
    width = 100
    rows = CELLS_AT_MOST // width + 7
    table = from_csv(tmp_path, list(map(str, range(width))), [["1"] * width] * rows)
    assert (len(table.rows), table.more, table.file) == (rows - 7, 7, "t.csv")
    assert len(table.first) == PAGE


def test_the_page_holds_seven_digits():
    assert Table("t", ["c"], [[1 / 3], [123456789.25], [10**12]]).data["rows"] == [[0.3333333], [123456800.0], [10**12]]


def test_what_json_cannot_hold_goes_as_text():
    assert Table("t", ["c"], [[float("nan")], [1.5]]).data["rows"] == [["nan"], [1.5]]
