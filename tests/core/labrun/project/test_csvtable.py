"""CSV files: what cells mean, and where they stand."""

import pytest

from labrun.project.csvtable import CsvTable, TableError


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "t.csv").write_bytes(content.encode())
        return CsvTable.read(tmp_path / "t.csv")

    return read


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_cells_mean_what_yaml_scalars_mean(read, newline):
    table = read(newline.join(["class, kill ,feed", "alpha,1e-3, 5", "off,~,", "", "null,true,0x10", ""]))
    assert table.header == ["class", "kill", "feed"]
    assert table.rows == [["alpha", 0.001, 5], ["off", None, None], [None, True, 16]]
    place = table.place(2, "feed")
    assert (place.line, place.column, place.width, place.text) == (5, 11, 4, "null,true,0x10")


def test_a_mark_of_byte_order_is_no_part_of_the_header(read):
    assert read("\ufeffa\n1\n").header == ["a"]


def test_quotes(read):
    table = read('a,b\n"x, ""y""",2\n"over\ntwo lines",3\n')
    assert table.rows == [['x, "y"', 2], ["over\ntwo lines", 3]]
    place = table.place(0, "b")  # commas within quotes: the whole line is marked
    assert (place.line, place.column, place.width) == (2, 1, len('"x, ""y""",2'))


def test_headings(read):
    table = read("a,bc\n1,2\n")
    assert (table.heading("bc").line, table.heading("bc").column, table.heading("bc").width) == (1, 3, 2)


def test_a_cell_without_end(read):
    with pytest.raises(TableError, match=r"t\.csv is no CSV: field larger than field limit"):
        read('a\n"' + "x" * 200_000)
