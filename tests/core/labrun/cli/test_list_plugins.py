"""`labrun list-plugins`."""

import json

import pytest


def test_for_people(labrun):
    outcome = labrun("list-plugins")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == "kind\tname\tdescription\tfrom"
    assert (
        "Simulator\tgray_scott\tGray-Scott reaction-diffusion on a periodic plane of square cells.\tlabrun 1.0.0"
        in lines
    )


def test_for_programs(labrun):
    inventory = json.loads(labrun("list-plugins", "--json").out)
    assert set(inventory) == {"plugins", "quarantined", "remarks"}
    found = next(plugin for plugin in inventory["plugins"] if plugin["name"] == "gray_scott")
    assert found == {
        "kind": "Simulator",
        "name": "gray_scott",
        "summary": "Gray-Scott reaction-diffusion on a periodic plane of square cells.",
        "version": 1,
        "api": 1,
        "distribution": "labrun",
        "distribution_version": "1.0.0",
    }


def names(outcome):
    return [tuple(line.split("\t")[:2]) for line in outcome.out.splitlines()[1:]]


def test_one_kind(labrun):
    found = names(labrun("list-plugins", "--kind", "simulator"))
    assert {kind for kind, _ in found} == {"Simulator"}
    assert ("Simulator", "gray_scott") in found


@pytest.mark.parametrize("word", ["gray_sc", "Reaction-Diffusion"])  # in the name, in the description
def test_a_word_selects(labrun, word):
    assert ("Simulator", "gray_scott") in names(labrun("list-plugins", word))
    assert json.loads(labrun("list-plugins", word, "--json").out)["plugins"][0]["name"] == "gray_scott"


def test_a_word_and_a_kind(labrun):
    assert names(labrun("list-plugins", "gray_sc", "--kind", "simulator")) == [("Simulator", "gray_scott")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grey_scott"], "no plugin matches 'grey_scott': did you mean 'gray_scott'?"),
        (["gray_scott", "--kind", "model"], "no model matches 'gray_scott'."),
        (["qqq"], "no plugin matches 'qqq'."),
    ],
)
def test_a_word_that_nothing_matches(labrun, words, message):
    outcome = labrun("list-plugins", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"{message} 'labrun list-plugins' lists all plugins\n"
