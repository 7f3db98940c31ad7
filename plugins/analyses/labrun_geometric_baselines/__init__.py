"""Analysis `geometric_baselines`: bonds found from the positions of sites alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Ensemble, Field, Findings, Outline, hookimpl

if TYPE_CHECKING:
    import numpy as np


class GeometricBaselines(Analysis):
    """How many bonds can be found from the positions of sites alone, which a scientist would try before a network that draws pictures?

    * `distance`: all pairs up to a length;
    * `Delaunay, filtered by length`: edges of the Delaunay triangulation up to a length;
    * `Gabriel graph`: pairs with no third site in the circle whose diameter they are (K. R. Gabriel and R. R. Sokal, Syst. Zool.
      18, 259 (1969));
    * `relative neighbours`: pairs with no third site nearer to both than they are to each other (G. T. Toussaint, Pattern
      Recognition 12, 261 (1980));
    * `gradient boosting on pairs`, if there are networks to train on: a probability from lengths, ranks, angles and empty regions.

    The true positions are given, in spacings (the median distance between nearest neighbours). The length up to which, and the probability
    from which, a pair counts as a bond maximizes F1 on the validation networks. Bonds over a periodic boundary are left out. The table
    `recovery` has the columns of that of `bond_recovery`, which takes these baselines beside its networks.
    """

    name: ClassVar[str] = "geometric_baselines"
    version: ClassVar[int] = 1

    by: str | None = Field(
        "lattice",
        description="column of the simulation's table that names the class of a network; null: one class",
    )
    taught: int = Field(
        300, ge=1, description="number of networks that gradient boosting is trained on (the first ones)"
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers the true value")

    def check(
        self, simulation: Outline, validation_simulation: Outline, train_simulation: Outline | None = None
    ) -> Iterable[tuple[str, str]]:
        """Check that the simulations give sites and bonds, and that the column exists."""
        for one in (simulation, validation_simulation, train_simulation):
            if one is not None:
                for array in ("sites", "bonds", "offsets"):
                    yield from one.missing_array("by", array)
        if self.by is not None:
            yield from simulation.missing_column("by", self.by)

    def analyse(
        self,
        simulation: Ensemble,
        validation_simulation: Ensemble,
        rng: np.random.Generator,
        train_simulation: Ensemble | None = None,
    ) -> Findings:
        """Return the table `recovery`, a row for each method and class; the figure `F1`; the metrics `F1, <method>` and `exact, <method>`.

        Raises:
            KeyError: a simulation gives no sites, bonds or offsets.
            ValueError: a network has fewer than two sites, or none of their bonds is short enough.
        """
        import pandas as pd

        from labrun.kit.comparison import members_digest
        from labrun_geometric_baselines.methods import GEOMETRIC, learned
        from labrun_geometric_baselines.places import REACH, read_places
        from labrun_spring_networks.recovery import (
            Recovery,
            choose_threshold,
            draw_recovery,
            recovery_judged,
            recovery_measure,
            recovery_table,
        )

        networks, chosen_on = [*read_places(simulation)], [*read_places(validation_simulation)]
        methods = [*GEOMETRIC]
        if train_simulation is not None:
            methods.append(learned([*read_places(train_simulation, self.taught)], int(rng.integers(2**32))))
        columns = simulation.columns[self.by] if self.by is not None else ["networks"] * len(networks)
        classes = [str(one) for one in columns]
        tables, judged = [], {}
        digest = members_digest(simulation, range(len(simulation)))
        for method in methods:
            recoveries, validated = (
                [Recovery(method.answer(one), one.is_bond, one.bonds) for one in part] for part in (networks, chosen_on)
            )
            threshold = choose_threshold(validated)
            judged[method.name] = recovery_judged(recoveries, threshold, digest)
            table = recovery_table(method.name, classes, recoveries, threshold, self.confidence)
            tables.append(table.assign(threshold=method.own_threshold(threshold)))
        recovery = pd.concat(tables, ignore_index=True)
        interval = f"the {self.confidence:.0%} interval over networks"
        return Findings(
            metrics={
                f"{score}, {one.name}": recovery_measure(
                    recovery, one.name, score, simulation.name, self.confidence, judged=judged[one.name][score]
                )
                for one in methods
                for score in ("F1", "exact")
            },
            tables={"recovery": recovery},
            figures={"F1": draw_recovery(recovery, {})},
            captions={
                "F1": f"F1 of the bonds found from the true positions of the sites, by class, with {interval}.",
                "recovery": f"Bonds of '{simulation.name}', found from the true positions of the sites; 'F1_low' and 'F1_high' and the "
                f"like bound {interval}. 'exact' is the share of networks with all bonds right; 'threshold' is the longest bond [spacings] "
                f"or the least probability, chosen on '{validation_simulation.name}'; graphs have none. Pairs reach to {REACH:g} spacings.",
            },
        )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [GeometricBaselines]
