"""Worker processes: one thread each, and none that outlives the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from tests.waiting import HANG, wait_until

from labrun.contracts.threads import ONE_THREAD
from labrun.workers.pool import Pool, available_cores


@pytest.fixture
def workers():
    pool = Pool(2)
    yield pool
    pool.stop(at_once=True)


def threads(folder: Path) -> tuple[int, list[str | None], list[int]]:
    """The threads of a worker, which waits for the other one, so that each is asked."""
    import numpy as np
    import threadpoolctl

    (folder / str(os.getpid())).touch()
    wait_until(lambda: len([*folder.iterdir()]) == 2, "a call in each of two workers")
    assert np.ones(2).sum() == 2
    return (
        os.getpid(),
        [os.environ.get(name) for name in ONE_THREAD],
        [p["num_threads"] for p in threadpoolctl.threadpool_info()],
    )


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stream:  # noqa: PTH123 (one line is all that is wanted)
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_every_worker_has_one_thread(workers, tmp_path):
    before = dict(os.environ)
    done = list(workers.executor().map(threads, [tmp_path] * 2))
    assert len({pid for pid, _, _ in done}) == 2
    for _, variables, pools in done:
        assert set(variables) == {"1"}
        assert pools
        assert set(pools) == {1}
    assert dict(os.environ) == before


def test_pool_is_made_anew_after_a_death(workers):
    with pytest.raises(BrokenProcessPool):
        workers.executor().submit(die).result()
    assert workers.executor().submit(os.getpid).result() != os.getpid()


def test_a_death_is_noticed_while_another_is_busy(workers):
    workers.executor().submit(time.sleep, HANG)
    lost = workers.executor().submit(die)

    def is_noticed() -> bool:
        workers.attend()
        return lost.done()

    wait_until(is_noticed, "the death of a worker")
    assert isinstance(lost.exception(timeout=0), BrokenProcessPool)


def test_stop_ends_all_processes(workers):
    pid = workers.executor().submit(os.getpid).result()
    workers.executor().submit(time.sleep, 2 * HANG)  # longer than a test may take
    workers.stop(at_once=True)
    assert not is_alive(pid)
    workers.stop()  # twice is no fault


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_end_with_a_driver_that_is_killed(tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        "import os, time\n"
        "from labrun.workers.pool import Pool\n"
        "if __name__ == '__main__':\n"
        "    executor = Pool(2).executor()\n"
        "    pids = {executor.submit(os.getpid).result()}\n"
        "    for _ in range(2): executor.submit(time.sleep, 600)\n"
        "    print(*executor._processes, flush=True)\n"
        "    time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        pids = [int(word) for word in driver.stdout.readline().split()]
        assert len(pids) == 2
        driver.kill()
    wait_until(lambda: not any(map(is_alive, pids)), "the end of both workers")


def test_cores():
    assert available_cores() >= 1
