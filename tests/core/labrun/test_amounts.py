"""Amounts in words."""

import pytest

from labrun.amounts import bytes_in_words, counted, duration_in_words, roughly_in_words, seconds_in, shown


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


@pytest.mark.parametrize("seconds", [0.5, 59.9, 60, 725, 4020, 172_800, 396_000])
def test_duration_is_read_as_it_is_written(seconds):
    assert seconds_in(duration_in_words(seconds)) == seconds


@pytest.mark.parametrize(
    ("words", "seconds"), [("90s", 90), ("1.5 h", 5400), (" 1 day 2 h ", 93_600), ("10  min", 600)]
)
def test_duration_as_a_person_writes_it(words, seconds):
    assert seconds_in(words) == seconds


@pytest.mark.parametrize("words", ["", "10", "min", "-5 s", "10 minutes", "1h30min", "5 m", "1e3 s", "٣ s", "5 s; rm"])
def test_other_texts_are_not_durations(words):
    with pytest.raises(ValueError, match="'90 s', '10 min' or '1 h 30 min'"):
        seconds_in(words)


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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 s"),
        (8.4, "8 s"),
        (42, "40 s"),
        (58, "1 min"),
        (78, "1 min 20 s"),
        (297, "5 min"),
        (700, "12 min"),
        (3590, "1 h"),
        (4900, "1 h 20 min"),
        (20_000, "6 h"),
        (400_000, "5 days"),
    ],
)
def test_estimated_duration(seconds, words):
    assert roughly_in_words(seconds) == words
