"""The page of a run that goes on, in a browser: it follows the run, keeps the reader's place, and says when the run was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from tests.waiting import HANG, wait_until

PLUGINS = '''
import time
from pathlib import Path
from typing import ClassVar
from labrun import Analysis, Ensemble, Findings, Simulator, hookimpl

class Point(Simulator):
    """A number."""
    name: ClassVar[str] = "point"
    def simulate(self, rng):
        return {"u": rng.random(1)}

class Waiting(Analysis):
    """Waits for a file."""
    name: ClassVar[str] = "waiting"
    file: str
    def analyse(self, simulation: Ensemble) -> Findings:
        while not Path(self.file).exists():
            time.sleep(0.02)
        return Findings(metrics={"found": 1.0})

@hookimpl
def labrun_simulators(): return [Point]

@hookimpl
def labrun_analyses(): return [Waiting]
'''
PROJECT = """
project: slow
plugins: [slow.py]
simulations: {points: {use: point, sweep: {repeats: 2}}}
analyses:
  first: {use: waiting, from: points, with: {file: one}}
  second: {use: waiting, from: points, with: {file: two}}
"""
COMMAND = """
from labrun.cli import main
from labrun.report import live
live.BETWEEN = 0.3
main(["run", "slow.yaml", "--workers", "1"])
"""


@pytest.fixture
def slow(tmp_path):
    """A run in a process of its own, whose analyses wait for the files `one` and `two`."""
    (tmp_path / "slow.py").write_text(PLUGINS)
    (tmp_path / "slow.yaml").write_text(PROJECT)
    process = subprocess.Popen([sys.executable, "-c", COMMAND], cwd=tmp_path, stdout=subprocess.DEVNULL)
    report = tmp_path / "runs/slow/report.html"
    wait_until(
        lambda: report.exists() and "1 of 3 stages" in report.read_text(), "the end of the first stage on the page"
    )
    yield process, report
    if process.poll() is None:
        process.kill()
    process.wait(HANG)


@pytest.fixture
def opened(browser, slow):
    """The page in a small window, so that there is something to scroll."""
    context = browser.new_context(viewport={"width": 800, "height": 300}, bypass_csp=True)  # Playwright waits by eval
    page = context.new_page()
    page.set_default_timeout(HANG * 1000)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(slow[1].as_uri())
    yield page
    context.close()
    assert not complaints


STANDS = """(top) => {
  const article = document.getElementById("simulations.points");
  const here = article.getBoundingClientRect().top;
  return article.querySelector("details").open && Math.abs(here - top) <= 2;
}"""


def test_page_follows_the_run_and_keeps_its_place(slow, opened):
    process, report = slow
    assert opened.locator("#live .live-head").inner_text() == "Running: 1 of 3 stages have ended."
    opened.locator("[id='simulations.points'] summary").first.click()
    top = opened.evaluate("""() => {
      const article = document.getElementById("simulations.points");
      article.scrollIntoView();
      return article.getBoundingClientRect().top;
    }""")
    opened.wait_for_event("load")
    opened.wait_for_function(STANDS, arg=top)
    (report.parents[2] / "one").touch()
    opened.wait_for_function("document.querySelector('#live')?.innerText.includes('2 of 3')")
    opened.wait_for_function(STANDS, arg=top)
    (report.parents[2] / "two").touch()
    opened.wait_for_function("!document.querySelector('#live') && document.readyState === 'complete'")
    opened.wait_for_function(STANDS, arg=top)
    assert process.wait(HANG) == 0
    assert "done" in opened.locator(".state").first.inner_text()


def test_page_can_be_paused(slow, opened):
    """It stays as it is, though the run goes on, until it is asked to refresh again."""
    process, report = slow
    pause = opened.locator("#live button")
    pause.click()
    assert pause.get_attribute("aria-pressed") == "true"
    (report.parents[2] / "one").touch()
    (report.parents[2] / "two").touch()
    assert process.wait(HANG) == 0
    opened.wait_for_timeout(1500)  # a refresh would have come
    assert opened.locator("#live .live-head").inner_text().startswith("Running:")
    pause.click()
    opened.wait_for_function("!document.querySelector('#live')")


def test_page_of_a_run_that_was_killed_says_so(browser, slow):
    process, report = slow
    os.kill(process.pid, signal.SIGKILL)
    process.wait(HANG)
    context = browser.new_context()
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#live .live-head").inner_text().startswith("Running:")
    page.clock.install()
    page.clock.fast_forward("05:00")
    page.reload()
    assert page.locator("#live .live-head").inner_text().startswith("Probably stopped:")
    assert "the run was killed, or its machine sleeps" in page.locator("#live .live-foot").inner_text()
    context.close()
