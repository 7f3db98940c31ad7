"""The first screen of a report at 1280 × 800, as a person sees it: what is asked, what was found, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEIGHT = 800
READ = """() => {
  const seen = (one) => one && one.checkVisibility() && one.getBoundingClientRect().bottom <= innerHeight;
  const text = (one) => (one?.innerText ?? "").replace(/\\s+/g, " ").trim();
  const rows = [...document.querySelectorAll(".found > .results tbody tr[class]")].filter(seen);
  return {
    question: text(document.querySelector("h1")),
    lines: rows.filter((row) => row.querySelector(".value")).map((row) => ({
      kind: row.className, label: text(row.cells[0]), value: text(row.cells[1]), interval: text(row.cells[2]),
      has_ceiling: row.querySelector("line.ceiling") !== null, has_baseline: row.querySelector("line.baseline") !== null,
    })),
    figure: [...document.querySelectorAll(".headline img")].some((one) => seen(one) && one.naturalWidth > 100),
    warnings: text([...document.querySelectorAll("header .warnings summary")].find(seen)),
    time: text([...document.querySelectorAll("header .brand")].find(seen)),
  };
}"""
AXE = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"


@dataclass(frozen=True)
class Line:
    """A number of the first screen as it is written there."""

    kind: str
    label: str
    value: str
    interval: str
    has_ceiling: bool
    has_baseline: bool


@dataclass(frozen=True)
class Screen:
    """What can be read without scrolling. `warnings` and `time` are empty where they are not in sight."""

    question: str
    lines: list[Line]
    figure: bool
    warnings: str
    time: str


def read_first_screen(browser: Any, report: Path) -> Screen:
    """Open a report, and read what is in sight."""
    context = browser.new_context(viewport={"width": 1280, "height": HEIGHT})
    page = context.new_page()
    page.goto(report.as_uri())
    page.locator(".headline img").evaluate("one => one.decode()")
    found = page.evaluate(READ)
    context.close()
    return Screen(**found | {"lines": [Line(**line) for line in found["lines"]]})


def expect_answer(browser: Any, report: Path, question: str) -> Screen:
    """Assert that the question and an answer with interval, baseline and ceiling are in sight, with a figure and the time."""
    screen = read_first_screen(browser, report)
    assert question in screen.question
    results = [line for line in screen.lines if line.kind == "result"]
    assert any(line.interval.startswith("[") and float(line.value) is not None for line in results), screen
    assert any(line.has_baseline for line in results), screen
    assert any(line.has_ceiling for line in screen.lines), screen
    assert screen.figure, screen
    assert " of work" in screen.time, screen
    return screen


def expect_no_complaints(browser: Any, report: Path, axe: Path | None) -> None:
    """Assert that the page asks for nothing from elsewhere, reports no error, is not wider than its window and, if `axe` is the script of
    axe-core, does not violate WCAG 2.1 AA: light and wide, dark and narrow, with everything unfolded."""
    complaints: list[str] = []

    def note(message: object) -> None:
        complaints.append(str(message))

    for width, scheme in ((1280, "light"), (390, "dark")):
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        page.on("console", lambda message: note(message.text))
        page.on("pageerror", note)
        page.on("request", lambda one: None if one.url.startswith(("file:", "blob:", "data:")) else note(one.url))
        page.goto(report.as_uri())
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            note(f"wider than {width} px")
        if axe is not None:
            page.evaluate(axe.read_text(encoding="utf-8"))
            for one in page.evaluate(AXE)["violations"]:
                note(f"{width} {scheme}: {one['id']}: {one['nodes'][0]['html']}")
        context.close()
    assert complaints == []
