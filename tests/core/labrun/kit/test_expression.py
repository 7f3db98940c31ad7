from __future__ import annotations

import numpy as np
import pytest

from labrun.kit.expression import parse

COLUMNS = ("kill", "feed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feed - 4*(feed + kill)**2", lambda k, f: f - 4 * (f + k) ** 2),
        ("(feed + kill)**2 - feed*sqrt(kill)", lambda k, f: (f + k) ** 2 - f * np.sqrt(k)),
        ("-kill + +feed/2", lambda k, f: -k + f / 2),
        ("abs(kill - feed) * exp(-1.5e-1)", lambda k, f: np.abs(k - f) * np.exp(-0.15)),
        ("log(kill) + sin(feed) - cos(2*kill)", lambda k, f: np.log(k) + np.sin(f) - np.cos(2 * k)),
        ("2**-kill**2", lambda k, f: 2 ** (-(k**2))),
        (" kill ", lambda k, f: k),
    ],
)
def test_arithmetic_is_that_of_numpy(text, expected, rng):
    kill, feed = rng.uniform(0.01, 0.1, (2, 5, 7))
    np.testing.assert_allclose(parse(text, COLUMNS)({"kill": kill, "feed": feed}), expected(kill, feed), rtol=1e-14)


def test_there_is_no_value_where_the_arithmetic_has_none():
    values = parse("sqrt(kill) + log(feed)", COLUMNS)({"kill": np.array([-1.0, 1.0]), "feed": np.array([1.0, 0.0])})
    np.testing.assert_array_equal(values, [np.nan, -np.inf])


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "__import__('os').system('true') + kill",
        "kill.__class__",
        "kill[0]",
        "(lambda: kill)()",
        "[kill for kill in (1, 2)]",
        "'kill'",
        "kill if feed else 1",
        "kill and feed",
        "kill < feed",
        "kill // 2",
        "kill % 2",
        "kill @ feed",
        "~kill",
        "True * kill",
        "2j * kill",
        "open(kill)",
        "sqrt(kill, feed)",
        "sqrt(x=kill)",
        "sqrt(*kill)",
        "f'{kill}'",
        "(kill := 2)",
        "kill; feed",
        "import os",
        "",
        "kill +",
        "kill\0",
    ],
)
def test_everything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"is not allowed|is not an expression"):
        parse(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    ["9**9**9**9 * kill", "kill ** 10**400", "1e999 + kill", "(-8)**(1/3) * kill", "1 / (1 - 1) - kill", "log(0)*kill"],
)
def test_what_holds_no_column_must_be_a_finite_number(text):
    """Even 9**9**9**9: it would take forever to compute."""
    with pytest.raises(ValueError, match="is not finite"):
        parse(text, COLUMNS)


def test_huge_powers_of_columns_cost_no_more_than_others():
    values = parse("kill**9**9 - (feed*1e300)**9", COLUMNS)({"kill": np.array(2.0), "feed": np.array(3.0)})
    assert np.isnan(values)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fed - kill", "'fed' is not an axis: did you mean 'feed'?"),
        ("kill^2 - feed", "'kill ^ 2 - feed': write ** for a power"),
        ("1 + 2", "'1 + 2' holds none of kill, feed, so it is the same everywhere"),
        ("kill" + " + kill" * 100, "an expression has at most 500 characters; this one has 704"),
    ],
)
def test_messages_tell_what_to_do(text, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 (the whole message is compared)
        parse(text, COLUMNS)
    assert str(error.value) == message


def test_deep_nesting_is_an_error_like_any_other():
    with pytest.raises(ValueError, match="is not an expression"):
        parse("(" * 240 + "kill" + ")" * 240, COLUMNS)
