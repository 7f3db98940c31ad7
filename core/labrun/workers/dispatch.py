"""Giving tasks to workers, a few more than there are workers at a time, and taking back what they made, whatever dies on the way."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from labrun.workers.protocol import Workers

__all__ = ["TaskKillsWorker", "dispatch"]

PATIENCE = 0.5
"""Seconds after which a driver that waits for workers looks around."""

FOR_EACH = 2
"""Tasks that are out for each worker: one in hand, one to go on with."""


class TaskKillsWorker(Exception):
    """A task whose worker died again and again while nothing else was in hand."""

    def __init__(self, number: int, times: int) -> None:
        super().__init__(number, times)
        self.number = number
        self.times = times


def dispatch(
    workers: Workers,
    function: Callable[[Any], Any],
    tasks: Iterable[tuple[int, Any]],
    stopping: Callable[[], bool] = lambda: False,
    *,
    in_order: bool = False,
) -> Generator[tuple[int, Any], None, None]:
    """Yield the number of each task with what `function` made of it, as they come, or in their order. Tasks are asked for when there is
    somebody to do them, so there may be many.

    When `stopping()`, no task is begun any more, and those in hand are finished. A task whose worker has died may be the cause, or have
    been beside it. Such tasks are done again when nothing else can be done, one at a time, in turns: so one that kills is found, and keeps
    no other from being done.

    Raises:
        TaskKillsWorker: there is such a task.
        LabrunError: there are no workers any more.
    """
    desk = _Desk(workers, function, iter(tasks), in_order)
    try:
        while True:
            if stopping():
                desk.withdraw()
            else:
                desk.fill()
            if not desk.running:
                break
            workers.attend()
            desk.collect()
            yield from desk.give_out()
        if desk.killers and not stopping():
            raise TaskKillsWorker(desk.killers[0], workers.chances)
    finally:
        for future in desk.running:
            future.cancel()


class _Desk:
    """Which tasks wait, are out, have come back, and are suspected of killing."""

    def __init__(
        self, workers: Workers, function: Callable[[Any], Any], tasks: Iterator[tuple[int, Any]], in_order: bool
    ) -> None:
        self.workers, self.function, self.in_order = workers, function, in_order
        self.running: dict[Future[Any], tuple[int, Any]] = {}
        self._tasks = tasks
        self._again: deque[tuple[int, Any]] = deque()
        self._suspects: deque[tuple[int, Any]] = deque()
        self._order: deque[int] = deque()
        self._back: dict[int, Any] = {}
        self.killers: list[int] = []
        self._deaths: Counter[int] = Counter()
        self._alone = False
        self._closed = False

    def fill(self) -> None:
        """Give out tasks; suspects only if there is nothing else."""
        if self.running and self._alone:
            return
        self._alone = False
        while len(self.running) < FOR_EACH * self.workers.count and self._submit(self._next):
            pass
        if not self.running and self._suspects:
            self._alone = self._submit(self._suspects.popleft)

    def _next(self) -> tuple[int, Any] | None:
        if self._again:
            return self._again.popleft()
        if self.in_order and len(self._order) >= FOR_EACH * self.workers.count:
            return None  # what has come back is held until those before it have
        task = next(self._tasks, None)
        if task is not None and self.in_order:
            self._order.append(task[0])
        return task

    def _submit(self, take: Callable[[], tuple[int, Any] | None]) -> bool:
        task = take()
        if task is None:
            return False
        try:
            self.running[self.workers.executor().submit(self.function, task[1])] = task
        except self.workers.deaths + (CancelledError,):  # they were lost this very moment
            self._again.append(task)
        return True

    def withdraw(self) -> None:
        """Take back what has not begun."""
        if not self._closed:
            in_hand = self.workers.withdraw(self.running)
            self.running = {future: task for future, task in self.running.items() if future in in_hand}
            self._closed = True

    def collect(self) -> None:
        """Wait a while, and take what has come."""
        for future in wait(self.running, PATIENCE, FIRST_COMPLETED).done:
            task = self.running.pop(future)
            try:
                self._back[task[0]] = future.result()
            except self.workers.deaths:
                self._suspect(task)
            except CancelledError:  # the connection to the workers was lost
                self._again.append(task)

    def _suspect(self, task: tuple[int, Any]) -> None:
        self._deaths[task[0]] += self._alone
        if self._deaths[task[0]] == self.workers.chances:
            self.killers.append(task[0])
        else:
            self._suspects.append(task)

    def give_out(self) -> Iterator[tuple[int, Any]]:
        """What has come back, and need not wait for others."""
        if self.in_order:
            while self._order and self._order[0] in self._back:
                number = self._order.popleft()
                yield number, self._back.pop(number)
        else:
            while self._back:
                yield self._back.popitem()
