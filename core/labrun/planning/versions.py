"""The version of labrun's engine in keys: one number for each section of a project.

The key of a stage covers the code of its plugin (`labrun.registry.code`); the engine that simulates, splits, trains and writes stands
in the key by the number of its section. Raise it in the commit that makes the engine give other results: all results of that section, and
what rests on them, are then made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias

from labrun.contracts.inputs import Section

__all__ = ["ENGINE", "ENGINE_MODULES"]

Contribution: TypeAlias = Section | Literal["rounds"]

ENGINE: Mapping[Contribution, int] = MappingProxyType(
    {"simulations": 3, "datasets": 3, "models": 5, "analyses": 4, "rounds": 1}
)
"""The version of what the engine contributes to the results of each section, and to the rows of a sweep that goes in rounds."""

_ALL = ("labrun.seeds", "labrun.planning.results", "labrun.engine.making", "labrun.contracts.plugin")

ENGINE_MODULES: Mapping[Contribution, tuple[str, ...]] = MappingProxyType(
    {
        "simulations": (
            *_ALL,
            "labrun.engine.delivery",
            "labrun.engine.isolation",
            "labrun.engine.members",
            "labrun.engine.part_task",
            "labrun.store.parts",
            "labrun.workers.protocol",
        ),
        "datasets": (*_ALL, "labrun.contracts.ensemble", "labrun.contracts.examples", "labrun.learning.summary"),
        "models": (
            *_ALL,
            "labrun.contracts.backend",
            "labrun.contracts.threads",
            "labrun.contracts.examples",
            "labrun.contracts.input_ranges",
            "labrun.contracts.trained",
            "labrun.learning.augmentation",
            "labrun.learning.batches",
            "labrun.learning.checkpoint",
            "labrun.learning.history",
            "labrun.learning.network_record",
            "labrun.learning.result_files",
            "labrun.learning.sampling",
            "labrun.learning.schedule",
            "labrun.learning.seen",
            "labrun.learning.training",
            "labrun.learning.variables",
        ),
        "analyses": (
            *_ALL,
            "labrun.contracts.ensemble",
            "labrun.contracts.examples",
            "labrun.contracts.figure_files",
            "labrun.contracts.findings",
            "labrun.contracts.labels",
            "labrun.contracts.measure",
            "labrun.contracts.samples",
            "labrun.contracts.trained",
            "labrun.kit.figure_text",
            "labrun.kit.figures.mplstyle",
            "labrun.kit.fonts",
            "labrun.planning.network_places",
            "labrun.workers.map_members",
        ),
        "rounds": (
            "labrun.contracts.ensemble",
            "labrun.contracts.examples",
            "labrun.contracts.sampling",
            "labrun.contracts.trained",
            "labrun.engine.asking",
            "labrun.engine.measuring",
            "labrun.kit.expression",
            "labrun.project.adaptive",
            "labrun.project.ranges",
            "labrun.project.rounds",
            "labrun.project.space",
            "labrun.seeds",
            "labrun.store.rounds",
        ),
    }
)
"""The modules of the engine that can change results of a section. A test fails when one of them changes and the number does not."""
