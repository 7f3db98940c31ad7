"""What is measured in a process of its own cannot take forever, nor take this process with it."""

from __future__ import annotations

import os
import time

import pytest

from labrun.engine import bounded
from labrun.engine.bounded import in_worker
from labrun.faults import LabrunError


def double(x):
    return 2 * x


def die(x):
    os._exit(9)


def hang(x):
    time.sleep(600)


def raise_timeout(x):
    raise TimeoutError("of the function")


def test_result_comes_back():
    assert in_worker("doubling", double, 4) == 8


def test_death_is_reported():
    with pytest.raises(LabrunError, match="dying killed its process"):
        in_worker("dying", die, 1)


def test_what_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(bounded, "LIMIT", 0.0)
    with pytest.raises(LabrunError, match="hanging took longer than 0 s, and was not measured"):
        in_worker("hanging", hang, 1)


def test_timeout_of_the_function_is_its_own():
    with pytest.raises(TimeoutError, match="of the function"):
        in_worker("waiting", raise_timeout, 1)
