"""What is wrong, and where: faults of a project, and errors of a run, each one clear paragraph."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Fault", "LabrunError", "Place", "ProjectFaults", "did_you_mean"]


@dataclass(frozen=True)
class Place:
    """A stretch of one line of a source: lines and columns count from 1."""

    source: str
    line: int
    column: int
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The line itself with a mark under the stretch."""
        gutter = f"{self.line:>5} | "
        indent = "".join("\t" if character == "\t" else " " for character in self.text[: self.column - 1])
        return f"{gutter}{self.text}\n{' ' * (len(gutter) - 2)}| {indent}{'^' * max(1, self.width)}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a project, in words that say what to do."""

    message: str
    place: Place | None = None

    def __str__(self) -> str:
        if self.place is None:
            return self.message
        head = f"{self.place}: {self.message}"
        return f"{head}\n{self.place.excerpt()}" if self.place.text.strip() else head


class LabrunError(Exception):
    """An error for people: one paragraph that says what was expected, what was found and what to do."""

    exit_code = 1


class ProjectFaults(LabrunError):
    """All faults of a project at once."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `: did you mean 'kill'?`, or the known words where none is near, or nothing where there are none."""
    candidates = list(dict.fromkeys(known))
    near = nearest(word, candidates)
    if near:
        return f": did you mean '{near}'?"
    return f" (known: {', '.join(sorted(candidates))})" if candidates else ""


def nearest(word: str, known: Sequence[str]) -> str | None:
    """The known word that `word` most likely stands for, if any is near."""
    matches = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    return next((k for k in known if matches and k.lower() == matches[0]), None)
