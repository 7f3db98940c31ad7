"""The progress of a run in a notebook, and how a person stops it there."""

from __future__ import annotations

import pytest
from tests.waiting import HANG, wait_until

from labrun.contracts.events import RunFinished, RunStarted, StageFinished, StageProgressed, StageStarted
from labrun.display import progress


class Handle:
    """Stands for the output of a cell."""

    def __init__(self, page):
        self.pages = [page.data]

    def update(self, page):
        self.pages.append(page.data)


@pytest.fixture
def shown(monkeypatch):
    found = []

    def display(page, display_id):
        assert display_id is True
        found.append(Handle(page))
        return found[-1]

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0.0)
    return found


def test_one_output_is_drawn_anew(shown):
    told = progress.NotebookProgress()
    told.labrun_run_started(RunStarted(0.0, "<b>", "runs/x", ["a", "b"], ["a"], 2))
    told.labrun_stage_started(StageStarted(0.0, "models.b", "net", "k", "epochs", 4, 1))
    told.labrun_stage_progressed(StageProgressed(0.0, "models.b", 2, 4, {"loss": 0.51234}))
    told.labrun_stage_finished(StageFinished(0.0, "models.b", "failed", 3.0, "<i>no</i>"))
    told.labrun_run_finished(RunFinished(0.0, "failed", 5.0, "runs/x/report.html"))
    (handle,) = shown
    assert "<b>&lt;b&gt;</b>: 2 stages, 1 of them done before" in handle.pages[0]
    assert 'value="1" max="4"' in handle.pages[1]
    assert "2/4 epochs  loss 0.5123" in handle.pages[2]
    assert "✗ models.b &lt;i&gt;no&lt;/i&gt;" in handle.pages[3]
    assert "<div>stages failed after 5.0 s</div><div>report: runs/x/report.html</div>" in handle.pages[-1]
    assert "progress" not in handle.pages[-1]


def test_of_many_stages_the_last_are_shown(shown):
    told = progress.NotebookProgress()
    for number in range(progress.SHOWN + 3):
        told.labrun_stage_finished(StageFinished(0.0, f"a{number}", "reused", 0.0))
    page = shown[0].pages[-1]
    assert "3 stages before" in page
    assert "a2 " not in page
    assert f"a{progress.SHOWN + 2} " in page


SLEEP = '''
import time
from typing import ClassVar
from labrun import Field, Simulator, hookimpl

class Sleeper(Simulator):
    """Does nothing for some time."""
    name: ClassVar[str] = "sleeper"
    seconds: float = Field(description="of sleep [s]")
    def simulate(self, rng):
        time.sleep(self.seconds)
        return {"u": rng.random(3)}

@hookimpl
def labrun_simulators(): return [Sleeper]
'''
PROJECT = "project: sleep\nplugins: [sleep.py]\nsimulations:\n  nights: {use: sleeper, with: {seconds: 0.5}, sweep: {repeats: 60}}\n"


def reply_to(client, request):
    """The content of the reply to a request; a slow kernel may still answer earlier ones."""
    while (message := client.get_shell_msg(timeout=HANG))["parent_header"]["msg_id"] != request:
        pass
    return message["content"]


@pytest.mark.filterwarnings("default")
def test_interrupting_the_kernel_stops_the_run_and_not_the_kernel(tmp_path):
    from jupyter_client.manager import start_new_kernel

    (tmp_path / "sleep.py").write_text(SLEEP)
    (tmp_path / "sleep.yaml").write_text(PROJECT)
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        run = client.execute("import labrun; labrun.run('sleep.yaml', workers=1, grace=10)")
        parts = tmp_path / "runs" / ".store" / "simulations"
        wait_until(lambda: list(parts.glob("*/parts/*.json")), "a first part")
        manager.interrupt_kernel()
        reply = reply_to(client, run)
        assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
        assert reply["evalue"] == "the run was stopped; finished work is kept, and the same call continues"
        check = client.execute("import signal; assert signal.getsignal(signal.SIGINT) is signal.default_int_handler")
        assert reply_to(client, check)["status"] == "ok"
        assert 0 < len(list(parts.glob("*/parts/*.h5"))) < 60
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
