"""Analysis `cluster_sizes`: distribution and mean of cluster sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun.kit.parameter_sets import ParameterSet
    from labrun_cluster_sizes.counting import ClusterCount


class ClusterSizes(Analysis):
    """Distribution of cluster sizes on periodic planes, and the mean size, for each set of parameters.

    A cluster is a set of occupied sites connected through edges, also across the periodic boundaries. The probability that a cluster has
    s sites is

        p(s) = clusters in the bin of s / (all clusters × whole numbers in that bin),    Σ_s p(s) = 1,

    in bins whose width grows like s; up to about s = 5 each size has its own bin. The mean size is weighted by size: the mean over
    particles of the size of their cluster, ⟨s⟩_w = Σ s² / Σ s, in each snapshot (D. Stauffer and A. Aharony, Introduction to Percolation
    Theory, 2nd ed. (1994), ch. 2; here a percolating cluster is included). It is then averaged over snapshots.

    Members that agree in all columns but `repeat` form a set of parameters. Its values are means over its members with equal weight.
    Errors are standard errors over members, since snapshots of one member are not independent.
    """

    name: ClassVar[str] = "cluster_sizes"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), nonzero where a site is occupied"
    )
    bins_per_decade: int = Field(10, ge=1, le=1000, description="bins in each decade of size")
    every: int = Field(1, ge=1, description="use every n-th snapshot of a member, starting with the first")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the array exists."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return tables `groups` (a row for each set of parameters), `distribution` (a row for each set and bin), `members` and, if members
        are repeated, `member_distributions`; figure `distribution`. Metrics: `clusters`, `largest cluster` [sites], `least mean cluster
        size` and `greatest mean cluster size` [sites] of the sets.

        Raises:
            ValueError: the array does not hold snapshots, or no snapshot has an occupied site.
        """
        from labrun.kit.parameter_sets import parameter_sets
        from labrun_cluster_sizes import tables
        from labrun_cluster_sizes.drawing import draw_distributions

        edges, counts = self._count(simulation)
        sets = parameter_sets(simulation)
        curves = [tables.distribution([counts[i] for i in one.members], edges) for one in sets]
        groups = tables.group_table(sets, counts)
        found = {
            "groups": groups,
            "distribution": tables.set_distributions(sets, curves),
            "members": tables.member_table(simulation.parameters, counts),
        }
        if len(sets) < len(simulation):
            found["member_distributions"] = tables.member_distributions(simulation.parameters, counts, edges)
        means = [sum(counts[i].mean_size for i in one.members) / len(one.members) for one in sets]
        return Findings(
            metrics={
                "clusters": sum(one.clusters for one in counts),
                "largest cluster": max(one.largest for one in counts),
                "least mean cluster size": min(means),
                "greatest mean cluster size": max(means),
            },
            tables=found,
            figures={"distribution": draw_distributions(sets, curves)},
            captions=self._captions(sets, found, means),
        )

    def _count(self, simulation: Ensemble) -> tuple[np.ndarray, list[ClusterCount]]:
        """Return the bin edges, and the cluster counts of each member."""
        import math

        from labrun_cluster_sizes.counting import size_bins

        members = range(len(simulation))
        edges = size_bins(max(math.prod(simulation.shape(i, self.array)[1:]) for i in members), self.bins_per_decade)
        counts = list(simulation.map(partial(self._count_member, edges)))
        if not any(one.clusters for one in counts):
            raise ValueError(
                f"'{self.array}' of '{simulation.name}' is 0 everywhere; expected nonzero values where sites are occupied"
            )
        return edges, counts

    def _count_member(self, edges: np.ndarray, simulation: Ensemble, i: int) -> ClusterCount:
        from labrun_cluster_sizes.counting import count_clusters

        return count_clusters(simulation.planes(i, self.array, self.every), edges)

    def _captions(
        self, sets: Sequence[ParameterSet], found: Mapping[str, Any], sizes: Sequence[float]
    ) -> dict[str, str]:
        """Describe the figure and the tables."""
        of = "all snapshots" if self.every == 1 else f"one snapshot in {self.every}"
        means = f"Means over the members of a set of parameters, from {of} of each; {_errors(sets)}"
        bins = "A bin holds the sizes from 'low' to 'high', inclusive; 'centre' is their geometric mean [sites]."
        captions = {
            "distribution": f"Probability p(s) that a cluster has s sites; Σ p(s) = 1. {means} {bins}{_extremes(sets, sizes)}",
            "groups": f"{means} 'mean cluster size': Σ s² / Σ s of a snapshot [sites]. 'largest fraction': share of the particles in "
            "its largest cluster. 'single fraction': share of particles without neighbours.",
            "members": f"From {of} of each member: total number of 'clusters', size of the 'largest cluster' [sites], and means.",
        }
        if "mean cluster size, pooled" in found["members"]:
            captions["members"] += (
                " 'pooled': s² and s are summed over all snapshots first; it differs if the number of particles varies."
            )
        if "member_distributions" in found:
            captions["member_distributions"] = f"p(s) of each member. {bins}"
        return captions


def _extremes(sets: Sequence[ParameterSet], sizes: Sequence[float]) -> str:
    """Name the sets of parameters with the smallest and the largest clusters."""
    from labrun.kit.parameter_sets import varying

    if len(sets) < 2:
        return ""
    least, most = (pick(range(len(sets)), key=sizes.__getitem__) for pick in (min, max))
    columns = varying(sets)
    return (
        f" The mean cluster size goes from {sizes[least]:.3g} sites at {sets[least].title(columns)} to {sizes[most]:.3g} at "
        f"{sets[most].title(columns)}."
    )


def _errors(sets: Sequence[ParameterSet]) -> str:
    """Describe the errors."""
    alone = sum(len(one.members) == 1 for one in sets)
    if not alone:
        return "errors are standard errors over members."
    if alone == len(sets):
        return "with one member in each set, errors are unknown (NaN)."
    return (
        f"errors are standard errors over members, unknown (NaN) for the {alone} of {len(sets)} sets with one member."
    )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ClusterSizes]
