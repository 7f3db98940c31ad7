"""Errors of plugins in one line."""

import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from labrun.faults import LabrunError
from labrun.registry.error_origin import LONGEST, error_origin, full_traceback


def fall(text):
    raise ValueError(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no luck", "ValueError: no luck"),
        ("no\n  luck", "ValueError: no luck"),
        ("", "ValueError"),
        ("\ud800 x", r"ValueError: \ud800 x"),
        ("x" * 600, f"ValueError: {'x' * 500} …"),
    ],
)
def test_message(text, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is what is tested
        fall(text)
    assert error_origin(__name__, caught.value) == f"{said} ({__file__}:15)"


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


def write_and_fail():
    subprocess.run(
        [sys.executable, "-c", "import sys; print('mesh:', 'too coarse', sep='\\n', file=sys.stderr); sys.exit(3)"],
        capture_output=True,
        check=True,
    )


def test_the_standard_error_of_a_program_is_kept():
    with pytest.raises(subprocess.CalledProcessError) as caught:
        write_and_fail()
    said = error_origin(__name__, caught.value)
    assert said.startswith("CalledProcessError: Command '[")
    assert "returned non-zero exit status 3. Its standard error ends with: too coarse (" in said
    assert full_traceback(caught.value).endswith("\nStandard error of the program:\nmesh:\ntoo coarse\n")


def test_the_line_in_a_worker_is_told():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as workers:
        error = workers.submit(fall, "there").exception()
    assert error is not None
    assert error_origin(__name__, error) == f"ValueError: there ({__file__}:15)"


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


def test_an_error_without_a_text_and_a_very_long_one():
    with pytest.raises(Mute) as caught:
        raise Mute
    assert error_origin(__name__, caught.value).startswith("Mute: (its text cannot be shown) (")
    assert "raise Mute" in full_traceback(caught.value)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is what is tested
        fall("x" * 10_000_000)
    assert len(full_traceback(caught.value)) < LONGEST + 10


def test_an_error_for_people_is_complete_in_itself():
    said = "the program printed nothing. " + "Its folder is kept. " * 40
    assert error_origin(__name__, LabrunError(said)) == said.strip()
