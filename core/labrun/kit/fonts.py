"""Fonts of this machine that have the letters of a text: DejaVu Sans, Matplotlib's own, has no Chinese, Japanese, Korean or Devanagari."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache

from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.ft2font import FT2Font

__all__ = ["fonts_with", "letters_lacking", "suggested_font"]

_PREFERRED = (
    "Noto Sans",
    "Source Han Sans",
    "PingFang",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Nirmala UI",
)
"""Beginnings of the names of sans-serif fonts, which suit the other labels of a figure."""
_UNSUITED = ("Last Resort", "Adobe Blank", "cm", "STIXNonUnicode", "STIXSize")
"""Fonts that draw a box or nothing for every letter, and fonts of formulas whose letters are not where Unicode puts them."""
_CJK = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO")


def letters_lacking(text: str, font: FontProperties) -> frozenset[str]:
    """Return the letters of a text that none of the families of a font has. All have ASCII."""
    letters = frozenset(text) - frozenset("\n") if not text.isascii() else frozenset()
    for family in font.get_family() if letters else ():
        one = font.copy()
        one.set_family(family)
        letters -= _letters_of(findfont(one))
    return letters


@cache
def fonts_with(letters: frozenset[str]) -> tuple[list[str], frozenset[str]]:
    """Return the families of installed fonts that together have as many of the letters as possible, and the letters that none has."""
    families = []
    for family, path in _candidates():
        if not letters:
            break
        if found := letters & _letters_of(path):
            families.append(family)
            letters -= found
    return families, letters


def suggested_font(text: str) -> str:
    """Return the name of a free font that has the letters of a text."""
    letter = next(
        (letter for letter in text if unicodedata.category(letter).startswith("L") and not letter.isascii()), ""
    )
    script = unicodedata.name(letter, "").partition(" ")[0] if letter else ""
    return "Noto Sans CJK" if script in _CJK else f"Noto Sans {script.title()}" if script else "GNU Unifont"


def _candidates() -> Iterator[tuple[str, str]]:
    """Upright fonts of ordinary weight, the preferred ones first."""
    upright = {font.name: font.fname for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}
    suited = [name for name in upright if not name.startswith(_UNSUITED)]
    for name in sorted(suited, key=lambda name: (not name.startswith(_PREFERRED), name)):
        yield name, upright[name]


@cache
def _letters_of(path: str) -> frozenset[str]:
    """The letters that a font has; none if it has no outlines, as colour emojis do not."""
    try:
        return frozenset(map(chr, FT2Font(path).get_charmap()))
    except (OSError, RuntimeError):
        return frozenset()
