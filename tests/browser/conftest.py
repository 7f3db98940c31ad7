"""A real report in a real browser: the project below is run once, its page opened anew for each test.

Tests are skipped, with the reason, where there is no Chromium or no Playwright.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

HERE = Path(__file__).parent

PROJECT = """\
project: explorers
description: Two maps and two montages of one simulation, and a map of another.
seed: 1
plugins: [explorers.py]

simulations:
  scan:
    use: texture
    sweep: {table: scan.csv, columns: [kill, feed], labels: [note]}
  loose:
    use: texture
    sweep: {random: {count: 120, columns: {kill: {from: 0.03, to: 0.08}, feed: {from: 0, to: 0.08}}}}

analyses:
  classes: {use: made_up, from: scan}
  novelty: {use: far_out, from: scan}
  loose_classes: {use: made_up, from: loose}
  phase_map:
    use: phase_map
    from: {classes: classes, simulation: scan, novelty: novelty}
    with: {x: kill, y: feed, lines: {fold: "feed - 4*(feed + kill)**2", <i>: "kill - 0.055"}}
  turned: {use: phase_map, from: {classes: classes, simulation: scan}, with: {x: feed, y: kill}}
  montage: {use: montage, from: {classes: classes, simulation: scan, novelty: novelty}}
  plain_montage: {use: montage, from: {classes: classes, simulation: scan}, with: {x: feed, y: kill}}
  loose_map: {use: phase_map, from: {classes: loose_classes, simulation: loose}, with: {x: kill, y: feed}}
"""


def make_scan() -> pd.DataFrame:
    """A grid of 11 × 17 points with a hole, and two of them twice: 181 members, 179 cells."""
    rows = [
        (round(0.03 + 0.005 * i, 6), round(0.005 * j, 6), f"<i>{i}, {j}</i>")
        for i in range(11)
        for j in range(17)
        if not (i < 2 and j > 12)
    ]
    rows += [rows[20], rows[90]]
    return pd.DataFrame(rows, columns=["kill", "feed", "note"])


@pytest.fixture(scope="session")
def scan() -> pd.DataFrame:
    """The sweep's table; the index is the number of the member."""
    return make_scan()


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory, scan: pd.DataFrame) -> Path:
    """The run of the project, made by the command line."""
    folder = tmp_path_factory.mktemp("explorers")
    shutil.copy(HERE / "explorers.py", folder)
    scan.to_csv(folder / "scan.csv", index=False)
    (folder / "project.yaml").write_text(PROJECT, encoding="utf-8")
    command = [sys.executable, "-m", "labrun", "run", "project.yaml", "--workers", "1", "--runs", "runs"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "runs" / "explorers"


@pytest.fixture(scope="session")
def members(run_folder: Path) -> pd.DataFrame:
    """The made-up classification, as the project's user gets it: a row a member."""
    return pd.read_csv(run_folder / "analyses" / "classes" / "members.csv", index_col="member")


@pytest.fixture
def open_report(browser: Any, run_folder: Path) -> Iterator[Callable[..., Any]]:
    """Open the report: `open_report(width=390, scheme="dark")`. Whatever the page complains about fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(width: int = 1280, scheme: str = "light", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "blob:", "data:")) else complaints.append(request.url)
            ),
        )
        page.goto((run_folder / "report.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
