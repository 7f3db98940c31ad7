"""The page of a run that goes on: there from the first second, and rewritten when a stage begins or ends and every few seconds between.

The thread that runs the stages renders the whole page. Another thread replaces only the block of the stages in work, with the time of
writing, from which a reader sees that the run is alive. `templates/js/live.js` loads the page again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from markupsafe import Markup

from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.files.guarded import GuardedPath
from labrun.report.curves import Curves, draw_curves
from labrun.report.environment import environment

__all__ = ["LivePage", "StageInWork"]

BETWEEN = 3.0
"""Seconds from one writing to the next."""
SHARE = 0.005
"""Seconds of processor time that writing may take for each second of the run, beyond `ADVANCE`."""
ADVANCE = 0.5
"""Seconds of processor time for writing that a run has from its beginning."""
BLOCK = "<!-- stages in work -->"
"""Stands for the block of the stages in work in a rendered page."""


@dataclass
class StageInWork:
    """A stage that is being made: `done` of `total` units, and the numbers that some of them reported."""

    id: str
    plugin: str
    unit: str
    total: int
    done: int
    begun: float
    left: TimeLeft | None
    seen: float
    """When `left` was said."""
    numbers: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def seconds_left(self, now: float) -> float | None:
        """Return the time until its end [s], as far as it is known."""
        return self.left.stage.after(now - self.seen).seconds if self.left and self.left.stage else None

    @property
    def curves(self) -> list[Curves]:
        """The numbers so far, drawn."""
        return draw_curves(self.numbers, self.unit)


class LivePage:
    """Writes the page of one run until it is over.

    Errors of the disk and of what a plugin found are left to the last writing, which reports them.
    """

    def __init__(self, path: GuardedPath, render: Callable[[Markup], str]) -> None:
        """`render` returns the whole page with a given block of the stages in work."""
        self._path = path
        self._render = render
        self._stages = 0
        self._ended: set[str] = set()
        self._in_work: dict[str, StageInWork] = {}
        self._left: TimeLeft | None = None
        self._seen = 0.0
        self._page: list[str] = []
        self._outdated = True
        self._begun = time.monotonic()
        self._spent = 0.0
        self._lock = threading.Lock()
        self._over = threading.Event()

    def begin(self, event: RunStarted) -> None:
        """Write the page of a run that begins, and go on writing it every few seconds."""
        self._stages = len(event.stages)
        self._show_left(event.left, event.time)
        self._renew()
        threading.Thread(target=self._go_on, name="live report", daemon=True).start()

    def begin_stage(self, event: StageStarted) -> None:
        """Show a stage from now on."""
        stage = StageInWork(
            event.stage, event.plugin, event.unit, event.total, event.done, event.time, event.left, event.time
        )
        with self._lock:
            self._in_work[event.stage] = stage
            self._show_left(event.left, event.time)
        self._renew()

    def progress(self, event: StageProgressed) -> None:
        """Note how far a stage is."""
        with self._lock:
            stage = self._in_work[event.stage]
            stage.done, stage.left, stage.seen = event.done, event.left, event.time
            self._show_left(event.left, event.time)
            if event.numbers:
                stage.numbers.append((event.done, event.numbers))
        if self._outdated:
            self._renew()

    def end_stage(self, event: StageFinished) -> None:
        """Write the page anew, with what a stage has found."""
        with self._lock:
            self._in_work.pop(event.stage, None)
            self._ended.add(event.stage)
        self._renew()

    def end(self) -> None:
        """Write no more."""
        self._over.set()
        with self._lock:  # what is being written is finished
            self._page = []

    def _go_on(self) -> None:
        while not self._over.wait(BETWEEN):
            with suppress(Exception), self._lock:
                if self._page and self._may_write():
                    self._write()

    def _renew(self) -> None:
        self._outdated = True
        with suppress(Exception), self._lock:
            if self._may_write():
                with self._spending():
                    self._page = self._render(Markup(BLOCK)).split(BLOCK)
                self._outdated = False
                self._write()

    def _write(self) -> None:
        with self._spending(), self._path.written() as stream:
            stream.write(self._block().join(self._page).encode())

    def _show_left(self, left: TimeLeft | None, seen: float) -> None:
        self._left, self._seen = left, seen

    def _run_left(self, now: float) -> Estimate | None:
        """Return the time until the end of the run, as far as it is known."""
        if self._left is None or (self._left.unknown and not self._left.run.seconds):
            return None
        return self._left.run.after(now - self._seen)

    def _block(self) -> str:
        now = time.time()
        return (
            environment()
            .get_template("live.html")
            .render(
                now=now,
                left=self._run_left(now),
                unknown=self._left.unknown if self._left else 0,
                between=BETWEEN,
                stages=list(self._in_work.values()),
                ended=len(self._ended),
                total=self._stages,
            )
        )

    def _may_write(self) -> bool:
        return not self._over.is_set() and self._spent <= ADVANCE + SHARE * (time.monotonic() - self._begun)

    @contextmanager
    def _spending(self) -> Iterator[None]:
        begun = time.thread_time()
        try:
            yield
        finally:
            self._spent += time.thread_time() - begun
