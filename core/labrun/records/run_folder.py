"""The folder of a run: the record of what was done, and the files of each stage where a person looks for them."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import platform
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from labrun.contracts.inputs import SECTIONS
from labrun.contracts.keras_settings import keras_backend, keras_settings
from labrun.faults import LabrunError
from labrun.files.atomic import read_json, replace_folder, write_json
from labrun.files.digests import matches_digest, sha256_of, with_digest
from labrun.files.guarded import GuardedPath, UnsafePath
from labrun.planning.plan import Plan, Planned
from labrun.project.stage import PretrainedModelStage, SimulationStage
from labrun.project.sweeptable import SweepTable
from labrun.records.git_commit import commit_of
from labrun.records.members_picture import draw_members_of
from labrun.records.sources import FOLDER as SOURCES
from labrun.records.sources import copy_sources, named_files, place_of_source
from labrun.records.stage_record import stage_record
from labrun.store.store import MANIFEST
from labrun.workers.memory import peak_memory, peak_memory_of_children

__all__ = ["RunFolder"]

RECORD = "run.json"
MEMBERS = "members.csv"
KEY = ".key"
"""Marks each folder that labrun has made, and may remove."""
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

    def __init__(self, place: GuardedPath) -> None:
        self.place = place

    @property
    def path(self) -> Path:
        """The plain path, for messages."""
        return self.place.path

    def prepare(self, plan: Plan) -> None:
        """Make the folder, write the resolved project, copy the files that it names, and remove stages that it no longer has (except
        models that it uses as pretrained ones).

        Raises:
            LabrunError: a folder in it does not belong to labrun.
            OSError: the folder cannot be written.
        """
        self._expect_own(plan)
        with (self.place / "project.yaml").written() as stream:
            text = yaml.safe_dump(plan.project.document.value, sort_keys=False, allow_unicode=True)
            stream.write(text.encode())
        copy_sources(plan.project, self.place)
        names = {(s.section, s.name) for s in plan.project.stages.values()}
        used = [s.folder for s in plan.project.stages.values() if isinstance(s, PretrainedModelStage)]
        for section in SECTIONS:
            for folder in (self.place / section).entries():
                if (section, folder.name) not in names and (folder / KEY).is_regular() and not folder.is_one_of(used):
                    folder.remove_all()

    def _expect_own(self, plan: Plan) -> None:
        """Refuse a folder in which links redirect what is written or removed here to other places."""
        sections = [self.place / section for section in SECTIONS]
        stages = [self.folder(planned) for planned in plan.stages.values()]
        results = [plan.place(planned) for planned in plan.stages.values()]
        parts = [folder / "parts" for folder in results]
        for path in [self.place, self.place / SOURCES, *sections, *stages, *results, *parts]:
            path.expect_own()

    def folder(self, planned: Planned) -> GuardedPath:
        """Return the folder of a stage."""
        return self.place / planned.section / planned.stage.name

    def stage(self, planned: Planned) -> Path:
        """Return the plain path of a stage's folder, for messages."""
        return self.folder(planned).path

    def show(self, plan: Plan, planned: Planned) -> list[str]:
        """Put the result of a stage into the folder: as links where the file system has them, else as copies.

        Another run may do so at the same time: the folder always holds one whole result.

        Returns:
            The files of this result that were there already, but have been changed or removed.
        """
        target = self.folder(planned)
        source = plan.place(planned)
        mark = target / KEY
        if target.is_there() and not mark.is_regular():
            raise LabrunError(f"'{target}' is not a folder that labrun made, so it is not replaced: move it away")
        wanted = planned.identity + sha256_of(source / MANIFEST)  # a result that was made again has another manifest
        manifest = plan.manifest(planned)
        if manifest is None:
            raise LabrunError(
                f"'{source}' was removed or damaged during this run. Run the same command again to make it again"
            )
        placed = [*manifest.files, MANIFEST]
        changed = []
        marked = _content_of_mark(mark)
        if marked.partition(b"\n")[0] == wanted.encode():
            changed = [name for name in placed if _state(target / name) != _state(source / name)]
            if marked != _mark(wanted, target).encode():
                changed.append(MEMBERS)
            if not changed:
                return []
        # not inside this folder: `prepare` of another run would remove it
        folder = (GuardedPath(plan.store.root) / "placing").temporary()
        try:
            for name in placed:
                (folder / name).parent.make_folder()
                (source / name).link_to(folder / name)
            if isinstance(planned.stage, SimulationStage):
                _write_members(planned.stage.as_made(source).table, folder / MEMBERS)
                draw_members_of(plan, planned.stage, folder)
            with (folder / mark.name).written() as stream:
                stream.write(_mark(wanted, folder).encode())
            replace_folder(folder, target)
        finally:
            folder.remove_all()
        return changed

    def last_record(self) -> dict[str, Any]:
        """Return the content of `run.json`; empty if it is missing, invalid or damaged."""
        try:
            record = read_json(self.place / RECORD)
            stages = record.get("stages", {}).values()
            sound = matches_digest(record) and all(
                isinstance(entry["key"], str) and isinstance(entry["inputs"], dict) for entry in stages
            )
            return dict(record) if sound else {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def stages_in_work(self) -> list[str]:
        """List the stages that a run on this machine is making at this moment."""
        record = self.last_record()
        on_this_machine = record.get("host", {}).get("name") == platform.node()
        if record.get("outcome") != "running" or not on_this_machine or not _is_alive(record.get("process")):
            return []
        return [name for name, entry in record["stages"].items() if entry.get("outcome") == "running"]

    def record(self, plan: Plan, outcomes: dict[str, str], outcome: str, started: float) -> None:
        """Write `run.json`. Stages outside this run keep their entries of an earlier run."""
        before = self.last_record().get("stages", {})
        stages = {identifier: before[identifier] for identifier in plan.project.stages if identifier in before}
        for planned in plan.stages.values():
            stages[planned.id] = stage_record(planned.stage, plan.place(planned)) | {
                "key": planned.key,
                "identity": planned.identity,
                "plugin": f"{planned.stage.offer.distribution}:{planned.stage.offer.name}",
                "plugin_version": planned.stage.offer.plugin.version,
                "outcome": outcomes.get(planned.id, "not reached"),
                "seconds": plan.seconds(planned),
                "inputs": planned.inputs,
                "code": dict(planned.code),
            }
        record = {
            "project": plan.project.name,
            "file": str(plan.project.path),
            "seed": plan.project.seed,
            "outcome": outcome,
            "started": clock(started),
            "finished": None if outcome == "running" else clock(time.time()),
            "seconds": time.time() - started,
            "peak_memory_bytes": {"driver": peak_memory(), "largest_worker": peak_memory_of_children()},
            "command": sys.argv,
            "process": os.getpid(),
            "host": {
                "name": platform.node(),
                "system": platform.platform(),
                "machine": platform.machine(),
                "cores": os.cpu_count(),
                "python": platform.python_version(),
            },
            "keras_backend": keras_backend(),
            "keras_settings": keras_settings(),
            "versions": _versions(plan),
            "git": commit_of(plan.project.path.parent),
            "files": {name: place_of_source(name) for name in named_files(plan.project.document.value)},
            "order": [identifier for identifier in plan.project.stages if identifier in stages],
            "stages": stages,
        }
        write_json(self.place / RECORD, with_digest(record))


def _is_alive(process: Any) -> bool:
    if os.name != "posix" or type(process) is not int or process <= 0:
        return False
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


def _write_members(table: SweepTable, path: GuardedPath) -> None:
    with path.opened("x", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["member", *table.columns])
        writer.writerows(
            [member, *(_cell(values[member]) for values in table.columns.values())] for member in range(table.size)
        )


def _cell(value: Any) -> Any:
    """A value of the table as a cell: lists and mappings as JSON."""
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _state(path: GuardedPath) -> list[int]:
    """Size and time of a file; empty if it does not exist."""
    if not path.is_regular():
        return []
    status = path.status()
    return [status.st_size, status.st_mtime_ns]


def _content_of_mark(mark: GuardedPath) -> bytes:
    """Return the content of `.key`; empty if it is missing, or is not one that labrun wrote."""
    try:
        return mark.content()
    except UnsafePath:
        raise
    except OSError:
        return b""


def _mark(wanted: str, folder: GuardedPath) -> str:
    """The content of `.key`: which result lies here, and the state of the one file that is in no manifest."""
    return f"{wanted}\n{_state(folder / MEMBERS)}"


def clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _versions(plan: Plan) -> dict[str, str]:
    names = {*LIBRARIES, *(p.stage.offer.distribution for p in plan.stages.values())}
    found = {}
    for name in sorted(names):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
