"""Faults of a project and errors of a run: what is wrong and where, each in one clear paragraph."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Fault", "LabrunError", "Place", "ProjectFaults", "did_you_mean", "encodable", "printable", "text_of"]


SHOWN = 400
"""Characters shown around a fault in a longer line."""
FAULTS_SHOWN = 200
CANDIDATES = 1000
"""Known words compared with an unknown one."""
KNOWN_SHOWN = 100


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
        """Return the line with a mark under the stretch."""
        gutter = f"{self.line:>5} | "
        skipped = max(0, self.column - 1 - SHOWN // 2) if len(self.text) > SHOWN else 0
        shown = self.text[skipped : skipped + SHOWN]
        indent = "".join("\t" if character == "\t" else " " for character in shown[: self.column - 1 - skipped])
        mark = "^" * max(1, min(self.width, len(shown) - len(indent)))
        return f"{gutter}{shown}\n{' ' * (len(gutter) - 2)}| {indent}{mark}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a project, and what to do about it."""

    message: str
    place: Place | None = None

    def __str__(self) -> str:
        if self.place is None:
            return self.message
        head = f"{self.place}: {self.message}"
        return f"{head}\n{self.place.excerpt()}" if self.place.text.strip() else head


class LabrunError(Exception):
    """An error for people: one paragraph with what was expected, what was found and what to do."""

    exit_code = 1

    def _render_traceback_(self) -> list[str]:
        """Return what Jupyter shows: the paragraph, without labrun's own stack frames."""
        return [f"{type(self).__name__}: {printable(str(self))}"]


class ProjectFaults(LabrunError):
    """All faults of a project at once."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        lines = [str(fault) for fault in self.faults[:FAULTS_SHOWN]]
        more = len(self.faults) - len(lines)
        super().__init__("\n".join([*lines, f"and {more:,} more faults"] if more else lines))


def printable(text: str) -> str:
    """Return the text with control characters and direction marks, which a terminal would obey, made visible: `\\x1b`."""
    return _COMMANDS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def text_of(error: BaseException) -> str:
    """Return the text of an exception, whatever its class does when asked for it. Surrogates, which no file can hold, become escapes."""
    try:
        return encodable(str(error))
    except BaseException:
        return "(its text cannot be shown)"


def encodable(text: str) -> str:
    """Return the text with surrogates, which UTF-8 lacks, as escapes: `\\ud800`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `: did you mean 'kill'?`, or the known words if none is similar, or an empty string if there are none."""
    candidates = list(dict.fromkeys(known))[:CANDIDATES]
    near = nearest(word, candidates)
    if near:
        return f": did you mean '{near}'?"
    more = f", and {len(candidates) - KNOWN_SHOWN} more" if len(candidates) > KNOWN_SHOWN else ""
    return f" (known: {', '.join(sorted(candidates)[:KNOWN_SHOWN])}{more})" if candidates else ""


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word most similar to `word`, or None if none is similar."""
    matches = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    return next((k for k in known if matches and k.lower() == matches[0]), None)
