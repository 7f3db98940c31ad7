"""Sweeps that choose their next rows: the same bytes whatever happens, and a word about everything that can be wrong.

`python -m benchmarks.adaptive_kills` kills thirty times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from tests.core.labrun.engine.asked import PLUGIN, PROJECT
from tests.core.labrun.engine.test_kill import processes, running
from tests.waiting import wait_until

import labrun as api
from labrun.engine.asking import Asking
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import make_plan
from labrun.project.load import load
from labrun.project.stage import AdaptiveStage
from labrun.store.parts import Receipt


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Write the project, with replacements of its text, beside its plugins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugin.py").write_text(PLUGIN)

    def writing(*replacements: tuple[str, str], text: str = PROJECT) -> Path:
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "p.yaml").write_text(text)
        return Path("p.yaml")

    return writing


def stage_of(path: Path) -> AdaptiveStage:
    return cast("AdaptiveStage", load(path).stages["simulations.scan"])


def made(runs: str = "runs") -> dict[str, bytes]:
    """All that a run made (manifests hold times)."""
    folder = Path(runs) / "asked/simulations/scan"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("manifest.json", ".key")
    }


def rows(runs: str = "runs") -> list[dict[str, str]]:
    header, *lines = (Path(runs) / "asked/simulations/scan/members.csv").read_text().splitlines()
    return [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]


# -- the same bytes ----------------------------------------------------------------------------------------------------------------


def command(runs: str, workers: int = 2) -> list[str]:
    return [sys.executable, "-m", "labrun", "run", "p.yaml", "--runs", runs, "--workers", str(workers)]


def test_rows_and_bytes_do_not_depend_on_workers_or_on_kills(write, tmp_path):
    write(("use: bowl\n", "use: bowl\n    with: {pause: 0.1}\n"))
    for workers in (1, 3):
        subprocess.run(command(f"{workers}", workers), check=True, capture_output=True)
    assert len(rows("1")) == 40
    assert made("1") == made("3")
    for kill, members in enumerate((3, 25)):
        mark = f"asking-{os.getpid()}-{kill}"
        with running(tmp_path, *command("killed"), mark=mark) as process:
            parts = Path("killed/.store/simulations")
            wait_until(
                lambda parts=parts, least=members: len([*parts.glob("*/parts/*.h5")]) >= least, f"member {members}"
            )
            process.kill()
        wait_until(partial(lambda mark: not processes(mark), mark), "the end of all processes")
        asked = sum(len(json.loads(path.read_text())["rows"]) for path in parts.glob("*/rounds/??????.json"))
        assert asked >= len([*parts.glob("*/parts/*.h5")])  # rows are written before they are simulated
    subprocess.run(command("killed"), check=True, capture_output=True)
    assert made("killed") == made("1")


def test_the_store_is_made_whole_again(write, labrun):
    """A damaged round is chosen again from the same results."""
    write()
    assert labrun("run", "p.yaml", "--workers", 1).code == 0
    before = made()
    (store,) = Path("runs/.store/simulations").iterdir()
    for name in ("rounds/000002.json", "rounds/000001.measured.json", "parts/000015.h5"):
        (store / name).chmod(0o600)
        (store / name).write_bytes(b"{}")
    outcome = labrun("run", "p.yaml", "--workers", 1)
    assert outcome.code == 0
    assert "rounds/000002.json" in outcome.out + outcome.err
    assert made() == before


# -- rounds ------------------------------------------------------------------------------------------------------------------------


def asking(path: Path, tmp_path: Path) -> Asking:
    plan = make_plan(load(path), tmp_path / "store")
    planned = plan.stages["simulations.scan"]
    work: Any = SimpleNamespace(plan=plan, planned=planned, seconds=0.0)
    return Asking(cast("AdaptiveStage", planned.stage), work)


def simulate(found: Asking, receipts: dict[int, Receipt], *parts: int) -> None:
    from labrun.engine.delivery import simulate_part

    for number in parts:
        receipts[number] = simulate_part(found.task(number))


def test_workers_go_on_while_the_slowest_member_is_simulated(write, tmp_path):
    """Of round 1, one member is slow; round 2 is begun without it, round 3 waits for it."""
    found, receipts = asking(write(), tmp_path), {}
    parts = found.missing(receipts)
    simulate(found, receipts, *[cast("int", next(parts)) for _ in range(11)])
    slow = cast("int", next(parts))
    assert next(parts) is None  # the first round must be complete
    simulate(found, receipts, slow)
    first = [cast("int", next(parts)) for _ in range(6)]
    second = [cast("int", next(parts)) for _ in range(6)]
    assert [*first, *second] == list(range(12, 24))
    simulate(found, receipts, *second, *first[1:])
    assert next(parts) is None
    assert found.stage.rounds == (12, 6, 6)
    simulate(found, receipts, first[0])
    assert next(parts) == 24


def test_a_round_is_on_disk_before_its_first_part_is_begun(write, tmp_path):
    found, receipts = asking(write(), tmp_path), {}
    for part in found.missing(receipts):
        assert part is not None
        assert (
            sum(len(json.loads(path.read_text())["rows"]) for path in found.result.path.glob("rounds/??????.json"))
            > part
        )
        simulate(found, receipts, part)
    assert len(receipts) == 40


def test_one_round_in_flight_waits(write, tmp_path):
    found, receipts = asking(write(("batch: 6", "batch: 6\n        in_flight: 1")), tmp_path), {}
    parts = found.missing(receipts)
    simulate(found, receipts, *[cast("int", next(parts)) for _ in range(12)])
    simulate(found, receipts, *[cast("int", next(parts)) for _ in range(5)])
    next(parts)
    assert next(parts) is None


def finished(path: Path, tmp_path: Path) -> Asking:
    """The sweep when all of its rounds are there, without a run around it."""
    found, receipts = asking(path, tmp_path), {}
    for part in found.missing(receipts):
        simulate(found, receipts, cast("int", part))
    found.measure(len(found.rounds), receipts)
    return found


def table(found: Asking) -> dict[str, list[Any]]:
    return found.stage.as_made(found.result).table.columns


def test_repeats_are_averaged_and_share_random_numbers_where_they_should(write, tmp_path):
    change = ("        measure: {number: mean(u)}\n", "        measure: {number: height}\n      repeats: 3\n")
    own = table(finished(write(change, ("count: 40", "count: 18")), tmp_path))
    assert len(own["x"]) == 3 * 18
    assert own["repeat"][:6] == [0, 1, 2] * 2
    assert len({*own["measured"][:3]}) == 3  # each has its own noise
    same = ("repeats: 3", "repeats: 3\n      seed_by: [x, y]")
    shared = table(finished(write(change, ("count: 40", "count: 18"), same), tmp_path))
    assert len({*shared["measured"][:3]}) == 1


def test_small_grids_are_asked_whole(write, tmp_path):
    """All places are asked, each once; then the sweep ends."""
    grid = "columns: {x: {from: 0, to: 1, step: 0.25}, y: [0.0, 0.3, 1.0]}"
    found = finished(write(("columns: {x: {from: 0, to: 1}, y: {from: 0, to: 1}}", grid)), tmp_path)
    asked = table(found)
    places = [*zip(asked["x"], asked["y"], strict=True)]
    assert sorted(places) == [(x / 4, y) for x in range(5) for y in (0.0, 0.3, 1.0)]
    assert found.stopped == "every place was asked"


def test_it_stops_where_a_further_round_would_change_little(write, tmp_path):
    found = finished(write(("sampler: lowest", "sampler: lowest\n        until: {change: 0.9}")), tmp_path)
    assert found.stage.rounds == (
        12,
        6,
        6,
        6,
        6,
    )  # three changes are known when the fifth would be chosen; two were in flight
    mean, error = np.mean(found.changes[:3]), np.std(found.changes[:3], ddof=1) / np.sqrt(3)
    assert found.stopped == f"a further round would change less than 0.9: {mean:.2g} ± {error:.2g}"


def test_it_begins_no_round_after_its_time(write, tmp_path):
    found, receipts = asking(write(("sampler: lowest", "sampler: lowest\n        until: {minutes: 5}")), tmp_path), {}
    for part in found.missing(receipts):
        simulate(found, receipts, cast("int", part))
        found.work.seconds = 301.0  # type: ignore[misc]
    assert found.stage.rounds == (12,)
    assert found.stopped == "5 minutes had passed"


def test_failed_members_stop_the_sweep_or_are_left_out(write, tmp_path):
    found = finished(write(("use: bowl\n", "use: bowl\n    with: {hole: 0.2}\n")), tmp_path)
    assert (found.stage.rounds, found.stopped) == ((12,), "members failed")
    skipping = finished(
        write(("use: bowl\n", "use: bowl\n    with: {hole: 0.2}\n    failures: skip\n")), tmp_path / "skip"
    )
    asked = table(skipping)
    assert sum(skipping.stage.rounds) == 40
    assert [value is None for value in asked["measured"]] == [x < 0.2 for x in asked["x"]]


# -- what a person sees ------------------------------------------------------------------------------------------------------------


def test_plan_status_and_why(write, labrun):
    write()
    planned = labrun("plan", "p.yaml", "--no-measure").out
    assert "at most 40 members, in 5 rounds after the first 12" in planned
    found = stage_of(Path("p.yaml"))
    assert (found.adaptive.rounds, found.table.size) == (5, 12)
    assert labrun("run", "p.yaml", "--workers", 1).code == 0
    (store,) = Path("runs/.store/simulations").iterdir()
    (store / "manifest.json").unlink()
    for path in [*(store / "rounds").glob("00000[45]*"), *(store / "parts").glob("00003*")]:
        path.unlink()
    assert "round 3 of 5, 30 of 40 members" in labrun("status", "p.yaml").out
    assert labrun("run", "p.yaml", "--workers", 1).code == 0
    why = labrun("why", "p.yaml", "scan", "--set", "simulations.scan.sweep.adaptive.batch=7").out
    assert "adaptive.batch: 6 → 7" in why
    Path("plugin.py").write_text(PLUGIN.replace("0.1 * distance", "0.2 * distance"))
    assert "code: plugin (changed)" in labrun("why", "p.yaml", "scan").out
    assert "nothing to remove" in labrun("gc").out
    assert labrun("verify").code == 0


def test_a_finished_run_in_python(write, labrun):
    write()
    assert labrun("run", "p.yaml", "--workers", 1).code == 0
    ensemble = api.open_run("runs/asked")["scan"]
    assert len(ensemble) == 40
    table = ensemble.parameters
    assert table["round"].tolist() == [0] * 12 + [i for i in range(1, 5) for _ in range(6)] + [5] * 4
    assert table["score"].isna().tolist() == [True] * 12 + [False] * 28
    means = [float(ensemble.read(i, "u").mean()) for i in range(40)]
    assert np.allclose(table["measured"].to_numpy(float), means)
    first = table["round"] == 0
    assert table["measured"][~first].mean() < table["measured"][first].mean()  # it looks where it is low


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("list", "Broken.propose ('broken') must return labrun.Choice(rows, scores), not list"),
        ("twice", "Broken.propose ('broken') was asked for 6 different candidates and returned 1"),
        ("far", "must return places among the 8192 candidates; it returned 8192 to 8197"),
        ("nan", "Broken.propose ('broken') must return finite scores"),
        ("shape", "it returned rows (6,) float64 and scores (6,)"),
        ("raises", "the sampler 'broken' raised RuntimeError: no idea"),
    ],
)
def test_a_broken_sampler_is_explained(write, tmp_path, fault, message):
    path = write(("sampler: lowest", f"sampler: {{use: broken, with: {{fault: {fault}}}}}"))
    with pytest.raises(LabrunError) as error:
        finished(path, tmp_path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sampler: lowest", "sampler: lowst", "p.yaml:13:18: simulations.scan.{}.sampler: there is no sampler 'lowst'"),
        ("sampler: lowest", "sampler: bowl", "'bowl' is a simulator and belongs under 'simulations'; a sampler is wanted here"),
        ("use: bowl", "use: lowest", "'lowest' is a sampler and belongs under 'sweep.adaptive'; a simulator is wanted here"),
        ("sampler: lowest", "sampler: {use: broken, with: {falt: x}}", "simulations.scan.{}.sampler.with (broken): did you mean 'fault'?"),
        ("sampler: lowest", "sampler: boundary", "'boundary' needs classes: give 'class_of' under 'measure'"),
        ("number: mean(u)", "number: mean(v)", "p.yaml:14:27: simulations.scan.{}.measure.number: 'v' is not an array"),
        ("number: mean(u)", "class_of: u, number: x", "give either 'class_of'"),
        ("{x: {from: 0, to: 1}", "{xx: {from: 0, to: 1}", "bowl has no parameter 'xx': did you mean 'x'?"),
        ("{x: {from: 0, to: 1}", "{x: {from: 1, to: 1}", "'to' (1.0) must be above 'from' (1.0)"),
        ("{x: {from: 0, to: 1}", "{round: {from: 0, to: 1}", "a column cannot be called 'round'"),
        ("count: 40", "count: 10", "'start' has 12 rows, more than 'count' allows (10)"),
        ("use: bowl", "use: bowl\n    from: {model: net}", "there is no model 'net' (the project has no 'models')"),
        ("use: bowl", "use: bowl\n    from: {dataset: net}", "bowl has no input 'dataset'"),
        ("      adaptive:", "      seed_by: [score]\n      adaptive:", "'seed_by' names 'score'"),
    ],
)  # fmt: skip
def test_faults_have_places(write, labrun, old, new, message):
    outcome = labrun("check", write((old, new)))
    assert outcome.code == 2
    assert message.replace("{}", "sweep.adaptive") in outcome.err
    assert "p.yaml:" in outcome.err


def test_a_number_for_each_member_is_needed(write, labrun):
    """What goes wrong between rounds is said as any other failure of the stage; what was simulated is kept."""
    write(("number: mean(u)", "number: u"))
    outcome = labrun("run", "p.yaml", "--workers", 1)
    assert outcome.code == 1
    assert (
        "'u' gives an array of shape (8, 9) for a member, not one number: take its mean(…)" in outcome.out + outcome.err
    )
    assert "Traceback" not in outcome.out + outcome.err
    assert "12 of 40 members" in labrun("status", "p.yaml").out


def test_a_round_that_was_changed_is_chosen_again(write, tmp_path):
    found = asking(write(), tmp_path)
    path = GuardedPath(found.result.path) / "rounds/000000.json"
    whole = path.content()
    content = json.loads(path.text())
    content["rows"][0] = [0.5, 0.5]
    path.path.write_text(json.dumps(content))
    asking(Path("p.yaml"), tmp_path)
    assert path.content() == whole
