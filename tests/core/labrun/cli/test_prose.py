"""Docstrings on a terminal."""

from labrun.cli.prose import reflowed

TEXT = """\
A sentence that
is broken in the source.

    u' = F (1 - u),   which stays as it is however long it may be

Presets:

* `a`: the first of
  them, in two lines;
* `b`.
"""


def test_narrow():
    assert reflowed(TEXT, 30) == (
        "A sentence that is broken in\nthe source.\n\n"
        "    u' = F (1 - u),   which stays as it is however long it may be\n\n"
        "Presets:\n\n"
        "* `a`: the first of them, in\n  two lines;\n* `b`."
    )


def test_wide_is_no_wider_than_pleasant():
    assert max(map(len, reflowed("word " * 100, 300).splitlines())) <= 100


def test_an_indented_line_after_a_paragraph_is_no_part_of_it():
    assert reflowed("kagome:\n    1 2\n    3 4", 80) == "kagome:\n    1 2\n    3 4"
