"""Names of the user in figures. The oracle is the drawn figure: what its texts say, how they are set, and that Matplotlib is silent."""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.patches import Patch
from matplotlib.text import Text

from labrun import Ensemble, Examples, Findings
from labrun.kit import fonts
from labrun.kit.figure_text import LONGEST, make_legible, names_in

HARD = ["$$", "a $b_{c$ d", "$x^$", "R$ 5 to R$ 6", "US$"]
CJK = "斑点"


@pytest.fixture(autouse=True)
def own_fonts(monkeypatch):
    """Matplotlib's own fonts alone, whatever this machine has; the font cache is forgotten before and after."""
    shipped = [font for font in fontManager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(fontManager, "ttflist", shipped)
    fonts.fonts_with.cache_clear()
    yield
    fonts.fonts_with.cache_clear()
    plt.close("all")


@pytest.fixture
def chinese_font(tmp_path, monkeypatch):
    """A font with the two letters of `CJK`, and nothing else."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen

    pen = TTGlyphPen(None)
    for point in ((0, 0), (0, 700), (700, 700), (700, 0)):
        (pen.lineTo if pen.points else pen.moveTo)(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "one", "two"])
    builder.setupCharacterMap({ord(CJK[0]): "one", ord(CJK[1]): "two"})
    builder.setupGlyf({".notdef": square, "one": square, "two": square})
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", "one", "two"], (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Toy CJK", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "toy.ttf"
    builder.save(path)
    entry = FontEntry(
        fname=str(path), name="Toy CJK", style="normal", variant="normal", weight=400, stretch="normal", size="scalable"
    )
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist, entry])
    return "Toy CJK"


def classes(*names: str) -> dict[str, Ensemble]:
    arrays = [{"u": np.zeros(2)} for _ in names]
    return {"simulation": Ensemble.from_arrays(arrays, {"class": list(names)}, "s")}


def bars(names) -> Figure:
    """The names at the ticks of one axis, set by hand, and of the other, set by Matplotlib; in a legend; in a title."""
    figure, (left, right) = plt.subplots(1, 2, layout="constrained")
    left.barh(range(len(names)), 1)
    left.set_yticks(range(len(names)), names)
    right.bar(list(names), 1)
    right.set_title(f"of {names[0]}\n100%")
    figure.legend(handles=[Patch(label=name) for name in names], labels=list(names), loc="outside lower center")
    return figure


def drawn(figure: Figure) -> dict[str, Text]:
    """The texts that are seen in a figure, once it is drawn; Matplotlib must not complain."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    return {text.get_text(): text for text in figure.findobj(Text) if text.get_text() and text.get_visible()}


def legible(names, inputs=None) -> tuple[dict[str, Text], Findings]:
    findings = Findings(figures={"bars": bars(names)}, captions={"bars": "What is seen."})
    make_legible(findings, inputs or classes(*names))
    return drawn(findings.figures["bars"]), findings


def test_dollars_of_names_are_dollars(tmp_path):
    texts, findings = legible(HARD)
    assert {*HARD, "of $$\n100%"} <= {*texts}
    assert not any(text.get_parse_math() for label, text in texts.items() if "$" in label)
    assert (findings.captions, findings.warnings) == ({"bars": "What is seen."}, [])
    findings.save(tmp_path / "findings")


def test_a_part_of_a_name_is_no_formula_either():
    figure, axes = plt.subplots()
    axes.set_title("… $6 \\q and $7 \\r")
    make_legible(Findings(figures={"one": figure}), classes("between $5 or $6 \\q and $7 \\r"))
    assert not drawn(figure)["… $6 \\q and $7 \\r"].get_parse_math()


def test_a_formula_of_the_plugin_stays_one():
    figure, axes = plt.subplots()
    axes.set(xlabel=r"$k_\perp$ [1/Mpc]", xscale="log", xlim=(1, 100))
    axes.text(5, 0.5, r"\$5")
    findings = Findings(figures={"one": figure})
    make_legible(findings, classes("US$", "$x$"))
    texts = drawn(figure)
    assert texts[r"$k_\perp$ [1/Mpc]"].get_parse_math()
    assert texts[r"$\mathdefault{10^{1}}$"].get_parse_math()
    assert findings.warnings == []


def test_a_formula_that_cannot_be_set_is_shown_as_written():
    figure, axes = plt.subplots()
    axes.set_title(r"$\frac{$")
    findings = Findings(figures={"one": figure})
    make_legible(findings, {})
    assert r"$\frac{$" in drawn(figure)
    assert findings.warnings == [r"Matplotlib cannot set '$\frac{$' as a formula: the figure shows it as it is written"]


def test_letters_come_from_a_font_that_has_them(chinese_font):
    texts, findings = legible([CJK, "plain"])
    assert texts[CJK].get_fontfamily() == ["sans-serif", chinese_font]
    assert texts["plain"].get_fontfamily() == ["sans-serif"]
    assert findings.warnings == []


def test_a_number_stands_for_letters_that_no_font_has():
    texts, findings = legible([CJK, "हिन्दी", "naïve α"])
    assert {"[1]", "[2]", "naïve α", "of [1]\n100%"} <= {*texts}
    assert findings.captions == {"bars": f"What is seen. [1] = {CJK}, [2] = हिन्दी."}
    assert findings.warnings == [
        f"no font of this machine has the letters of '{CJK}' and 1 more: figures show numbers instead, which their captions explain. "
        "Install a font, such as Noto Sans CJK, and repeat the analysis with --fresh"
    ]


def test_a_number_is_the_same_in_all_figures():
    findings = Findings(figures={"one": bars(["b", CJK]), "two": bars([CJK, "条纹"]), "three": bars(["b"])})
    make_legible(findings, classes("b", CJK, "条纹"))
    assert findings.captions == {"one": f"[1] = {CJK}.", "two": f"[1] = {CJK}, [2] = 条纹."}
    assert "[1]" in drawn(findings.figures["two"])


def test_long_names_are_shortened_and_stay_different():
    names = ["spotty " * 40 + end for end in "ab"] + ["spotty " * 50 + "a"]
    texts, _ = legible(names)
    shown = [label for label in texts if label.startswith("spotty") and "…" in label]
    assert len(shown) == 3
    assert max(map(len, shown)) <= LONGEST + len(" (2)")


def test_a_figure_grows_until_its_axes_have_room():
    figure, axes = plt.subplots(figsize=(1.5, 1.5), layout="constrained")
    names = [f"{'a long name' * 5} {i}" for i in range(3)]
    axes.barh(names, 1)
    make_legible(Findings(figures={"one": figure}), classes(*names))
    drawn(figure)
    assert figure.get_size_inches()[0] > 1.5
    assert axes.get_position().width * axes.get_position().height > 0.2


@pytest.mark.parametrize(
    ("text", "font"),
    [("斑点", "Noto Sans CJK"), ("かな", "Noto Sans CJK"), ("a हि", "Noto Sans Devanagari"), ("🔬", "GNU Unifont")],
)
def test_a_font_is_suggested_by_its_script(text, font):
    assert fonts.suggested_font(text) == font


def test_a_blank_name_is_quoted_and_a_tab_is_a_blank():
    texts, _ = legible([" ", "a\tb"])
    assert {"' '", "a b"} <= {*texts}


def test_shared_axes_are_renamed_once():
    figure, (upper, lower) = plt.subplots(2, 1, sharex=True)
    for axes in (upper, lower):
        axes.bar([CJK, "b"], [1, 2])
    make_legible(Findings(figures={"one": figure}), classes(CJK, "b"))
    drawn(figure)
    assert [label.get_text() for label in lower.get_xticklabels()] == ["[1]", "b"]


def test_names_are_those_of_all_inputs():
    table = pd.DataFrame({"member": [0, 1], "class": ["spots", None], "p_$a$": [0.5, 0.5]})
    examples = Examples(
        lambda i: np.zeros((len(i), 2)), lambda i: np.zeros(len(i), int), np.arange(3), classes=("x", "y"), name="d"
    )
    inputs = {
        **classes("low", "high"),
        "dataset": [examples],
        "classes": Findings(tables={"members": table}),
        "novelty": None,
    }
    assert {*names_in(inputs)} == {"s", "u", "class", "low", "high", "d", "x", "y", "member", "p_$a$", "spots"}
