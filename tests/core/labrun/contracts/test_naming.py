"""Names of the stages of a matrix: readable, distinct, and possible as the name of a folder."""

import re

import pytest

from labrun.contracts.naming import suffix


def test_names_hold_nothing_that_a_folder_cannot():
    assert suffix({"with.a": "x/y z", "with.b": [1, 2.5], "with.c": None}) == "[a=x_y_z,b=1+2.5,c=null]"
    assert suffix({"with.d": True, "with.e": "C:\\\\a*?"}) == "[d=true,e=C_a_]"
    assert suffix({}) == ""


@pytest.mark.parametrize("word", ["斑点", "größe", "हिन्दी", "עברית", "ångström"])
def test_letters_of_every_script_stay(word):
    assert suffix({"with.a": word}) == f"[a={word}]"


def test_a_digest_tells_apart_what_a_name_cannot():
    """Values that agree in their first 60 letters, or in all that a folder can hold; the seed does not count."""
    first, second = ({"with.a": "x" * 60 + end} for end in "yz")
    assert suffix(first) == suffix(second)
    assert re.fullmatch(r"\[a=x{60}~[0-9a-f]{8}\]", suffix(first, exact=True))
    assert suffix(first, exact=True) != suffix(second, exact=True)
    assert suffix({"with.a": 1}, exact=True) != suffix({"with.a": "1"}, exact=True)
    ends = {suffix({"with.a": "?", "fit.seed": seed}, exact=True).partition("~")[2] for seed in range(3)}
    assert ends == {suffix({"a": "?"}, exact=True).partition("~")[2]}


def test_long_names_are_cut():
    values = {f"with.{letter}": letter * 60 for letter in "abcd"}
    assert len(suffix(values)) == 2 + 120 + 9
    assert suffix(values) == suffix(values, exact=True)
    wide = suffix({f"with.{letter}": "斑" * 60 for letter in "abc"})
    assert len(wide.encode()) <= 2 + 120 + 9
