"""The page on clusters: its job script runs, with Slurm replaced by a cluster of this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SLURM = '''
"""A stand-in for Slurm: processes of this machine."""
from distributed import LocalCluster

class SLURMCluster(LocalCluster):
    def __init__(self, queue, account, cores, processes, memory, walltime, local_directory, worker_extra_args):
        assert cores == processes
        super().__init__(n_workers=0, threads_per_worker=1, dashboard_address=None, local_directory=local_directory)

    def adapt(self, minimum_jobs, maximum_jobs):
        self.scale(2)
'''


@pytest.fixture
def blocks() -> dict[str, str]:
    """The files that the page saves, and the job script, by name."""
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    saved = re.findall(r"Save this as `([^`]+)`:\n\n```\w+\n(.*?)```", text, re.DOTALL)
    return dict(saved) | {"job.sh": re.findall(r"```bash\n(.*?)```", text, re.DOTALL)[0]}


def test_the_script_for_slurm(blocks, tmp_path):
    for name in ("walks.yaml", "labrun_slurm.py"):
        (tmp_path / name).write_text(blocks[name])
    (tmp_path / "job.sh").write_text(blocks["job.sh"].replace("PROJECT.yaml", "walks.yaml"))
    (tmp_path / "dask_jobqueue.py").write_text(SLURM)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "job.sh"], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "of the Dask cluster at tcp://127.0.0.1:" in done.stdout
    assert "simulations.patterns: done" in done.stdout
