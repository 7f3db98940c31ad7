"""Faults as a person reads them."""

import pytest

from labrun.faults import Fault, Place, ProjectFaults, did_you_mean


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("kil", ["feed", "kill"], ": did you mean 'kill'?"),
        ("KILL", ["feed", "kill"], ": did you mean 'kill'?"),
        ("Kill", ["Feed", "kill"], ": did you mean 'kill'?"),
        ("zzz", ["kill", "feed"], " (known: feed, kill)"),
        ("zzz", [], ""),
    ],
)
def test_did_you_mean(word, known, hint):
    assert did_you_mean(word, known) == hint


def test_a_fault_shows_its_line():
    place = Place("p.yaml", 14, 8, "  a: {kil: 0.06}", 3)
    assert str(Fault("unknown key 'kil'", place)) == (
        "p.yaml:14:8: unknown key 'kil'\n   14 |   a: {kil: 0.06}\n      |        ^^^"
    )


def test_the_mark_stands_under_its_word_after_a_tab():
    excerpt = Place("p.yaml", 1, 4, "a:\tx", 1).excerpt()
    assert excerpt == "    1 | a:\tx\n      |   \t^"


def test_faults_without_a_line():
    assert str(Fault("m")) == "m"
    assert str(Fault("m", Place("p", 1, 1))) == "p:1:1: m"
    assert str(ProjectFaults([Fault("m"), Fault("n", Place("p", 1, 1))])) == "m\np:1:1: n"
    assert ProjectFaults([]).exit_code == 2
