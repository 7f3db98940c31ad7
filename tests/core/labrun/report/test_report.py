"""The page of a run: whole in one file, everything from a project escaped, what failed told first."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from labrun.report.tables import PAGE

TESTS = Path(__file__).parents[3]

PROJECT = """\
project: page
description: Is <script>alert(1)</script> & "quoted" text shown as text?
plugins: [lab.py, shown.py]

simulations:
  waves: {use: wave, sweep: {table: waves.csv, labels: [class]}}

analyses:
  spread: {use: spread, from: waves}
  shown:
    use: shown
    from: waves
    matrix: {with.factor: [1, 2]}
  broken: {use: broken, from: waves}
"""

PLUGINS = """\
from typing import ClassVar

import matplotlib.pyplot as plt
import pandas as pd

from labrun import Analysis, Ensemble, Findings, hookimpl


class Shown(Analysis):
    "One of each thing that findings may hold."

    name: ClassVar[str] = "shown"
    factor: float = 1.0

    def analyse(self, simulation: Ensemble) -> Findings:
        figure, axes = plt.subplots()
        axes.plot([1, 2, 3])
        return Findings(
            metrics={"members": self.factor * len(simulation)},
            tables={"long": pd.DataFrame({"number": range(150), "text": "<b>bold</b>"})},
            figures={"line": figure},
            html={
                "fragment": "<p id='mine'>a fragment of the plugin</p>",
                "sheet": "<p data-sheet='{{file:sheet.png}}'></p>",
            },
            files={"sheet.png": b"not really a picture"},
            captions={"line": "Three points & a line."},
            warnings=["too few <members>"],
        )


class Broken(Analysis):
    "Raises."

    name: ClassVar[str] = "broken"

    def analyse(self, simulation: Ensemble) -> Findings:
        raise RuntimeError("no <luck>")


@hookimpl
def labrun_analyses():
    return [Shown, Broken]
"""


class Page(HTMLParser):
    """Gathers what a test asks for: tags, attributes, text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data + " "


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """The folder of one run, whose last stage is broken."""
    from labrun.cli import main

    folder = tmp_path_factory.mktemp("report")
    shutil.copy(TESTS / "lab.py", folder)
    (folder / "waves.csv").write_text(
        "class,amplitude\nlow,0.5\nlow,1\nlow,2\nhigh,7\nhigh,8\nhigh,9\n", encoding="utf-8"
    )
    (folder / "shown.py").write_text(PLUGINS, encoding="utf-8")
    (folder / "project.yaml").write_text(PROJECT, encoding="utf-8")
    words = ["run", str(folder / "project.yaml"), "--workers", "1", "--runs", str(folder / "runs")]
    assert CliRunner().invoke(main, words).exit_code == 1
    return folder / "runs" / "page"


@pytest.fixture(scope="module")
def page(run) -> tuple[Page, str]:
    text = (run / "report.html").read_text(encoding="utf-8")
    return Page(text), text


def test_needs_nothing_from_elsewhere(page):
    for _, attributes in page[0].tags:
        for name in ("src", "href"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/")), value
    assert "@import" not in page[1]
    assert "url(" not in page[1].partition("<style>")[2].partition("</style>")[0]


def test_what_comes_from_a_project_or_a_plugin_is_escaped(page):
    found, text = page
    assert "<script>alert" not in text
    assert 'Is <script>alert(1)</script> & "quoted" text shown as text?' in found.text
    assert "<b>bold</b>" in found.text
    assert "too few <members>" in found.text
    assert "no <luck>" in found.text


def test_what_failed_stands_before_everything_else(page):
    text = page[0].text
    begun = text.index("Not done")
    assert "Results" not in text[:begun]
    assert "the plugin 'broken' raised RuntimeError: no <luck>" in text[begun : begun + 300]


def test_stages_of_a_matrix_are_compared(page):
    text = page[0].text
    assert re.search(r"all numbers\s+2 rows\s+factor\s+members\s+1\s+6\s+2\s+12", text)


def test_links_within_the_page_lead_somewhere(page):
    ids = {attributes["id"] for _, attributes in page[0].tags if "id" in attributes}
    targets = {a["href"][1:] for tag, a in page[0].tags if tag == "a" and (a.get("href") or "").startswith("#")}
    matrices = {target for target in targets if target not in ids}
    assert not matrices, matrices


def test_a_long_table_shows_its_first_rows_and_holds_all(page):
    text = page[1]
    begun = text.index('id="analyses.shown[factor=1]/long"')
    table = text[begun : text.index("</details>", begun)]
    assert table.count("<tr>") == 1 + PAGE
    assert len(json.loads(table[table.index("{") : table.rindex("}") + 1])["rows"]) == 150


def test_figures_are_in_line_and_have_a_text_for_who_cannot_see_them(page):
    pictures = [attributes for tag, attributes in page[0].tags if tag == "img" and "src" in attributes]
    assert [picture["alt"] for picture in pictures].count("Three points & a line.") == 2
    for picture in pictures:
        assert picture["src"].startswith("data:image/svg+xml;base64,")
        assert picture["alt"]


def test_fragments_of_plugins_stand_as_they_are(page):
    assert "<p id='mine'>a fragment of the plugin</p>" in page[1]


def test_a_file_that_fragments_use_is_embedded_once(page):
    found, text = page
    attached = [a for tag, a in found.tags if tag == "script" and a.get("data-type") == "image/png"]
    assert len(attached) == 1
    assert "bm90IHJlYWxseSBhIHBpY3R1cmU=" in text
    named = [a["data-sheet"] for _, a in found.tags if "data-sheet" in a]
    assert named == [attached[0]["id"]] * 2  # two stages of a matrix


def test_provenance_tells_versions_and_keys(page, run):
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert record["versions"]["numpy"] in page[0].text
    assert record["stages"]["simulations.waves"]["key"] in page[0].text


def test_graph_draws_a_box_for_each_stage_and_a_line_for_each_need(page):
    assert page[1].count('<g class="box') == 4
    assert page[1].count('<path class="edge"') == 3
    assert "shown ×2" in page[0].text


def test_a_warning_stands_once_and_names_its_stages(page):
    text = page[0].text
    assert text.count("too few <members>") == 1
    assert re.search(r"shown\[factor=1\]\s*,\s*shown\[factor=2\]\s*: too few", text)
