"""Analysis `feature_gallery`: snapshots with coloured clusters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    from labrun_feature_gallery.choosing import Snapshot
    from labrun_feature_gallery.colouring import Picture


class FeatureGallery(Analysis):
    """One snapshot for each set of parameters, with coloured clusters.

    A cluster is a set of occupied sites connected through edges, also across the periodic boundaries, where it keeps its colour. The
    largest clusters have strong colours in the order of their size; all others are grey, darker if larger; empty sites are white. The
    title of each picture gives the parameters, the mean cluster size of this snapshot, weighted by size, ⟨s⟩ = Σ s² / Σ s over the sizes
    s of its clusters, and the largest cluster as a share of the particles.

    Members that agree in all columns but `repeat` form a set of parameters; its first member is shown.
    """

    name: ClassVar[str] = "feature_gallery"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), nonzero where a site is occupied"
    )
    panels: int = Field(
        12,
        ge=1,
        le=48,
        description="maximum number of pictures; of more sets of parameters, evenly spaced ones are shown",
    )
    snapshot: int = Field(-1, description="index of the snapshot, from 0; -1 is the last")
    highlight: int = Field(6, ge=0, le=20, description="number of largest clusters with their own colour")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return figure `gallery`, and table `panels` with the numbers of each picture. Metrics: `panels` and `sets of parameters`.

        Raises:
            ValueError: the array does not hold snapshots, or lacks the chosen one.
        """
        import pandas as pd

        from labrun.kit.class_colours import class_colours
        from labrun.kit.parameter_sets import parameter_sets
        from labrun_feature_gallery.choosing import choose_evenly, read_snapshot
        from labrun_feature_gallery.colouring import colour_clusters
        from labrun_feature_gallery.drawing import Panel, draw_gallery

        sets = parameter_sets(simulation)
        colours = class_colours([str(i) for i in range(self.highlight)])
        panels, rows = [], []
        for one in (chosen := choose_evenly(sets, self.panels)):
            snapshot = read_snapshot(simulation, one.members[0], self.array, self.snapshot)
            picture = colour_clusters(snapshot.plane, colours)
            rows.append(_numbers(snapshot, picture))
            panels.append(Panel(one.title() or simulation.name, _in_words(rows[-1]), picture))
        parameters = pd.DataFrame([one.values for one in chosen])
        return Findings(
            metrics={"panels": len(panels), "sets of parameters": len(sets)},
            tables={"panels": pd.concat([parameters, pd.DataFrame(rows)], axis=1)},
            figures={"gallery": draw_gallery(panels)},
            captions=self._captions(len(panels), len(sets)),
        )

    def _captions(self, shown: int, there: int) -> dict[str, str]:
        """Describe the figure and the table."""
        which = "The last snapshot" if self.snapshot == -1 else f"Snapshot {self.snapshot}"
        of = f"{shown} of {there} evenly chosen sets" if shown < there else "each set" if there > 1 else "the only set"
        colours = (
            f"The {self.highlight} largest clusters of more than one site are coloured, with their sizes [sites] below; others are grey, "
            if self.highlight
            else "All clusters are grey, "
        )
        return {
            "gallery": f"{which} of the first member of {of} of parameters. {colours}darker if larger. "
            "Clusters continue across the periodic boundaries. ⟨s⟩: mean cluster size, weighted by size. 'largest': share of the particles "
            "in the largest cluster.",
            "panels": "Numbers of each picture. 'mean cluster size': Σ s² / Σ s [sites]. 'largest fraction': share of the particles.",
        }


def _numbers(snapshot: Snapshot, picture: Picture) -> dict[str, Any]:
    """Return a row of the table; without particles, mean size and largest fraction are 0."""
    sizes = picture.sizes
    particles = int(sizes.sum())
    return {
        "member": snapshot.member,
        "snapshot": snapshot.number,
        "particles": particles,
        "clusters": len(sizes),
        "mean cluster size": float((sizes**2).sum()) / max(1, particles),
        "largest cluster": int(sizes.max(initial=0)),
        "largest fraction": int(sizes.max(initial=0)) / max(1, particles),
    }


def _in_words(row: dict[str, Any]) -> str:
    size = row["mean cluster size"]
    digits = f"{size:.3g}" if size < 999.5 else f"{size:,.0f}"
    return f"⟨s⟩ = {digits}, largest {row['largest fraction']:.1%}"


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [FeatureGallery]
