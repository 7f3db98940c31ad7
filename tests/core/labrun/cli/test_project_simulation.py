"""Simulations of a project, described and simulated by name."""

import numpy as np

PROGRAM = """\
project: p
programs: {sh: sh}
simulations:
  doubled:
    use: program
    with:
      command: [sh, -c, 'echo "x = $(( $1 * $2 ))"', sh, "{m}", "{n}"]
      outputs: {x: {stdout: true, pattern: "x = (.*)", unit: cells}}
      parameters: {n: {type: integer, maximum: 9}}
      random: false
      n: 2
    sweep: {grid: {m: [5, 6]}}
"""


def test_a_simulation_of_a_project_is_its_first_member_with_other_values(write_project, labrun):
    path = write_project(PROGRAM)
    for values, x in [((), 10), (("m=7",), 14), (("n=3", "m=7"), 21)]:
        assert labrun("simulate", "doubled", "--project", path, *values, "--save", "x.npz").code == 0
        assert np.load("x.npz")["x"] == x
    outcome = labrun("simulate", "doubled", "--project", path, "n=10", "--save", "x.npz")
    assert (outcome.code, "n: must be at most 9 (found 10)" in outcome.err) == (2, True)


def test_a_program_is_started_for_a_project_alone(labrun):
    outcome = labrun(
        "simulate", "program", "command=[sh, -c, touch started]", "outputs={x: {file: x.npy}}", "--save", "x.npz"
    )
    assert outcome.code == 2
    assert "'sh' is not among the programs that this project may start" in outcome.err


def test_it_is_described_as_it_is_configured(write_project, labrun):
    path = write_project("""\
project: p
programs: {sh: sh}
simulations:
  s:
    use: program
    with:
      command: [sh, "{rate}", "{m}"]
      outputs: {x: {file: x.npy, shape: [8, m], unit: mK}}
      parameters: {rate: {maximum: 1, unit: 1/s, default: 0.5}}
    sweep: {grid: {m: {from: 1, to: 20, step: 1}}}
""")
    lines = labrun("describe", "s", "--project", path).out.splitlines()
    assert lines[0] == "s  simulation by program, 20 members"
    assert "with\tparameters.rate.unit\t1/s" in lines
    assert "sweep\tm\t1.0, 2.0, 3.0, …, 20.0 (20 values)" in lines
    assert lines[-1] == "gives\tx\t(8, m) numbers: [mK]"
