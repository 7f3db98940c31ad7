"""Dispatch tasks to workers, a few more than there are workers, and collect the results, even if workers die."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from typing import Any

from labrun.workers.protocol import Workers

__all__ = ["TaskKillsWorker", "dispatch"]

PATIENCE = 0.5
"""Seconds that the driver waits for results before it checks the workers."""

FOR_EACH = 2
"""Tasks submitted per worker: one being executed, one waiting."""


class TaskKillsWorker(Exception):
    """Tasks whose workers died repeatedly while they executed nothing else."""

    def __init__(self, numbers: Sequence[int], times: int) -> None:
        super().__init__(numbers, times)
        self.numbers = numbers
        self.times = times


def dispatch(
    workers: Workers,
    function: Callable[[Any], Any],
    tasks: Iterable[tuple[int, Any] | None],
    stopping: Callable[[], bool] = lambda: False,
    *,
    in_order: bool = False,
) -> Generator[tuple[int, Any], None, None]:
    """Yield the number of each task with the result of `function`, as they come, or in order. Tasks are drawn only when a worker is free,
    so there may be many; None among them means that the next one waits for results.

    Once `stopping()`, no task is begun any more, and those being executed are finished. A task whose worker died may be the cause, or only
    have run beside it. Such tasks are repeated when all others are done, one at a time, in turns: so a task that kills is identified, and
    does not prevent the others.

    Raises:
        TaskKillsWorker: tasks killed their workers repeatedly; all others are done.
        LabrunError: there are no workers left.
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
            raise TaskKillsWorker(desk.killers, workers.chances)
    finally:
        for future in desk.running:
            future.cancel()


class _Desk:
    """The state of all tasks: waiting, submitted, returned, or suspected of killing workers."""

    def __init__(
        self, workers: Workers, function: Callable[[Any], Any], tasks: Iterator[tuple[int, Any] | None], in_order: bool
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
        """Submit tasks; a suspect only if there is nothing else."""
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
            return None  # results are held until all before them have come
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
        except self.workers.deaths + (CancelledError,):  # the workers were lost at this moment
            self._again.append(task)
        return True

    def withdraw(self) -> None:
        """Take back the tasks that have not begun."""
        if not self._closed:
            in_hand = self.workers.withdraw(self.running)
            self.running = {future: task for future, task in self.running.items() if future in in_hand}
            self._closed = True

    def collect(self) -> None:
        """Wait briefly, and take the results that have come."""
        for future in wait(self.running, PATIENCE, FIRST_COMPLETED).done:
            task = self.running.pop(future)
            try:
                self._back[task[0]] = future.result()
            except self.workers.deaths:
                self._suspect(task)
            except CancelledError:  # the connection was lost
                self._again.append(task)

    def _suspect(self, task: tuple[int, Any]) -> None:
        self._deaths[task[0]] += self._alone
        if self._deaths[task[0]] == self.workers.chances:
            self.killers.append(task[0])
        else:
            self._suspects.append(task)

    def give_out(self) -> Iterator[tuple[int, Any]]:
        """Yield the results that need not wait for others."""
        if self.in_order:
            while self._order and self._order[0] in self._back:
                number = self._order.popleft()
                yield number, self._back.pop(number)
        else:
            while self._back:
                yield self._back.popitem()
