"""`labrun verify` and `labrun gc`, and what other commands say of a damaged store."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.conftest import WAVES, WAVES_CSV

from labrun.cli import main

LAB = Path(__file__).parents[3] / "lab.py"
WORDS = ("--only", "simulations.train", "--only", "analyses.spread", "--workers", 1)
CHANGED = "is damaged (its content is not what was written)"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A folder with a project that has been run."""
    folder = tmp_path_factory.mktemp("finished")
    shutil.copy(LAB, folder)
    (folder / "waves.csv").write_text(WAVES_CSV, encoding="utf-8")
    (folder / "project.yaml").write_text(WAVES, encoding="utf-8")
    with contextlib.chdir(folder):
        assert CliRunner().invoke(main, ["run", "project.yaml", *map(str, WORDS)]).exit_code == 0
    return folder


@pytest.fixture
def project(finished, tmp_path, monkeypatch) -> Path:
    """A copy of it, whose hard links are such again."""
    subprocess.run(["cp", "-a", f"{finished}/.", tmp_path], check=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return Path("project.yaml")


def stored(pattern: str) -> Path:
    (path,) = Path("runs/.store").glob(pattern)
    return path


def damage(path: Path, *, rot: bool = False) -> bytes:
    """Flip a bit, and leave the time alone if it is rot. Returns what was there."""
    status, content = path.stat(), path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    if rot:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return content


def files() -> dict[str, bytes]:
    found = (path for path in Path("runs").rglob("*") if path.is_file())
    changing = ("manifest.json", ".key", "run.json", "events.jsonl", "report.html")
    return {str(path): path.read_bytes() for path in found if path.name not in changing}


def test_sound_store(project, labrun):
    for words in (["verify"], ["verify", project]):
        done = labrun(*words)
        assert done.code == 0
        assert re.fullmatch(r"2 results, [\d.]+ kB: all as it was written\n", done.out)


@pytest.mark.parametrize("rot", [False, True])
@pytest.mark.parametrize(
    ("in_simulation", "in_analysis"),
    [("parts/000003.h5", "metrics.json"), ("parts/000003.json", "manifest.json"), ("manifest.json", None)],
)
def test_damage_is_named_and_made_again(project, labrun, in_simulation, in_analysis, rot):
    before = files()
    times = {path: path.stat().st_mtime_ns for path in Path("runs/.store/simulations").rglob("*.h5")}
    simulation, analysis = stored("simulations/*"), stored("analyses/*")
    damage(simulation / in_simulation, rot=rot)
    if in_analysis:
        damage(analysis / in_analysis, rot=rot)
    if rot:
        done = labrun("verify", project)
        assert done.code == 1
        told = [re.sub(r"^(\S+ )?in ", "", line) for line in done.out.splitlines()[:-1]]
        wanted = [f"{simulation}: {in_simulation} {CHANGED}"]
        assert told == wanted + ([f"{analysis}: {in_analysis} {CHANGED}"] if in_analysis else [])
        number = "2 files are" if in_analysis else "1 file is"
        assert done.out.endswith(f": {number} damaged. The next run makes those that it needs again\n")
    done = labrun("run", project, *WORDS)
    assert done.code == 0
    wanted = [f"simulations.train: {in_simulation} {CHANGED}: it is made again"]
    if in_analysis:
        wanted.append(f"analyses.spread: {in_analysis} {CHANGED}: the result is made again")
    assert done.err.splitlines() == wanted
    assert files() == before
    assert labrun("verify").code == 0
    remade = [path.name for path, time in times.items() if path.stat().st_mtime_ns != time]
    assert remade == (["000003.h5"] if "parts" in in_simulation else [])


def test_status_plan_and_why_tell_of_damage(project, labrun):
    damage(stored("simulations/*/parts/000003.h5"))
    told = f"simulations.train: parts/000003.h5 {CHANGED}: the next run makes it again\n"
    for command in ("status", "plan"):
        done = labrun(command, project)
        assert (done.code, done.err.endswith(told)) == (0, True)
        assert "simulations.train\t" in done.out
        assert "\tdamaged" in done.out
    assert labrun("why", project, "train").out.splitlines()[0] == (
        f"simulations.train: parts/000003.h5 {CHANGED}; the next run makes it again"
    )


def test_copy_in_the_folder_of_a_run_is_put_there_again(project, labrun):
    """Where there are no hard links, copies can be damaged by themselves; people change them, too."""
    copies = [Path("runs/waves/analyses/spread/metrics.json"), Path("runs/waves/simulations/train/members.csv")]
    before = files()
    for copy in copies:
        content = copy.read_bytes()
        copy.unlink()
        copy.write_bytes(content + b" ")
    done = labrun("run", project, *WORDS)
    assert done.code == 0
    assert (
        done.err.splitlines()
        == [
            f"{stage}: {copy.name} in {copy.parent} is not what was put there: the result is put there again"
            for stage, copy in zip(("analyses.spread", "simulations.train"), copies, strict=True)
        ][::-1]
    )
    assert files() == before
    assert labrun("run", project, *WORDS).err == ""


def test_mark_of_a_placed_result_that_is_damaged(project, labrun):
    for mark in Path("runs/waves").rglob(".key"):
        mark.write_bytes(b"\xff\xfe")
    assert labrun("run", project, *WORDS).code == 0
    assert all(mark.read_bytes()[:1] != b"\xff" for mark in Path("runs/waves").rglob(".key"))


def test_damaged_record_of_a_run(project, labrun):
    Path("runs/waves/run.json").write_text('{"stages": ')
    done = labrun("gc")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("'runs/waves/run.json' is damaged, so the results that its run refers to are unknown.")
    assert labrun("why", project, "spread").code == 0
    assert labrun("run", project, *WORDS).code == 0
    assert labrun("gc").code == 0


def test_file_that_belongs_to_somebody_else(project, labrun, monkeypatch):
    damage(stored("analyses/*/metrics.json"), rot=True)
    monkeypatch.setattr("labrun.upkeep.verification.mark_damaged", lambda *_: False)
    done = labrun("verify")
    assert done.code == 1
    assert done.err == "1 of them could not be marked for that, since they belong to another user: remove them\n"


def test_gc_shows_first_and_removes_when_told(project, labrun):
    assert labrun("gc").out == "nothing to remove: runs refer to all results\n"
    old = stored("analyses/*")
    text = project.read_text()
    project.write_text(text.replace("points: 6", "points: 7"))
    assert labrun("run", project, *WORDS).code == 0
    whole = files()
    shown = labrun("gc")
    assert (shown.code, shown.err) == (0, "")
    header, *rows, total = shown.out.splitlines()
    assert header == "what\tpath\tsize\tchanged"
    assert [row.split("\t")[0] for row in rows] == ["result of simulations.train", "result of analyses.spread"]
    assert rows[1].split("\t")[1] == str(old)
    assert re.fullmatch(r"2 entries, [\d.]+ kB: 'labrun gc --delete' removes them", total)
    assert files() == whole
    assert labrun("gc", "--delete").out.splitlines()[-1] == total.partition(":")[0].replace("2 e", "removed 2 e")
    assert not old.exists()
    assert labrun("gc", "--delete").out == "nothing was removed\n"
    assert labrun("verify").code == 0
    assert "simulations.train: reused" in labrun("run", project, *WORDS).out
    project.write_text(text)
    assert "simulations.train: done" in labrun("run", project, *WORDS).out


def test_gc_leaves_what_the_folder_of_a_run_shows(project, labrun):
    """A result under two names goes from the store only when the run's folder has gone."""
    Path("runs/waves/run.json").unlink()
    assert labrun("gc", "--delete").out == "nothing was removed\n"
    Path("runs/waves").rename("elsewhere")
    assert labrun("gc", "--delete").out.splitlines()[-1].startswith("removed 2 entries, ")
    assert json.loads(Path("elsewhere/analyses/spread/metrics.json").read_text())["mean"] == pytest.approx(0, abs=1e-6)


def test_record_is_there_while_the_run_goes_on(write_project, waves, labrun, monkeypatch):
    seen = {}

    def look(*_: object) -> list[str]:
        seen.update(json.loads(Path("runs/waves/run.json").read_text()))
        return []

    monkeypatch.setattr("labrun.engine.engine.make", look)
    labrun("run", write_project(waves), "--only", "simulations.train")
    assert (seen["outcome"], seen["finished"]) == ("running", None)
    assert re.fullmatch("[0-9a-f]{64}", seen["stages"]["simulations.train"]["key"])


@pytest.mark.parametrize("command", ["verify", "gc"])
def test_no_store(labrun, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = labrun(command, "--runs", "nowhere")
    assert (done.code, done.err) == (2, "'nowhere' has no store: name the folder of your runs by --runs DIR\n")
