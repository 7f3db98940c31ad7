"""Programs that hang, crash, fork, flood, and write what they should not: each gets one clear paragraph, and the others are finished."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from labrun import open_run
from labrun.faults import LabrunError
from labrun_program import member

SCRIPT = """\
#!/bin/bash
case $1 in
  hang) echo "step 1"; sleep 1000 ;;
  slow) [ -e "$(dirname "$2")/go" ] || sleep 1000 ;;
  crash) echo "the solver diverged" >&2; kill -SEGV $$ ;;
  fail) echo "no convergence at step 7"; exit 3 ;;
  fork) setsid sleep 1000 & sleep 1000 & ;;
  flood) yes "the same line again" | head -c 1000000000 ;;
  nan) printf '\\0\\0\\0\\0\\0\\0\\xf8\\x7f\\0\\0\\0\\0\\0\\0\\0\\0' > x.bin; exit ;;
  half) head -c 12 /dev/zero > x.bin; exit ;;
  nothing) echo "all done"; exit ;;
  terminal) read -p "continue? " answer < /dev/tty || exit 1 ;;
  edit) echo changed > "$2" ;;
esac
head -c 16 /dev/zero > x.bin
"""

PROJECT = """\
project: p
programs: {bad: ./bad.sh}
simulations:
  s:
    use: program
    failures: skip
    timeout: TIMEOUT
    with:
      command: [bad, "{case}", "{data}"]
      needs: {data: data.txt}
      outputs: {x: {file: x.bin, dtype: float64, shape: [2]}}
      random: false
    sweep: {grid: {case: CASES}}
"""

PARAGRAPHS = {
    "hang": r"the program 'bad' was ended after 2 s, the 'timeout'\. It printed at last: step 1",
    "crash": r"the program 'bad' was killed by signal 11 \(SIGSEGV\)\. It printed at last: the solver diverged",
    "fail": r"the program 'bad' ended with exit status 3\. It printed at last: no convergence at step 7",
    "fork": r"the program 'bad' ended, but left 2 of its processes running, which may still have been writing\. They were ended",
    "flood": r"the program 'bad' was ended since it printed more than 64 MiB\. Let it print less.* at last: .*the same line again",
    "nan": r"the program 'bad' ended, but 'x' holds NaN or infinity \(1 of 2 numbers, the first at \(0,\)\)\. It printed nothing",
    "half": r"ended, but 'x' cannot be read from 'x\.bin': it has 12 bytes; expected 16, \(2,\) numbers of float64",
    "nothing": r"ended, but it did not write 'x\.bin', which holds 'x'; its folder is empty\. It printed at last: all done",
    "terminal": r"ended with exit status 1\. It printed at last: .*/dev/tty: No such device or address",
}


@pytest.fixture
def project(temporary, write_project):
    def project(cases, timeout):
        path = write_project(PROJECT.replace("CASES", str(cases)).replace("TIMEOUT", str(timeout)))
        Path("bad.sh").write_text(SCRIPT)
        Path("bad.sh").chmod(0o755)
        Path("data.txt").write_text("data")
        return path

    return project


def failures():
    found = [
        json.loads(path.read_text())["failures"] for path in Path("runs/.store").glob("simulations/*/parts/*.json")
    ]
    return {failure["parameters"]["case"]: failure["error"] for part in found for failure in part}


def test_each_gets_a_paragraph_and_the_others_are_finished(temporary, project, labrun):
    path = project(["good", "hang", "good", *PARAGRAPHS, "good"], 2)
    done = labrun("run", path, "--workers", "2")
    assert done.code == 0, done.err
    found = failures()
    assert set(found) == set(PARAGRAPHS)
    for case, paragraph in PARAGRAPHS.items():
        assert re.match(
            rf"(?s){paragraph}",
            found[case].removeprefix("the program 'bad' ") if paragraph.startswith("ended") else found[case],
        )
        kept = re.search(r"\. Its folder is kept: (\S+)$", found[case])
        assert kept, found[case]
        assert Path(kept[1], "printed.txt").exists()
    ensemble = open_run("runs/p")["s"]
    assert len(ensemble) == 3
    root = next(temporary.glob("labrun-programs-*"))
    assert not [*root.glob("guard-*")]
    assert not _processes_below(temporary)


def test_a_member_that_ran_out_of_time_gets_more_when_the_limit_is_raised(project, labrun):
    path = project(["good", "slow"], 0.5)
    assert labrun("run", path, "--workers", "1").code == 0
    assert set(failures()) == {"slow"}
    path.write_text(path.read_text().replace("timeout: 0.5", "timeout: 60"))
    Path("go").write_text("")
    done = labrun("run", path, "--workers", "1")
    assert done.code == 0
    assert not failures()
    assert len(open_run("runs/p")["s"]) == 2


def test_a_file_that_a_program_changes_though_the_key_rests_on_it(project, labrun):
    path = project(["good", "edit"], 60)
    assert labrun("run", path, "--workers", "1").code == 0
    (found,) = failures().values()
    assert re.match(
        r"'data' under 'needs' \(/.*/data\.txt\) has changed while the program ran, so the results would not be those",
        found,
    )


def test_a_run_that_stops_at_failures_tells_what_happened_and_keeps_the_others(project, labrun):
    path = project(["good", "fail", "fine"], 60)
    path.write_text(path.read_text().replace("    failures: skip\n", ""))
    done = labrun("run", path, "--workers", "1")
    assert done.code == 1
    assert "the program 'bad' ended with exit status 3. It printed at last: no convergence at step 7" in done.out
    assert "Traceback" not in done.out


def _processes_below(folder):
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            found += [entry.name] if (entry / "cwd").readlink().is_relative_to(folder) else []
        except OSError:
            continue
    return found


# -- one by one ----------------------------------------------------------------------------------------------------------------------


def test_a_program_that_cannot_be_started(tmp_path, shell, simulate):
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    with pytest.raises(LabrunError, match=r"odd' cannot be started: No such file or directory"):
        simulate(shell("", command=["odd"], programs={"odd": tmp_path / "odd"}))


def test_a_child_that_ends_shortly_after_its_program_does_no_harm(shell, simulate):
    assert simulate(shell("(sleep 0.05; echo late >> log) & echo x = 2")) == {"x": 2}


def test_a_disk_that_fills_stops_the_stage_and_not_only_the_member(monkeypatch, shell, simulate):
    monkeypatch.setattr(member, "RESERVE", 2**62)
    with pytest.raises(OSError, match="No space left on device"):
        simulate(shell("sleep 1000"))


def test_a_failed_member_is_kept_once(temporary, shell, simulate):
    program = shell("echo $$ > trace; exit 1")
    messages = []
    for _ in range(2):
        with pytest.raises(LabrunError) as error:
            simulate(program)
        messages.append(str(error.value))
    assert messages[0] == messages[1]  # so that a skipped failure is the same in every run
    kept = Path(messages[0].rpartition(" ")[2])
    assert (kept / "work/trace").exists()
    assert len([*kept.parent.iterdir()]) == 1


def test_a_program_changed_after_the_project_was_read(tmp_path, shell, simulate):
    (tmp_path / "sim").write_text("#!/bin/sh\necho x = 1\n")
    (tmp_path / "sim").chmod(0o755)
    program = shell("", command=["sim"], programs={"sim": tmp_path / "sim"})
    assert simulate(program) == {"x": 1}
    (tmp_path / "sim").write_text("#!/bin/sh\necho x = 22\n")
    with pytest.raises(LabrunError, match=r"the program 'sim' \(/.*/sim\) has changed since labrun read the project"):
        simulate(program)
