"""Simulate one member with a program: prepare its folder, start it, watch it, and read what it wrote."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labrun.contracts.plugin import Arrays
from labrun.contracts.threads import ONE_THREAD
from labrun.files.digests import digest_of
from labrun.files.disk_space import expect_space
from labrun_program.folders import Folder, MemberFailed, OutOfTime, member_folder
from labrun_program.placeholders import ALL, Value, fill
from labrun_program.readers import read_output
from labrun_program.sources import TEMPLATE
from labrun_program.starting import Ended, Guard, Start, TooLong, guard
from labrun_program.templates import rendered

if TYPE_CHECKING:
    from labrun_program import Program

__all__ = ["simulate_member"]

PRINTED_AT_MOST = 2**26
"""Bytes that a program may print."""
RESERVE = 2**26
"""Bytes that must stay free on the disk while a program runs."""
LAST_LINES = 5
LONGEST_LINE = 160


def simulate_member(program: Program, values: Mapping[str, Value]) -> Arrays:
    """Return the arrays of a member; `values` are those of its parameters, and the seed.

    Raises:
        LabrunError: the program or what it wrote is not as it should be.
        OSError: the disk is full.
    """
    name = digest_of([program.model_dump(mode="json"), dict(values)])[:16]
    with guard() as guarding, member_folder(guarding.home, name) as folder:
        member = _Member(program, values, folder)
        start = member.prepare()
        ended = member.run(guarding, start)
        member.expect_success(ended)
        return member.arrays()


@dataclass(frozen=True)
class _Member:
    """A member in its folder."""

    program: Program
    values: Mapping[str, Value]
    folder: Folder

    def prepare(self) -> Start:
        """Write the files that the program finds, and return how it is started.

        Raises:
            MemberFailed: a template cannot be rendered, or a file has changed.
        """
        found = self.program.found
        paths = {name: str(file.path) for name, file in (*found.programs.items(), *found.needs.items())}
        names = paths | dict(self.values)
        try:
            found.expect_unchanged("since labrun read the project")
            for name, file in found.files.items():
                target = self.folder.work / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if file.path.suffix == TEMPLATE:
                    text = rendered(file.path.read_text(encoding="utf-8"), names | {ALL: dict(self.values)})
                    target.write_text(text, encoding="utf-8")
                else:
                    shutil.copy(file.path, target)
            first, *arguments = self.program.command
            argv = [paths[first], *(fill(argument, names) for argument in arguments)]
            environment = self._environment(names)
        except (ValueError, OSError) as error:
            raise MemberFailed(f"{error}") from error
        return Start(argv, str(self.folder.work), environment, str(self.folder.printed))

    def _environment(self, names: Mapping[str, Value]) -> dict[str, str]:
        own = str(self.folder.work)
        environment = {"HOME": own, "TMPDIR": own, "LANG": "C.UTF-8", "TZ": "UTC", **dict.fromkeys(ONE_THREAD, "1")}
        for name, text in ({"PATH": None} | self.program.environment).items():
            value = os.environ.get(name) if text is None else fill(text, names)
            if value is not None:
                environment[name] = value
        return environment

    def run(self, guarding: Guard, start: Start) -> Ended:
        """Start the program and wait for its end.

        Raises:
            MemberFailed: it took too long (`OutOfTime`), or printed too much.
            OSError: the disk is nearly full.
        """
        try:
            return guarding.run(start, self._watch, self.program.found.timeout)
        except TooLong:
            limit = self.program.found.timeout
            raise OutOfTime(f"{self._called} was ended after {limit:g} s, the 'timeout'{self._last_lines()}") from None

    def _watch(self) -> None:
        expect_space(self.folder.printed, RESERVE)
        if self.folder.printed.stat().st_size > PRINTED_AT_MOST:
            raise MemberFailed(
                f"{self._called} was ended since it printed more than {PRINTED_AT_MOST // 2**20} MiB. Let it print less, or write files"
                f"{self._last_lines()}"
            )

    def expect_success(self, ended: Ended) -> None:
        """Refuse a program that did not end as it should.

        Raises:
            MemberFailed: it did not.
            OSError: the disk is nearly full.
        """
        self._watch()
        if ended.status < 0:
            raise MemberFailed(f"{self._called} was killed by signal {_signal(-ended.status)}{self._last_lines()}")
        if ended.status > 0:
            raise MemberFailed(f"{self._called} ended with exit status {ended.status}{self._last_lines()}")
        if ended.left:
            raise MemberFailed(
                f"{self._called} ended, but left {ended.left} of its processes running, which may still have been writing. They were "
                f"ended: let it wait for them{self._last_lines()}"
            )

    def arrays(self) -> Arrays:
        """Read what the program wrote.

        Raises:
            MemberFailed: an array is missing, incomplete or not finite, or a file on which the key rests has changed.
        """
        try:
            self.program.found.expect_unchanged("while the program ran")
        except ValueError as error:
            raise MemberFailed(f"{error}") from error
        arrays: Arrays = {}
        for name, output in self.program.arrays.items():
            try:
                arrays[name] = read_output(name, output, self.folder.work, self.folder.printed, self.values)
            except ValueError as error:
                raise MemberFailed(f"{self._called} ended, but {error}{self._last_lines()}") from error
        return arrays

    @property
    def _called(self) -> str:
        return f"the program '{self.program.command[0]}'"

    def _last_lines(self) -> str:
        """Quote the end of what the program printed."""
        try:
            with self.folder.printed.open("rb") as stream:
                stream.seek(max(0, self.folder.printed.stat().st_size - 2**13))
                end = stream.read(2**13).decode(errors="replace")
        except FileNotFoundError:
            return ""
        lines = [" ".join(line.split()) for line in end.splitlines()]
        last = [f"{line[:LONGEST_LINE]} …" if len(line) > LONGEST_LINE else line for line in lines if line][
            -LAST_LINES:
        ]
        return f". It printed at last: {' | '.join(last)}" if last else ". It printed nothing"


def _signal(number: int) -> str:
    try:
        return f"{number} ({signal.Signals(number).name})"
    except ValueError:
        return str(number)
