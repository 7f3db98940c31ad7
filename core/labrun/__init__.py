"""labrun: simulate, learn, analyse and report from one YAML file.

A plugin needs this page alone: `from labrun import …`. Help for plugins is in `labrun.kit`; code that several plugins share is in the
packages under `plugins/shared`. The packages are described in `docs/architecture.md`.

In a script or a notebook, `labrun.load`, `labrun.run` and `labrun.open_run` do what the command line does, and return a `Run`.
"""

from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import ArraySpec, Examples, ExampleSpec, Quantity
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import Outline
from labrun.contracts.measure import Interval, Measure
from labrun.contracts.plugin import Analysis, Arrays, Dataset, Field, Model, Plugin, Sampler, Simulator, View, hookimpl
from labrun.contracts.sampling import Asked, Choice
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError, did_you_mean
from labrun.files.kernel_cache import provide_kernel_cache

if TYPE_CHECKING:
    from labrun.api import RunFailed, load, open_run, run
    from labrun.records.finished_run import Run

__all__ = [
    "Analysis",
    "ArraySpec",
    "Arrays",
    "Asked",
    "Choice",
    "Dataset",
    "Ensemble",
    "ExampleSpec",
    "Examples",
    "Field",
    "Findings",
    "Interval",
    "LabrunError",
    "Measure",
    "Model",
    "Outline",
    "Plugin",
    "Quantity",
    "Run",
    "RunFailed",
    "Sampler",
    "Simulator",
    "TrainedModel",
    "View",
    "did_you_mean",
    "hookimpl",
    "load",
    "open_run",
    "run",
]

provide_kernel_cache()  # before a plugin imports Numba, in every process

_LAZY = {
    "Run": "labrun.records.finished_run",
    "RunFailed": "labrun.api",
    "load": "labrun.api",
    "open_run": "labrun.api",
    "run": "labrun.api",
}
"""Names that plugins do not need; `import labrun` does not load them."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'labrun' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return __all__
