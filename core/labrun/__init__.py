"""labrun: simulate, learn, analyse and report from one YAML file.

This page is all that a plugin needs: `from labrun import …`. What several plugins share beyond it is in `bootstrap`, `classification`,
`clusters`, `drawn_networks`, `expression`, `files`, `filling`, `fragments`, `layer_words`, `networks`, `palette`, `parameter_sets`,
`patterns`, `periodic`, `presets`, `ranges`, `recovery`, `shades`, `spectra`, `sprites` and `targets`.
"""

from labrun.ensemble import Ensemble
from labrun.examples import ArraySpec, Examples, ExampleSpec, Quantity
from labrun.faults import did_you_mean
from labrun.findings import Findings
from labrun.inputs import Outline
from labrun.plugin import Analysis, Arrays, Dataset, Field, Model, Plugin, Simulator, View, hookimpl
from labrun.trained import TrainedModel

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
    "Model",
    "Outline",
    "Plugin",
    "Quantity",
    "Simulator",
    "TrainedModel",
    "View",
    "did_you_mean",
    "hookimpl",
]
