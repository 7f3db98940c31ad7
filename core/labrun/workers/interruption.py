"""SIGINT and SIGTERM: a run that is asked to stop may finish what it has in hand, for as long as it is granted.

Ctrl-C sends the first; schedulers of clusters send the second when the wall time is over, and kill some time later.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interruption"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CAN_WAIT = hasattr(signal, "setitimer")  # Windows cannot: there, a run stops at once


class Interruption:
    """Within `with`, the first signal is a request, and what is in hand has `grace` seconds left. When they are over, or at a second
    signal, `KeyboardInterrupt` is raised wherever the main thread is."""

    def __init__(self, grace: float, tell: Callable[[str], None]) -> None:
        """`tell` is given a sentence when the request comes."""
        self.grace = grace
        self.signal: int | None = None
        """The signal that has come."""
        self._tell = tell
        self._before: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        """Whether the run shall stop."""
        return self.signal is not None

    def check(self) -> None:
        """Stop here, between two pieces of work, if the run shall stop.

        Raises:
            KeyboardInterrupt: it shall.
        """
        if self.requested:
            raise KeyboardInterrupt

    def settle(self) -> None:
        """What was in hand is dropped or finished: the time that was granted no longer counts."""
        if CAN_WAIT:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def __enter__(self) -> Interruption:
        if threading.current_thread() is not threading.main_thread():
            return self  # signals are the main thread's: whoever runs a project in another one leaves them alone
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
        self._tell(f"stopping: what is in hand has {self.grace:g} s to finish; Ctrl-C once more stops at once")

    def _time_is_over(self, number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt
