"""`labrun export`: the crate of a run, read as JSON by the rules of RO-Crate 1.1 and of the Workflow Run profiles, without our code."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.core.labrun.cli.crate_validator import find_validator, validate

from labrun.files.atomic import write_json
from labrun.files.digests import with_digest

rocrate = pytest.importorskip("rocrate")

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/ro/wfrun/provenance/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with a model in a matrix, whose names need escapes in addresses, beside its project."""
    from click.testing import CliRunner

    from labrun.cli import main

    here = Path(__file__).parents[3]
    folder = tmp_path_factory.mktemp("finished")
    namespace: dict[str, object] = {}
    text = (here / "conftest.py").read_text(encoding="utf-8")
    for name in ("WAVES", "WAVES_CSV"):
        namespace[name] = text.split(f'{name} = """\\\n', 1)[1].split('"""', 1)[0]
    waves = str(namespace["WAVES"]).replace(
        "use: line\n", "use: line\n    matrix: {with.learning_rate: [0.01, 0.02]}\n"
    )
    (folder / "project.yaml").write_text(waves.replace("models: [net]", "models: net"), encoding="utf-8")
    (folder / "waves.csv").write_text(str(namespace["WAVES_CSV"]), encoding="utf-8")
    shutil.copy(here / "lab.py", folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert CliRunner().invoke(main, ["project.yaml", "--workers", "1"], catch_exceptions=False).exit_code == 0
    return folder


@pytest.fixture
def run(finished, tmp_path, monkeypatch):
    """A copy of that folder that a test may spoil; the path of the run in it."""
    shutil.copytree(finished, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return Path("runs/waves")


@pytest.fixture
def crate(run, labrun):
    """The entities of the crate by their identifiers."""
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert (outcome.code, outcome.err) == (0, "")
    return entities(Path("crate/ro-crate-metadata.json").read_text(encoding="utf-8"))


def entities(text):
    graph = json.loads(text)["@graph"]
    found = {entity["@id"]: entity for entity in graph}
    assert len(found) == len(graph)
    return found


def of_type(crate, kind):
    return [entity for entity in crate.values() if kind in many(entity["@type"])]


def many(value):
    return value if isinstance(value, list) else [value]


def refs(entity, name):
    return [value["@id"] for value in many(entity.get(name, []))]


def test_crate_says_which_profiles_it_follows(crate):
    root = crate["./"]
    assert crate["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert "https://w3id.org/ro/crate/1.1" in refs(crate["ro-crate-metadata.json"], "conformsTo")
    assert set(refs(root, "conformsTo")) == PROFILES
    for key in ("name", "description", "datePublished", "license"):
        assert root[key]
    assert crate[root["license"]["@id"]]["name"] == "no licence is stated"
    assert json.loads(Path("crate/ro-crate-metadata.json").read_text())["@context"] == [
        "https://w3id.org/ro/crate/1.1/context",
        "https://w3id.org/ro/terms/workflow-run/context",
    ]


def test_every_reference_leads_to_an_entity(crate):
    def within(value):
        if isinstance(value, dict):
            yield value["@id"]
        elif isinstance(value, list):
            for inner in value:
                yield from within(inner)

    named = {
        name for entity in crate.values() for key, value in entity.items() if key[0] != "@" for name in within(value)
    }
    outside = {name for name in named if name not in crate}
    assert all(
        name.startswith(("https://bioschemas.org/profiles/", "https://w3id.org/ro/crate/1.1")) for name in outside
    )
    assert named > {"project.yaml", "#run"}


def test_files_are_there_whole_and_none_is_left_out(crate):
    files = {unquote(entity["@id"]): entity for entity in of_type(crate, "File")}
    on_disk = {path.relative_to("crate").as_posix(): path for path in Path("crate").rglob("*") if path.is_file()}
    assert files.keys() | {"ro-crate-metadata.json"} == on_disk.keys()
    assert set(refs(crate["./"], "hasPart")) >= {entity["@id"] for entity in files.values()}
    for name, entity in files.items():
        content = on_disk[name].read_bytes()
        assert entity["contentSize"] == str(len(content))
        assert name == "README.md" or entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert not on_disk[name].is_symlink()
        assert on_disk[name].stat().st_nlink == 1  # a copy: what is done to it does nothing to the store
    for entity in of_type(crate, "Dataset"):
        assert Path("crate", unquote(entity["@id"])).is_dir()
    assert {"report.html", "waves.csv", "lab.py", "models/net[learning_rate=0.02]/model.keras"} <= files.keys()
    assert not [name for name in files if "/parts/" in name]


def test_each_stage_is_a_step_that_was_done(crate, run):
    record = json.loads((run / "run.json").read_text())
    workflow = crate[crate["./"]["mainEntity"]["@id"]]
    assert workflow["@id"] == "project.yaml"
    assert {"File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"} == set(workflow["@type"])
    assert crate[workflow["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    steps = {crate[name]["name"]: crate[name] for name in refs(workflow, "step")}
    assert steps.keys() == record["stages"].keys()
    controls = {refs(control, "instrument")[0]: control for control in of_type(crate, "ControlAction")}
    for stage, step in steps.items():
        action = crate[refs(controls[step["@id"]], "object")[0]]
        assert action["@type"] == "CreateAction"
        tool = crate[action["instrument"]["@id"]]
        assert step["workExample"] == action["instrument"]
        assert tool["@type"] == "SoftwareApplication"
        assert tool["identifier"] == record["stages"][stage]["plugin"]
        assert tool["softwareVersion"] == str(record["stages"][stage]["plugin_version"])
        assert tool["@id"] in refs(workflow, "hasPart")
        assert action["actionStatus"] == "http://schema.org/CompletedActionStatus"
        assert record["started"].replace("Z", "+00:00") <= action["startTime"] <= action["endTime"]
        facts = {crate[name]["name"]: crate[name]["value"] for name in refs(action, "additionalProperty")}
        assert facts["key"] == record["stages"][stage]["key"]
        assert refs(action, "result") == [
            f"{stage.replace('.', '/', 1)}/".replace("[", "%5B").replace("]", "%5D").replace("=", "%3D")
        ]
    positions = {name: int(step["position"]) for name, step in steps.items()}
    assert positions["simulations.train"] < positions["datasets.waves"] < positions["models.net[learning_rate=0.01]"]


def test_inputs_of_a_stage_are_results_of_others_and_its_settings(crate):
    action = next(action for action in of_type(crate, "CreateAction") if "learning_rate%3D0.02" in action["@id"])
    given = [crate[name] for name in refs(action, "object")]
    assert [entity["@id"] for entity in given if entity["@type"] == "Dataset"] == ["datasets/waves/"]
    settings = {entity["name"]: entity["value"] for entity in given if entity["@type"] == "PropertyValue"}
    assert settings["learning_rate"] == 0.02
    assert settings["fit.epochs"] == 2
    losses = next(action for action in of_type(crate, "CreateAction") if action["@id"] == "#action-analyses.losses")
    assert [name for name in refs(losses, "object") if not name.startswith("#")] == [
        "datasets/waves/",
        "models/net%5Blearning_rate%3D0.01%5D/",
        "models/net%5Blearning_rate%3D0.02%5D/",
    ]
    dataset = crate["#action-datasets.waves"]
    assert refs(dataset, "object")[0] == "simulations/train/"  # which has labels, so that others know it by another key


def test_whole_run_has_its_engine_inputs_machine_and_versions(crate, run):
    record = json.loads((run / "run.json").read_text())
    whole = crate["#run"]
    assert whole["instrument"] == {"@id": "project.yaml"}
    assert set(refs(whole, "object")) == {"#seed", "waves.csv", "lab.py"}
    assert crate["#seed"]["value"] == 3
    assert {"report.html", "run.json", "models/net%5Blearning_rate%3D0.01%5D/"} <= set(refs(whole, "result"))
    facts = {crate[name]["name"]: crate[name]["value"] for name in refs(whole, "additionalProperty")}
    assert facts["host: name"] == record["host"]["name"]
    assert facts["Keras backend"] == record["keras_backend"]
    (organizer,) = of_type(crate, "OrganizeAction")
    engine = crate[organizer["instrument"]["@id"]]
    assert (engine["name"], engine["softwareVersion"]) == ("labrun", record["versions"]["labrun"])
    libraries = {crate[name]["name"]: crate[name]["softwareVersion"] for name in refs(engine, "softwareRequirements")}
    assert libraries == {name: version for name, version in record["versions"].items() if name != "labrun"}
    for parameter in of_type(crate, "FormalParameter"):
        example = crate[parameter["workExample"]["@id"]]
        assert example["exampleOfWork"] == {"@id": parameter["@id"]}
    assert len(refs(whole, "resourceUsage")) == 2


def test_crate_is_a_project_that_runs(crate, labrun):
    outcome = labrun("check", "crate/project.yaml")
    assert (outcome.code, outcome.err) == (0, "")


def test_zip_holds_the_same(run, labrun):
    assert labrun("export", run, "--ro-crate", "crate").code == 0
    outcome = labrun("export", run, "--ro-crate", "crate.zip")
    assert outcome.code == 0
    with zipfile.ZipFile("crate.zip") as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        there = entities(archive.read("ro-crate-metadata.json").decode())
    assert names == {path.relative_to("crate").as_posix() for path in Path("crate").rglob("*") if path.is_file()}
    assert there == entities(Path("crate/ro-crate-metadata.json").read_text(encoding="utf-8"))


def test_members_and_the_licence_are_taken_along_if_wanted(run, labrun):
    licence = "https://spdx.org/licenses/CC-BY-4.0"
    outcome = labrun("export", run, "--ro-crate", "crate", "--members", "--license", licence)
    assert outcome.code == 0
    crate = entities(Path("crate/ro-crate-metadata.json").read_text(encoding="utf-8"))
    assert [path.name for path in Path("crate/simulations/train/parts").glob("*.h5")]
    assert crate["./"]["license"] == {"@id": licence}


def test_what_failed_is_told_with_its_reason(write_project, labrun, tmp_path):
    path = write_project()
    lab = (
        (tmp_path / "lab.py")
        .read_text()
        .replace("        import keras\n", "        raise RuntimeError('no network')\n")
    )
    (tmp_path / "lab.py").write_text(lab)
    assert labrun(path).code == 1
    assert labrun("export", "runs/waves", "--ro-crate", "crate").code == 0
    crate = entities(Path("crate/ro-crate-metadata.json").read_text(encoding="utf-8"))
    failed = crate["#action-models.net"]
    assert failed["actionStatus"] == crate["#run"]["actionStatus"] == "http://schema.org/FailedActionStatus"
    assert failed["error"].startswith("the plugin 'line' raised RuntimeError: no network")
    assert "result" not in failed
    assert "#action-analyses.losses" not in crate  # it was skipped


def test_tables_and_plugins_are_those_of_the_run(run, labrun):
    table = Path("waves.csv").read_bytes()
    Path("waves.csv").write_text("changed", encoding="utf-8")
    Path("lab.py").unlink()
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert (outcome.code, outcome.err) == (0, "")
    assert Path("crate/waves.csv").read_bytes() == table
    assert Path("crate/lab.py").is_file()


def test_a_run_without_copies_gives_a_crate_that_lacks_them(run, labrun):
    shutil.rmtree(run / "sources")
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert outcome.code == 0
    problem = "the run holds no copy of it, or it is neither a table nor a Python file"
    assert outcome.err == "".join(f"'{name}' is not included: {problem}\n" for name in ("waves.csv", "lab.py"))


def test_project_cannot_have_other_files_given_away(run, labrun):
    Path("id_rsa").write_text("mine")
    project = run / "project.yaml"
    project.write_text(project.read_text().replace("- lab.py", "- id_rsa\n- ../work/waves.csv"))
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert outcome.code == 0
    assert len(outcome.err.splitlines()) == 2
    assert not [path for path in Path("crate").rglob("*") if path.name in ("id_rsa", "work")]


def test_target_is_not_overwritten(run, labrun):
    Path("crate").mkdir()
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert (outcome.code, outcome.err) == (2, "'crate' already exists: name a new folder or .zip file\n")
    assert not list(Path("crate").iterdir())


def test_damaged_result_is_not_given_away(run, labrun):
    weights = next(run.glob("models/*/model.weights.h5"))
    content = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert outcome.code == 2
    assert outcome.err.startswith(
        f"the run in 'runs/waves' is damaged ('{weights}' is another file than the one asked for"
    )
    assert outcome.err.endswith("). Its files must be as labrun wrote them: run the project again\n")
    assert not [path for path in Path().iterdir() if "crate" in path.name]


def test_run_that_has_not_ended_is_not_given_away(run, labrun):
    record = json.loads((run / "run.json").read_text())
    del record["digest"]
    write_json(run / "run.json", with_digest(record | {"outcome": "running", "finished": None}))
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert (outcome.code, outcome.err) == (
        2,
        "the run in 'runs/waves' has not ended: wait until it ends; if it was killed, run its project again, which continues "
        "where it stopped\n",
    )


def test_names_in_a_record_do_not_lead_out_of_the_folder(run, labrun):
    Path("secret.txt").write_text("mine")
    manifest = run / "analyses/spread/manifest.json"
    written = json.loads(manifest.read_text())
    del written["digest"]
    written["files"]["../../../../secret.txt"] = {"size": 4, "sha256": hashlib.sha256(b"mine").hexdigest()}
    manifest.unlink()
    manifest.write_text(json.dumps(written))
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert outcome.code == 2
    assert "('analyses/spread/../../../../secret.txt' is not the name of a file in 'runs/waves')" in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["runs", "--ro-crate", "crate"],
            "'runs' does not hold a run: there is no run.json and no project.yaml in it. Give the folder of a finished run, such as "
            "runs/gray_scott",
        ),
        (
            ["nowhere", "--ro-crate", "crate"],
            "'nowhere' does not hold a run: it is not a folder. Give the folder of a finished run, such as runs/gray_scott",
        ),
        (
            ["runs/waves", "--ro-crate", "crate", "--license", "MIT"],
            "--license takes the address of a licence, https://…, not 'MIT'",
        ),
        (["runs/waves", "--ro-crate", "lab.py/crate"], "cannot write 'lab.py/crate': File exists"),
    ],
)
def test_wrong_call_is_one_paragraph(run, labrun, words, message):
    outcome = labrun("export", *words)
    assert outcome.code in (1, 2)
    assert outcome.err == f"{message}\n"


def test_missing_library_is_said(run, labrun, monkeypatch):
    import sys

    for name in [
        name for name in sys.modules if name.partition(".")[0] == "rocrate" or name == "labrun.crate.description"
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rocrate", None)
    outcome = labrun("export", run, "--ro-crate", "crate")
    assert (outcome.code, outcome.err) == (
        1,
        "labrun needs the library rocrate to write an RO-Crate: pip install 'labrun[crate]'\n",
    )


VALIDATOR = find_validator()


@pytest.fixture
def validated(tmp_path):
    """Ask the validator of RO-Crates for the requirements of Provenance Run Crate that a crate does not meet."""
    if VALIDATOR is None:
        pytest.skip("rocrate-validator is not installed: .ci/run does, in .venv/validator")
    return lambda crate: validate(VALIDATOR, crate.resolve(), "provenance-run-crate-0.5", tmp_path)


@pytest.mark.usefixtures("crate")
def test_the_validator_of_ro_crates_finds_no_fault(validated):
    assert validated(Path("crate")) == []


def test_the_validator_finds_no_fault_in_a_crate_with_members_and_a_licence(run, labrun, validated):
    words = ("--members", "--license", "https://spdx.org/licenses/CC-BY-4.0")
    assert labrun("export", run, "--ro-crate", "with-members", *words).code == 0
    assert validated(Path("with-members")) == []


def test_the_validator_finds_a_step_that_no_workflow_refers_to(crate, validated):
    workflow = next(entity for entity in crate.values() if "ComputationalWorkflow" in many(entity["@type"]))
    lost = workflow["step"].pop()["@id"]
    file = Path("crate/ro-crate-metadata.json")
    page = json.loads(file.read_text(encoding="utf-8")) | {"@graph": list(crate.values())}
    file.write_text(json.dumps(page), encoding="utf-8")
    assert validated(Path("crate")) == [
        f"./{lost}: A HowToStep must be referred to from a ComputationalWorkflow via step"
    ]


@pytest.mark.parametrize("target", ["crate", "crate.zip"])
def test_what_a_killed_export_leaves_is_found_by_gc(run, labrun, monkeypatch, target):
    """It lies in the store, and is removed a day later."""

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr("labrun.files.guarded.GuardedPath.remove_all", lambda _: None)  # no time for that
        dying.setattr(Path, "rename", die)
        with pytest.raises(Killed):
            labrun("export", run, "--ro-crate", target)
    assert not Path(target).exists()
    (left,) = Path("runs/.store").glob("*.tmp")
    dead = left.rename(left.with_name(left.name.replace(f"-{os.getpid()}-", "-999999999-")))
    assert "nothing to remove" in labrun("gc").out
    for path in (*dead.rglob("*"), dead):
        os.utime(path, (0, 0))
    assert labrun("gc", "--delete").code == 0
    assert not dead.exists()
