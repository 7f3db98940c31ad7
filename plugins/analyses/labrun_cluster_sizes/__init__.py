"""Analysis `cluster_sizes`: how large clusters are, and how often each size occurs."""

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
    """The distribution of cluster sizes on periodic planes, and the mean size, for each set of parameters.

    A cluster is a set of occupied sites that are joined over edges, across the borders of the plane too. The probability density that a
    cluster has s sites is

        p(s) = clusters in the bin of s / (all clusters × whole numbers in that bin),    Σ_s p(s) = 1,

    in bins between whole numbers whose width grows like s: up to about s = 5 each size has its own. The mean size, weighted by size, is
    that of the cluster of a particle, ⟨s⟩_w = Σ s² / Σ s in a snapshot (D. Stauffer and A. Aharony, Introduction to Percolation Theory,
    2nd ed. (1994), ch. 2; a cluster that percolates is left in here), and then the mean over snapshots.

    Members that agree in all columns of the table but `repeat` make a set of parameters. Its numbers are means over its members, each
    counted alike, and errors are standard errors over members: snapshots of one member are not independent.
    """

    name: ClassVar[str] = "cluster_sizes"
    version: ClassVar[int] = 1

    array: str = Field(
        "snapshots", description="array of the simulation, (snapshots, height, width), not 0 where a site is occupied"
    )
    bins_per_decade: int = Field(10, ge=1, le=1000, description="bins for a factor of ten in size")
    every: int = Field(1, ge=1, description="take each so-many-th snapshot of a member, from the first on")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The array must be there."""
        yield from simulation.missing_array("array", self.array)

    def analyse(self, simulation: Ensemble) -> Findings:
        """Tables `groups` (a row a set of parameters), `distribution` (a row a set and bin), `members`, and where members are repeated
        `member_distributions`; figure `distribution`. Metrics `clusters`, `largest cluster` [sites], `least mean cluster size` and
        `greatest mean cluster size` [sites] of the sets.

        Raises:
            ValueError: the array is not of snapshots, or there is none, or no cluster in any.
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
            captions=self._captions(sets, found),
        )

    def _count(self, simulation: Ensemble) -> tuple[np.ndarray, list[ClusterCount]]:
        """The edges of the bins, and the clusters of each member."""
        import math

        from labrun_cluster_sizes.counting import size_bins

        members = range(len(simulation))
        edges = size_bins(max(math.prod(simulation.shape(i, self.array)[1:]) for i in members), self.bins_per_decade)
        counts = list(simulation.map(partial(self._count_member, edges)))
        if not any(one.clusters for one in counts):
            raise ValueError(
                f"'{self.array}' of '{simulation.name}' has no occupied site in any snapshot; expected some that are not 0"
            )
        return edges, counts

    def _count_member(self, edges: np.ndarray, simulation: Ensemble, i: int) -> ClusterCount:
        from labrun_cluster_sizes.counting import count_clusters

        return count_clusters(simulation.planes(i, self.array, self.every), edges)

    def _captions(self, sets: Sequence[ParameterSet], found: Mapping[str, Any]) -> dict[str, str]:
        """What each figure and table shows."""
        of = "all snapshots" if self.every == 1 else f"one snapshot in {self.every}"
        means = f"Means over the members of a set of parameters, {of} each; {_errors(sets)}"
        bins = "A bin holds the sizes from 'low' to 'high', both included; 'centre' is their geometric mean [sites]."
        captions = {
            "distribution": f"Probability density p(s) that a cluster has s sites; Σ p(s) over whole s is 1. {means} {bins}",
            "groups": f"{means} 'mean cluster size' is Σ s² / Σ s of a snapshot [sites], 'largest fraction' the share of the "
            "particles in its largest cluster, 'single fraction' that of particles without neighbours.",
            "members": f"Over {of} of a member: all 'clusters', the 'largest cluster' [sites] of any snapshot, else means.",
        }
        if "mean cluster size, pooled" in found["members"]:
            captions["members"] += (
                " 'pooled' sums s² and s over all snapshots first: it differs where the number of particles does."
            )
        if "member_distributions" in found:
            captions["member_distributions"] = f"p(s) of each member by itself. {bins}"
        return captions


def _errors(sets: Sequence[ParameterSet]) -> str:
    """What is known of errors, in words."""
    alone = sum(len(one.members) == 1 for one in sets)
    if not alone:
        return "errors are standard errors over members."
    if alone == len(sets):
        return "there is one member in each, which tells no error (NaN)."
    return f"errors are standard errors over members; {alone} of {len(sets)} sets have one member, and no error (NaN)."


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ClusterSizes]
