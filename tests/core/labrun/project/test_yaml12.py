"""YAML 1.2: scalars by the core schema, places of all values, and what is refused."""

import math
import time

import pytest

from labrun.faults import ProjectFaults
from labrun.project.yaml12 import Document, parse_scalar


def parse(text):
    return Document.parse(text, "p.yaml")


def faults(text):
    with pytest.raises(ProjectFaults) as caught:
        parse(text)
    return str(caught.value)


# https://yaml.org/spec/1.2.2/#103-core-schema, and the words that YAML 1.1 takes for something else
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("FALSE", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("n", "n"),
        ("0", 0),
        ("-19", -19),
        ("+12", 12),
        ("0o14", 12),
        ("014", 14),
        ("0x3A", 58),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("+12e03", 12000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-2.5", -2.5),
        ("1.2.3", "1.2.3"),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        ("2001-12-14", "2001-12-14"),
        ("nan", "nan"),
        ("١", "١"),
    ],
)
def test_scalars(text, value):
    found = parse_scalar(text)
    assert (type(found), found) == (type(value), value)


def test_not_a_number():
    assert math.isnan(parse_scalar(".nan"))


def test_quoted_scalars_are_texts():
    assert parse("a: '1e-3'\nb: \"true\"\nc: |\n  5\n").value == {"a": "1e-3", "b": "true", "c": "5\n"}


def test_places():
    document = parse("a: 1\nb:\n  - x\n  - {c: 2.5}\n")
    assert str(document.place(("a",))) == "p.yaml:1:4"
    assert str(document.place(("b",), key=True)) == "p.yaml:2:1"
    assert str(document.place(("b", 1, "c"))) == "p.yaml:4:9"
    assert document.place(("b", 1, "c")).excerpt() == "    4 |   - {c: 2.5}\n      |         ^^^"


def test_what_is_missing_is_where_it_belongs():
    document = parse("a:\n  b: {c: 1}\n")
    assert str(document.place(("a", "b", "d"))) == "p.yaml:2:3"
    assert str(document.place(("z",))) == "p.yaml:1:1"


def test_merge_key():
    """https://yaml.org/type/merge.html: what is there itself wins, then the first of several."""
    document = parse("x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  c: 5\n  <<: [*x, *y]\n")
    assert document.value["z"] == {"a": 1, "b": 2, "c": 5}
    assert str(document.place(("z", "b"))) == "p.yaml:1:17"
    assert str(document.place(("z", "c"))) == "p.yaml:4:6"


def test_merge_of_no_mapping():
    assert faults("a: &a 3\nb: {<<: *a}") == (
        "p.yaml:1:4: '<<' merges a mapping, such as '*numerics'\n    1 | a: &a 3\n      |    ^^^^"
    )


def test_aliases_are_places_of_what_they_name():
    assert str(parse("a: &n [1, 2]\nb: *n\n").place(("b", 1))) == "p.yaml:1:11"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [*a]", "p.yaml:1:4: this alias (*) stands inside the value that it names"),
        ("a: !!str 5", "p.yaml:1:4: a tag (!) is not allowed: a project holds plain values only"),
        ("a: !x {b: 1}", "p.yaml:1:4: a tag (!) is not allowed: a project holds plain values only"),
        ("? [a]\n: 1", "p.yaml:1:3: a key must be a plain word"),
        ("? {a: 1}\n: 1", "p.yaml:1:3: a key must be a plain word"),
        ('"": 1', "p.yaml:1:1: a key must be a plain word"),
        ("a: 1\n---\nb: 2", "p.yaml:3:1: a second document starts here ('---'); a project is one document"),
        ("a: *b", "p.yaml:1:4: not valid YAML: found undefined alias 'b'"),
        ("a:\n  b\n  c: 1", "p.yaml:3:4: not valid YAML: mapping values are not allowed here"),
        ("a: 'x", "p.yaml:1:6: not valid YAML: found unexpected end of stream (while scanning a quoted scalar)"),
        ("a: 1\nb\nc: 1", "p.yaml:2:1: not valid YAML: a ':' and a value are missing: each line of a mapping reads"),
        ("a: x\x07", "p.yaml:1:5: the character U+0007 is not allowed in YAML"),
        ('a: "\\ud800"', "p.yaml:1:4: the character U+D800 is half of a surrogate pair, so this is not text"),
        ("a: " + "1" * 1001, "p.yaml:1:4: this number has more than 1000 digits"),
        ("a: 0x" + "f" * 1001, "p.yaml:1:4: this number has more than 1000 digits"),
        ("a: " + "[" * 60 + "]" * 60, "p.yaml:1:54: nested more than 50 levels deep"),
        ("[" * 100_000, "p.yaml:1:1: nested too deeply, or not YAML at all"),
    ],
)
def test_refused(text, message):
    assert faults(text).startswith(message)


def test_several_faults_at_once():
    told = [line for line in faults("a: 1\na: 2\nb: !x 3\n").splitlines() if line.startswith("p.yaml")]
    assert [line.split(": ")[0] for line in told] == ["p.yaml:2:1", "p.yaml:3:4"]


def test_the_billion_laughs_stay_few():
    lines = ["a0: &a0 [lol]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    begin = time.process_time()
    assert "aliases (*) that repeat one another?" in faults("\n".join(lines))
    assert time.process_time() - begin < 20


def test_long_texts_do_not_multiply():
    text = f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]"
    assert "aliases (*) that repeat one another?" in faults(text)


def test_overlay_merges_mappings_and_replaces_all_else():
    below = Document.parse("a: {b: 1, c: [1, 2]}\nd: {e: 1}\n", "below")
    above = Document.parse("a: {c: [3], f: 4}\nd: 5\n", "above")
    document = below.overlay(above)
    assert document.value == {"a": {"b": 1, "c": [3], "f": 4}, "d": 5}
    places = {("a", "b"): "below:1:8", ("a", "c", 0): "above:1:9", ("a", "f"): "above:1:16", ("d",): "above:2:4"}
    assert {path: str(document.place(path)) for path in places} == places
    assert str(document.place(("d", "e"))) == "above:2:1"
    assert below.value == {"a": {"b": 1, "c": [1, 2]}, "d": {"e": 1}}
