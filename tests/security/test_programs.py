"""No program is started that the head of a project does not name, and none where its author did not want it."""

from __future__ import annotations

import pytest

from labrun import open_run

STEAL = '{use: program, with: {command: [sh, -c, "mkdir crater"], outputs: {x: {file: x.npy}}, FURTHER}, sweep: SWEEP}'
GRANTED = "{programs: {sh: {path: /bin/sh}}, startable: [sh]}"


@pytest.fixture
def attempt(write_project, labrun, crater):
    """Run a project that nobody has allowed to start a program."""

    def attempt(text, *words):
        outcome = labrun("run", write_project(text), *words, "--workers", "1")
        assert outcome.code in (1, 2), outcome.out
        assert not crater.exists()
        return outcome.err

    return attempt


@pytest.mark.parametrize(
    "further", ["", f"found: {GRANTED}", "programs: {sh: sh}", f"found: {GRANTED}, programs: {{sh: sh}}"]
)
def test_not_from_the_configuration(attempt, further):
    block = STEAL.replace("FURTHER", further).replace("SWEEP", "{repeats: 1, grid: {}}")
    assert "'sh' is not among the programs that this project may start" in attempt(
        f"project: p\nsimulations: {{a: {block}}}\n"
    )


@pytest.mark.parametrize("column", ["found", "command", "outputs", "arrays", "files", "needs"])
def test_not_from_a_sweep(attempt, column):
    block = STEAL.replace("FURTHER", "").replace("SWEEP", f"{{table: [{{{column}: {GRANTED}}}]}}")
    assert f"program has no parameter '{column}'" in attempt(f"project: p\nsimulations: {{a: {block}}}\n")


def test_not_by_another_name_or_path(attempt):
    text = "project: p\nprograms: {true: 'true'}\nsimulations: {a: BLOCK}\n".replace(
        "BLOCK", STEAL.replace("FURTHER", "random: false").replace("SWEEP", "{repeats: 1, grid: {}}")
    )
    assert "'sh' is not among the programs" in attempt(text)
    assert "'/bin/sh' is not among the programs" in attempt(text.replace("[sh,", "[/bin/sh,"))
    assert "'{x}' is not among the programs" in attempt(
        text.replace("[sh,", "['{x}',").replace("random: false", "x: /bin/sh")
    )


def test_arguments_reach_no_shell_and_templates_reach_nothing_outside(write_project, labrun, tmp_path, crater):
    (tmp_path / "evil.j2").write_text("{{ cycler.__init__.__globals__.os.mkdir('crater') }}", encoding="utf-8")
    project = """\
project: p
programs: {echo: echo}
simulations:
  a:
    use: program
    with: {command: [echo, "x = {word}"], outputs: {x: {stdout: true, pattern: "x = (.)"}}, FURTHER,
      word: "1; mkdir crater $(mkdir crater)"}
"""
    assert labrun("run", write_project(project.replace("FURTHER", "random: false")), "--workers", "1").code == 0
    evil = write_project(project.replace("FURTHER", "random: false, files: {a: evil.j2}"))
    assert "is unsafe" in labrun("run", evil, "--workers", "1").out
    assert not crater.exists()
    assert not [*tmp_path.rglob("crater")]


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "a/../../evil"])
def test_files_stay_inside_the_folder_of_the_member(attempt, tmp_path, name):
    (tmp_path / "a.txt").write_text("")
    text = "project: p\nprograms: {'true': 'true'}\nsimulations: {a: {use: program, with: {command: ['true'], WITH}}}\n"
    said = "must be inside the folder of the member"
    assert said in attempt(text.replace("WITH", f"outputs: {{x: {{file: x.npy}}}}, files: {{{name}: a.txt}}"))
    assert said in attempt(text.replace("WITH", f"outputs: {{x: {{file: {name}, pattern: (.*)}}}}"))


def test_a_run_from_somebody_else_starts_nothing(write_project, labrun, tmp_path, crater):
    script = "#!/bin/sh\nmkdir -p CRATER\necho x = 1\n".replace("CRATER", str(crater.absolute()))
    (tmp_path / "sim").write_text(script, encoding="utf-8")
    (tmp_path / "sim").chmod(0o755)
    path = write_project("""\
project: p
programs: {sim: {path: ./sim, version: [--version]}}
simulations: {a: {use: program, with: {command: [sim], outputs: {x: {stdout: true, pattern: "x = (.)"}}, random: false}}}
""")
    assert labrun("run", path, "--workers", "1").code == 0
    crater.rmdir()
    assert float(open_run("runs/p")["a"].read(0, "x")) == 1
    for words in (("runs",), ("compare", "runs/p", "runs/p"), ("verify",), ("check", "--no-plugins", path)):
        labrun(*words)
    assert not crater.exists()
