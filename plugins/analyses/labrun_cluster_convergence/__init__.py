"""Analysis `cluster_convergence`: from when on a simulation is stationary, how correlated its snapshots are, and what its mean is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl
from labrun_cluster_convergence.sources import Observable, describe_sources, has_source

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from labrun_cluster_convergence.convergence import Convergence


class ClusterConvergence(Analysis):
    """From when on the clusters of each member are in their steady state, and the stationary mean with its error.

    With N_eff(t0) = (T − t0) / g(t0), the number of independent samples that the T − t0 looks from t0 on are worth, the steady state starts
    at the t0 that maximises it (J. D. Chodera, J. Chem. Theory Comput. 12, 1799 (2016), doi:10.1021/acs.jctc.5b00784). g is the
    statistical inefficiency 1 + 2 Σ_t (1 − t/T) C(t) [looks], C(t) the autocorrelation.

    No detector is reliable for a single slow trace. So replicas (members that agree in all parameters but `repeat`) share the start that
    maximises the sum of their N_eff, it lies in the first half of the run, and runs that are too short are told.

    The series is the one that the simulation kept of every look (arrays `look_steps` and the observable); where that is empty or
    missing, it is measured in the `snapshots`, at their `steps` or `iterations`.
    """

    name: ClassVar[str] = "cluster_convergence"
    version: ClassVar[int] = 1

    observable: Observable = Field(
        "mean_cluster_size",
        description="mean_cluster_size (Σ s² / Σ s over the sizes s of all clusters) [sites], largest_cluster [sites], clusters "
        "(their number), or single_fraction (of the particles, those that are clusters of one)",
    )
    minimum_samples: float = Field(
        50,
        ge=1,
        description="effective samples that a set of parameters, all its repeats together, should have at least [samples]",
    )
    window: float = Field(
        0.05, gt=0, le=1, description="width of the rolling mean and its band in the figures [share of the run]"
    )
    figures: int = Field(12, ge=0, description="members that are drawn at most, each in a figure of its own")

    def check(self, simulation: Outline, **_: Any) -> Iterable[tuple[str, str]]:
        """The simulation must give the observable, or snapshots with their times."""
        if simulation.outputs is not None and not has_source(self.observable, simulation.outputs):
            yield (
                "observable",
                f"expected the arrays {describe_sources(self.observable)}; '{simulation.stage}' gives "
                f"{', '.join(simulation.outputs)}",
            )

    def analyse(self, simulation: Ensemble) -> Findings:
        """Tables `members` (a row a member; `start` is the time of the first look in the steady state) and `groups` (a row for each set
        of parameters). Metrics `share long enough` of these sets, `longest start` [sweeps, or iterations]. Figures `overview` and
        `member_<number>`.

        Raises:
            ValueError: a member holds no series or one with NaN, or replicas have other times.
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
            parameters = one.parameters.label()
            title = f"member {number}: {parameters}" if parameters else f"member {number}"
            drawn[f"member_{number}"] = draw_member(one, replica, self.window, self.observable, title)
        return drawn

    def _captions(self, found: list[Convergence], drawn: list[str], members: int) -> dict[str, str]:
        unit = found[0].unit
        width = f"{100 * self.window:.3g} % of the run"
        return {
            "overview": f"The average of the replicas of each set of parameters, as a rolling mean over {width}: thin before the "
            "steady state, bold in it, with a dot where it starts.",
            "members": f"The start [{unit}] of the steady state is common to the replicas of a set of parameters. inefficiency: g "
            f"[looks]; correlation_time: (g − 1)/2 looks [{unit}]; mean and error: of {self.observable} from the start on, with "
            "the standard error; enough: whether the runs of this set of parameters are long enough together.",
            "groups": f"Replicas together. start and correlation_time [{unit}]; effective_samples: their sum; error: the standard error "
            "of the mean, from the scatter of two replicas or more, else from the inefficiency (that of two or three is uncertain "
            "itself); error_within: from the inefficiency of each replica. "
            "Where error is much the larger, replicas do not agree, and each run is too short to tell.",
        } | {
            name: f"The series, its rolling mean and one standard deviation over {width}, and from the start on the stationary mean "
            "with its standard error."
            + (
                f" {len(drawn)} of {members} members are drawn, evenly chosen, of each set of parameters one before a second."
                if len(drawn) < members
                else ""
            )
            for name in drawn
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [ClusterConvergence]
