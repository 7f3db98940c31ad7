"""Whatever texts a project, a plugin or data hold: in a report they are texts, on a terminal they are letters."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from labrun.faults import printable
from labrun.kit.fragments import render_fragment

HERE = Path(__file__).parent
MARK = "<script>alert(1)</script><img src=x onerror=alert(1)>\"><svg onload=alert(1)>'{{ 7*7 }}</style>"

PROJECT = {
    "project": "hostile",
    "description": MARK,
    "plugins": ["hostile.py"],
    "simulations": {
        "marked": {
            "use": "marked",
            "with": {"note": MARK},
            "failures": "skip",
            "sweep": {"table": "t.csv", "columns": ["amplitude"], "labels": ["label", MARK, f"more {MARK}"]},
        }
    },
    "datasets": {"texts": {"use": "texts", "from": "marked"}},
    "analyses": {
        "told": {"use": "told", "from": "marked", "matrix": {"with.text": [MARK, "plain"]}},
        "failing": {"use": "failing", "from": "marked"},
    },
}


class Page(HTMLParser):
    """Elements and attributes of a page, as a browser sees them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a project in which every text is an attack."""
    from click.testing import CliRunner

    from labrun.cli import main

    folder = tmp_path_factory.mktemp("hostile")
    shutil.copy(HERE / "hostile.py", folder)
    column = MARK.replace('"', '""')
    (folder / "t.csv").write_text(
        f'amplitude,label,"{column}","more {column}"\n' + f'1,"{column}","{column}",y\n' * 2 + f'-1,"{column}",x,y\n',
        encoding="utf-8",
    )
    (folder / "hostile.yaml").write_text(yaml.safe_dump(PROJECT, sort_keys=False), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        outcome = CliRunner().invoke(main, ["run", "hostile.yaml", "--workers", "1"])
    assert outcome.exit_code == 1, outcome.output  # one analysis fails
    assert "analyses.failing: failed: " in outcome.output
    assert "\x1b" not in outcome.output
    assert "\\x1b]0;x\\x07" in outcome.output
    return folder / "runs/hostile/report.html"


def test_no_text_becomes_an_element(page):
    found = Page()
    found.feed(page.read_text(encoding="utf-8"))
    scripts = [value for tag, name, value in found.attributes if tag == "script"]
    files = sum(name == "data-type" for _, name, _ in found.attributes)
    tables = sum(entry == ("details", "class", "table") for entry in found.attributes)
    assert (
        len(scripts) == 3 * files + tables
    )  # the files have type, id and data-type, the rows of a table only their type
    assert found.elements.count("script") == 1 + files + tables  # and the page's own
    figures = sum(entry == ("figure", "class", "picture") for entry in found.attributes)
    assert figures >= 2
    assert found.elements.count("img") == figures + 1  # and the place to enlarge them
    assert found.elements.count("svg") == 1 + sum(
        value == "dots" for _, _, value in found.attributes
    )  # the graph of stages
    assert found.elements.count("style") == 1
    assert not [entry for entry in found.attributes if entry[1].startswith("on")]
    assert not [
        value
        for _, name, value in found.attributes
        if name in ("href", "src") and not (value or "").startswith(("#", "data:image/"))
    ]


def test_every_text_is_there_as_it_is(page):
    """Where a text is missing, the test above tells nothing of it."""
    found = Page()
    found.feed(page.read_text(encoding="utf-8"))
    assert found.text.count(MARK) > 10


def test_the_page_may_not_reach_the_network(page):
    text = page.read_text(encoding="utf-8")
    inline = "script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
    policy = f"default-src 'none'; {inline}; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert text.index("Content-Security-Policy") < text.index("<script")


def test_a_figure_holds_no_script(page):
    drawn = [*page.parent.glob("analyses/*/f.svg")]
    assert len(drawn) == 2
    for path in drawn:
        found = Page()
        found.feed(path.read_text(encoding="utf-8"))
        assert not {"script", "img", "foreignobject"} & set(found.elements)
        assert not [entry for entry in found.attributes if entry[1].startswith("on")]


@pytest.mark.parametrize("template", [("labrun_montage", "montage.html"), ("labrun_phase_map", "phase_map.html")])
def test_data_of_a_fragment_end_neither_their_script_nor_name_files(template):
    text = "</script><script>alert(1)</script><!--{{file:secret.txt}}"
    fragment = render_fragment(
        *template, {text: [text]}, **dict.fromkeys(("sheets", "files", "sprites", "title", "key"), MARK)
    )
    assert "{{file:secret" not in fragment
    start = fragment.index(">", fragment.index("application/json")) + 1
    assert json.loads(fragment[start : fragment.index("</script>", start)].replace("{\\u007b", "{{")) == {text: [text]}


def test_no_command_reaches_the_terminal(write_project, labrun, tmp_path):
    """Escape sequences set titles and clipboards, and move the cursor over what was said before."""
    (tmp_path / "t.csv").write_text("amplitude\n\x1b]52;c;cm0gLXJm\x07\u202e\n", encoding="utf-8")
    outcome = labrun(
        "check", write_project("project: p\nplugins: [lab.py]\nsimulations: {a: {use: wave, sweep: {table: t.csv}}}\n")
    )
    assert outcome.code == 2
    assert "\\x1b]52;c;cm0gLXJm\\x07\\u202e" in outcome.err
    assert not [character for character in outcome.err if character in "\x1b\x07\u202e"]


def test_printable_leaves_letters_lines_and_tabs():
    assert printable("é\tμ → ∞\n日本 😀") == "é\tμ → ∞\n日本 😀"
    assert printable("a\x00\r\x1b[2J\x9b1m\u202eb") == "a\\x00\\r\\x1b[2J\\x9b1m\\u202eb"
