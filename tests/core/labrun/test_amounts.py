"""Amounts in words."""

import pytest

from labrun.amounts import bytes_in_words, counted, duration_in_words, shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.9, "59.9 s"),
        (60, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (4020, "1 h 07 min"),
        (400_000, "4 days 15 h"),
    ],
)
def test_duration(seconds, words):
    assert duration_in_words(seconds) == words


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (999, "999 B"), (1400, "1.4 kB"), (20e9, "20.0 GB"), (3.2e15, "3200.0 TB")]
)
def test_bytes(size, words):
    assert bytes_in_words(size) == words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((0, "stages"), "0 stages"),
        ((1, "stages"), "1 stage"),
        ((1024, "members"), "1,024 members"),
        ((1, "entries", "entry"), "1 entry"),
        ((2, "analyses", "analysis"), "2 analyses"),
    ],
)
def test_counted(words, text):
    assert counted(*words) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (30.0, "30"),
        (15000.0, "15000"),
        (15000, "15000"),
        (0.123456, "0.1235"),
        (2e7, "2e+07"),
        (None, ""),
        ("a", "a"),
        (-0.5, "-0.5"),
    ],
)
def test_shown(value, text):
    assert shown(value) == text
