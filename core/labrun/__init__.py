"""labrun: simulate, learn, analyse and report from one YAML file.

This page is all that a plugin needs: `from labrun import …`. What several plugins share beyond it is in `bootstrap`, `classification`,
`clusters`, `drawn_networks`, `expression`, `files`, `filling`, `flattening`, `fragments`, `hdf5`, `layer_words`, `limits`, `networks`,
`palette`, `parameter_sets`, `patterns`, `periodic`, `pictures`, `presets`, `ranges`, `recovery`, `shades`, `spectra`, `sprites` and
`targets`.

In a script or a notebook, `labrun.load`, `labrun.run` and `labrun.open_run` do what the command line does; `Run` is what comes back.
"""

from typing import TYPE_CHECKING, Any

from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import ArraySpec, Examples, ExampleSpec, Quantity
from labrun.contracts.findings import Findings
from labrun.contracts.inputs import Outline
from labrun.contracts.plugin import Analysis, Arrays, Dataset, Field, Model, Plugin, Simulator, View, hookimpl
from labrun.contracts.trained import TrainedModel
from labrun.faults import LabrunError, did_you_mean

if TYPE_CHECKING:
    from labrun.api import RunFailed, load, open_run, run
    from labrun.records.finished_run import Run

__all__ = [
    "Analysis",
    "ArraySpec",
    "Arrays",
    "Dataset",
    "Ensemble",
    "ExampleSpec",
    "Examples",
    "Field",
    "Findings",
    "LabrunError",
    "Model",
    "Outline",
    "Plugin",
    "Quantity",
    "Run",
    "RunFailed",
    "Simulator",
    "TrainedModel",
    "View",
    "did_you_mean",
    "hookimpl",
    "load",
    "open_run",
    "run",
]

_LAZY = {
    "Run": "labrun.records.finished_run",
    "RunFailed": "labrun.api",
    "load": "labrun.api",
    "open_run": "labrun.api",
    "run": "labrun.api",
}
"""What plugins do not need, and `import labrun` does not load."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'labrun' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return __all__
