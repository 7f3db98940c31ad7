"""Follow the pages like a user: save files under the names that the page gives, then run its commands and its Python.

`test_fragments.py` checks YAML that is not a whole project, `test_commands.py` commands that are not run here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:Save this as `(?P<file>[^`]+)`:\n\n)?```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)

PAGES = [
    ["README.md"],
    ["docs/getting-started.md", "docs/predicting.md"],  # the second continues the first
    ["docs/parameter_space.md"],
    ["docs/tumbling.md"],
    ["docs/microstructure.md"],
    ["docs/twentyone_cm.md"],
    ["docs/mechanical_networks.md"],
    [
        "docs/plugins.md",
        "docs/testing.md",
        "docs/store.md",
        "docs/provenance.md",
        "docs/observers.md",
        "docs/editor.md",
    ],  # likewise
    ["docs/security.md"],
    ["docs/programs.md"],
    ["docs/python.md"],
    ["docs/uncertainty.md"],
    ["docs/cluster.md"],
]
SLOW = (
    "docs/getting-started.md",
    "docs/tumbling.md",
    "docs/microstructure.md",
    "docs/twentyone_cm.md",
    "docs/mechanical_networks.md",
)
"""A minute each; their plugins are tested elsewhere at smaller size."""
ELSEWHERE = {"docs/cluster.md": "tests/docs/test_cluster_page.py"}
"""Pages that need more than a shell, and their tests."""


def run_page(page: Path, folder: Path) -> list[str]:
    """Follow a page in `folder`, and return the commands that were run."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LABRUN_WORKERS": "2"}
    ran, script = [], ""
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            (folder / block["file"]).write_text(block["body"], encoding="utf-8")
        elif block["kind"] == "python":
            script += block["body"]
        if block["kind"] != "console":
            continue
        lines = block["body"].splitlines()
        expected = "\n".join(line for line in lines if not line.startswith("$ "))
        for command in (line.removeprefix("$ ") for line in lines if line.startswith("$ ")):
            done = subprocess.run(
                command, shell=True, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            output = done.stdout + done.stderr
            assert done.returncode == (2 if expected else 0), f"{command}\n{output}"
            for line in expected.splitlines():
                assert line in output, f"{command}\n{output}"
            ran.append(command)
    if script:
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        ran.append(script)
    return ran


@pytest.mark.parametrize(
    "pages",
    [pytest.param(pages, marks=[pytest.mark.slow] if pages[0] in SLOW else []) for pages in PAGES],
    ids=" ".join,
)
def test_page_does_what_it_says(pages, tmp_path):
    for folder in ("projects", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for page in pages:
        assert run_page(ROOT / page, tmp_path)


def test_every_page_with_commands_is_run():
    run = {page for pages in PAGES for page in pages} | ELSEWHERE.keys()
    kinds = {
        str(page.relative_to(ROOT)): {block["kind"] for block in BLOCK.finditer(page.read_text(encoding="utf-8"))}
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    }
    assert [page for page, found in kinds.items() if found & {"console", "python"} and page not in run] == []
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).is_file()] == []


def test_first_project_leaves_what_the_page_names(tmp_path):
    run_page(ROOT / "docs/plugins.md", tmp_path)
    run = tmp_path / "runs" / "walk"
    assert (run / "report.html").stat().st_size > 5000
    assert (run / "simulations" / "walks" / "members.csv").read_text().startswith("member,drift,repeat")
    assert "mean end" in (run / "analyses" / "end" / "metrics.json").read_text()
