"""How large a report is, how soon it opens, and how soon its maps answer, in a real browser.

    python benchmarks/report_page.py runs/gray_scott/report.html [--points 300]

Opening is from the call to the end of the load event, after which every fragment has drawn itself. Pointing is measured on each phase
map of the page, at places spread over all of it: `work` is the time in which the page's script answers and the layout is done,
`seen` the time to the next frame, which on a screen of 60 Hz is up to 17 ms more whatever the page does. Scrolling is the longest
time between two frames while a montage is scrolled from its beginning to its end in 60 steps. Needs `pip install playwright` and a
Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)

POINT = """async ([index, points]) => {
  const root = document.querySelectorAll(".phase-map")[index];
  const canvas = root.querySelector(".phase-map-plot canvas");
  canvas.scrollIntoView({ block: "center" });
  await new Promise((done) => setTimeout(done, 500));
  const [left, top, right, bottom] = canvas.dataset.plot.split(" ").map(Number);
  const box = canvas.getBoundingClientRect();
  const found = [];
  for (let i = 0; i < points; i++) {
    const at = { clientX: box.left + left + (right - left) * ((i * 0.754877) % 1),
                 clientY: box.top + top + (bottom - top) * ((i * 0.569840) % 1) };
    await new Promise(requestAnimationFrame);
    const begun = performance.now();
    canvas.dispatchEvent(new PointerEvent("pointermove", { ...at, bubbles: true, pointerType: "mouse" }));
    root.getBoundingClientRect();
    const work = performance.now() - begun;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    found.push([work, performance.now() - begun]);
  }
  return found;
}"""

SCROLL = """async (index) => {
  const scroll = document.querySelectorAll(".montage-scroll")[index];
  scroll.scrollIntoView({ block: "center" });
  await new Promise((done) => setTimeout(done, 500));
  const found = [];
  for (let i = 1; i <= 60; i++) {
    const begun = performance.now();
    scroll.scrollTop = (scroll.scrollHeight * i) / 60;
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    found.push(performance.now() - begun);
  }
  return found;
}"""


def measure(page: Page, path: Path, points: int) -> None:
    """Open the report and print what was measured."""
    begun = time.perf_counter()
    page.goto(path.resolve().as_uri(), wait_until="load")
    opened = time.perf_counter() - begun
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, opens in {opened:.2f} s")
    for i in range(page.locator(".phase-map").count()):
        times = page.evaluate(POINT, [i, points])
        work, seen = zip(*times, strict=True)
        print(
            f"phase map {i + 1}, {points} places: work {statistics.median(work):.1f} ms (at most {max(work):.1f}), "
            f"seen {statistics.median(seen):.1f} ms (at most {max(seen):.1f})"
        )
    for i in range(page.locator(".montage-scroll").count()):
        frames = page.evaluate(SCROLL, i)
        print(f"montage {i + 1}, scrolled: a frame in {statistics.median(frames):.1f} ms (at most {max(frames):.1f})")


def find_browser() -> str | None:
    """The path of a Chromium, or None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    """Start the browser without a window, and without what it would ask the network for; stop it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[f"--{flag}" for flag in QUIET])
        yield browser
        browser.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--points", type=int, default=300, help="places pointed at on each map")
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        raise SystemExit(f"no browser: install Chromium ({', '.join(BROWSERS)} were looked for)")
    with open_browser(path) as browser:
        measure(browser.new_page(viewport={"width": 1280, "height": 900}), options.report, options.points)


if __name__ == "__main__":
    main()
