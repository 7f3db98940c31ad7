from __future__ import annotations

from labrun.planning.network_places import network_places
from labrun.project.load import load

NET = "{use: line, fit: {train: waves.train, epochs: 1}"


def places(write_project, waves, models: str) -> dict[str, int]:
    before, _, after = waves.partition("models:\n")
    project = f"{before}models:\n{models}\nanalyses:{after.partition('analyses:')[2]}"
    return network_places(load(write_project(project)))


def test_networks_are_numbered_as_they_are_written_and_seeds_share_a_place(write_project, waves):
    models = "\n".join(
        (
            f"  net: {NET}, matrix: {{with.learning_rate: [0.1, 0.2], fit.seed: [0, 1]}}}}",
            f"  last: {NET}}}",
        )
    )
    found = places(write_project, waves, models)
    assert found == {
        "models.net[learning_rate=0.1,seed=0]": 0,
        "models.net[learning_rate=0.1,seed=1]": 0,
        "models.net[learning_rate=0.2,seed=0]": 1,
        "models.net[learning_rate=0.2,seed=1]": 1,
        "models.last": 2,
    }
