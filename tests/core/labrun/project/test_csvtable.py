"""CSV files: what cells mean, and where they stand."""

import pytest

from labrun.project.csvtable import CsvTable, TableError
from labrun.project.yaml12 import parse_scalar


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "t.csv").write_bytes(content.encode())
        return CsvTable.read(tmp_path / "t.csv")

    return read


def rows(table):
    return [*zip(*table.columns.values(), strict=True)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_cells_mean_what_yaml_scalars_mean(read, newline):
    table = read(newline.join(["class, kill ,feed", "alpha,1e-3, 5", "off,~,", "", "null,true,0x10", ""]))
    assert table.header == ["class", "kill", "feed"]
    assert rows(table) == [("alpha", 0.001, 5), ("off", "~", None), ("null", True, 16)]
    place = table.place(2, "feed")
    assert (place.line, place.column, place.width, place.text) == (5, 11, 4, "null,true,0x10")


def test_a_mark_of_byte_order_is_no_part_of_the_header(read):
    assert read("\ufeffa\n1\n").header == ["a"]


def test_quotes(read):
    table = read('a,b\n"x, ""y""",2\n"over\ntwo lines",3\n')
    assert rows(table) == [('x, "y"', 2), ("over\ntwo lines", 3)]
    place = table.place(0, "b")  # commas within quotes: the whole line is marked
    assert (place.line, place.column, place.width) == (2, 1, len('"x, ""y""",2'))


def test_headings(read):
    table = read("a,bc\n1,2\n")
    assert (table.heading("bc").line, table.heading("bc").column, table.heading("bc").width) == (1, 3, 2)


def test_a_cell_without_end(read):
    with pytest.raises(TableError, match=r"t\.csv is not CSV: field larger than field limit"):
        read('a\n"' + "x" * 200_000)


@pytest.mark.parametrize(
    "texts",
    [
        ["1", "-2", "+3", "007"],
        ["1", "2.5", ".5", "-3.", "1e3", "+1E-2"],
        ["1", "", "2"],
        ["1", "1_000"],
        ["1", "0x10", "0o17"],
        ["1.5", "inf", "nan", ".nan"],
        ["-", "1"],
        ["1", "٣"],
        ["1", "1" * 999],
    ],
)
def test_a_column_of_numbers_is_read_as_its_cells_are(read, texts):
    """Whole columns of numbers take a fast way; each cell means the same as alone."""
    values = read("a,b\n" + "".join(f"{text},x\n" for text in texts)).columns["a"]
    expected = [parse_scalar(text) if text else None for text in texts]
    assert [*map(repr, values)] == [*map(repr, expected)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "a;b\n1,5;2\n",
            r"t\.csv separates its cells by semicolons\. Save it with commas between the cells, and points in",
        ),
        ("a\tb\n1\t2\n", r"t\.csv separates its cells by tabs\. Save it with commas"),
        (
            "sep=;\na;b\n",
            r"t\.csv begins with 'sep=;', which only Excel understands: remove that line\. Save it with commas",
        ),
        ("sep=,\na,b\n", r"t\.csv begins with 'sep=', which only Excel understands: remove that line"),
    ],
)
def test_tables_of_spreadsheets(read, content, message):
    with pytest.raises(TableError, match=message) as caught:
        read(content)
    assert caught.value.place.line == 1
