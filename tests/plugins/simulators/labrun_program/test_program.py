"""The plugin `program`: what it gives to a program, what it refuses before anything is started, what its key rests on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from labrun import open_run
from labrun.contracts.surroundings import Startable, Surroundings
from labrun.faults import LabrunError
from labrun_program import Program
from labrun_program.placeholders import fill

X = {"x": {"stdout": True, "pattern": "x = (.*)"}}


def faults(error):
    return {
        ".".join(map(str, fault["loc"])): fault["msg"].removeprefix("Value error, ") for fault in error.value.errors()
    }


# -- what a program gets -----------------------------------------------------------------------------------------------------------


def test_arguments_are_passed_as_they_are_and_no_shell_reads_them(shell, simulate):
    program = shell(
        'printf "x = %s\\n" $#; printf "%s\\n" "$@" > words.txt; printf "y = %s" "$2"',
        "{word}",
        "{rate:.3f}",
        "{on}",
        "a b; $(c)",
        word="x y",
        rate=0.12345,
        on=True,
        outputs=X | {"y": {"stdout": True, "pattern": "y = (.*)"}},
    )
    assert {name: float(value) for name, value in simulate(program).items()} == {"x": 4, "y": 0.123}


@pytest.mark.parametrize(
    ("value", "text"),
    [(8.0, "8"), (0.1, "0.1"), (-2, "-2"), (1e-9, "1e-09"), (1e22, "1e+22"), (True, "true"), ("a", "a")],
)
def test_values_as_text(value, text):
    assert fill("{x}", {"x": value}) == text


def test_files_come_from_templates_or_are_copied(tmp_path, shell, simulate):
    (tmp_path / "run.j2").write_text(
        "&run n={{ size }} {% if periodic %}periodic{% endif %} {{ parameters | tojson }}\n"
    )
    (tmp_path / "plain.txt").write_text("{{ kept }}\n")
    line = 'cat deep/run.nml; cat plain.txt; ls; grep -q "n=4 periodic" deep/run.nml && grep -q "{{ kept }}" plain.txt && echo "x = 1"'
    program = shell(line, size=4, periodic=True, files={"deep/run.nml": "run.j2", "plain.txt": "plain.txt"})
    assert simulate(program) == {"x": 1}


def test_the_folder_is_empty_and_the_environment_is_clean(monkeypatch, shell, simulate):
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("LICENCE", "27000@host")
    line = (
        'echo "x = $(ls -A | wc -l)"; [ -z "$SECRET" ] && echo "y = $OMP_NUM_THREADS$TABLE" && echo "z = ${#LICENCE}"'
    )
    outputs = {name: {"stdout": True, "pattern": f"{name} = (.*)"} for name in "xyz"}
    program = shell(line, outputs=outputs, environment={"TABLE": "{table}", "LICENCE": None}, table=7)
    assert {name: float(value) for name, value in simulate(program).items()} == {"x": 0, "y": 17, "z": 10}


def test_the_seed_follows_from_the_generator_of_the_member(shell, simulate):
    program = shell("echo x = $1", "{seed}")
    first, again, other = (float(simulate(program, seed)["x"]) for seed in (1, 1, 2))
    assert first == again != other
    assert 1 <= first < 2**31


def test_a_program_without_a_seed_is_remarked(shell):
    (remark,) = shell("echo x = 1").remarks()
    assert remark.startswith("'sh' does not get a {seed}, so its random numbers do not follow from the project's seed")
    assert not [*shell("echo x = 1", random=False).remarks()]
    assert not [*shell("echo x = 1", "{seed}").remarks()]


def test_needs_and_programs_stand_for_their_paths(tmp_path, shell, simulate):
    (tmp_path / "data.txt").write_text("x = 5\n")
    assert simulate(
        shell("$1 $2", "{cat}", "{data}", needs={"data": "data.txt"}, programs={"cat": Path("/bin/cat")})
    ) == {"x": 5}


def test_no_folder_is_left(temporary, shell, simulate):
    simulate(shell("echo x = 1"))
    (home,) = temporary.glob("labrun-programs-*/guard-*")
    assert not [*home.iterdir()]


# -- parameters --------------------------------------------------------------------------------------------------------------------


PARAMETERS = {
    "size": {"type": "integer", "minimum": 2, "default": 8},
    "rate": {"minimum": 0, "maximum": 1, "unit": "1/s"},
    "edge": {"type": "text", "choices": ["open", "periodic"], "default": "open"},
}


def test_declared_parameters_have_defaults_and_bounds(shell, simulate):
    words = ("{size}", "{rate}", "{edge}")
    outputs = {
        "x": {"stdout": True, "pattern": "x = (.*)"},
        "y": {"stdout": True, "pattern": "y = (.*)", "dtype": "int64"},
    }
    program = shell("echo x = $2; echo y = $1", *words, parameters=PARAMETERS, rate=0.5, size=16.0, outputs=outputs)
    assert simulate(program) == {"x": 0.5, "y": 16}  # spreadsheets write 16.0
    with pytest.raises(ValidationError) as error:
        shell("", *words, parameters=PARAMETERS, rate=1.5, size=1, edge="closed")
    assert faults(error) == {
        "size": "must be at least 2 (found 1)",
        "rate": "must be at most 1 1/s (found 1.5)",
        "edge": "expected one of open, periodic, found 'closed'",
    }
    with pytest.raises(ValidationError) as error:
        shell("", *words, parameters=PARAMETERS, size="8")
    assert set(faults(error)) == {"size", "rate"}


@pytest.mark.parametrize(
    ("config", "place", "message"),
    [
        ({"enviroment": 5}, "enviroment", "Extra inputs are not permitted"),
        ({"words": ["{size}"]}, "size", "Field required"),
        ({"words": ["{size"]}, "command", "Write {{ and }} for braces"),
        ({"words": ["{size.real}"], "size": 1}, "command", "a placeholder is the name of a parameter"),
        ({"words": ["{size:99999}"], "size": 1}, "command", "a placeholder is the name of a parameter"),
        ({"outputs": {"u": {"file": "u.npy", "shape": ["n"]}}}, "n", "Field required"),
        (
            {"outputs": {"u": {"file": "u.npy", "shape": ["n"]}}, "n": 1.5},
            "outputs.u.shape",
            "a side is a whole number",
        ),
        ({"files": {"../a": "a.txt"}}, "files.../a", "must be inside the folder of the member"),
        ({"files": {"a": "no.txt"}}, "files.a", "cannot read"),
        ({"files": {"a": "bad.j2"}}, "files.a", "line 2: unexpected '}'"),
        ({"needs": {"a": "no.txt"}}, "needs.a", "cannot read"),
        ({"words": ["{sh}"], "sh": 1}, "sh", "rename one of them"),
        ({"parameters": {"n": {"default": "x"}}}, "parameters.n", "the default: expected a number, found 'x'"),
        ({"words": ["{n}"], "n": [1]}, "n", "expected a number, a text, or true or false"),
    ],
)
def test_mistakes_are_found_before_anything_is_started(tmp_path, shell, config, place, message):
    (tmp_path / "a.txt").write_text("")
    (tmp_path / "bad.j2").write_text("\n{{ a }\n")
    config = dict(config)
    with pytest.raises(ValidationError) as error:
        shell("exit 1", *config.pop("words", ()), **config)
    assert message in faults(error)[place]


def test_a_program_that_the_head_does_not_name_is_refused_however_it_is_asked_for():
    config = {"command": ["sh", "-c", "echo x = 1"], "outputs": X}
    granted = {"programs": {"sh": {"path": "/bin/sh"}}, "startable": ["sh"]}
    for asked in (config, config | {"found": granted}):
        with pytest.raises(ValidationError, match="'sh' is not among the programs that this project may start"):
            Program.configured(Program.completed(asked, Surroundings(Path())))
    assert not Program.may_sweep("found")
    assert not Program.may_sweep("command")
    assert Program.may_sweep("temperature")


def test_a_template_reaches_nothing_outside(tmp_path, shell, simulate):
    for number, text in enumerate(
        ["{{ ''.__class__.__mro__ }}", "{{ size.__class__ }}", "{% include '/etc/passwd' %}"]
    ):
        (tmp_path / f"{number}.j2").write_text(text)
        with pytest.raises(LabrunError):
            simulate(shell("echo x = 1", "{size}", size=1, files={"a": f"{number}.j2"}))


# -- keys --------------------------------------------------------------------------------------------------------------------------


def test_the_key_rests_on_contents_and_not_on_places(tmp_path, shell):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "run.j2").write_text("{{ size }}")
        (tmp_path / folder / "data").mkdir()
        (tmp_path / folder / "data/table").write_text("1")
        shutil.copy("/bin/echo", tmp_path / folder / "sim")

    def recorded(folder):
        config = {
            "command": ["sim", "x = 1"],
            "outputs": X,
            "files": {"a": "run.j2"},
            "needs": {"d": "data"},
            "size": 1,
        }
        startable = {
            "sim": Startable(tmp_path / folder / "sim", str(len((tmp_path / folder / "sim").read_bytes())), ""),
            "unused": Startable(Path("/bin/sh"), folder, ""),
        }
        program = Program.configured(Program.completed(config, Surroundings(tmp_path / folder, startable)))
        return program.model_dump(mode="json")

    before = recorded("one")
    assert before == recorded("two")
    (tmp_path / "two/run.j2").write_text("{{ size }} ")
    after_template = recorded("two")
    (tmp_path / "two/data/table").write_text("2")
    after_data = recorded("two")
    with (tmp_path / "two/sim").open("ab") as file:
        file.write(b"x")
    assert len({str(one) for one in (before, after_template, after_data, recorded("two"))}) == 4


# -- through the engine --------------------------------------------------------------------------------------------------------------


def test_from_yaml_to_an_ensemble(temporary, write_project, labrun):
    path = write_project("""\
project: p
programs: {sh: sh}
simulations:
  s:
    use: program
    with:
      command: [sh, -c, 'head -c $1 /dev/zero > u.bin; echo "m = $2"', sh, "{n}", "{m}"]
      outputs: {u: {file: u.bin, dtype: int8, shape: [n]}, m: {stdout: true, pattern: "m = (.*)"}}
      random: false
      n: 3
    sweep: {grid: {m: [0.1, 0.25]}}
""")
    done = labrun("run", path, "--workers", "1")
    assert done.code == 0, done.err
    ensemble = open_run("runs/p")["s"]
    assert [float(member["m"]) for member in ensemble] == [0.1, 0.25]
    assert (ensemble.read(0, "u") == np.zeros(3)).all()
    assert dict(ensemble.outputs) == {"u": "(n,) int8: dimensionless", "m": "() float64: dimensionless"}


def test_a_column_that_nothing_uses_and_a_misspelt_key_are_faults(write_project, labrun):
    path = write_project("""\
project: p
programs: {sh: sh}
simulations:
  s:
    use: program
    with: {command: [sh, "{n}"], outputs: {u: {file: u.npy}}, enviroment: {}, n: 1}
    sweep: {grid: {m: [1, 2]}}
""")
    err = labrun("check", path).err
    assert "unknown key 'enviroment' in simulations.s.with (program): did you mean 'environment'?" in err
    assert "unknown key 'm' in simulations.s.with (program), member 0" in err


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no C compiler")
def test_a_compiled_program_with_a_library_that_it_needs(tmp_path, shell, simulate):
    (tmp_path / "lib.c").write_text("double half(double x) { return x / 2; }\n")
    (tmp_path / "main.c").write_text(
        '#include <stdio.h>\n#include <stdlib.h>\ndouble half(double);\nint main(int n, char **a) { printf("x = %g", half(atof(a[1]))); }\n'
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "libhalf.so", "lib.c"], cwd=tmp_path, check=True)
    subprocess.run(["gcc", "-o", "main", "main.c", "-L.", "-lhalf", "-Wl,-rpath,$ORIGIN"], cwd=tmp_path, check=True)
    program = shell("", programs={"main": tmp_path / "main"}, command=["main", "{y}"], needs={"lib": "libhalf.so"}, y=3)
    assert simulate(program) == {"x": 1.5}
