"""Conformance tests for plugins: pytest classes to subclass, and toy inputs.

    from labrun.testing import SimulatorContract

    class TestPendulum(SimulatorContract):
        plugin = Pendulum
        config = {"steps": 50}

Each check is a separate test whose message says what to do. Nothing is registered with pytest. See docs/testing.md.
"""

from labrun.testing.analyses import AnalysisContract
from labrun.testing.contract import PluginContract
from labrun.testing.datasets import DatasetContract
from labrun.testing.models import ModelContract
from labrun.testing.samplers import SamplerContract, toy_asked
from labrun.testing.simulators import SimulatorContract
from labrun.testing.toys import simulated_ensemble, toy_ensemble, toy_examples, toy_trained

__all__ = [
    "AnalysisContract",
    "DatasetContract",
    "ModelContract",
    "PluginContract",
    "SamplerContract",
    "SimulatorContract",
    "simulated_ensemble",
    "toy_asked",
    "toy_ensemble",
    "toy_examples",
    "toy_trained",
]
