"""Dispatch: tasks go out as there are workers, and come back whatever dies on the way."""

from __future__ import annotations

from concurrent.futures import CancelledError, Executor, Future
from typing import Any

import pytest

from labrun.workers.dispatch import FOR_EACH, TaskKillsWorker, dispatch


class Death(Exception):
    """A worker died."""


class Desk(Executor):
    """Workers that answer one future a look, in an order that the test chooses, and die of tasks that the test names."""

    deaths: tuple[type[Exception], ...] = (Death,)
    chances = 2

    def __init__(
        self, count: int = 2, *, first: int = 0, fatal: dict[int, int] | None = None, all_die: bool = False
    ) -> None:
        self.count = count
        self.first = first
        self.fatal = fatal or {}
        self.all_die = all_die
        self.out: list[tuple[Future[Any], Any, int]] = []
        self.most = self.looks = 0
        self.begun: list[int] = []

    def executor(self) -> Desk:
        return self

    def submit(self, function: Any, /, *args: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.begun.append(args[0])
        self.out.append((future, function, args[0]))
        self.most = max(self.most, len(self.out))
        return future

    def attend(self) -> None:
        """Every second time, one of those that are out ends."""
        self.looks += 1
        if self.looks % 2:
            return
        future, function, task = self.out.pop(min(self.first, len(self.out) - 1))
        if self.fatal.get(task, 0) > 0:
            self.fatal[task] -= 1
            future.set_exception(Death())
            for other, _, _ in self.out if self.all_die else ():
                other.set_exception(Death())
            self.out = [] if self.all_die else self.out
            return
        try:
            future.set_result(function(task))
        except Exception as error:
            future.set_exception(error)

    def withdraw(self, futures: Any) -> set[Future[Any]]:
        return {future for future, _, task in self.out if task == self.begun[0] or not future.cancel()}


@pytest.fixture(autouse=True)
def no_patience(monkeypatch):
    monkeypatch.setattr("labrun.workers.dispatch.PATIENCE", 0)


def numbered(count: int) -> list[tuple[int, int]]:
    return [(i, i) for i in range(count)]


@pytest.mark.parametrize("first", [0, 1, 2, 9])
def test_all_tasks_are_done_and_never_more_than_some_are_out(first):
    desk = Desk(3, first=first)
    asked: list[int] = []

    def tasks():
        for number, task in numbered(20):
            asked.append(number)
            assert len(asked) - len(found) <= FOR_EACH * 3 + 1
            yield number, task

    found: dict[int, int] = {}
    for number, result in dispatch(desk, lambda i: i * i, tasks()):
        found[number] = result
    assert found == {i: i * i for i in range(20)}
    assert desk.most == FOR_EACH * 3


@pytest.mark.parametrize("first", [0, 1, 2, 9])
def test_in_order_what_is_out_or_held_is_bounded(first):
    desk = Desk(2, first=first)
    begun: list[int] = []
    done = []
    for number, result in dispatch(desk, lambda i: begun.append(i) or -i, numbered(20), in_order=True):
        done.append((number, result))
        assert len(begun) <= len(done) + FOR_EACH * 2
    assert done == [(i, -i) for i in range(20)]


@pytest.mark.parametrize("in_order", [False, True])
@pytest.mark.parametrize("all_die", [False, True])
def test_what_was_in_hand_when_a_worker_died_is_done_again(in_order, all_die):
    desk = Desk(2, fatal={3: 1, 11: 1}, all_die=all_die)
    done = dict(dispatch(desk, str, numbered(20), in_order=in_order))
    assert done == {i: str(i) for i in range(20)}
    lost = desk.begun.count(3) + desk.begun.count(11) - 2
    assert lost == 2
    assert len(desk.begun) - 20 <= (2 * FOR_EACH * 2 if all_die else 2)


@pytest.mark.parametrize("all_die", [False, True])
def test_a_task_that_kills_is_named_and_all_others_are_done(all_die):
    desk = Desk(2, fatal={3: 99, 4: 99}, all_die=all_die)
    done: dict[int, str] = {}
    with pytest.raises(TaskKillsWorker) as caught:
        done.update(dispatch(desk, str, numbered(20)))
    assert sorted(caught.value.numbers) == [3, 4]
    assert caught.value.times == 2
    assert done == {i: str(i) for i in range(20) if i not in (3, 4)}


def test_in_order_a_killer_ends_it():
    desk = Desk(2, fatal={3: 99})
    done = []
    with pytest.raises(TaskKillsWorker):
        done += [number for number, _ in dispatch(desk, str, numbered(20), in_order=True)]
    assert desk.begun.count(3) == 3  # once beside others, and as often alone as it has chances
    assert max(desk.begun) < 3 + FOR_EACH * 2


def test_a_lost_connection_blames_nobody():
    desk = Desk(1)
    lost = {2, 5}

    def function(task: int) -> int:
        if task in lost:
            lost.discard(task)
            raise CancelledError
        return task

    assert sorted(n for n, _ in dispatch(desk, function, numbered(8))) == list(range(8))
    assert len(desk.begun) == 10


def test_what_a_task_raises_comes_through_and_the_rest_is_taken_back():
    desk = Desk(2)

    def function(task: int) -> int:
        return [1, 2][task]

    with pytest.raises(IndexError):
        list(dispatch(desk, function, numbered(20)))
    assert all(future.cancelled() for future, _, _ in desk.out)


def test_to_stop_what_has_not_begun_is_taken_back():
    desk = Desk(2)
    done: list[int] = []
    done.extend(number for number, _ in dispatch(desk, str, numbered(20), lambda: len(desk.begun) >= 4))
    assert done == [0]
    assert desk.begun == [0, 1, 2, 3]


def test_nobody_is_asked_for_where_there_is_nothing_to_do():
    class Nobody(Desk):
        def executor(self) -> Desk:
            raise AssertionError

    assert list(dispatch(Nobody(), str, [])) == []
