"""What scripts and notebooks call: `labrun.load`, `labrun.run`, `labrun.open_run`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.display import cards  # noqa: F401 - registers what a notebook shows
from labrun.faults import LabrunError, printable
from labrun.project import load as projects
from labrun.records.finished_run import Run
from labrun.store.places import default_runs

if TYPE_CHECKING:
    from labrun.project.load import Project

__all__ = ["RunFailed", "load", "open_run", "run"]

Overrides = Mapping[str, Any] | Sequence[str]


class RunFailed(LabrunError):
    """Stages of a run failed; all that does not need them is done. `error.run` holds the run with what there is."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def load(project: str | Path, *, set: Overrides = ()) -> Project:
    """Read and check a project; nothing runs. A notebook shows its stages, and which of them are done.

    Args:
        project: the YAML file.
        set: overrides, as a mapping `{"models.cnn.fit.epochs": 5}` or a list `["models.cnn.fit.epochs=5"]`.

    Raises:
        ProjectFaults: with every fault that was found.
        TypeError: `set` is one text.
    """
    return projects.load(Path(project), _as_texts(set))


def run(
    project: str | Path | Project,
    *,
    set: Overrides = (),
    workers: int | None = None,
    dask: str | None = None,
    only: str | Sequence[str] = (),
    fresh: bool = False,
    grace: float = 30.0,
    runs: str | Path | None = None,
    quiet: bool = False,
) -> Run:
    """Run a project as `labrun PROJECT.yaml` does: what is done already is left alone, everything else is done.

    Args:
        project: the YAML file, or what `load` gave.
        set: overrides, as for `load`.
        workers: worker processes; by default one a core.
        dask: a Dask cluster, as `--dask` takes it.
        only: a stage, or several: these and what they need, nothing else.
        fresh: do all stages again, whatever is in the store.
        grace: seconds that a part or an epoch in hand has to finish after Ctrl-C (in Jupyter: interrupt the kernel). A second
            Ctrl-C stops at once.
        runs: folder of runs and of the store; by default `runs`, or `$LABRUN_RUNS`.
        quiet: show nothing while it runs.

    Raises:
        ProjectFaults: the project or the call is wrong; nothing has run.
        TypeError: `set` is given with a project that is read already.
        RunFailed: a stage failed. All others are done, and `error.run` (or later `open_run`) holds them.
        KeyboardInterrupt: it was stopped. What is finished is kept: the same call goes on.
    """
    from labrun.engine.session import hire, run_project
    from labrun.workers.pool import available_cores

    if isinstance(project, (str, Path)):
        project = load(project, set=set)
    elif set:
        raise TypeError("'set' goes with the path of a project; give the overrides to labrun.load")
    with _own_backend():
        ending = run_project(
            project,
            Path(runs) if runs is not None else default_runs(),
            hire(workers or available_cores(), dask, 600.0),
            only=[only] if isinstance(only, str) else only,
            fresh=fresh,
            grace=grace,
            display=None if quiet else _display(),
            tell=lambda text: print(printable(text), file=sys.stderr),
        )
    found = Run(ending.folder, project)
    if ending.outcome == "interrupted":
        raise KeyboardInterrupt("the run was stopped; what is finished is kept, and the same call goes on")
    if ending.outcome == "failed":
        raise RunFailed(found.failure(), found)
    return found


def open_run(folder: str | Path) -> Run:
    """Open a run that is over, `runs/tumbling`; nothing is run.

    The project is that of the run, as `project.yaml` in its folder holds it; files that it names (tables, plugins) are sought where they
    were.

    Raises:
        ProjectFaults: the folder holds no run, or files that its project names are gone.
    """
    from labrun.project.yaml12 import Document
    from labrun.records.run_record import read_run

    folder = Path(folder)
    record = read_run(folder).record
    document = Document.read(folder / "project.yaml")
    return Run(folder, projects.make_project(document, _project_file(folder, str(record.get("file", "")))))


def _project_file(folder: Path, written: str) -> Path:
    """The project's file, beside which its tables and plugins lie: seen from here, or from beside the folder of runs."""
    places = [Path(written), folder.resolve().parent.parent / written]
    return next((place for place in places if place.is_file()), places[0])


@contextmanager
def _own_backend() -> Iterator[None]:
    """The engine draws without windows; afterwards, pictures of the caller appear again where they did before."""
    import matplotlib.pyplot as plt

    before = plt.get_backend()
    plt.switch_backend(before)  # that of Jupyter shows pictures only if no other was there before it
    try:
        yield
    finally:
        plt.switch_backend(before)


def _as_texts(overrides: Overrides) -> list[str]:
    if isinstance(overrides, str):
        raise TypeError(f"'set' takes a list of texts or a mapping, not one text; write set=[{overrides!r}]")
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value, ensure_ascii=False, default=_plain)}" for key, value in overrides.items()]
    return list(overrides)


def _plain(value: Any) -> Any:
    """What JSON does not know: numbers and arrays of NumPy, paths."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _display() -> Any:
    from rich.console import Console

    from labrun.display.terminal import display_for

    console = Console()
    if console.is_jupyter:
        from labrun.display.progress import NotebookProgress

        return NotebookProgress()
    return display_for(console)
