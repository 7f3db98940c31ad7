"""Places of networks in their project, from which their colours in figures follow."""

from __future__ import annotations

from labrun.contracts.naming import kind_of
from labrun.project.load import Project

__all__ = ["network_places"]


def network_places(project: Project) -> dict[str, int]:
    """Number the kinds of networks from 0, in the order in which the project names them: stages that differ in their seed alone share a
    place. Returns the place of each model by the id of its stage."""
    written = list(project.document.value.get("models") or ())
    models = [stage for stage in project.stages.values() if stage.section == "models"]
    kinds = {
        one.id: kind_of(one.name, one.values) for one in sorted(models, key=lambda stage: written.index(stage.base))
    }
    numbers = {kind: number for number, kind in enumerate(dict.fromkeys(kinds.values()))}
    return {identifier: numbers[kind] for identifier, kind in kinds.items()}
