"""Size of a report, and how fast it opens and reacts in a real browser.

    python benchmarks/report_page.py runs/gray_scott/report.html [--points 300]

Opening is measured until the end of the load event, when every fragment has drawn itself. Pointing is measured on each phase
map of the page, at positions spread over the whole map: `work` is the time of the page's script and layout,
`seen` the time to the next frame, which on a screen of 60 Hz is always up to 17 ms longer. Scrolling is the longest
time between two frames while a montage is scrolled from start to end in 60 steps. Needs `pip install playwright` and Chromium.
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
    """Open the report, measure and print."""
    begun = time.perf_counter()
    page.goto(path.resolve().as_uri(), wait_until="load")
    opened = time.perf_counter() - begun
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, opens in {opened:.2f} s")
    for i in range(page.locator(".phase-map").count()):
        times = page.evaluate(POINT, [i, points])
        work, seen = zip(*times, strict=True)
        print(
            f"phase map {i + 1}, {points} positions: work {statistics.median(work):.1f} ms (at most {max(work):.1f}), "
            f"seen {statistics.median(seen):.1f} ms (at most {max(seen):.1f})"
        )
    for i in range(page.locator(".montage-scroll").count()):
        frames = page.evaluate(SCROLL, i)
        print(
            f"montage {i + 1}, scrolling: a frame takes {statistics.median(frames):.1f} ms (at most {max(frames):.1f})"
        )


def find_browser() -> str | None:
    """Return the path of a Chromium, or None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def open_browser(path: str) -> Iterator[Browser]:
    """Start the browser without a window and without requests to the network, and stop it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[f"--{flag}" for flag in QUIET])
        yield browser
        browser.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path)
    parser.add_argument("--points", type=int, default=300, help="positions on each map")
    options = parser.parse_args()
    path = find_browser()
    if path is None:
        raise SystemExit(f"no browser found (looked for {', '.join(BROWSERS)}): install Chromium")
    with open_browser(path) as browser:
        measure(browser.new_page(viewport={"width": 1280, "height": 900}), options.report, options.points)


if __name__ == "__main__":
    main()
