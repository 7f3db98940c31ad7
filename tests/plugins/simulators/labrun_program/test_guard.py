"""Whoever is killed, no process and no folder is left behind: the process that simulates, its guard, or the program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.waiting import HANG, wait_until

from labrun.faults import LabrunError
from labrun_program import starting
from labrun_program.starting import Guard, Start, TooLong

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

FAMILY = "setsid sh -c 'sleep 1000 & echo $! >> pids; exec sleep 1000' & echo $! >> pids; echo $$ > program; wait"
"""A program with a child in a session of its own, and a grandchild."""

DRIVER = """
import sys
from labrun_program.starting import Guard, Start
guard = Guard()
(guard.home / "m").mkdir()
print(guard.home, guard._process.pid, flush=True)
start = Start(["/bin/sh", "-c", sys.argv[1]], str(guard.home / "m"), {"PATH": "/usr/bin:/bin"}, str(guard.home / "printed"))
guard.run(start, lambda: None, None)
"""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _numbers(home, name):
    file = Path(home, "m", name)
    return [int(pid) for pid in file.read_text().split()] if file.exists() else []


@pytest.fixture
def running(temporary):
    """A process that has started the family: the process, the folder of its guard, the guard, and the family."""
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, FAMILY], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL
    )
    home, guard = driver.stdout.readline().split()
    wait_until(lambda: len(_numbers(home, "program")) == 1, "the start of the program")
    wait_until(lambda: len(_numbers(home, "pids")) == 2, "the start of its children")
    family = [*_numbers(home, "pids"), *_numbers(home, "program")]
    yield driver, Path(home), int(guard), family
    driver.kill()
    driver.wait(HANG)
    driver.stdout.close()


def test_the_process_that_simulates_is_killed(running):
    driver, home, guard, family = running
    assert all(map(is_alive, family))
    driver.kill()
    wait_until(lambda: not any(map(is_alive, [guard, *family])), "the end of the guard and of the program")
    assert not home.exists()


def test_the_program_is_killed_and_what_it_started_too(running):
    driver, home, guard, family = running
    os.kill(family[-1], signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, family)), "the end of the children")
    driver.wait(HANG)
    wait_until(lambda: not is_alive(guard), "the end of the guard")
    assert not home.exists()


def test_the_guard_is_killed(running):
    driver, home, guard, family = running
    os.kill(guard, signal.SIGKILL)
    wait_until(lambda: not is_alive(family[-1]), "the end of the program")
    assert driver.wait(HANG) == 1
    for pid in family[:-1]:
        os.kill(pid, signal.SIGKILL)  # nobody can find them
    assert home.exists()
    after = Guard()  # the next guard cleans up
    assert not home.exists()
    after.stop()
    assert not after.home.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_reach_the_whole_job_do_not_end_the_guard(running, number):
    _, home, guard, family = running
    os.kill(guard, number)
    assert all(map(is_alive, [guard, *family]))
    assert home.exists()


def test_a_guard_serves_many_programs_and_survives_one_that_takes_too_long(temporary):
    guard = Guard()
    start = Start(["/bin/sh", "-c", "exit $CODE"], str(guard.home), {"CODE": "3"}, str(guard.home / "printed"))
    for _ in range(20):
        assert guard.run(start, lambda: None, None).status == 3
    with pytest.raises(TooLong):
        guard.run(Start(["/bin/sleep", "1000"], str(guard.home), {}, str(guard.home / "printed")), lambda: None, 0.1)
    assert guard.run(start, lambda: None, None).status == 3
    with pytest.raises(LabrunError, match="cannot be started: Permission denied"):
        guard.run(Start([str(guard.home)], str(guard.home), {}, str(guard.home / "printed")), lambda: None, None)
    assert guard.run(start, lambda: None, None).status == 3
    guard.stop()


def test_ctrl_c_ends_the_program(temporary):
    guard = Guard()
    pids = guard.home / "pids"

    def interrupt():
        if pids.exists():
            raise KeyboardInterrupt

    line = "echo $$ > pids; exec sleep 1000"
    start = Start(["/bin/sh", "-c", line], str(guard.home), {}, str(guard.home / "printed"))
    with pytest.raises(KeyboardInterrupt):
        guard.run(start, interrupt, None)
    assert not is_alive(int(pids.read_text()))
    guard.stop()


def test_a_folder_of_somebody_else_is_not_used(temporary):
    root = temporary / f"labrun-programs-{os.getuid()}"
    root.symlink_to("/tmp")
    with pytest.raises(LabrunError, match="does not belong to you alone"):
        starting.root_folder()
    root.unlink()
    root.mkdir(mode=0o777)
    root.chmod(0o777)
    with pytest.raises(LabrunError, match="does not belong to you alone"):
        starting.root_folder()
