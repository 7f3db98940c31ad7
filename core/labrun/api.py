"""The functions for scripts and notebooks: `labrun.load`, `labrun.run`, `labrun.open_run`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.display import cards  # noqa: F401 - registers the cards that a notebook shows
from labrun.faults import Fault, LabrunError, ProjectFaults, printable
from labrun.project import load as projects
from labrun.records.finished_run import Run
from labrun.store.places import default_runs

if TYPE_CHECKING:
    from labrun.project.load import Project

__all__ = ["RunFailed", "load", "open_run", "run"]

Overrides = Mapping[str, Any] | Sequence[str]


class RunFailed(LabrunError):
    """Stages of a run failed; all stages that do not need them are done. `error.run` holds the run with these results."""

    def __init__(self, message: str, run: Run) -> None:
        super().__init__(message)
        self.run = run


def load(project: str | Path, *, set: Overrides = ()) -> Project:
    """Read and check a project; nothing is run. A notebook shows its stages, and which of them are done.

    Args:
        project: the YAML file.
        set: overrides, as a mapping `{"models.cnn.fit.epochs": 5}` or a list `["models.cnn.fit.epochs=5"]`.

    Raises:
        ProjectFaults: the project has faults; the error lists all of them.
        TypeError: `set` is a single text.
    """
    return projects.load(Path(project), _as_texts(set))


def run(
    project: str | Path | Project,
    *,
    set: Overrides = (),
    workers: int | None = None,
    dask: str | None = None,
    only: str | Sequence[str] = (),
    fresh: bool | str | Sequence[str] = False,
    grace: float = 30.0,
    runs: str | Path | None = None,
    quiet: bool = False,
) -> Run:
    """Run a project as `labrun PROJECT.yaml` does: finished stages are reused, all others are done.

    Args:
        project: the YAML file, or a loaded project.
        set: overrides, as for `load`.
        workers: number of worker processes; by default one per core.
        dask: a Dask cluster, as `--dask` takes it.
        only: one or several stages: do these and the stages that they need.
        fresh: do all stages again, even if their results are in the store; or a stage, or several, and what follows from them.
        grace: seconds to finish the current part or epoch after Ctrl-C (in Jupyter: interrupt the kernel). A second Ctrl-C
            stops at once.
        runs: folder of runs and of the store; by default `runs`, or `$LABRUN_RUNS`.
        quiet: show no progress.

    Raises:
        ProjectFaults: the project or the call is wrong; nothing has run.
        TypeError: `set` is given with a project that is loaded already.
        RunFailed: a stage failed. All others are done, and `error.run` (or later `open_run`) holds them.
        KeyboardInterrupt: the run was stopped. Finished work is kept; the same call continues.
    """
    from labrun.engine.session import hire, run_project
    from labrun.workers.pool import available_cores

    if isinstance(project, (str, Path)):
        project = load(project, set=set)
    elif set:
        raise TypeError("'set' needs the path of a project; for a loaded project, give the overrides to labrun.load")
    with _own_backend():
        ending = run_project(
            project,
            Path(runs) if runs is not None else default_runs(),
            hire(workers or available_cores(), dask, 600.0),
            only=[only] if isinstance(only, str) else only,
            fresh=[fresh] if isinstance(fresh, str) else fresh,
            grace=grace,
            display=None if quiet else _display(),
            notify=lambda text: print(printable(text), file=sys.stderr),
        )
    found = Run(ending.folder, project)
    if ending.outcome == "interrupted":
        raise KeyboardInterrupt("the run was stopped; finished work is kept, and the same call continues")
    if ending.outcome == "failed":
        raise RunFailed(found.failure(), found)
    return found


def open_run(folder: str | Path, *, plugins: Sequence[str | Path] = ()) -> Run:
    """Open a finished run, such as `runs/tumbling`. Nothing is run, and no code in its folder is executed.

    The run is read from its own folder, wherever that lies: tables and files that its project names are not needed. Examples of a dataset
    and networks of a model need their plugin; all other results do not.

    Args:
        folder: the folder of the run.
        plugins: plugin files to load, such as `runs/tumbling/sources/my_plugin.py`. Load only files that you trust.

    Raises:
        ProjectFaults: the folder does not hold a run, it is damaged, or a plugin file cannot be loaded.
    """
    from labrun.records.recorded_project import recorded_project
    from labrun.records.run_record import expect_sound, read_run
    from labrun.registry.registry import Registry

    folder = Path(folder)
    run = read_run(folder)
    registry = Registry.installed()
    for file in plugins:
        if broken := registry.add_file(Path(file)):
            raise ProjectFaults([Fault(f"the plugin file '{file}' could not be loaded: {broken.explanation}")])
    with expect_sound(folder):
        return Run(folder, recorded_project(run, registry))


@contextmanager
def _own_backend() -> Iterator[None]:
    """Restore the caller's Matplotlib backend afterwards: the engine draws without windows."""
    import matplotlib.pyplot as plt

    before = plt.get_backend()
    plt.switch_backend(before)  # Jupyter's backend shows pictures only if it was the first
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
    """Convert values that JSON does not know: NumPy's numbers and arrays, paths."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def _display() -> Any:
    from rich.console import Console

    from labrun.display.terminal import display_for

    console = Console()
    if console.is_jupyter:
        from labrun.display.progress import NotebookProgress

        return NotebookProgress()
    return display_for(console)
