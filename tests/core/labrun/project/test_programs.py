"""The programs that a project may start: found, identified, shown, and refused on request."""

import hashlib

import pytest

from labrun.faults import ProjectFaults
from labrun.project.load import load
from labrun.project.paths import moved

PROJECT = """\
project: p
plugins: [found.py]
programs: PROGRAMS
simulations: {s: {use: found}}
"""

PLUGIN = """\
from labrun import *

class Found(Simulator):
    "Tells the programs that a project may start."
    name = "found"
    programs: dict = {}

    def simulate(self, rng): ...

    @classmethod
    def completed(cls, config, surroundings):
        return {"programs": {name: [str(p.path), p.sha256, p.version] for name, p in surroundings.programs.items()}}

@hookimpl
def labrun_simulators(): return [Found]
"""

SCRIPT = "#!/bin/sh\necho 'sim 1.2'\n"


@pytest.fixture
def write(write_project):
    def write(programs):
        path = write_project(PROJECT.replace("PROGRAMS", programs))
        path.with_name("found.py").write_text(PLUGIN)
        path.with_name("sim").write_text(SCRIPT)
        path.with_name("sim").chmod(0o755)
        path.with_name("notes.txt").write_text("not a program")
        return path

    return write


def found(path):
    return load(path).stages["simulations.s"].plugin.programs


def test_a_file_beside_the_project_is_known_by_its_content(write):
    path = write("{sim: ./sim, again: {path: ./sim, version: [--version]}}")
    digest = hashlib.sha256(SCRIPT.encode()).hexdigest()
    place = str(path.with_name("sim").absolute())
    assert found(path) == {"sim": [place, digest, ""], "again": [place, digest, "sim 1.2"]}


def test_a_program_on_the_path_is_known_by_its_version_if_it_is_asked_for(write, monkeypatch):
    path = write("{one: sim, two: {path: sim, version: [--version]}}")
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    one, two = found(path).values()
    assert (one[1], one[2]) == (hashlib.sha256(SCRIPT.encode()).hexdigest(), "")
    assert (two[1], two[2]) == ("", "sim 1.2")


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ("{sim: ./sin}", "the program 'sim': there is no file '/"),
        ("{sim: no_such_program}", "'no_such_program' is not on the PATH. Install it, or give the path of its file"),
        ("{sim: ./notes.txt}", "notes.txt' is not executable: make it so"),
        (
            "{sim: {path: 'false', version: [-v]}}",
            "the program 'sim': 'false -v' ended with exit status 1; expected its version",
        ),
        ("{sim: {path: 'true', version: [-v]}}", "'true -v' printed nothing; expected its version"),
        ("{'a b': ./sim}", "programs"),
    ],
)
def test_what_cannot_be_started_is_a_fault(write, programs, message):
    with pytest.raises(ProjectFaults, match=message.replace("(", r"\(")):
        load(write(programs))


def test_check_tells_and_no_plugins_refuses_without_starting_anything(write, labrun):
    path = write("{sim: {path: ./sim, version: [--version]}}")
    assert labrun("check", path).out.startswith("this project starts the program 'sim' (./sim)\n")
    text = path.read_text().replace("plugins: [found.py]\n", "").replace("use: found", "use: gray_scott")
    path.write_text(text)
    path.with_name("sim").write_text("#!/bin/sh\ntouch started\n")
    outcome = labrun("check", "--no-plugins", path)
    said = "project.yaml:2:17: this project would start the program 'sim' (./sim), which --no-plugins does not allow: look at it"
    assert outcome.code == 2
    assert said in outcome.err
    assert not path.with_name("started").exists()


def test_a_path_belongs_to_the_file_that_names_it_a_name_on_the_path_does_not(tmp_path):
    project = {"programs": {"a": "./a", "b": {"path": "bin/b"}, "python": "python3"}}
    assert moved(project, tmp_path / "base", tmp_path / "child")["programs"] == {
        "a": "../base/a",
        "b": {"path": "../base/bin/b"},
        "python": "python3",
    }
