"""The folder of a run: the record of what was done, and each stage's files where a person looks for them."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from labrun.files import replace_folder, sha256_of, temporary_name, write_atomically, write_json
from labrun.inputs import SECTIONS
from labrun.plan import Plan, Planned, keras_backend
from labrun.store import MANIFEST

__all__ = ["RunFolder"]

RECORD = "run.json"
LIBRARIES = (
    "labrun",
    "numpy",
    "scipy",
    "pandas",
    "h5py",
    "numba",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "scikit-learn",
    "matplotlib",
)


class RunFolder:
    """`runs/<project>/`: `project.yaml`, `run.json`, `events.jsonl`, `report.html`, and `<section>/<stage>/`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self, plan: Plan) -> None:
        """Make the folder, write the resolved project and remove stages that the project no longer has (but no model
        that it uses as a pretrained one).

        Raises:
            OSError: it cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with write_atomically(self.path / "project.yaml") as temporary:
            text = yaml.safe_dump(plan.project.document.value, sort_keys=False, allow_unicode=True)
            temporary.write_text(text, encoding="utf-8")
        names = {(s.section, s.name) for s in plan.project.stages.values()}
        used = {s.pretrained.resolve() for s in plan.project.stages.values() if s.pretrained is not None}
        for section in SECTIONS:
            for folder in sorted((self.path / section).glob("*")):
                if (section, folder.name) not in names and folder.resolve() not in used:
                    shutil.rmtree(folder, ignore_errors=True)

    def stage(self, planned: Planned) -> Path:
        """Where the files of a stage are."""
        return self.path / planned.section / planned.stage.name

    def place(self, plan: Plan, planned: Planned) -> None:
        """Put the result of a stage into the folder: links where the file system has them, copies elsewhere.

        Another run may do so at the same time: what lies there is always the whole of one result.
        """
        target = self.stage(planned)
        source = plan.folder(planned)
        mark = target / ".key"
        wanted = planned.identity + sha256_of(source / MANIFEST)  # a result that was made again has another manifest
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            return
        manifest = plan.manifest(planned)
        assert manifest is not None
        folder = temporary_name(
            plan.store.root / "placing"
        )  # `prepare` of another run clears away what lies in this folder
        try:
            for name in [*manifest.files, MANIFEST]:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                _link(source / name, folder / name)
            if planned.stage.table is not None:
                self._write_members(planned, folder / "members.csv")
            (folder / mark.name).write_text(wanted, encoding="utf-8")
            replace_folder(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _write_members(self, planned: Planned, path: Path) -> None:
        table = planned.stage.table
        assert table is not None
        columns = table.columns
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["member", *columns])
            writer.writerows([member, *(values[member] for values in columns.values())] for member in range(table.size))

    def last_record(self) -> dict[str, Any]:
        """What `run.json` says; empty if there is none."""
        try:
            record: dict[str, Any] = json.loads((self.path / RECORD).read_text(encoding="utf-8"))
            return record
        except (OSError, ValueError):
            return {}

    def record(self, plan: Plan, outcomes: dict[str, str], outcome: str, started: float) -> None:
        """Write `run.json`. Stages that this run was not about keep what an earlier run has said of them."""
        before = self.last_record().get("stages", {})
        stages = {identifier: before[identifier] for identifier in plan.project.stages if identifier in before}
        for planned in plan.stages.values():
            manifest = plan.manifest(planned)
            stages[planned.id] = {
                "key": planned.key,
                "plugin": f"{planned.stage.offer.distribution}:{planned.stage.offer.name}",
                "plugin_version": planned.stage.offer.plugin.version,
                "outcome": outcomes.get(planned.id, "not reached"),
                "seconds": manifest.seconds if manifest else None,
                "inputs": planned.inputs,
            }
        record = {
            "project": plan.project.name,
            "file": str(plan.project.path),
            "seed": plan.project.seed,
            "outcome": outcome,
            "started": _clock(started),
            "finished": _clock(time.time()),
            "seconds": time.time() - started,
            "peak_memory_bytes": _peak_memory(),
            "command": sys.argv,
            "host": {
                "name": platform.node(),
                "system": platform.platform(),
                "machine": platform.machine(),
                "cores": os.cpu_count(),
                "python": platform.python_version(),
            },
            "keras_backend": keras_backend(),
            "versions": _versions(plan),
            "git": _git(plan.project.path.parent),
            "stages": stages,
        }
        write_json(self.path / RECORD, record)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _versions(plan: Plan) -> dict[str, str]:
    names = {*LIBRARIES, *(p.stage.offer.distribution for p in plan.stages.values())}
    found = {}
    for name in sorted(names):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _git(folder: Path) -> dict[str, Any] | None:
    """The commit of the project's repository and whether something was changed since; None outside of one."""

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _peak_memory() -> dict[str, int] | None:
    """The most memory that this process and (each of) its workers had, where the system tells."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    driver = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"driver": driver, "largest_worker": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit}
