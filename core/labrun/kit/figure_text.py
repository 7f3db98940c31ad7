"""Names of the user in figures: drawn as they are written, short enough to leave room, in a font that has their letters.

Matplotlib sets what stands between two dollars as a formula, draws a box for a letter that its font lacks, and gives a label of 300
letters all the room of a figure. `make_legible` goes through the texts of finished figures, whichever plugin drew them.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from matplotlib.axis import Axis, Ticker
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.ticker import Formatter

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples
from labrun.contracts.findings import Findings
from labrun.contracts.trained import TrainedModel
from labrun.kit.fonts import fonts_with, letters_lacking, suggested_font

__all__ = ["LONGEST", "make_legible", "names_in"]

LONGEST = 32
"""Letters of a name that a figure shows."""
GROWTH, MOST_STEPS = 1.3, 6
"""A figure without room for its axes grows by this factor, at most so often."""
LEAST_ROOM = 0.2
"""Share of a figure that its axes take at least."""
_FORMULA = re.compile(r"(?<!\\)\$.*?(?<!\\)\$", re.DOTALL)


def make_legible(findings: Findings, inputs: Mapping[str, Any]) -> None:
    """Draw the names that the inputs of an analysis bring along as the user wrote them, in all figures of its findings.

    * A dollar in a name does not begin a formula. A formula of the plugin's own stays one, unless Matplotlib cannot set it.
    * A name of more than 32 letters is shortened in the middle; tables have it whole. A figure whose labels leave its axes no room grows.
    * Letters that a text's font lacks are drawn in another font of this machine. If none has them, a number takes their place; the
      figure's caption says what it stands for, and a warning says what to install.
    """
    writer = _Writer(frozenset(names_in(inputs)))
    for title, figure in findings.figures.items():
        if explained := writer.rewrite(figure):
            findings.captions[title] = f"{findings.captions.get(title, '')} {explained}".lstrip()
    if found := writer.warnings():  # of findings of a wrong type, `save` says so
        findings.warnings += found


def names_in(inputs: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of the user in the inputs of an analysis: names of stages, arrays, columns and classes, and values that are texts."""
    for value in inputs.values():
        for one in value if isinstance(value, list) else [value]:
            match one:
                case Ensemble():
                    yield from (one.name, *one.names, *one.columns)
                    yield from (text for column in one.columns.values() for text in column if isinstance(text, str))
                case Examples():
                    yield from (one.name, *(one.classes or ()))
                case TrainedModel():
                    yield from (one.name, *(one.spec.classes or ()), *map(str, one.variant.values()))
                case Findings():
                    for table in one.tables.values():
                        yield from map(str, table.columns)
                        texts = (
                            table[name].dropna().unique() for name in table if table[name].dtype.kind not in "biufcM"
                        )
                        yield from (text for column in texts for text in column if isinstance(text, str))


class _Writer:
    """Rewrites the figures of one analysis; a number stands for the same name in all of them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = sorted(names, key=lambda name: (-len(name), name))
        self._short = _shortened(name for name in self._names if len(name) > LONGEST)
        self._with_dollars = [_flat(name) for name in self._names if "$" in name]
        self._numbers: dict[str, int] = {}
        self._broken: dict[str, None] = {}

    def rewrite(self, figure: Figure) -> str:
        """Change the texts of a figure, and return what the numbers in it stand for."""
        used: dict[str, None] = {}
        for text, ticker in _texts(figure):
            written = text.get_text()
            if text.get_usetex() or (text.get_parse_math() and self._is_formula(written)):
                continue
            if "$" in written:
                text.set_parse_math(False)
            wanted = self._shorten(written)
            missing = letters_lacking(wanted, text.get_fontproperties())
            if missing:
                families, without = fonts_with(missing)
                text.set_fontfamily([*text.get_fontfamily(), *families])
                for name in self._without_letters(wanted, without):
                    number = self._numbers.setdefault(name, len(self._numbers) + 1)
                    wanted = wanted.replace(name, f"[{number}]")
                    used[name] = None
            if wanted != written:
                _replace(text, ticker, written, wanted)
        if any(len(name) > LONGEST / 2 for name in self._names):
            _make_room(figure)
        return ", ".join(f"[{self._numbers[name]}] = {name}" for name in used) + "." if used else ""

    def warnings(self) -> list[str]:
        """Notes for readers of the figures."""
        found = [
            f"Matplotlib cannot set '{text}' as a formula: the figure shows it as it is written"
            for text in self._broken
        ]
        if self._numbers:
            first, *others = self._numbers
            more = f" and {len(others)} more" if others else ""
            found.append(
                f"no font of this machine has the letters of '{first}'{more}: figures show numbers instead, which their captions explain. "
                f"Install a font, such as {suggested_font(first)}, and repeat the analysis with --fresh"
            )
        return found

    def _is_formula(self, text: str) -> bool:
        """Check whether a text holds a formula that the plugin wrote, and that Matplotlib can set."""
        if not is_math_text(text):
            return False
        flat = _flat(text)
        if any(name in flat for name in self._with_dollars):
            return False
        if any(formula in name for formula in _FORMULA.findall(flat) for name in self._with_dollars):
            return False  # a part of a name
        try:
            MathTextParser("path").parse(text)
        except ValueError:
            self._broken[text] = None
            return False
        return True

    def _shorten(self, text: str) -> str:
        """Shorten the names in a text; a blank name is quoted, and tabs and other control characters are blanks."""
        if text.isspace() and text in self._names:
            return f"'{text}'"
        for name, short in self._short.items():
            text = text.replace(name, short)
        return "".join(" " if unicodedata.category(letter) == "Cc" and letter != "\n" else letter for letter in text)

    def _without_letters(self, text: str, letters: frozenset[str]) -> list[str]:
        """The names in a text that hold any of these letters, then other stretches of such letters."""
        found = []
        for name in self._names:
            if name in text and not letters.isdisjoint(name):
                found.append(name)
                text = text.replace(name, "\n")
        any_letter = f"[{re.escape(''.join(sorted(letters)))}]"
        return [*found, *(re.findall(f"{any_letter}+", text) if letters else [])]


def _flat(text: str) -> str:
    """A text on one line, as it was before a plugin wrapped it."""
    return " ".join(text.split())


def _shortened(names: Iterable[str]) -> dict[str, str]:
    """A form of each long name that has its beginning, its end and LONGEST letters; names that would agree are numbered. Longest first,
    since one name may be a part of another."""
    short: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (-len(name), name)):
        stem = f"{name[: LONGEST // 2]}…{name[1 - LONGEST // 2 :]}"
        taken = sum(other.partition(" (")[0] == stem.partition(" (")[0] for other in short.values())
        short[name] = f"{stem} ({taken + 1})" if taken else stem
    return short


def _texts(figure: Figure) -> Iterator[tuple[Text, Ticker | None]]:
    """Yield the texts of a figure, those at ticks with what makes them."""
    seen: set[int] = set()
    for axis in figure.findobj(Axis):
        assert isinstance(axis, Axis)
        for ticker, labels in (
            (axis.major, axis.get_ticklabels()),
            (axis.minor, axis.get_ticklabels(minor=True)),
        ):
            seen.update(map(id, labels))
            yield from ((label, ticker) for label in labels)
    yield from ((text, None) for text in figure.findobj(Text) if id(text) not in seen)


def _replace(text: Text, ticker: Ticker | None, written: str, wanted: str) -> None:
    if ticker is None:
        text.set_text(wanted)  # that of a tick would be made anew when it is drawn
    elif isinstance(ticker.formatter, _Renaming):
        ticker.formatter.names[written] = wanted
    elif ticker.formatter is not None:
        ticker.formatter = _Renaming(ticker.formatter, {written: wanted})


def _make_room(figure: Figure) -> None:
    """Enlarge a figure until its labels leave room for its axes."""
    for _ in range(MOST_STEPS):
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            figure.draw_without_rendering()
        collapsed = any("constrained_layout not applied" in str(warning.message) for warning in raised)
        if (
            not collapsed
            and sum(axes.get_position().width * axes.get_position().height for axes in figure.axes) > LEAST_ROOM
        ):
            return
        figure.set_size_inches(*(GROWTH * figure.get_size_inches()))


class _Renaming(Formatter):
    """Labels of ticks as another formatter makes them, some of them under another name."""

    def __init__(self, inner: Formatter, names: dict[str, str]) -> None:
        self._inner = inner
        self.names = names

    def __call__(self, x: float, pos: int | None = None) -> str:
        label = self._inner(x, pos)
        return self.names.get(label, label)

    def format_ticks(self, values: list[float]) -> list[str]:
        return [self.names.get(label, label) for label in self._inner.format_ticks(values)]

    def set_locs(self, locs: list[float]) -> None:
        self._inner.set_locs(locs)

    def get_offset(self) -> str:
        return self._inner.get_offset()
