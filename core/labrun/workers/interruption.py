"""Handle SIGINT and SIGTERM: a run that is asked to stop may finish its current tasks within a grace period.

Ctrl-C sends SIGINT; cluster schedulers send SIGTERM when the wall time is over, and kill some time later.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interruption"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CAN_WAIT = hasattr(signal, "setitimer")  # Windows has no timer signals: a run stops at once


class Interruption:
    """Within `with`, the first signal is a request, and current tasks have `grace` seconds left. When they are over, or at a second signal,
    `KeyboardInterrupt` is raised wherever the main thread is."""

    def __init__(self, grace: float, report: Callable[[str], None]) -> None:
        """`report` receives a message when the request comes."""
        self.grace = grace
        self.signal: int | None = None
        """The signal received."""
        self._report = report
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the run should stop."""
        return self.signal is not None

    def check(self) -> None:
        """Stop here, between two tasks, if that was requested.

        Raises:
            KeyboardInterrupt: a stop was requested.
        """
        if self.requested:
            raise KeyboardInterrupt

    def settle(self) -> None:
        """End the grace period: the current tasks are finished or dropped."""
        if CAN_WAIT:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread():
            return self  # only the main thread may handle signals
        self._before = {number: signal.signal(number, self._request) for number in SIGNALS}
        if CAN_WAIT:
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._time_is_over)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before:
            self.settle()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _request(self, number: int, frame: FrameType | None) -> None:
        again = self.requested
        self.signal = number
        if again or not self.grace or not CAN_WAIT:
            raise KeyboardInterrupt
        signal.setitimer(signal.ITIMER_REAL, self.grace)
        self._report(f"stopping: current tasks have {self.grace:g} s to finish; press Ctrl-C again to stop at once")

    def _time_is_over(self, number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt
