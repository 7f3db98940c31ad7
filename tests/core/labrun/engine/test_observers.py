"""Observers: told in order, one by one; one that fails is reported once."""

from __future__ import annotations

import errno

import pluggy
import pytest

from labrun import hookimpl
from labrun.contracts import hookspecs
from labrun.contracts.events import StageFinished, StageStarted
from labrun.engine.observers import Observers
from labrun.faults import LabrunError

STARTED = StageStarted(0.0, "simulations.a", "wave", "key", "members", 2, 0)
FINISHED = StageFinished(1.0, "simulations.a", "done", 1.0)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def make_observers(told):
    def make(*plugins: object) -> Observers:
        manager = pluggy.PluginManager("labrun")
        manager.add_hookspecs(hookspecs)
        for number, plugin in enumerate(plugins):
            manager.register(plugin, name=f"observer {number}")
        return Observers(manager, told.append)

    return make


class Recorder:
    def __init__(self) -> None:
        self.seen: list[object] = []

    @hookimpl
    def labrun_stage_started(self, event):
        self.seen.append(event)

    @hookimpl
    def labrun_stage_finished(self, event):
        self.seen.append(event)


class Breaks:
    """Raises whenever it is told something."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
        self.calls = 0

    @hookimpl
    def labrun_stage_started(self, event):
        self.calls += 1
        raise self.error

    @hookimpl
    def labrun_stage_finished(self):
        self.calls += 1
        raise self.error


def test_all_are_told_in_order(make_observers, told):
    first, second = Recorder(), Recorder()
    observers = make_observers(first, second)
    observers.notify(STARTED)
    observers.notify(FINISHED)
    assert first.seen == second.seen == [STARTED, FINISHED]
    assert told == []


@pytest.mark.parametrize("error", [ValueError("no luck"), SystemExit(3)])
def test_one_that_fails_is_reported_once_and_the_others_are_told(make_observers, told, error):
    after = Recorder()
    breaks = Breaks(error)
    observers = make_observers(breaks, after)
    observers.notify(STARTED)
    observers.notify(FINISHED)
    assert after.seen == [STARTED, FINISHED]
    assert breaks.calls == 1
    assert len(told) == 1
    assert "the observer 'observer 0' failed in labrun_stage_started and is left out from now on" in told[0]
    assert f"{type(error).__name__}: {error} (" in told[0]
    assert "test_observers.py:" in told[0]
    assert not observers.out_of_space


def test_error_for_people_is_told_as_it_is(make_observers, told):
    make_observers(Breaks(LabrunError("no such server: start it"))).notify(STARTED)
    assert told == ["the observer 'observer 0' is left out from now on: no such server: start it"]


def test_one_that_wants_to_be_last_is_told_after_those_registered_later(make_observers):
    order: list[str] = []

    class Last:
        @hookimpl(trylast=True)
        def labrun_stage_started(self, event):
            order.append("last")

    class Usual:
        @hookimpl
        def labrun_stage_started(self, event):
            order.append("usual")

    make_observers(Last(), Usual(), Usual()).notify(STARTED)
    assert order == ["usual", "usual", "last"]


def test_full_disk_is_told_in_words(make_observers, told):
    observers = make_observers(Breaks(OSError(errno.ENOSPC, "No space left on device")))
    observers.notify(FINISHED)
    assert observers.out_of_space
    assert told == [
        "no space is left on the disk for 'observer 0', which misses everything from now on. What was finished is kept: make room, "
        "and run the same command again"
    ]


def test_interruption_is_no_failure_of_an_observer(make_observers):
    with pytest.raises(KeyboardInterrupt):
        make_observers(Breaks(KeyboardInterrupt())).notify(STARTED)
