"""Simulate members in a process of their own, so that one that hangs, or ends its process, is named and the others go on.

A worker starts this process when it is first needed, keeps it for all of its parts, and replaces it when a member has ended it. The two
talk through pipes: the worker asks for one member at a time.

A thread cannot end a member that hangs in compiled code, which may hold Python's global lock. Two things can, which need no lock:
`faulthandler`, which writes where the member is and ends the process when the time is over; and the signal SIGIO, which the system sends
to the process and to all programs that it has started when the worker dies, since the pipe between them then breaks.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing.spawn
import os
import pickle
import queue
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from labrun.amounts import duration_in_words
from labrun.engine.part_task import PartTask, Simulated
from labrun.registry.error_origin import code_folder
from labrun.store.parts import Failure
from labrun.workers.crossing import portable

__all__ = ["isolated_members", "serve"]

CHANCES = 3
"""Times that a member may end its process before it counts as failed: too little memory can have passing reasons."""

MARGIN = 10.0
"""Seconds after its time is over in which a process ends itself, unless it has been stopped."""

PATIENCE = 0.5
"""Seconds between two looks whether the process is alive."""


def isolated_members(task: PartTask) -> Iterator[Simulated]:
    """Yield the members of a part. One that takes longer than the task allows, or ends its process repeatedly, is a failure.

    Raises:
        OSError: the disk is full, or no process can be started.
        ImportError: the plugin cannot be loaded.
    """
    for i in range(len(task.members)):
        yield _simulated(task, i)


def _simulated(task: PartTask, i: int) -> Simulated:
    deaths = 0
    while True:
        answer = _PROCESS.simulate(task, i)
        if isinstance(answer, BaseException):
            raise answer
        if not isinstance(answer, _Ending):
            return answer
        deaths += 1
        if answer.timed_out or deaths == CHANCES:
            return answer.failure(task, i)


@dataclass(frozen=True)
class _Ending:
    """How a process ended that had a member in hand."""

    code: int
    timed_out: bool
    dump: str
    """Where each of its threads was when its time was over, as `faulthandler` writes it."""
    folder: str
    """The folder that holds the plugin's code."""

    def failure(self, task: PartTask, i: int) -> Failure:
        frames = self._frames()
        own = [frame for frame in frames if self.folder and Path(frame.filename).is_relative_to(self.folder)]
        last = (own or frames)[-1:]
        place = "".join(f" ({frame.filename}:{frame.lineno})" for frame in last)
        error = f"{self._error(task.timeout)}{place}"
        listed = ["Traceback (most recent call last):\n", *traceback.StackSummary.from_list(frames).format()]
        limit = task.timeout if self.timed_out else None
        return Failure(task.members[i], task.rows[i], error, "".join([*listed, error, "\n"]), limit)

    def _error(self, timeout: float | None) -> str:
        if self.timed_out:
            return f"TimeoutError: not done after {duration_in_words(timeout or 0.0)}"
        if self.code >= 0:
            return f"ended its process with exit code {self.code}"
        return f"its process was ended by {_signal_name(-self.code)}: too little memory, or a crash in compiled code?"

    def _frames(self) -> list[traceback.FrameSummary]:
        """Return the stack of the main thread, which is listed last, the innermost frame at the end."""
        _, _, main = self.dump.rpartition("Thread 0x")
        found = re.findall(r'^  File "(.*)", line (\d+) in (.*)$', main, re.MULTILINE)
        return [traceback.FrameSummary(file, int(line), name) for file, line, name in reversed(found)]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# -- in the worker -------------------------------------------------------------------------------------------------------------

_COMMAND = "import sys; sys.path[:] = sys.argv[1:]; from labrun.engine.isolation import serve; serve()"


class _Process:
    """The process beside this worker, started when first needed."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._task: PartTask | None = None
        self._folder = ""

    def simulate(self, task: PartTask, i: int) -> Simulated | BaseException | _Ending:
        """Have a member simulated; return an error that stops the stage, or how the process ended."""
        if self._popen is None:
            self._start()
        if self._task is not task:
            loaded = self._ask(task, None)
            if not isinstance(loaded, str):
                return loaded
            self._task, self._folder = task, loaded
        done = self._ask(i, task.timeout)
        return done if isinstance(done, _Ending) else self._answer(None)

    def _start(self) -> None:
        self._popen = subprocess.Popen(
            [multiprocessing.spawn.get_executable(), "-c", _COMMAND, *filter(None, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # so that it can be ended with all that it has started
        )
        self._answers, self._task = queue.SimpleQueue(), None
        threading.Thread(target=_receive_all, args=(self._popen.stdout, self._answers), daemon=True).start()

    def _ask(self, question: PartTask | int, timeout: float | None) -> Any:
        assert self._popen is not None
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):  # it has died, which its answer says
            _send(self._popen.stdin, question)
        return self._answer(timeout)

    def _answer(self, timeout: float | None) -> Any:
        """Wait for the next message; return how the process ended if none comes, or not in time."""
        assert self._popen is not None
        deadline = None if timeout is None else time.monotonic() + timeout + MARGIN
        answer = None
        while answer is None:
            with contextlib.suppress(queue.Empty):
                answer = self._answers.get(timeout=PATIENCE)
            is_overdue = deadline is not None and time.monotonic() > deadline
            if answer is None and (is_overdue or self._popen.poll() is not None):
                self._kill()
                answer = self._last_answer()
        if not isinstance(answer, _Hangup):
            return answer
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(PATIENCE)  # else its exit code would be that of the kill
        self._kill()
        dump, code = answer.text, self._popen.wait()
        assert self._popen.stdin is not None
        with contextlib.suppress(OSError):  # a question that was not read
            self._popen.stdin.close()
        self._popen = None
        return _Ending(code, bool(dump) or is_overdue, dump, self._folder)

    def _last_answer(self) -> Any:
        try:
            return self._answers.get(timeout=MARGIN)
        except queue.Empty:  # what a simulator has forked holds the pipe open
            return _Hangup("")

    def _kill(self) -> None:
        """End the process and all that it has started."""
        assert self._popen is not None
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
        else:
            self._popen.kill()


_PROCESS = _Process()


@dataclass(frozen=True)
class _Hangup:
    """The end of all messages, and the text that was written instead of a message."""

    text: str


def _receive_all(stream: IO[bytes], answers: queue.SimpleQueue[Any]) -> None:
    message = None
    with stream:
        while not isinstance(message, _Hangup):
            message = _receive(stream)
            answers.put(message)


# -- the pipe ------------------------------------------------------------------------------------------------------------------


def _send(stream: IO[bytes], message: Any) -> None:
    """Send a message: the number of its pieces, their sizes, and the pieces, which are its pickle and the memory of its arrays."""
    arrays: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(message, protocol=5, buffer_callback=arrays.append)
    pieces: list[bytes | memoryview] = [pickled, *(array.raw() for array in arrays)]
    sizes = [len(piece) for piece in pieces]
    stream.write(struct.pack(f">{1 + len(sizes)}Q", len(sizes), *sizes))
    for piece in pieces:
        stream.write(piece)
    stream.flush()


def _receive(stream: IO[bytes]) -> Any:
    """Return the next message. It begins with a zero byte, as no number of pieces is so large; anything else is text."""
    head = stream.read(8)
    if head[:1] != b"\0":
        return _Hangup((head + stream.read()).decode(errors="replace"))
    try:
        (count,) = struct.unpack(">Q", head)
        sizes = struct.unpack(f">{count}Q", stream.read(8 * count))
        pickled, *arrays = [_read_exactly(stream, size) for size in sizes]
    except (struct.error, EOFError):  # the process ended as it wrote
        return _Hangup("")
    return pickle.loads(pickled, buffers=arrays)


def _read_exactly(stream: IO[bytes], size: int) -> bytearray:
    piece = bytearray(size)
    if stream.readinto(piece) != size:  # type: ignore[attr-defined]
        raise EOFError
    return piece


# -- in the process beside it --------------------------------------------------------------------------------------------------


def serve() -> None:
    """Simulate the members that a worker asks for, until it hangs up. What simulators print goes to standard error."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (no path, but a device)
        os.dup2(nothing.fileno(), 0)
    with contextlib.suppress(OSError):  # the worker is gone, or a simulator has closed the pipes
        _answer_all(questions, answers)
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)  # with it go threads and programs that a simulator has left behind
    os._exit(1)


def _answer_all(questions: IO[bytes], answers: IO[bytes]) -> None:
    while not isinstance(question := _receive(questions), _Hangup):
        if isinstance(question, PartTask):
            task = question
            try:
                plugin_class = task.load()
                answer: Any = code_folder(plugin_class.__module__)
            except BaseException as error:
                answer = portable(error)
            _send(answers, answer)
        else:
            with _bounded(task.timeout, questions, answers):
                answer = _simulate(task, question, plugin_class)
            _send(answers, "done")
            _send(answers, answer)


def _simulate(task: PartTask, i: int, plugin_class: Any) -> Simulated | BaseException:
    try:
        return task.simulate(i, plugin_class)
    except BaseException as error:  # the disk is full
        return portable(error)


@contextmanager
def _bounded(timeout: float | None, questions: IO[bytes], answers: IO[bytes]) -> Iterator[None]:
    """End the process within the block when the time is over, or when the worker dies."""
    _end_at_hangup(questions, True)
    if timeout is not None:
        faulthandler.dump_traceback_later(timeout, exit=True, file=answers)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        _end_at_hangup(questions, False)


def _end_at_hangup(pipe: IO[bytes], wanted: bool) -> None:
    """Have the system send SIGIO, which ends processes, to this process and what it has started when anything happens to the pipe."""
    if not hasattr(os, "O_ASYNC"):  # Windows
        return
    import fcntl

    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC if wanted else flags & ~os.O_ASYNC)
