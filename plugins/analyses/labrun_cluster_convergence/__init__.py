"""Analysis `cluster_convergence`: start of the steady state, correlation of its snapshots, and stationary mean."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun_cluster_convergence.sources import Observable, describe_sources, has_source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from labrun_cluster_convergence.convergence import Convergence


class ClusterConvergence(Analysis):
    """Start of the steady state of clusters, and the stationary mean of an observable with its error.

    Replicas (members that agree in all parameters but `repeat`) share one start. It follows from the average of their series by MSER-5, the
    marginal standard error rule (K. P. White, Jr., M. J. Cobb and S. C. Spratt, Winter Simulation Conf. 2000, 755): of the means of batches
    of 5 looks, the beginning is dropped that minimises the variance of the others over their number. The start lies in the first half of
    the run, and runs that are too short are reported. A single slow series may mislead any such rule; more replicas help.

    The error of the mean follows from the effective number of samples, N_eff = n / g of n looks, with the statistical inefficiency g = 1 +
    2 Σ_t (1 − t/n) C(t) [looks] and the autocorrelation C(t) (J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016),
    doi:10.1021/acs.jctc.5b00784).

    The series is the one that the simulation kept of every look (arrays `look_steps` and the observable). If it is empty or missing, it is
    measured in the `snapshots`, at their `steps` or `iterations`.
    """

    name: ClassVar[str] = "cluster_convergence"
    version: ClassVar[int] = 1

    observable: Observable = Field(
        "mean_cluster_size",
        description="mean_cluster_size (Σ s² / Σ s over the sizes s of all clusters) [sites], largest_cluster [sites], clusters "
        "(their number), single_fraction (share of particles without neighbours), or blocked_fraction (share of particles that point at "
        "an occupied site; of every look only)",
    )
    minimum_samples: float = Field(
        50,
        ge=1,
        description="effective samples that the repeats of a set of parameters should have together [samples]",
    )
    window: float = Field(
        0.05, gt=0, le=1, description="width of the rolling mean and its band in the figures [share of the run]"
    )
    figures: int = Field(12, ge=0, description="maximum number of members drawn, each in its own figure")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """Check that the simulation gives the observable, or snapshots with their times."""
        if simulation.outputs is not None and not has_source(self.observable, simulation.outputs):
            yield (
                "observable",
                f"expected the arrays {describe_sources(self.observable)}; '{simulation.stage}' gives "
                f"{', '.join(simulation.outputs)}",
            )

    def analyse(self, simulation: Ensemble) -> Findings:
        """Return tables `members` (a row for each member; `start` is the time of the first look in the steady state) and `groups` (a row
        for each set of parameters), and figures `overview` and `member_<number>`. Metrics: `share long enough` of the sets, `longest
        start` [sweeps, or iterations].

        Raises:
            ValueError: a member holds no series, or one with NaN, or replicas have different times.
        """
        from labrun_cluster_convergence.convergence import find_convergence, group_table, member_table
        from labrun_cluster_convergence.drawing import draw_overview
        from labrun_cluster_convergence.remarks import warn

        found = find_convergence(simulation, self.observable, self.minimum_samples)
        drawn = self._draw_members(simulation, found)
        return Findings(
            metrics={
                "share long enough": sum(one.enough for one in found) / len(found),
                "longest start": float(max(one.start_time for one in found)),
            },
            tables={"groups": group_table(found), "members": member_table(found, simulation.columns)},
            figures={"overview": draw_overview(found, self.window, self.observable)} | drawn,
            captions=self._captions(found, list(drawn), len(simulation)),
            warnings=warn(found),
        )

    def _draw_members(self, simulation: Ensemble, found: list[Convergence]) -> dict[str, Figure]:
        from labrun_cluster_convergence.choosing import choose_members
        from labrun_cluster_convergence.drawing import draw_member

        chosen = choose_members([one.parameters.members for one in found], self.figures)
        place = {i: (one, replica) for one in found for replica, i in enumerate(one.parameters.members)}
        drawn = {}
        for i in chosen:
            number = simulation.numbers[i]
            one, replica = place[i]
            parameters = one.parameters.title()
            title = f"member {number}: {parameters}" if parameters else f"member {number}"
            drawn[f"member_{number}"] = draw_member(one, replica, self.window, self.observable, title)
        return drawn

    def _captions(self, found: list[Convergence], drawn: list[str], members: int) -> dict[str, str]:
        unit = found[0].unit
        width = f"{100 * self.window:.3g} % of the run"
        return {
            "overview": f"Average over the replicas of each set of parameters, as a rolling mean over {width}: thin before the "
            f"steady state, bold in it, with a dot at its start. {sum(one.enough for one in found)} of {len(found)} sets of parameters "
            f"are simulated long enough; the longest transient takes {max(one.start_time for one in found):g} {unit}.",
            "members": f"start [{unit}]: start of the steady state, common to the replicas of a set of parameters. inefficiency: g "
            f"[looks]. correlation_time: (g − 1)/2 looks [{unit}]. mean and error: mean of {self.observable} from the start on, and its "
            "standard error. enough: whether the runs of this set of parameters are long enough together.",
            "groups": f"Replicas together. start and correlation_time [{unit}]. effective_samples: their sum. error: standard error of "
            "the mean, from the scatter of two or more replicas, else from the inefficiency. error_within: from the inefficiency of each "
            "replica. If error is much larger than error_within, the replicas disagree, and each run is too short.",
        } | {
            name: f"Series, rolling mean and one standard deviation over {width}, and from the start on the stationary mean with its "
            "standard error."
            + (
                f" {len(drawn)} of {members} members are drawn, chosen evenly over the sets of parameters."
                if len(drawn) < members
                else ""
            )
            for name in drawn
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ClusterConvergence]
