"""The page of a run that goes on: there from the beginning, rewritten by nobody but the run, and never in its way."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tests.waiting import wait_until

from labrun.contracts.estimate import Estimate, TimeLeft
from labrun.contracts.events import RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.files.guarded import GuardedPath
from labrun.report import live, writer

PAGE = Path("runs/waves/report.html")

WATCHING = """
from pathlib import Path
from labrun import hookimpl

def keep(name):
    folder = Path("seen")
    folder.mkdir(exist_ok=True)
    page = Path("runs/waves/report.html")
    (folder / name).write_text(page.read_text() if page.exists() else "")

@hookimpl(trylast=True)
def labrun_run_started(event): keep("start")

@hookimpl(trylast=True)
def labrun_stage_started(event): keep(event.stage)

@hookimpl(trylast=True)
def labrun_run_finished(event): keep("end")
"""


@pytest.fixture
def seen(write_project, waves, labrun):
    """Run a project, with the page as it was at each event."""
    Path("watching.py").write_text(WATCHING)

    def run(*words):
        path = write_project(waves.replace("[lab.py]", "[lab.py, watching.py]"))
        done = labrun("run", path, "--only", "spread", "--only", "waves", "--workers", 1, *words)
        assert done.code == 0, done.err
        return {file.name: file.read_text() for file in Path("seen").iterdir()}

    return run


def states(page: str) -> dict[str, str]:
    """The state of each box of the graph."""
    boxes = re.findall(r'<g class="box \S+ (\S+)"><title>([^<]*)', page)
    return {name: state for state, name in boxes}


def test_page_is_there_from_the_beginning_and_shows_what_is_done(seen):
    pages = seen()
    assert "0 of 3 stages have ended" in pages["start"]
    assert set(states(pages["start"]).values()) == {"not-reached"}
    last = pages["analyses.spread"]
    assert "2 of 3 stages have ended" in last
    assert states(last) == {"simulations.train": "done", "datasets.waves": "done", "analyses.spread": "running"}
    assert "float32" in last.partition('id="datasets.waves"')[2]  # what the dataset has is shown
    assert "Not done" not in last
    assert 'id="live"' not in pages["end"]
    assert set(states(pages["end"]).values()) == {"done"}


def test_what_will_be_reused_is_not_shown_before_it_is_in_its_place(seen, labrun):
    seen()
    labrun("rm", "waves", "--yes")
    pages = seen("--fresh", "waves")
    assert set(states(pages["start"]).values()) == {"not-reached"}
    assert states(pages["datasets.waves"])["simulations.train"] == "done"


def test_time_that_is_left_is_on_the_page(page, monkeypatch):
    monkeypatch.setattr(live, "BETWEEN", 0.01)
    monkeypatch.setattr(live, "SHARE", 1.0)
    now = time.time()
    left = TimeLeft(
        Estimate(7200, 3600, 36_000), Estimate(20_000, 15_000, 40_000), 1
    )  # so long that seconds do not show
    page.begin(RunStarted(now, "x", "runs/x", ["a", "models.net", "c"], [], 1))
    page.begin_stage(StageStarted(now, "models.net", "net", "k", "epochs", 30, 0, left=left))
    wait_until(lambda: "so far, about 2 h left" in page.text(), "the time of the stage")
    assert "about 6 h left (4 h to 11 h), without 1 stage of unknown duration" in page.text()


def test_report_is_opened_while_the_run_goes_on(seen, labrun, monkeypatch):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    begin = live.LivePage.begin

    def begin_and_open(page, event):
        begin(page, event)
        assert labrun("open").code == 0

    monkeypatch.setattr(live.LivePage, "begin", begin_and_open)
    seen()
    assert opened == ["runs/waves/report.html"]


@pytest.fixture
def page(tmp_path):
    """A page of three stages that holds what is in `content`."""

    class Made(live.LivePage):
        content = "first"

        def __init__(self):
            super().__init__(GuardedPath(tmp_path) / "report.html", lambda block: f"<h1>{self.content}</h1>{block}<p>")

        def text(self):
            return (tmp_path / "report.html").read_text()

    made = Made()
    yield made
    made.end()


def start(page):
    page.begin(RunStarted(0.0, "x", "runs/x", ["a", "models.net", "c"], [], 1))


def test_stage_in_work_is_written_every_few_seconds(page, monkeypatch):
    monkeypatch.setattr(live, "BETWEEN", 0.01)
    monkeypatch.setattr(live, "SHARE", 1.0)
    start(page)
    page.begin_stage(StageStarted(0.0, "models.net", "<net>", "k", "epochs", 30, 2))
    page.progress(StageProgressed(0.0, "models.net", 3, 30, {"loss": 0.5, "val_loss": 0.75}))
    wait_until(lambda: re.search(r"3 of 30\s+epochs", page.text()), "the progress on the page")
    assert "training 0.5" in page.text()
    assert page.text().startswith("<h1>first</h1>")
    before = re.search(r'data-written="([\d.]+)"', page.text())[1]
    wait_until(lambda: before not in page.text(), "another writing")  # nothing has happened, but the run is alive
    page.content = "second"
    page.end_stage(StageFinished(0.0, "models.net", "done", 1.0))
    assert page.text().startswith("<h1>second</h1>")
    assert "1 of 3 stages have ended" in page.text()
    assert "3 of 30" not in page.text()


def test_nothing_is_written_after_the_end(page, tmp_path, monkeypatch):
    monkeypatch.setattr(live, "BETWEEN", 0.001)
    start(page)
    page.end()
    (tmp_path / "report.html").write_text("final")
    page.end_stage(StageFinished(0.0, "a", "done", 1.0))
    assert page.text() == "final"


def test_writing_keeps_to_its_share_of_the_time(page, monkeypatch):
    monkeypatch.setattr(live, "ADVANCE", 0.0)
    monkeypatch.setattr(live, "SHARE", 0.0)
    start(page)
    first = page.text()
    page.content = "second"
    page.begin_stage(StageStarted(0.0, "a", "wave", "k", "members", 30, 0))
    assert page.text() == first
    monkeypatch.setattr(live, "ADVANCE", 10.0)
    page.progress(StageProgressed(0.0, "a", 1, 30))  # what was put off is done
    assert page.text().startswith("<h1>second</h1>")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ZeroDivisionError()])
def test_run_goes_on_where_the_page_cannot_be_written(seen, monkeypatch, error):
    """What goes wrong is reported once, when the last page cannot be written either."""
    render, calls = writer.render_report, []

    def fail(*given):
        calls.append(given)
        if len(given) > 3:
            raise error
        return render(*given)

    monkeypatch.setattr(writer, "render_report", fail)
    pages = seen()
    assert pages["analyses.spread"] == ""
    assert set(states(pages["end"]).values()) == {"done"}
    assert len(calls) > 3
