"""Members that hang, or end their process: each is named, the others are done, and nothing goes on running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.core.labrun.engine.test_kill import processes, running
from tests.waiting import HANG, wait_until

from labrun import open_run
from labrun.engine.delivery import simulate_part
from labrun.engine.isolation import isolated_members
from labrun.engine.part_task import PartTask
from labrun.files.guarded import GuardedPath
from labrun.registry.plugin_code import PluginCode, PluginFile
from labrun.store.parts import Failure, StoredMembers

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks")

PLUGIN = '''
import ctypes, os, signal, subprocess, sys, threading, time
from typing import ClassVar
import numpy as np
from labrun import Analysis, Ensemble, Field, Findings, Simulator, hookimpl

def wait():
    while True:
        time.sleep(0.01)

class Wild(Simulator):
    """Does what it is told."""
    name: ClassVar[str] = "wild"
    how: str = Field("well", description="what it does")
    def simulate(self, rng):
        u = rng.normal(size=(4, 6))
        match self.how:
            case "sleep": wait()
            case "compiled": ctypes.PyDLL(None).pause()
            case "program": subprocess.run(["sleep", "98765.25"])
            case "once":
                if not os.path.exists("slow"):
                    open("slow", "w").close()
                    wait()
            case "exit": os._exit(3)
            case "crash": ctypes.string_at(0)
            case "die once":
                if not os.path.exists("died"):
                    open("died", "w").close()
                    os._exit(3)
            case "raise": raise ValueError("no luck")
            case "nan": u[0] = np.nan
            case "fork": os.fork()
            case "daemon":
                if os.fork() == 0:
                    os.setsid()
                    wait()
                os._exit(4)
            case "close": os.closerange(3, 64)
            case "print":
                for _ in range(500): print("x" * 100_000)
                os.write(1, b"y" * 100_000)
            case "read": u[0, 0] = len(sys.stdin.read())
            case "thread": threading.Thread(target=wait).start()
            case "move":
                os.umask(0o777)
                os.makedirs("work", exist_ok=True)
                os.chdir("work")
            case "look":
                mask = os.umask(0o022)
                return {"u": np.array([mask, os.path.basename(os.getcwd()) == "work"], float)}
            case "name": return {"\\ud800": u}
            case "axes": return {"u": u.reshape((1,) * 40 + (24,))}
            case "text": raise ValueError("\\ud800")
            case "child": subprocess.Popen(["sleep", "98765.25"])
            case "kinds":
                f, part = np.asfortranarray(u), u[::2, 1:]
                return {"f": f, "part": part, "none": np.zeros((0, 3)), "one": np.float32(2), "yes": u > 0}
        return {"u": u}

class Count(Analysis):
    """Counts members."""
    name: ClassVar[str] = "count"
    def analyse(self, simulation: Ensemble) -> Findings:
        return Findings({"members": len(simulation)})

@hookimpl
def labrun_simulators(): return [Wild]
@hookimpl
def labrun_analyses(): return [Count]
'''

PROJECT = """\
project: wild
plugins: [wild.py]
simulations:
  s: {use: wild, failures: skip, timeout: 1 s, sweep: {grid: {how: HOW}}}
analyses:
  count: {use: count, from: s}
"""


@pytest.fixture
def task(tmp_path, monkeypatch) -> Callable[..., PartTask]:
    """A part whose members do what is said, and have 30 s unless it says otherwise."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wild.py").write_text(PLUGIN)
    code = PluginCode("labrun_file_wild", "Wild", PluginFile.of(tmp_path / "wild.py"))

    def make(*how: str, timeout: float | None = 30.0, isolated: bool = False) -> PartTask:
        rows: list[dict[str, Any]] = [{"how": word} for word in how]
        members = [7 + i for i in range(len(how))]
        place = GuardedPath(tmp_path / "parts")
        return PartTask(code, place, 0, members, rows, {}, 5, "s", members, None, timeout, isolated)

    return make


@pytest.fixture
def write_wild(tmp_path, monkeypatch) -> Callable[..., Path]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wild.py").write_text(PLUGIN)

    def write(*how: str) -> Path:
        (tmp_path / "project.yaml").write_text(PROJECT.replace("HOW", f"[{', '.join(how)}]"))
        return Path("project.yaml")

    return write


def failures(task: PartTask) -> list[str]:
    """The errors of the members that failed."""
    return [one.error for one in isolated_members(task) if isinstance(one, Failure)]


def line_of(words: str) -> int:
    return next(number for number, line in enumerate(PLUGIN.splitlines(), start=1) if words in line)


def test_the_same_members_as_without_a_limit(task):
    """Arrays of every layout, and failures with their tracebacks."""
    words = ("well", "kinds", "raise", "nan", "well")
    limited, free = task(*words), task(*words, timeout=None)
    of_limited = simulate_part(limited)
    bytes_of_limited = (limited.folder / "000000.h5").content()
    assert simulate_part(free) == of_limited
    assert (free.folder / "000000.h5").content() == bytes_of_limited
    assert [failure.member for failure in of_limited.failures] == [9, 10]
    assert f"ValueError: no luck ({Path.cwd()}/wild.py:{line_of('no luck')})" == of_limited.failures[0].error
    stored = StoredMembers(free.folder, [[7, 8, 9, 10, 11]])
    assert stored.read(8, "none").shape == (0, 3)
    assert stored.read(8, "part").shape == (2, 5)


@pytest.mark.parametrize(
    ("how", "line"), [("sleep", "time.sleep(0.01)"), ("compiled", "pause()"), ("program", 'subprocess.run(["sleep')]
)
def test_a_member_that_hangs_is_named_with_its_line(task, how, line):
    """In Python, in compiled code that holds the global lock, and in another program, which is ended too."""
    first, hung, last = isolated_members(task("well", how, "well", timeout=1.0))
    assert isinstance(hung, Failure)
    assert (hung.member, hung.timeout) == (8, 1.0)
    assert hung.error == f"TimeoutError: not done after 1.0 s ({Path.cwd()}/wild.py:{line_of(line)})"
    assert hung.traceback.startswith("Traceback (most recent call last):\n")
    assert line in hung.traceback
    assert hung.traceback.endswith(f"{hung.error}\n")
    assert not isinstance(first, Failure)
    assert not isinstance(last, Failure)
    wait_until(lambda: not _sleeping(), "the end of the program")


def _sleeping() -> bool:
    return any(words.strip() == "sleep 98765.25" for words in processes("PATH").values())


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("exit", "ended its process with exit code 3"),
        ("crash", "its process was ended by SIGSEGV: too little memory, or a crash in compiled code?"),
        ("close", "ended its process with exit code 1"),
        ("daemon", "ended its process with exit code 4"),
    ],
)
def test_a_member_that_ends_its_process_is_named(task, monkeypatch, how, error):
    monkeypatch.setattr("labrun.engine.isolation.MARGIN", 0.5)  # what it has forked holds the pipe
    assert failures(task("well", how, "well")) == [error]


def test_a_member_that_ends_its_process_once_has_another_try(task):
    assert failures(task("well", "die once", "well", timeout=None, isolated=True)) == []
    assert Path("died").exists()


@pytest.mark.parametrize("how", ["fork", "print", "read", "thread", "child"])
def test_what_a_simulator_leaves_or_writes_disturbs_nothing(task, capfd, how):
    made = [*isolated_members(task("well", how, "well"))]
    assert [member for member, _ in made] == [7, 8, 9]
    np.testing.assert_array_equal(made[1][1]["u"][1:], _expected(8)[1:])


def _expected(member: int) -> np.ndarray:
    from labrun.seeds import generator

    return generator(5, "s", member).normal(size=(4, 6))


def test_a_member_does_not_inherit_the_surroundings_of_another(task):
    mask = os.umask(0o022)
    os.umask(mask)
    _, (_, arrays) = isolated_members(task("move", "look"))
    assert arrays["u"].tolist() == [mask, 0]


@pytest.mark.parametrize("timeout", [None, 30.0])
def test_what_no_file_can_hold_fails_alone(task, timeout):
    """Names and texts that UTF-8 lacks, and more axes than HDF5 has."""
    receipt = simulate_part(task("name", "axes", "text", "well", timeout=timeout))
    assert [failure.error.partition(" (")[0] for failure in receipt.failures] == [
        r"TypeError: wild returned an array named '\ud800'; a name is a text of printable characters without '/'",
        "TypeError: wild returned 'u' with 41 axes: HDF5 stores up to 32",
        r"ValueError: \ud800",
    ]


def test_a_plugin_that_cannot_be_loaded_stops_the_stage(task):
    broken = task("well")
    (Path.cwd() / "wild.py").write_text("raise RuntimeError('broken')")
    code = PluginCode("labrun_file_wild", "Wild", PluginFile.of(Path.cwd() / "wild.py"))
    with pytest.raises(RuntimeError, match="broken"):
        [*isolated_members(PartTask(code, *[getattr(broken, name) for name in _fields()]))]


def _fields() -> list[str]:
    return [*PartTask.__dataclass_fields__][1:]


# -- as a person sees it -------------------------------------------------------------------------------------------------------


def test_a_run_names_members_that_hang_and_goes_on(write_wild, labrun):
    """More time is given to those members alone, and what works on the simulation is made anew; less time changes nothing that is done."""
    done = labrun("run", write_wild("well", "once", "raise"), "--workers", 1)
    assert done.code == 0, done
    (manifest,) = Path("runs/.store/simulations").glob("*/manifest.json")
    failed = json.loads(manifest.read_text())["notes"]["failures"]
    assert [(failure["member"], failure["timeout"]) for failure in failed] == [(1, 1.0), (2, None)]
    assert "not done after 1.0 s" in Path("runs/wild/report.html").read_text()
    assert members() == 1
    assert len(open_run("runs/wild")["s"]) == 1
    assert "simulations.s: reused" in labrun("run", "project.yaml", "--workers", 1).out
    part = Path("runs/wild/simulations/s/parts/000000.h5")
    before = part.stat().st_ino
    more = ("project.yaml", "--set", "simulations.s.timeout=1 min")
    assert "simulations.s" in next(line for line in labrun("status", *more).out.splitlines() if " parts" in line)
    again = labrun("run", *more, "--workers", 1)
    assert again.code == 0, again
    assert members() == 2
    assert part.stat().st_ino == before
    less = labrun("run", "project.yaml", "--set", "simulations.s.timeout=0.001", "--workers", 1)
    assert "simulations.s: reused" in less.out
    assert members() == 2


def members() -> float:
    return float(json.loads(Path("runs/wild/analyses/count/metrics.json").read_text())["members"])


def test_the_stage_fails_with_advice_where_failures_stop(write_wild, labrun):
    done = labrun("run", write_wild("well", "sleep"), "--set", "simulations.s.failures=stop", "--workers", 1)
    assert done.code == 1
    assert "simulations.s: failed: 1 of 2 members failed: TimeoutError: not done after 1.0 s (" in done.out
    assert (
        "Fix the simulator or the failed parameters, raise 'timeout', or set 'failures: skip' in simulations.s"
        in done.out
    )


def test_the_cost_of_a_simulation_that_hangs(write_wild, labrun):
    done = labrun("plan", write_wild("sleep"))
    assert done.code == 0
    assert "simulations.s: member 0 failed: TimeoutError: not done after 1.0 s" in done.err
    assert "1 members of at most 1.0 s" in done.out


def test_interrupted_twice_while_compiled_code_holds_the_lock(write_wild, tmp_path):
    """Neither the process in which it hangs stays, nor the program beside it."""
    write_wild("child", "compiled")
    mark = f"isolation-{os.getpid()}"
    words = [
        sys.executable,
        "-m",
        "labrun",
        "run",
        "project.yaml",
        "--workers",
        "1",
        "--set",
        "simulations.s.timeout=1 h",
    ]
    with running(tmp_path, *words, mark=mark) as process:
        wait_until(partial(_hangs, mark), "the start of the member")
        os.killpg(process.pid, signal.SIGINT)
        wait_until(lambda: "press Ctrl-C again" in (tmp_path / "out.txt").read_text(), "the first request")
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(HANG) == 130
    wait_until(lambda: not processes(mark), "the end of all processes")


def _hangs(mark: str) -> bool:
    """Check whether a process is in `pause`, as the system says."""
    return any("isolation" in words and _call(pid) == "pause" for pid, words in processes(mark).items())


def _call(pid: int) -> str:
    number = subprocess.run(["cat", f"/proc/{pid}/syscall"], capture_output=True, text=True, check=False).stdout
    return "pause" if number.split()[:1] == ["34"] else number
