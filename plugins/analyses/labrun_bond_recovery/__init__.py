"""Analysis `bond_recovery`: whether the bonds that networks draw into pictures of sites are right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from labrun import Analysis, Ensemble, Examples, Field, Findings, Measure, Outline, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun.kit.comparison import Standing
    from labrun_bond_recovery.drawing import Shown
    from labrun_bond_recovery.methods import Judgement
    from labrun_bond_recovery.truth import Truth

ARRAYS = ("pixels", "bonds", "offsets")
READABLE = 0.99


class BondRecovery(Analysis):
    """Are the bonds that networks draw into pictures of sites right, and are the sites still in their places?

    Every generated picture is read back into a network (`labrun_spring_networks.drawn`): dots are found in the picture itself, and each
    pair of sites that may be joined gets a score, the ink along the line between them. Pairs whose score reaches a threshold are bonds.
    Each model has its own threshold, which maximizes F1 on validation pictures (table `thresholds`, and `thresholds.json`).

        precision = right / found,    recall = right / true,    F1 = 2 right / (found + true),

    over all bonds of a class of networks. A network is exact if all of its bonds are found and no others. A site that is displaced by more
    than `tolerance` is lost, and its bonds are missing; a dot found elsewhere is spurious. The expected drawings are judged like those of
    a model, as `expected drawing`: errors there come from the reading, not from the models.

    Where the true network is unknown, as for pairs of pictures from files, `truth: drawing` reads it from the expected drawing.

    Baselines are analyses with a table `recovery` of the same columns, such as `geometric_baselines`. They stand beside the models,
    compared by a paired permutation test over networks (`labrun.kit.comparison`).
    """

    name: ClassVar[str] = "bond_recovery"
    version: ClassVar[int] = 1

    truth: Literal["simulation", "drawing"] = Field(
        "simulation",
        description="source of the true network: arrays `pixels`, `bonds` and `offsets` of the simulation, or the expected drawing",
    )
    by: str | None = Field(
        "lattice",
        description="column of the simulations' tables that names the class of a network; null: one class",
    )
    tolerance: float = Field(
        6.0, gt=0, description="largest displacement of a site that still counts as found [pixels of a picture of 256]"
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers the true value")

    def check(self, simulation: Outline, validation_simulation: Outline, **_: object) -> Iterable[tuple[str, str]]:
        """Check that the arrays and the column exist."""
        for one in (simulation, validation_simulation):
            if self.truth == "simulation":
                for array in ARRAYS:
                    yield from one.missing_array("truth", array)
        if self.by is not None:
            yield from simulation.missing_column("by", self.by)

    def analyse(
        self,
        model: list[TrainedModel],
        dataset: Examples,
        simulation: Ensemble,
        validation: Examples,
        validation_simulation: Ensemble,
        baseline: list[Findings] | None = None,
    ) -> Findings:
        """Return the tables `recovery` (a row for each method and class), `comparison` (for several methods), `networks` (a row for each
        method and network) and `thresholds`; the figures `F1`, `thresholds` and `networks`; the file `thresholds.json`; and the metrics
        `F1, <model>`, `exact, <model>`, `sites lost, <model>`, `displacement, <model>` [pixels at 256].

        Raises:
            ValueError: a model does not predict pictures, the simulation is not the one of the pictures, or no bond is found even in the
                expected drawings.
        """
        import json

        import pandas as pd

        from labrun.kit.comparison import COMPARED, members_digest, standing_table
        from labrun.kit.palette import network_colours
        from labrun_bond_recovery.drawing import draw_networks, draw_thresholds
        from labrun_bond_recovery.methods import judge_method, methods
        from labrun_bond_recovery.truth import classes_of, members_of
        from labrun_spring_networks.recovery import class_order, draw_recovery

        members, classes = members_of(simulation, dataset), classes_of(simulation, dataset, self.by)
        truths, chosen_on = self._truths(simulation, dataset), self._truths(validation_simulation, validation)
        judged = [
            judge_method(method, (dataset, truths), (validation, chosen_on), self.tolerance)
            for method in methods(model)
        ]
        recovery = pd.concat([self._recovery(one, classes) for one in judged], ignore_index=True)
        beside = [one.tables["recovery"] for one in baseline or []]
        digest = members_digest(simulation, members)
        compared = _compared(recovery, judged, baseline or [], digest, dataset.name, self.confidence)
        thresholds = _threshold_table(judged)
        chosen = dict(zip(thresholds["model"], thresholds["threshold"], strict=True))
        findings = Findings(
            metrics=dict(_metrics(compared, judged, dataset.name, self.confidence)),
            tables={
                "recovery": pd.concat([recovery, *beside], ignore_index=True),
                "networks": pd.concat([one.network_table(members, classes) for one in judged], ignore_index=True),
                "thresholds": thresholds,
            },
            figures={
                "F1": draw_recovery(pd.concat([recovery, *beside], ignore_index=True), network_colours(model)),
                "thresholds": draw_thresholds(judged),
                "networks": draw_networks(
                    judged[1:], class_order(classes), _worst(judged[1:], classes, dataset, truths)
                ),
            },
            files={"thresholds.json": (json.dumps(chosen, indent=2) + "\n").encode()},
            captions=self._captions(judged, dataset, validation, classes),
            warnings=[*_warnings(recovery)],
        )
        if len(compared["F1"]) > 1:
            findings.tables["comparison"] = standing_table(_standings(compared))
            findings.captions["comparison"] = COMPARED.format(units="networks", confidence=0.95)
        return findings

    def _truths(self, simulation: Ensemble, examples: Examples) -> list[Truth]:
        from labrun_bond_recovery.truth import read_truths, simulated_truths

        return [*(simulated_truths(simulation, examples) if self.truth == "simulation" else read_truths(examples))]

    def _recovery(self, one: Judgement, classes: Sequence[str]) -> pd.DataFrame:
        """Return a row for each class, with scores of bonds, sites and pixels."""
        import numpy as np

        from labrun_spring_networks.recovery import ALL, recovery_table

        networks = [judged.recovery for judged in one.networks]
        table = recovery_table(one.method.name, classes, networks, one.threshold, self.confidence)
        inside = [np.array([name in (of, ALL) for of in classes]) for name in table["class"]]
        scores = [one.picture_scores(chosen) for chosen in inside]
        varied = one.method.columns({*table.columns, *scores[0]})
        return table.assign(**{name: [row[name] for row in scores] for name in scores[0]}, **varied)

    def _captions(
        self, judged: Sequence[Judgement], dataset: Examples, validation: Examples, classes: Sequence[str]
    ) -> dict[str, str]:
        from labrun_bond_recovery.drawing import COLUMNS, ROWS
        from labrun_bond_recovery.methods import EXPECTED

        interval = f"the {self.confidence:.0%} interval over networks"
        pixels = "'displacement' is the mean distance of sites from the true ones, 'displacement_99' its 99th percentile [pixels of a "
        left_out = "" if len(judged) - 1 <= ROWS and len(set(classes)) <= COLUMNS else " Only the first ones are drawn."
        return {
            "F1": f"F1 of the bonds on '{dataset.name}', by class, with {interval}; baselines are grey. '{EXPECTED}': the true pictures, "
            "read in the same way, the best that any model can reach.",
            "recovery": f"Bonds of '{dataset.name}', by class; 'F1_low' and 'F1_high' and the like bound {interval}. 'exact' is the share "
            f"of networks with all bonds right, 'lost' and 'spurious' count sites; {pixels}picture of 256]. L1 and SSIM compare pixels, "
            f"most of which are right in a white picture. '{EXPECTED}': the true pictures, read in the same way.",
            "networks": f"For each class, the network of '{dataset.name}' with the most wrong and missing bonds.{left_out}",
            "thresholds": f"Precision, recall and F1 of the bonds of '{validation.name}' against the threshold of the score. The dashed "
            "threshold, with the highest F1, is used everywhere else.",
        }


def _threshold_table(judged: Sequence[Judgement]) -> pd.DataFrame:
    """Return the threshold of each method, and its scores on the validation pictures."""
    import numpy as np
    import pandas as pd

    from labrun_spring_networks.recovery import curves

    rows = []
    for one in judged:
        precision, recall, f1 = curves(one.validation, np.array([one.threshold]))[0]
        rates = {"precision": precision, "recall": recall, "F1": f1}
        rows.append({"model": one.method.name, "threshold": one.threshold, "networks": len(one.validation)} | rates)
    return pd.DataFrame(rows)


def _worst(judged: Sequence[Judgement], classes: Sequence[str], dataset: Examples, truths: Sequence[Truth]) -> Shown:
    """Return, for each model and class, the network with most errors and its picture, which is predicted again."""
    return {
        (one.method.name, name): (next(one.method.answer(dataset.take([i]))), one.networks[i], truths[i])
        for one in judged
        for name, i in one.worst(classes).items()
    }


def _compared(
    recovery: pd.DataFrame,
    judged: Sequence[Judgement],
    baselines: Sequence[Findings],
    digest: str,
    dataset: str,
    confidence: float,
) -> dict[str, list[Measure]]:
    """Return F1 and the share of exact networks of each model, beside the best baseline, then those of the baselines."""
    from labrun.kit.comparison import against_baselines
    from labrun_bond_recovery.methods import EXPECTED
    from labrun_spring_networks.recovery import recovery_judged, recovery_measure

    found = {}
    for score in ("F1", "exact"):
        ceiling = recovery_measure(recovery, EXPECTED, score, dataset, confidence)
        known: dict[str, Any] = {"key": True, "ceiling": ceiling}
        models = [
            recovery_measure(
                recovery,
                one.method.name,
                score,
                dataset,
                confidence,
                judged=recovery_judged([n.recovery for n in one.networks], one.threshold, digest)[score],
                **known,
            )
            for one in judged
            if one.method.name != EXPECTED
        ]
        others = [
            _baseline(findings, method, score, dataset)
            for findings in baselines
            for method in dict.fromkeys(findings.tables["recovery"]["method"])
        ]
        found[score] = [*against_baselines(models, others), *others]
    return found


def _baseline(findings: Findings, method: str, score: str, dataset: str) -> Measure:
    """Return a score of a baseline: its measure, or else what its table holds, which cannot be compared by a test."""
    from labrun_spring_networks.recovery import ALL

    known = findings.metrics.get(f"{score}, {method}")
    if isinstance(known, Measure):
        return known
    table = findings.tables["recovery"]
    (value,) = table.loc[(table["method"] == method) & (table["class"] == ALL), score]
    return Measure(value, name=score, model=method, dataset=dataset, better="higher")


def _metrics(
    compared: Mapping[str, Sequence[Measure]], judged: Sequence[Judgement], dataset: str, confidence: float
) -> Iterator[tuple[str, Measure]]:
    """Yield the metrics of each model on all networks together."""
    from labrun_bond_recovery.methods import EXPECTED

    for one in judged:
        name = one.method.name
        if name == EXPECTED:
            continue
        yield from ((f"{score}, {name}", m) for score, found in compared.items() for m in found if m.model == name)
        known: dict[str, Any] = {"model": name, "dataset": dataset, "better": "lower"}
        known |= {"n": len(one.networks), "units": "networks"}
        yield f"sites lost, {name}", Measure(one.lost, name="sites lost", **known)
        interval = one.displacement_interval(confidence)
        yield (
            f"displacement, {name}",
            Measure(one.displacement, name="displacement", interval=interval, unit="pixels of 256", **known),
        )


def _standings(compared: Mapping[str, Sequence[Measure]]) -> Iterator[tuple[dict[str, str], Standing]]:
    """Yield how models and baselines stand beside the best of them."""
    from labrun.kit.comparison import standings

    for score, found in compared.items():
        for method, standing in standings({one.model: one for one in found}).items():
            yield {"score": score, "method": method}, standing


def _warnings(recovery: pd.DataFrame) -> Iterator[str]:
    """Yield warnings about models that draw no right bond, and about drawings that cannot be read well."""
    from labrun_bond_recovery.methods import EXPECTED
    from labrun_spring_networks.recovery import ALL

    for method in recovery.loc[(recovery["class"] == ALL) & (recovery["F1"] == 0), "method"]:
        yield f"'{method}' draws no right bond: it has learned nothing yet"
    of_expected = recovery[recovery["method"] == EXPECTED]
    for name, f1 in zip(of_expected["class"], of_expected["F1"], strict=True):
        if f1 < READABLE:
            yield (
                f"even from the expected drawings ({name}), bonds are read with F1 of only {f1:.3f}, so no model can score higher. Larger "
                "dots or pictures are read better; or the simulation and the pictures do not belong together"
            )


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [BondRecovery]
