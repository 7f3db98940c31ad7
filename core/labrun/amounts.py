"""Format durations, sizes, counts and table cells for people."""

from __future__ import annotations

import math
import re

__all__ = [
    "DURATION",
    "bytes_in_words",
    "counted",
    "duration_in_words",
    "roughly_in_words",
    "seconds_in",
    "shown",
    "with_interval",
]

_SECONDS = {"days": 86400.0, "day": 86400.0, "h": 3600.0, "min": 60.0, "s": 1.0}
_NUMBER_AND_UNIT = rf"[0-9]+(?:\.[0-9]+)?\s*(?:{'|'.join(_SECONDS)})"
DURATION = rf"^\s*{_NUMBER_AND_UNIT}(?:\s+{_NUMBER_AND_UNIT})*\s*$"
"""The pattern of a duration in words, such as `90 s`, `1 h 30 min` or `2 days`."""


def duration_in_words(seconds: float) -> str:
    """Format a duration: `7.2 s`, `12 min 05 s`, `3 h 20 min`, `4 days 6 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} days {hours % 24} h"


def seconds_in(duration: str) -> float:
    """Return a duration in seconds, given as `duration_in_words` writes it: `90 s`, `1 h 30 min`, `2 days`.

    Raises:
        ValueError: it is not written so.
    """
    if not re.fullmatch(DURATION, duration):
        raise ValueError("expected a number of seconds, or a duration such as '90 s', '10 min' or '1 h 30 min'")
    parts = re.findall(r"([0-9.]+)\s*([a-z]+)", duration)
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def roughly_in_words(seconds: float) -> str:
    """Format an estimated duration: `8 s`, `40 s`, `1 min 20 s`, `7 min`, `1 h 20 min`, `5 h`, `3 days`."""
    if seconds < 55:
        return f"{seconds:.0f} s" if seconds < 10 else f"{5 * round(seconds / 5)} s"
    if seconds < 295:
        minutes, rest = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min {rest:02d} s" if rest else f"{minutes} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 180:
        hours, rest = divmod(10 * round(minutes / 10), 60)
        return f"{hours} h {rest:02d} min" if rest else f"{hours} h"
    hours = round(minutes / 60)
    return f"{hours} h" if hours < 48 else f"{round(hours / 24)} days"


def bytes_in_words(size: float) -> str:
    """Format a size in powers of 1000: `812 B`, `1.4 kB`, `20.0 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def counted(count: int, things: str, thing: str = "") -> str:
    """Format a count: `1 stage`, `12 stages`, `1,024 members`. The singular is the plural without its last letter, unless it is given."""
    return f"{count:,} {things if count != 1 else thing or things[:-1]}"


def shown(value: object, digits: int = 4) -> str:
    """Return a value as a table shows it: numbers with four digits, but all of those before the point below a million; empty for None."""
    if not isinstance(value, float):
        return "" if value is None else str(value)
    size = abs(value)
    return f"{value:.{max(digits, len(str(int(size))))}g}" if size < 1e6 else f"{value:.{digits}g}"


def with_interval(value: float, low: float, high: float) -> str:
    """Return `0.933 [0.88, 0.97]`: a number and its interval, rounded so that the width of the interval has two digits."""
    width = high - low
    if not (width > 0 and math.isfinite(width)):
        return f"{shown(value)} [{shown(low)}, {shown(high)}]"
    decimals = max(0, 1 - math.floor(math.log10(width)))
    return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
