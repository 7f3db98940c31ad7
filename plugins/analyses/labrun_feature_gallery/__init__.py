"""Analysis `feature_gallery`: what snapshots look like, with their clusters coloured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    from labrun_feature_gallery.choosing import Snapshot
    from labrun_feature_gallery.colouring import Picture


class FeatureGallery(Analysis):
    """An example of a snapshot for each set of parameters, its clusters coloured.

    A cluster is a set of occupied sites that are joined over edges, across the borders of the periodic plane too: it keeps its colour
    over the edge. The largest have strong colours in the order of their size, all others are grey, the darker the larger; empty sites are
    white. Over each picture stand the parameters, the mean cluster size of this snapshot, weighted by size, ⟨s⟩ = Σ s² / Σ s over the
    sizes s of its clusters, and the largest cluster as a share of the particles.

    Members that agree in all columns of the table but `repeat` make a set of parameters; its first member is shown.
    """

    name: ClassVar[str] = "feature_gallery"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), not 0 where a site is occupied"
    )
    panels: int = Field(12, ge=1, le=48, description="pictures at most; of more sets of parameters some, evenly chosen")
    snapshot: int = Field(-1, description="which snapshot of a member is shown, from 0; -1 is the last")
    highlight: int = Field(6, ge=0, le=20, description="largest clusters of a picture that have a colour of their own")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The array must be there."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings:
        """Figure `gallery`, and table `panels` with the numbers of each picture. Metrics `panels` and `sets of parameters`.

        Raises:
            ValueError: the array is not of snapshots, or there is no such snapshot.
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
            panels.append(Panel(one.label() or simulation.name, _in_words(rows[-1]), picture))
        parameters = pd.DataFrame([one.values for one in chosen])
        return Findings(
            metrics={"panels": len(panels), "sets of parameters": len(sets)},
            tables={"panels": pd.concat([parameters, pd.DataFrame(rows)], axis=1)},
            figures={"gallery": draw_gallery(panels)},
            captions=self._captions(len(panels), len(sets)),
        )

    def _captions(self, shown: int, there: int) -> dict[str, str]:
        """What the figure and the table show."""
        which = "The last snapshot" if self.snapshot == -1 else f"Snapshot {self.snapshot}"
        of = f"{shown} of {there} sets, evenly chosen" if shown < there else "each set" if there > 1 else "the only set"
        colours = (
            f"The {self.highlight} largest clusters of more than one site have colours, with their sizes in sites below; others are grey, "
            if self.highlight
            else "All clusters are grey, "
        )
        return {
            "gallery": f"{which} of the first member of {of} of parameters. {colours}the darker the larger; "
            "the plane is periodic, and a cluster goes on over its edge. ⟨s⟩ is the mean cluster size, weighted by size, 'largest' "
            "the share of the particles in the largest cluster.",
            "panels": "The numbers of each picture: 'mean cluster size' is Σ s² / Σ s [sites], 'largest fraction' a share of particles.",
        }


def _numbers(snapshot: Snapshot, picture: Picture) -> dict[str, Any]:
    """A row of the table; a plane without particles has a mean size and a largest fraction of 0."""
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
