"""Dask clusters: the bytes of a local run, from workers that fit, whatever becomes of them.

A cluster is a process of its own; so are its workers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
from tests.waiting import HANG, wait_until

from labrun.faults import LabrunError
from labrun.files.digests import sha256_of
from labrun.files.guarded import GuardedPath

distributed = pytest.importorskip("distributed")

CLUSTER = """
import sys
from distributed import LocalCluster

if __name__ == "__main__":
    count, threads, *preload = sys.argv[1:]
    with LocalCluster(
        n_workers=int(count), threads_per_worker=int(threads), dashboard_address=None, preload=preload, worker_dashboard_address=None
    ) as cluster:
        print(cluster.scheduler_address, flush=True)
        for line in sys.stdin:
            cluster.scale(int(line))
"""

NOISE = '''
import os, signal, time
from typing import ClassVar
import numpy as np
from labrun import Analysis, Field, Findings, Ensemble, Simulator, hookimpl


class Noise(Simulator):
    """Noise of a given strength."""

    name: ClassVar[str] = "noise"
    strength: float = Field(description="standard deviation")
    pause: float = Field(0.0, description="how long a member takes [s]")
    fatal: float = Field(-1.0, description="the strength that kills the process")

    def simulate(self, rng):
        if self.strength == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self.pause)
        return {"u": self.strength * rng.normal(size=(6, 8, 2)), "steps": np.arange(3000)}


class Means(Analysis):
    """The mean of each member."""

    name: ClassVar[str] = "means"

    def mean(self, simulation, i):
        time.sleep(0.1)
        return {"strength": simulation.columns["strength"][i], "mean": simulation.read(i, "u").mean(), "process": float(os.getpid())}

    def analyse(self, simulation: Ensemble) -> Findings:
        import pandas as pd

        table = pd.DataFrame(simulation.map(self.mean))
        return Findings(metrics={"processes": table.pop("process").nunique()}, tables={"means": table})


@hookimpl
def labrun_simulators():
    return [Noise]


@hookimpl
def labrun_analyses():
    return [Means]
'''

PROJECT = """
project: noise
seed: 5
plugins: [noise.py]
simulations:
  first: {use: noise, sweep: {grid: {strength: [0, 1, 2, 3, 4, 5]}, repeats: 4}}
analyses:
  means: {use: means, from: first}
"""

THEIRS = '''
from typing import ClassVar
from labrun import Simulator, hookimpl

class Theirs(Simulator):
    """A simulator of a package that is not on every machine."""

    name: ClassVar[str] = "theirs"

    def simulate(self, rng):
        return {"x": rng.normal(size=SIZE)}

@hookimpl
def labrun_simulators():
    return [Theirs]
'''


class Cluster:
    """A scheduler and its workers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.address = self._line()

    def _line(self) -> str:
        stdout: IO[str] | None = self.process.stdout
        assert stdout is not None
        return stdout.readline().strip()

    def scale(self, count: int) -> None:
        """Have another number of workers."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()


@contextmanager
def started(folder: Path, count: int = 2, threads: int = 1, *preload: object, **environment: str) -> Iterator[Cluster]:
    """A cluster whose home is `folder`; modules of `preload` are run by its workers first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cluster.py").write_text(CLUSTER)
    command = [sys.executable, "cluster.py", str(count), str(threads), *map(str, preload)]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Cluster(process)
        finally:
            process.terminate()
            process.wait(HANG)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """Two workers that see the store."""
    with started(tmp_path_factory.mktemp("cluster")) as one:
        yield one


@pytest.fixture
def noise(write_project, tmp_path) -> Callable[..., Path]:
    (tmp_path / "noise.py").write_text(NOISE)
    return lambda text=PROJECT: write_project(text)


def contents(runs: str) -> dict[str, str]:
    """Digests of the parts and the table."""
    folder = Path(runs) / "noise"
    found = [*folder.rglob("*.h5"), *folder.rglob("means.csv")]
    return {str(path.relative_to(folder)): sha256_of(path) for path in found}


def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers do what members need, however little."""
    monkeypatch.setattr("labrun.workers.map_members.WORTH", 0)


def test_same_bytes_as_of_a_local_run(noise, labrun, cluster, monkeypatch):
    quickly(monkeypatch)
    path = noise()
    done = labrun("run", path, "--dask", cluster.address, "--runs", "there")
    assert done.code == 0, done
    where = f"2 workers of the Dask cluster at {cluster.address}, which write to the store themselves"
    assert done.out.splitlines()[0] == f"noise: 2 stages, 0 of them done before; {where}"
    started = json.loads((Path("there") / "noise" / "events.jsonl").read_text().splitlines()[0])
    assert (started["workers"], started["where"]) == (2, where)
    assert done.err == ""
    assert labrun("run", path, "--workers", 1, "--runs", "here").code == 0
    assert len(contents("here")) == 25
    assert contents("there") == contents("here")
    processes = json.loads((Path("there") / "noise" / "analyses" / "means" / "metrics.json").read_text())["processes"]
    assert processes > 1
    assert list(Path("there").rglob("*tmp*")) == []


def test_parts_come_back_as_bytes_where_the_store_is_not_seen(noise, labrun, tmp_path, monkeypatch):
    quickly(monkeypatch)
    blind = tmp_path / "blind.py"
    blind.write_text("from labrun.workers.store_probe import StoreProbe\nStoreProbe.is_seen = lambda self: False\n")
    path = noise()
    with started(tmp_path / "cluster", 2, 1, blind) as cluster:
        done = labrun("run", path, "--dask", cluster.address, "--runs", "there")
        assert [*(tmp_path / "cluster").rglob("*.h5")] == []
    assert done.code == 0, done
    expected = "which do not see the store: their results come back as bytes"
    assert done.out.splitlines()[0].endswith(f"2 workers of the Dask cluster at {cluster.address}, {expected}")
    assert labrun("run", path, "--workers", 1, "--runs", "here").code == 0
    assert contents("there") == contents("here")
    assert labrun("run", path, "--runs", "there").out.count("reused") == 2


def test_a_part_that_changed_on_its_way_is_refused(tmp_path):
    from labrun.engine.delivery import Delivery
    from labrun.store.parts import Receipt

    with pytest.raises(
        LabrunError, match=r"000003.h5 was changed on its way from the worker. Run the same command again"
    ):
        Delivery(Receipt(3, "0" * 64, []), b"abc").keep(tmp_path, 3)
    assert [*tmp_path.iterdir()] == []


def test_a_part_that_is_not_seen_here_is_told(tmp_path, monkeypatch):
    from labrun.engine.delivery import Delivery
    from labrun.store.parts import Receipt
    from labrun.store.places import make_store, store_of

    make_store(tmp_path)
    store = store_of(tmp_path)
    monkeypatch.setattr("labrun.engine.delivery.UNSEEN", 0.2)
    with pytest.raises(
        LabrunError, match=r"wrote .*000003.h5, but after 0.2 s it is not visible here: is the folder the same"
    ):
        Delivery(Receipt(3, "0" * 64, [])).keep(GuardedPath(store), 3)
    shutil.rmtree(store)
    with pytest.raises(
        LabrunError, match=r"^the store .*\.store was removed during the run\. Run the same command again"
    ):
        Delivery(Receipt(3, "0" * 64, [])).keep(GuardedPath(store), 3)


def test_a_scheduler_file_names_a_scheduler(noise, labrun, cluster):
    path = noise(PROJECT.split("analyses")[0])
    Path("scheduler.json").write_text(
        json.dumps({"address": cluster.address, "type": "Scheduler", "id": "x", "workers": {}})
    )
    done = labrun("run", path, "--dask", "scheduler.json")
    assert done.code == 0, done
    assert "2 workers of the Dask cluster at scheduler.json" in done.out


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere.json", "rubbish", "foo://x:1"])
def test_no_scheduler(noise, labrun, monkeypatch, address):
    monkeypatch.setattr("labrun.workers.dask_cluster.CONNECT", 0.5)
    done = labrun("run", noise(), "--dask", address)
    assert done.code == 1
    head = re.escape(f"no Dask scheduler answers at '{address}': ")
    tail = re.escape(
        ". Start one (dask scheduler), and give its address (tcp://HOST:PORT), or the file that it writes "
        "(dask scheduler --scheduler-file FILE)\n"
    )
    assert re.fullmatch(f"{head}.+{tail}", done.err)
    assert not [*Path("runs").rglob("*.h5")]
    assert not [*Path("runs").rglob("*tmp*")]


def test_dask_is_not_installed(noise, labrun, monkeypatch):
    monkeypatch.delitem(sys.modules, "labrun.workers.dask_cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = labrun("run", noise(), "--dask", "tcp://127.0.0.1:1")
    assert done.code == 1
    assert done.err.startswith("--dask needs Dask, which is not installed here (")
    assert done.err.endswith("): pip install 'labrun[cluster]'\n")


def test_a_cluster_without_workers_is_waited_for_a_while(noise, labrun, tmp_path):
    with started(tmp_path / "cluster", 0) as cluster:
        done = labrun("run", noise(), "--dask", cluster.address, "--dask-wait", 1)
        assert done.code == 1
        assert done.err == (
            f"there are no workers at {cluster.address} now: waiting up to 1 s for one\n"
            f"there were no workers at {cluster.address} for 1 s. Start some (dask worker {cluster.address}), or wait longer with "
            "--dask-wait; "
            "then run the same command again. Finished results are kept\n"
        )
        cluster.scale(1)
        done = labrun("run", noise(PROJECT.split("analyses")[0]), "--dask", cluster.address)
        assert done.code == 0, done


def test_workers_with_threads_are_told_and_work_with_one(noise, labrun, tmp_path):
    path = noise(PROJECT.split("analyses")[0])
    with started(tmp_path / "cluster", 1, 3) as cluster:
        done = labrun("run", path, "--dask", cluster.address)
    assert done.code == 0, done
    assert done.err == (
        "several threads on 1 of 1 worker: labrun uses one thread of each, so start more workers with one thread each "
        "(dask worker --nworkers N --nthreads 1)\n"
    )


def test_a_member_that_kills_its_worker_is_named_and_the_others_are_made(noise, labrun, tmp_path):
    """On a cluster of its own: a nanny gives up a worker that dies while it starts, and none may be left."""
    path = noise(PROJECT.replace("use: noise", "use: noise, with: {fatal: 3}").replace("repeats: 4", "repeats: 1"))
    with started(tmp_path / "cluster", 3) as cluster:
        done = labrun("run", path, "--dask", cluster.address)
    assert done.code == 1
    expected = "simulations.first: failed: 1 of 6 members failed: its process was ended by SIGKILL: too little memory, or a crash in "
    assert f"{expected}compiled code?, first in member 3 (strength=3). The 5 successful members are kept" in done.out
    assert "distributed" not in done.err


def test_a_member_that_hangs_is_named_and_its_worker_goes_on(noise, labrun, cluster):
    text = PROJECT.replace("use: noise", "use: noise, failures: skip, timeout: 1 s").replace(
        "{grid: {strength: [0, 1, 2, 3, 4, 5]}, repeats: 4}",
        "{table: [{pause: 0, strength: 1}, {pause: 3600, strength: 2}]}",
    )
    done = labrun("run", noise(text), "--dask", cluster.address)
    assert done.code == 0, done
    (manifest,) = Path("runs/.store/simulations").glob("*/manifest.json")
    (failure,) = json.loads(manifest.read_text())["notes"]["failures"]
    assert failure["member"] == 1
    assert re.fullmatch(r"TimeoutError: not done after 1\.0 s \(\S+noise\.py:\d+\)", failure["error"])


def test_workers_that_join_are_used(noise, labrun, tmp_path, monkeypatch):
    path = noise(PROJECT.split("analyses")[0].replace("use: noise", "use: noise, with: {pause: 0.3}"))
    with started(tmp_path / "cluster", 1) as cluster:
        counts: list[int] = []
        from labrun.workers.dask_cluster import Cluster as Driver

        def look(self: Any) -> None:
            if not counts:
                cluster.scale(2)
            before(self)
            counts.append(len(self._threads))

        before = Driver._look
        monkeypatch.setattr(Driver, "_look", look)
        assert labrun("run", path, "--dask", cluster.address).code == 0
    assert counts[0] == 1
    assert counts[-1] == 2


def test_a_scheduler_that_goes_away(noise, labrun, tmp_path, monkeypatch):
    monkeypatch.setattr("labrun.workers.dask_cluster.CONNECT", 2.0)
    path = noise(PROJECT.split("analyses")[0].replace("use: noise", "use: noise, with: {pause: 0.5}"))
    from labrun.engine.delivery import Delivery

    with started(tmp_path / "cluster", 2) as cluster:
        kept = Delivery.keep

        def keep(self: Delivery, folder: Path, number: int) -> Any:
            if cluster.process.poll() is None:
                cluster.process.kill()
            return kept(self, folder, number)

        monkeypatch.setattr(Delivery, "keep", keep)
        done = labrun("run", path, "--dask", cluster.address)
    assert done.code == 1
    assert (
        f"simulations.first: failed: the Dask scheduler at {cluster.address} is gone. Finished results are kept: start it again, and run "
        "the same command" in done.out
    ), done
    assert done.err == ""
    done = labrun("run", path, "--workers", 2)
    assert re.search(r"simulations.first: noise, 24 members \([1-9]\d* done before\)", done.out), done
    assert done.code == 0


def test_what_is_in_hand_is_not_withdrawn(cluster, tmp_path):
    from labrun.workers.dask_cluster import Cluster as Driver

    store, go = tmp_path / "store", tmp_path / "go"
    store.mkdir()
    work = f"touch {tmp_path}/begun-$$; until test -e {go}; do sleep 0.05; done"
    driver = Driver(cluster.address, store, [], print, 5)
    try:
        futures = [driver.executor().submit(os.system, work) for _ in range(6)]
        wait_until(lambda: [*tmp_path.glob("begun-*")], "a call in a worker")
        left = driver.withdraw(futures)
        go.touch()
        assert 1 <= len(left) <= 2
        assert [future.cancelled() for future in futures].count(True) == 6 - len(left)
        assert [future.result() for future in left] == [0] * len(left)
        again = [driver.executor().submit(len, "abc").result() for _ in range(2)]
        assert again == [3, 3]
    finally:
        go.touch()
        driver.stop()
    assert list(store.iterdir()) == []


# -- unsuitable workers --


def package(folder: Path, version: str, size: int = 3) -> str:
    """Lay a third party's package into a folder, as installers do."""
    info = folder / f"theirs-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: theirs\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[labrun]\ntheirs = theirs\n")
    (folder / "theirs.py").write_text(f"SIZE = {size}\n{THEIRS}")
    return str(folder)


def other_labrun(folder: Path) -> str:
    """The metadata of another version of labrun."""
    info = folder / "labrun-0.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: labrun\nVersion: 0.9\n")
    return str(folder)


def no_labrun(folder: Path) -> str:
    """A package of the name that is another one."""
    (folder / "labrun").mkdir(parents=True)
    (folder / "labrun" / "__init__.py").write_text("")
    return str(folder)


UNFIT: dict[str, tuple[Callable[[Path], str], str]] = {
    "lacks it": (lambda folder: str(folder), r"lacks the plugin 'theirs' of theirs 1\.0"),
    "another version": (
        lambda folder: package(folder, "1.1"),
        r"has version 1\.1 of the plugin 'theirs' of theirs 1\.0",
    ),
    "other code": (
        lambda folder: package(folder, "1.0", 4),
        r"has different code for the plugin 'theirs' of theirs 1\.0: its fingerprint is \w{12}, the run's is \w{12}",
    ),
    "another labrun": (other_labrun, r"has labrun 0\.9, but the run has [\d.]+"),
    "no labrun": (
        no_labrun,
        r"does not answer like labrun [\d.]+ \(.*No module named 'labrun.workers'.*\)",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_workers_that_do_not_fit_are_refused_before_work_starts(case, tmp_path, labrun_process):
    make, problem = UNFIT[case]
    (tmp_path / "project.yaml").write_text(
        "project: theirs\nsimulations: {runs: {use: theirs, sweep: {grid: {}, repeats: 3}}}\n"
    )
    own = package(tmp_path / "own", "1.0")
    with started(tmp_path / "cluster", 1, PYTHONPATH=make(tmp_path / "unlike")) as cluster:
        done = labrun_process("run", "project.yaml", "--dask", cluster.address, PYTHONPATH=own)
    assert done.code == 1
    address = r"tcp://127\.0\.0\.1:\d+"
    advice = "Install the same there, restart these workers, and run the same command again"
    assert re.fullmatch(f"this run cannot use 1 of 1 worker: {address} {problem}. {advice}\n", done.err), done
    assert done.out == ""
    assert not [*(tmp_path / "runs").rglob("parts")]


def test_a_worker_that_joins_late_is_asked_too(cluster, tmp_path):
    from labrun.files.guarded import GuardedPath
    from labrun.workers.dask_worker import NeededPlugin, Terms, perform
    from labrun.workers.store_probe import StoreProbe

    terms = Terms(
        distributed.__version__,
        (NeededPlugin("simulations", "x", "y", "1", "z"),),
        StoreProbe(GuardedPath(tmp_path) / "probe", "word"),
    )
    expected = r"^tcp://127.0.0.1:\d+, which joined later, has labrun .+, but the run has"
    with (
        distributed.Client(cluster.address, set_as_default=False) as client,
        pytest.raises(LabrunError, match=expected),
    ):
        client.submit(perform, terms, len, "abc").result()


@pytest.mark.slow
def test_a_worker_is_killed_every_few_seconds():
    """The benchmark, made small: it compares the bytes with those of a local run."""
    benchmark = Path(__file__).parents[4] / "benchmarks" / "dask_kills.py"
    command = [sys.executable, str(benchmark), "--members", "24", "--duration", "6000", "--every", "4"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert "bytes of the parts: identical" in done.stdout
    assert int(re.findall(r"(\d+) deaths", done.stdout)[0]) > 0
