"""Errors of plugins in one line."""

import pytest

from labrun.registry.error_origin import error_origin


def fall(text):
    raise ValueError(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no luck", "ValueError: no luck"),
        ("no\n  luck", "ValueError: no luck"),
        ("", "ValueError"),
        ("x" * 600, f"ValueError: {'x' * 500} …"),
    ],
)
def test_message(text, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is what is tested
        fall(text)
    assert error_origin(__name__, caught.value) == f"{said} ({__file__}:9)"


def test_the_plugins_own_line_is_told_not_that_of_a_library():
    def call():
        int("x y")  # raised in C
        return

    import json

    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("{")
    line = test_the_plugins_own_line_is_told_not_that_of_a_library.__code__.co_firstlineno + 8
    assert error_origin(__name__, caught.value).endswith(f" ({__file__}:{line})")
    assert "decoder.py" in error_origin("another_module", caught.value)


def test_an_error_that_was_never_raised():
    assert error_origin("x", KeyError("a")) == "KeyError: 'a'"


def test_a_private_class_is_called_by_its_public_base():
    class _TooLarge(ValueError):
        pass

    assert error_origin("x", _TooLarge("9 GB")) == "ValueError: 9 GB"
