"""Nothing is written outside of the folder of runs, and what a project takes for its own lies where the project does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from labrun.contracts.findings import Findings, read_contents
from labrun.contracts.naming import suffix
from labrun.files.atomic import read_json
from labrun.files.guarded import GuardedPath, UnsafePath
from labrun.files.trust import is_plain
from labrun.project.own_files import outside_project
from labrun.store.store import Store

SPREAD = """\
project: waves
plugins: [lab.py]
simulations: {train: {use: wave, sweep: {grid: {amplitude: [1, 2]}}}}
analyses: {spread: {use: spread, from: train}}
"""


@pytest.fixture
def elsewhere(tmp_path_factory):
    """A folder of the victim that has nothing to do with the project."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "precious.csv").write_text("amplitude\n1\n", encoding="utf-8")
    (folder / "precious.yaml").write_text("seed: 1\n", encoding="utf-8")
    (folder / "precious.py").write_text("import os\nos.mkdir('crater')\n", encoding="utf-8")
    return folder


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# -- names ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", ".", "..", "a/b", "a\\b", "", "-rf", ".store", '"a\\0b"', '"a\\n"', "con:x"]
)
def test_the_name_of_a_project_is_that_of_a_folder(write_project, labrun, name):
    outcome = labrun("check", write_project(SPREAD.replace("project: waves", f"project: {name}")))
    assert outcome.code == 2
    assert "project" in outcome.err


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "..", "a/b", "a\\b"])
def test_the_name_of_a_stage_is_that_of_a_folder(write_project, labrun, name):
    outcome = labrun("check", write_project(SPREAD.replace("{spread:", f"{{'{name}':")))
    assert outcome.code == 2
    assert f"'{name}' cannot name a stage" in outcome.err


def test_the_names_of_a_matrix_hold_no_path():
    assert suffix({"with.lines.a/x/b": "../../y", "with.b": ["/", ".."]}) == "[a_x_b=.._.._y,b=_+..]"


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "..", ".x", "a\\b", "a\0b", "", "metrics", "findings"])
@pytest.mark.parametrize("kind", ["html", "files"])
def test_the_names_of_findings_are_those_of_files_beside_one_another(tmp_path, name, kind):
    findings = Findings(**{kind: {name: "x" if kind == "html" else b"x"}})
    with pytest.raises(ValueError, match="cannot be the name of a file among the findings"):
        findings.save(tmp_path / "findings")
    assert not list(tmp_path.glob("x*"))


@pytest.mark.parametrize("kind", ["tables", "figures", "html", "files"])
@pytest.mark.parametrize("name", ["../precious", "/etc/passwd", "linked", "missing"])
def test_findings_of_somebody_else_name_their_own_files_only(tmp_path, kind, name):
    folder = tmp_path / "findings"
    Findings().save(folder)
    for ending in (".csv", ".svg", ".png", ".html", ""):
        (tmp_path / f"precious{ending}").write_text("x", encoding="utf-8")
        (folder / f"linked{ending}").symlink_to(tmp_path / f"precious{ending}")
    contents = read_contents(folder)
    (folder / "findings.json").write_text(json.dumps(contents | {kind: [name]}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"which is not a file of these findings"):
        Findings.load(folder)


# -- what a project reads as its own -------------------------------------------------------------------------------------------


def test_a_project_reads_no_table_from_elsewhere(write_project, labrun, elsewhere):
    outcome = labrun(
        "check", write_project(SPREAD.replace("grid: {amplitude: [1, 2]}", f"table: {elsewhere}/precious.csv"))
    )
    assert outcome.code == 2
    assert outcome.err.startswith(
        f"project.yaml:3:49: simulations.train.sweep: the table {elsewhere}/precious.csv: it lies outside of {Path.cwd()}, where the "
        "files of this project belong, since what a project reads can end up in a report: copy it there, or start labrun in a folder "
        "below your home that holds both\n"
    )


def test_nor_through_a_link(write_project, labrun, elsewhere, tmp_path):
    (tmp_path / "table.csv").symlink_to(elsewhere / "precious.csv")
    outcome = labrun("check", write_project(SPREAD.replace("grid: {amplitude: [1, 2]}", "table: table.csv")))
    assert outcome.code == 2
    assert "it lies outside of" in outcome.err


def test_nor_extends_a_project_from_elsewhere(write_project, labrun, elsewhere):
    where = os.path.relpath(elsewhere)
    outcome = labrun("check", write_project(f"extends: {where}/precious.yaml\n" + SPREAD))
    assert outcome.code == 2
    assert outcome.err.startswith(f"project.yaml:1:10: 'extends' names '{where}/precious.yaml': it lies outside of ")


def test_nor_runs_a_plugin_from_elsewhere(write_project, labrun, elsewhere, crater):
    outcome = labrun("check", write_project(SPREAD.replace("lab.py", f"lab.py, {elsewhere}/precious.py")))
    assert outcome.code == 2
    assert f"the plugin file '{elsewhere}/precious.py' is not loaded: it lies outside of " in outcome.err
    assert not crater.exists()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A home with a downloaded project in it, whose table lies beside its folder, and a private file."""
    for file in ("home/down/shared/t.csv", "home/down/projects/p.yaml", "home/private.csv"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("started", "repository", "shared", "private"),
    [
        ("down/projects", None, False, False),
        ("down/projects", "down", True, False),
        ("down", None, True, False),
        (".", None, False, False),
        (".", ".", False, False),
        ("..", "down", True, False),
    ],
)
def test_what_belongs_to_a_project(tree, monkeypatch, started, repository, shared, private):
    """The folder in which labrun is started counts, and a repository, but neither if it is all of somebody's home."""
    monkeypatch.chdir(tree / started)
    if repository:
        (tree / repository / ".git").mkdir()
    folder = tree / "down/projects"
    assert outside_project(folder / "p.yaml", folder) is None
    assert (outside_project(folder / "../shared/t.csv", folder) is None) is shared
    assert (outside_project(folder / "../../private.csv", folder) is None) is private
    assert outside_project(Path("/etc/passwd"), folder) is not None


# -- links in folders of runs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "runs/waves",
        "runs/waves/analyses",
        "runs/waves/analyses/spread",
        "runs/waves/datasets",
        "runs/.store",
        "runs/.store/analyses",
    ],
)
def test_a_run_does_not_write_through_links(write_project, labrun, elsewhere, tmp_path, link):
    """As they come in an archive, with a project; `elsewhere` has what such a link would replace or clear away."""
    for inner in ("spread", "analyses/spread", "datasets/old"):
        (elsewhere / inner).mkdir(parents=True)
        (elsewhere / inner / "thesis.tex").write_text("x", encoding="utf-8")
    path = write_project(SPREAD)
    before = state_of(elsewhere)
    (tmp_path / link).parent.mkdir(parents=True)
    (tmp_path / link).symlink_to(elsewhere)
    outcome = labrun("run", path, "--workers", "1")
    assert outcome.code == 1
    assert f"'{link}'" in outcome.err
    assert f"a link to '{elsewhere}'" in outcome.err
    assert state_of(elsewhere) == before


def test_the_log_is_not_added_to_another_file(write_project, labrun, elsewhere, tmp_path):
    """A line of JSON within a file such as ~/.bashrc may hold `$(…)`."""
    path = write_project(SPREAD)
    (tmp_path / "runs/waves").mkdir(parents=True)
    (elsewhere / "bashrc").touch()
    (tmp_path / "runs/waves/events.jsonl").symlink_to(elsewhere / "bashrc")
    for name in ("run.json", "report.html", "project.yaml"):
        (tmp_path / "runs/waves" / name).symlink_to(elsewhere / "precious.csv")
    before = state_of(elsewhere)
    outcome = labrun("run", path, "--workers", "1")
    assert state_of(elsewhere) == before
    assert "events.jsonl' is a link to" in outcome.err
    assert not (tmp_path / "runs/waves/report.html").is_symlink()


def test_a_folder_that_labrun_has_not_made_is_neither_removed_nor_replaced(write_project, labrun, tmp_path):
    path = write_project(SPREAD)
    for name in ("analyses/spread", "datasets/old"):
        (tmp_path / "runs/waves" / name).mkdir(parents=True)
        (tmp_path / "runs/waves" / name / "thesis.tex").write_text("x", encoding="utf-8")
    outcome = labrun("run", path, "--workers", "1")
    assert outcome.code == 1
    assert "is not a folder that labrun made, so it is not replaced: move it away" in outcome.out + outcome.err
    assert len(list((tmp_path / "runs/waves").rglob("thesis.tex"))) == 2


# -- manifests -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("a", True),
        ("b/c", True),
        ("b/linked", False),
        ("linked/c", False),
        ("b", False),
        ("pipe", False),
        ("../a", False),
        ("b/../a", False),
        ("./a", False),
        ("/etc/passwd", False),
        ("", False),
        ("a/", False),
        ("b//c", False),
        ("a\0", False),
        ("a\\b", False),
        ("missing", False),
    ],
)
def test_a_plain_file_lies_in_its_folder(tmp_path, name, plain):
    folder = tmp_path / "folder"
    (folder / "b").mkdir(parents=True)
    for file in ("a", "b/c", "../a"):
        (folder / file).touch()
    (folder / "linked").symlink_to(folder / "b")
    (folder / "b/linked").symlink_to(folder / "a")
    os.mkfifo(folder / "pipe")
    assert is_plain(folder, name) is plain


@pytest.mark.parametrize("name", ["../../../secret.txt", "linked.txt"])
def test_a_manifest_names_no_files_elsewhere(tmp_path, name):
    """They would be linked into the folder of a run, out of which its owner publishes, or past it."""
    store = Store(tmp_path / "store")
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    with store.building("analyses", "key") as folder:
        Findings(metrics={"a": 1.0}).save(folder)
        store.seal(folder, "analyses", "key", "analyses.a", {}, 1.0)
    path = store.folder("analyses", "key") / "manifest.json"
    (path.parent / "linked.txt").symlink_to(tmp_path / "secret.txt")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    assert store.manifest("analyses", "key") is not None
    manifest["files"][name] = {"size": 1, "sha256": "0" * 64}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    assert store.manifest("analyses", "key") is None


ANYTHING = ["[" * 100_000, "[]", '{"stages": {"a": 1}}', "\xff", "9" * 5000, '{"files": 1}']


def test_records_of_somebody_else_may_hold_anything(write_project, labrun, tmp_path):
    path = write_project(SPREAD)
    assert labrun("run", path, "--workers", "1").code == 0
    records = [*(tmp_path / "runs").rglob("run.json"), *(tmp_path / "runs/.store").rglob("*.json")]
    assert len(records) > 3
    for text in ANYTHING:
        for file in records:
            file.unlink(missing_ok=True)
            file.write_bytes(text.encode("latin-1"))
        assert labrun("status", path).code == 0
        assert labrun("why", path, "spread").code == 0
    assert labrun("run", path, "--workers", "1").code == 0


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "manifest.json")
    with pytest.raises(
        UnsafePath,
        match=r"manifest.json' is a pipe, but only files and folders of labrun's own belong there: remove it",
    ):
        read_json(GuardedPath(tmp_path) / "manifest.json")
