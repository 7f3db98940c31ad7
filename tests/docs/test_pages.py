"""The commands of the pages for users, run as a user does: files are saved under the names that the page gives, then commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(?:Save this as `(?P<file>[^`]+)`:\n\n)?```(?P<kind>\w+)\n(?P<body>.*?)```", re.DOTALL)


def run_page(page: Path, folder: Path) -> list[str]:
    """Do what a page says, in `folder`; return the commands that were run."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LABRUN_WORKERS": "2"}
    ran = []
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            (folder / block["file"]).write_text(block["body"], encoding="utf-8")
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
    return ran


@pytest.mark.parametrize(
    "pages",
    [
        ["README.md"],
        ["docs/getting-started.md", "docs/predicting.md"],  # the second goes on where the first ends
        ["docs/parameter_space.md"],
        ["docs/tumbling.md"],
        pytest.param(
            ["docs/microstructure.md"], marks=pytest.mark.slow
        ),  # a minute; its project, made small, is in tests/projects
        ["docs/twentyone_cm.md"],
        ["docs/mechanical_networks.md"],
        ["docs/plugins.md"],
    ],
    ids=" ".join,
)
def test_commands_of_a_page_do_what_it_says(pages, tmp_path):
    for folder in ("projects", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for page in pages:
        assert run_page(ROOT / page, tmp_path)


def test_first_project_leaves_what_the_page_names(tmp_path):
    run_page(ROOT / "docs/plugins.md", tmp_path)
    run = tmp_path / "runs" / "walk"
    assert (run / "report.html").stat().st_size > 5000
    assert (run / "simulations" / "walks" / "members.csv").read_text().startswith("member,drift,repeat")
    assert "mean end" in (run / "analyses" / "end" / "metrics.json").read_text()
