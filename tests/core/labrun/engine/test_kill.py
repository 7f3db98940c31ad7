"""kill -9 at random moments: nothing that was finished is lost, nothing that comes out differs, nobody is left behind.

`python -m benchmarks.kills 200` does so two hundred times, over all kinds of stages.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.waiting import HANG, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

PLUGIN = '''
import time
from pathlib import Path
from typing import ClassVar
import numpy as np
from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Model, Simulator, TrainedModel, hookimpl

class Slow(Simulator):
    """Noise that takes its time."""
    name: ClassVar[str] = "slow"
    mean: float = Field(description="of the noise")
    def simulate(self, rng):
        time.sleep(0.02)
        return {"u": (self.mean + rng.normal(size=(8, 10))).astype(np.float32)}

class Means(Dataset):
    """Is the mean above 1/2?"""
    name: ClassVar[str] = "means"
    def examples(self, simulation: Ensemble) -> Examples:
        y = np.array([mean > 0.5 for mean in simulation.columns["mean"]], np.int64)
        def load_x(indices):
            time.sleep(0.01)
            return np.stack([simulation.read(i, "u") for i in indices])[..., None]
        return Examples(load_x, lambda i: y[i], np.arange(len(simulation)), classes=["low", "high"], periodic=True)

class Prepared(Dataset):
    """Means of rows, kept in a folder of its own, which takes a while."""
    name: ClassVar[str] = "prepared"
    def examples(self, simulation: Ensemble, folder: Path) -> Examples:
        for i in range(len(simulation)):
            if not (folder / "rows" / f"{i}.npy").exists():
                (folder / "rows").mkdir(exist_ok=True)
                time.sleep(0.01)
                np.save(folder / "rows" / f"{i}.npy", simulation.read(i, "u").mean(1))
        x = np.stack([np.load(folder / "rows" / f"{i}.npy") for i in range(len(simulation))])
        return Examples(lambda i: x[i], lambda i: x[i, 0], np.arange(len(x)))

class Spread(Analysis):
    """Files that take a while."""
    name: ClassVar[str] = "kill_spread"
    def analyse(self, dataset: Examples, simulation: Ensemble) -> Findings:
        time.sleep(1)
        u = np.stack([member["u"] for member in simulation])
        return Findings({"spread": float(u.std())}, files={f"{i}.bin": u.tobytes() for i in range(40)})

class Net(Model):
    """A small network with a state of its own in the optimizer, the dropout and the normalisation."""
    name: ClassVar[str] = "kill_net"
    def build(self, examples):
        import keras
        x = keras.Input(examples.x.shape, name="x")
        h = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(x)
        h = keras.layers.BatchNormalization(name="norm")(h)
        h = keras.layers.Dropout(0.2, name="drop")(h)
        h = keras.layers.GlobalAveragePooling2D(name="pool")(h)
        model = keras.Model(x, keras.layers.Dense(2, name="logits")(h))
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

@hookimpl
def labrun_simulators(): return [Slow]
@hookimpl
def labrun_datasets(): return [Means, Prepared]
@hookimpl
def labrun_models(): return [Net]
@hookimpl
def labrun_analyses(): return [Spread]
'''

PROJECT = """
project: kill
seed: 11
plugins: [plugin.py]
simulations:
  waves: {use: slow, sweep: {grid: {mean: [0, 1]}, repeats: 80}}
datasets:
  waves: {use: means, from: waves}
  rows: {use: prepared, from: waves}
models:
  net: {use: kill_net, fit: {train: waves, epochs: 30, batch_size: 16, augment: [flip, shift], keep: best}}
analyses:
  spread: {use: kill_spread, from: {dataset: rows, simulation: waves}}
"""


def command(runs: str, *more: str, workers: int = 2) -> list[str]:
    code = "from labrun.cli import main; main()"
    return [sys.executable, "-c", code, "run", "project.yaml", "--runs", runs, "--workers", str(workers), *more]


def digests(folder: Path) -> dict[str, bytes]:
    """All that was made (manifests hold times)."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for section in ("simulations", "datasets", "models", "analyses")
        for path in sorted((folder / "kill" / section).rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", ".key")
    }


def processes(mark: str) -> dict[int, str]:
    """The processes whose environment holds this mark, and what they are."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
    return found


def _heed_interrupts() -> None:
    """A shell has its background jobs ignore Ctrl-C, and tests may be one of them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def running(folder: Path, *words: str, mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process group of its own, whose processes carry a mark."""
    with (folder / "out.txt").open("ab") as out:
        process = subprocess.Popen(
            words,
            cwd=folder,
            stdout=out,
            stderr=out,
            start_new_session=True,
            env=os.environ | {"LABRUN_TEST": mark},
            preexec_fn=_heed_interrupts,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def _nobody_is_left(mark: str) -> bool:
    return not processes(mark)


def finish(folder: Path, runs: str) -> None:
    done = subprocess.run(command(runs), cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def write(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "project.yaml").write_text(PROJECT)
    return folder


def lines(folder: Path, runs: str, event: str) -> list[dict[str, Any]]:
    try:
        text = (folder / runs / "kill" / "events.jsonl").read_text()
    except OSError:
        return []
    return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]


def wait_for_stage(folder: Path, runs: str, stage: str, done: int, already: int = 0) -> None:
    """Wait until a stage has made `done` steps, in the lines of the log from number `already` on."""
    wait_until(
        lambda: any(
            e["stage"] == stage and e["done"] >= done for e in lines(folder, runs, "StageProgressed")[already:]
        ),
        f"step {done} of {stage}",
    )


def check_no_epoch_was_lost(folder: Path, runs: str) -> None:
    """An epoch is done once, save the one that was in hand when the run was killed (its checkpoint may be there already)."""
    epochs = [e["done"] for e in lines(folder, runs, "StageProgressed") if e["stage"] == "models.net"]
    starts = [e["done"] for e in lines(folder, runs, "StageStarted") if e["stage"] == "models.net"]
    assert len(epochs) == len(set(epochs)), epochs
    assert all(later >= earlier for earlier, later in itertools.pairwise(starts)), starts
    history = (folder / runs / "kill" / "models" / "net" / "history.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in history] == list(range(1, 31))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that nobody disturbed."""
    folder = write(tmp_path_factory.mktemp("kill"))
    finish(folder, "whole")
    return folder


def test_driver_killed_in_simulation_and_in_training(project: Path) -> None:
    for number, (stage, steps) in enumerate(
        [("simulations.waves", 10), ("simulations.waves", 90), ("models.net", 3), ("models.net", 17)]
    ):
        mark = f"kill-{os.getpid()}-{number}"
        before = len(lines(project, "killed", "StageProgressed"))
        with running(project, *command("killed"), mark=mark) as process:
            wait_for_stage(project, "killed", stage, steps, before)
            process.kill()
        wait_until(partial(_nobody_is_left, mark), "the end of all processes")
    finish(project, "killed")
    assert digests(project / "killed") == digests(project / "whole")
    check_no_epoch_was_lost(project, "killed")
    assert len(lines(project, "killed", "RunStarted")) == 5


def test_worker_killed(project: Path) -> None:
    """The run itself goes on to the end."""
    mark = f"worker-{os.getpid()}"
    with running(project, *command("worker", "--only", "simulations.waves"), mark=mark) as process:
        for steps in (10, 60):
            wait_for_stage(project, "worker", "simulations.waves", steps)
            workers = [pid for pid, words in processes(mark).items() if "spawn_main" in words]
            os.kill(random.choice(workers), signal.SIGKILL)
        assert process.wait(HANG) == 0
    simulated = digests(project / "worker")
    assert simulated == {name: content for name, content in digests(project / "whole").items() if "simulations" in name}


@pytest.mark.parametrize("stage", ["simulations.waves", "models.net"])
def test_interrupted_by_hand(project: Path, stage: str) -> None:
    """Ctrl-C reaches all processes of the terminal; the run says how to go on, and leaves nobody behind."""
    runs, mark = f"interrupted-{stage}", f"{stage}-{os.getpid()}"
    (project / "out.txt").write_text("")
    with running(project, *command(runs), mark=mark) as process:
        wait_for_stage(project, runs, stage, 4)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(HANG) == 130
    wait_until(partial(_nobody_is_left, mark), "the end of all processes")
    out = (project / "out.txt").read_text()
    assert f"{stage}: interrupted" in out
    assert "to continue: labrun run project.yaml --runs " in out
    assert "Traceback" not in out


@pytest.mark.parametrize("stage", ["analyses.spread", pytest.param("models.net", marks=pytest.mark.slow)])
def test_three_runs_at_once(project: Path, stage: str) -> None:
    """All finish, and make the same bytes as one; nothing is left beside the results."""
    mark, runs = f"three-{stage}-{os.getpid()}", f"three-{stage}"
    words = command(runs, "--only", stage, workers=1)
    with ExitStack() as stack:
        started = [stack.enter_context(running(project, *words, mark=mark)) for _ in range(3)]
        assert [process.wait(HANG) for process in started] == [0, 0, 0], (project / "out.txt").read_text()
    made, whole = digests(project / runs), digests(project / "whole")
    assert made == {name: whole[name] for name in made}
    assert any(name.startswith(f"kill/{stage.replace('.', '/')}/") for name in made)
    assert not list((project / runs).rglob("*.tmp"))
    assert labrun_at(project, "verify", "--runs", runs).returncode == 0
    assert "nothing to remove" in labrun_at(project, "gc", "--runs", runs).stdout


def labrun_at(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "labrun", *words], cwd=folder, capture_output=True, text=True, check=False
    )


KINDS = ("start", "simulations", "datasets", "models", "analyses")
"""Moments of a run, in their order: before the first stage, and in a stage of each kind."""


def moment(folder: Path, runs: str, starts: int) -> str:
    """The kind of stage that a run is at, as far as it has told, if `starts` runs have begun before."""
    told = sorted(
        (e for kind in ("RunStarted", "StageStarted", "StageFinished") for e in lines(folder, runs, kind)), key=_time
    )
    if sum(event["event"] == "RunStarted" for event in told) <= starts:
        return "start"
    kind = str(told[-1].get("stage", "start")).partition(".")[0]
    return "between" if told[-1]["event"] == "StageFinished" else kind


def _time(event: dict[str, Any]) -> float:
    return float(event["time"])


def kill_one(process: subprocess.Popen[bytes], mark: str, chance: random.Random) -> str:
    """Kill the driver, or a worker if there are any. Returns which, as the end of a sentence."""
    workers = [pid for pid, words in processes(mark).items() if "spawn_main" in words]
    if not workers or chance.random() < 0.6:
        process.kill()
        process.wait()
        return ""
    with suppress(ProcessLookupError):
        os.kill(chance.choice(workers), signal.SIGKILL)
    return ", a worker"


def kill_at_each_moment(folder: Path, runs: str, chance: random.Random, hit: Counter[str]) -> None:
    """Run a project, and kill it once or twice in each kind of stage; start it again each time, and let it finish at last."""
    wanted = deque(kind for kind in KINDS for _ in range(chance.choice((1, 2))))
    code = -signal.SIGKILL
    while code == -signal.SIGKILL:
        mark = f"{runs}-{hit.total()}"
        at = partial(moment, folder, runs, len(lines(folder, runs, "RunStarted")))
        with running(folder, *command(runs), mark=mark) as process:
            while wanted and process.poll() is None:
                if KINDS.index(wanted[0]) < (KINDS.index(now) if (now := at()) in KINDS else 0):
                    wanted.popleft()  # it was over before a kill
                elif now == wanted[0]:
                    time.sleep(chance.uniform(0, 1))
                    if process.poll() is None:
                        hit[at() + kill_one(process, mark, chance)] += 1
                        wanted.popleft()
                else:
                    time.sleep(0.02)
            code = process.wait()
    assert code == 0, (folder / "out.txt").read_text()


def kill_command(folder: Path, words: list[str], chance: random.Random, longest: float) -> bool:
    """Start a command, kill it within `longest` seconds, and return whether it was still at work."""
    with running(folder, sys.executable, "-m", "labrun", *words, mark="") as process:
        time.sleep(chance.uniform(0.3, 1) * longest)
        process.kill()
        return process.wait() == -signal.SIGKILL


def kill_export(folder: Path, runs: str, chance: random.Random, hit: Counter[str]) -> None:
    """Kill an export. What it leaves lies in the store, where `gc` finds it after a day."""
    words = ["export", f"{runs}/kill", "--ro-crate", f"{runs}.crate", "--members"]
    for _ in range(2):
        hit["export"] += kill_command(folder, words, chance, 3)
        shutil.rmtree(folder / f"{runs}.crate", ignore_errors=True)
    assert not list(folder.glob("*.labrun-*.tmp"))
    assert labrun_at(folder, *words).returncode == 0
    shutil.rmtree(folder / f"{runs}.crate")


def kill_gc(folder: Path, runs: str, chance: random.Random, hit: Counter[str]) -> None:
    """Another project needs only the simulation. Kill `gc` as it removes what the first has made, and see what the next one removes."""
    other = ("--set", "project=other", "--only", "simulations.waves")
    assert subprocess.run(command(runs, *other), cwd=folder, capture_output=True, check=False).returncode == 0
    shutil.rmtree(folder / runs / "kill")
    needed = {path: path.read_bytes() for path in (folder / runs / ".store/simulations").rglob("*") if path.is_file()}
    for path in (folder / runs).rglob("*"):
        if not any(path.is_relative_to(folder / runs / kept) for kept in (".store/simulations", "other")):
            os.utime(path, (1_500_000_000, 1_500_000_000), follow_symlinks=False)
    for _ in range(2):
        hit["gc"] += kill_command(folder, ["gc", "--delete", "--runs", runs], chance, 1)
    _age_what_is_left(folder / runs)
    assert labrun_at(folder, "gc", "--delete", "--runs", runs).returncode == 0
    left = [path for path in (folder / runs / ".store").glob("*/*") if path.parent.name != "simulations"]
    assert not left
    assert not list((folder / runs).rglob("*.tmp"))
    assert {path: path.read_bytes() for path in needed if path.is_file()} == needed


def _age_what_is_left(runs: Path) -> None:
    """A day passes for what killed processes have left."""
    for path in runs.rglob("*.tmp"):
        for inner in (*path.rglob("*"), path):
            os.utime(inner, (1_500_000_000, 1_500_000_000), follow_symlinks=False)


def kill_at_random(folder: Path, kills: int, seed: int, tell: Callable[[str], None] = lambda _: None) -> Counter[str]:
    """Kill runs and their workers, exports and `gc` so many times, and check after each run that nothing is lost, wrong or left.

    Returns how often what was hit.
    """
    chance = random.Random(seed)
    hit: Counter[str] = Counter()
    while hit.total() < kills:
        runs = f"random-{seed}-{hit.total()}"
        kill_at_each_moment(folder, runs, chance, hit)
        assert digests(folder / runs) == digests(folder / "whole")
        check_no_epoch_was_lost(folder, runs)
        assert labrun_at(folder, "verify", "--runs", runs).returncode == 0
        kill_export(folder, runs, chance, hit)
        kill_gc(folder, runs, chance, hit)
        shutil.rmtree(folder / runs)
        tell(f"killed {hit.total()} times: {dict(hit)}")
    return hit


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_killed_at_every_moment(project: Path) -> None:
    hit = kill_at_random(project, 1, 1)
    assert {*KINDS, "export", "gc"} <= {kind.partition(",")[0] for kind in hit}
