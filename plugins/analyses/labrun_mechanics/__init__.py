"""Analysis `mechanics`: are networks of springs rigid, how soft are they, and are those that a model draws as soft?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Ensemble, Examples, Field, Findings, Outline, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_mechanics.measuring import Measured
    from labrun_spring_networks.network import Network

ARRAYS = ("sites", "bonds", "offsets", "box", "periodic")


class Mechanics(Analysis):
    """Counts, modes and moduli of networks of springs in the plane, all springs of the stiffness k and at rest, all sites of the mass m.

    With the compatibility matrix C, which takes displacements of the sites to extensions of the springs, its rank r, N sites and N_b
    bonds there are

        N_0 = 2N - r zero modes,    N_s = N_b - r states of self stress,    N_0 - N_s = 2N - N_b

    (J. C. Maxwell 1864; C. R. Calladine, Int. J. Solids Struct. 14, 161 (1978)). `mechanisms` are the zero modes but for the motions of
    the whole: two translations, and of a free network a rotation. Each loose part of a network adds motions of its own, and they count.
    Among equals, mechanisms whose displacements differ least along bonds come first; then modes follow by their frequency.

    Moduli, in units of k, are those of linear response to a uniform strain of the plane: in a periodic box all sites relax. A free network
    has no moduli of its own, since it would relax altogether. There the sites of its rim are held where the strain puts them, and the
    moduli are upper bounds to those of the bulk, the nearer the larger the network (see `labrun_mechanics.moduli`). G is the mean over
    all directions of shear, `softest shear modulus` that of the softest.

    With a model that draws bonds and the dataset that it is to draw, the network in each of its pictures is measured beside the true one.
    Pictures end at their edge: of a periodic network, true and drawn, only what lies within the box counts then, as a free one.
    """

    name: ClassVar[str] = "mechanics"
    version: ClassVar[int] = 1

    by: str | None = Field(None, description="column that names the class of a network, such as 'lattice'")
    modes: int = Field(3, ge=1, le=6, description="softest modes of a network in the figure")
    shown: int = Field(3, ge=1, le=12, description="networks in the figure, of each class in turn")
    rim: float = Field(
        0.5, ge=0, description="sites of a free network nearer to its convex hull are its rim [mean bond lengths]"
    )
    tolerance: float = Field(
        1e-8, gt=0, lt=1, description="singular values of C below this share of the greatest are zero"
    )
    threshold: float = Field(
        0.5, gt=0, le=1, description="score, dimensionless, from which a drawn bond is one, where 'recovery' tells none"
    )

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """The arrays and the column must be there, and a model and a dataset come together."""
        simulation: Outline = inputs["simulation"]
        for name in ARRAYS:
            if simulation.outputs is not None and name not in simulation.outputs:
                yield "simulation", f"'{simulation.stage}' gives no array '{name}'; mechanics wants {', '.join(ARRAYS)}"
        if self.by is not None:
            yield from simulation.missing_column("by", self.by)
        if (inputs.get("model") is None) != (inputs.get("dataset") is None):
            yield "model", "a model draws the examples of a dataset: name both under 'from', or neither"
        if inputs.get("recovery") is not None and inputs.get("model") is None:
            yield (
                "recovery",
                "a recovery tells the threshold for what a model draws: name that model too, or leave it out",
            )

    def analyse(
        self,
        simulation: Ensemble,
        model: TrainedModel | None = None,
        dataset: Examples | None = None,
        recovery: Findings | None = None,
    ) -> Findings:
        """Tables `networks` and `classes`, figures `modes` and `frequencies`, with a model also `comparison`; metrics `mechanisms, true`,
        ….

        Raises:
            ValueError: there is no network, a bond has no length, a site no place, or the dataset does not tell its members.
        """
        from labrun_mechanics.drawing import draw_comparison, draw_frequencies, draw_modes
        from labrun_mechanics.tables import class_table, metrics, network_table

        members = range(len(simulation)) if dataset is None else _members(dataset, simulation)
        chosen = simulation if dataset is None else simulation.take(members)
        true = list(chosen.map(partial(self._measure_true, model is not None)))
        if not true:
            raise ValueError(f"'{simulation.name}' holds no network to measure")
        drawn = [*self._drawn(simulation, members, model, dataset, recovery)]
        table = network_table([*true, *drawn], self.by)
        figures = {
            "modes": draw_modes([*self._rows(true, drawn)], self.modes),
            "frequencies": draw_frequencies([*true, *drawn]),
        }
        if model is not None:
            figures["comparison"] = draw_comparison(table, self.by, model.name)
        return Findings(
            metrics=dict(metrics(table)),
            tables={"networks": table, "classes": class_table(table, self.by)},
            figures=figures,
            captions=self._captions(true, model),
        )

    def _measure_true(self, as_drawn: bool, simulation: Ensemble, i: int) -> Measured:
        return self._measure(_true_network(simulation, i, as_drawn), simulation, i)

    def _measure(self, network: Network, simulation: Ensemble, i: int, source: str | None = None) -> Measured:
        from labrun_mechanics.measuring import TRUE, measure

        group = str(simulation.columns[self.by][i]) if self.by is not None else ""
        return measure(network, self.rim, self.tolerance, simulation.numbers[i], group, source or TRUE)

    def _drawn(
        self,
        simulation: Ensemble,
        members: Iterable[int],
        model: TrainedModel | None,
        dataset: Examples | None,
        recovery: Findings | None,
    ) -> Iterator[Measured]:
        """The networks that the model draws, measured."""
        from labrun_spring_networks.drawn import generated_pictures, read_drawing
        from labrun_spring_networks.recovery import threshold_of

        if model is None or dataset is None:
            return
        threshold = threshold_of(recovery, model.name) if recovery is not None else self.threshold
        drawn = (read_drawing(picture).network(threshold) for picture in generated_pictures(model, dataset))
        for i, network in zip(members, drawn, strict=True):
            yield self._measure(network, simulation, i, model.name)

    def _rows(self, true: list[Measured], drawn: list[Measured]) -> Iterator[list[Measured]]:
        """The networks that are drawn in the figure, each with its model's: the first of each class, then the second of each."""
        seen: dict[str, int] = {}
        order = []
        for place, one in enumerate(true):
            seen[one.group] = seen.get(one.group, 0) + 1
            order.append((seen[one.group], place))
        for _, place in sorted(order)[: self.shown]:
            yield [true[place], *drawn[place : place + 1]]

    def _captions(self, true: list[Measured], model: TrainedModel | None) -> dict[str, str]:
        held = not any(one.network.periodic for one in true)
        captions = {
            "modes": "The softest modes of some networks but for motions of the whole, with their frequency ω [√(k/m)]; the longest "
            "arrow of each is nine tenths of a bond.",
            "frequencies": "The share of all modes up to each frequency, pooled over networks; it begins with that of zero modes.",
            "networks": "One row a network. Moduli in units of the stiffness of a spring, frequencies of √(k/m).",
            "classes": "Means over networks.",
        }
        if held:
            captions["networks"] += (
                f" Moduli with the rim held, sites up to {self.rim:g} mean bond lengths from the convex hull: upper bounds."
            )
        if model is not None:
            captions["modes"] += f" Orange: of the network that '{model.name}' draws."
            captions["comparison"] = "What is drawn over what is true, a dot a network; larger dots are several."
            captions["classes"] += (
                " 'same counts': the share with as many zero modes and self stresses as the true one."
            )
        return captions


def _members(dataset: Examples, simulation: Ensemble) -> list[int]:
    """The member that each example shows, as the index for `Ensemble.read`."""
    if dataset.table is None or "member" not in dataset.table:
        raise ValueError(
            f"the dataset '{dataset.name}' does not tell which member each example shows (a column 'member' of its table): the dataset "
            "'image_pairs' does"
        )
    members = [int(member) for member in dataset.table["member"]]
    if members and max(members) >= len(simulation):
        raise ValueError(
            f"'{dataset.name}' shows member {max(members)}, but '{simulation.name}' has {len(simulation)}: name the simulation that the "
            "dataset is made from"
        )
    return members


def _true_network(simulation: Ensemble, i: int, as_drawn: bool) -> Network:
    """The network of a member; as a picture shows it, free, without the bonds over the edge of its box."""
    import numpy as np

    from labrun_spring_networks.network import Network

    sites, bonds, offsets, box, periodic = (simulation.read(i, name) for name in ARRAYS)
    if not (np.isfinite(sites).all() and np.isfinite(box).all()):
        raise ValueError(
            f"'sites' or 'box' of member {simulation.numbers[i]} of '{simulation.name}' holds NaN or infinity"
        )
    if as_drawn:
        return Network(sites, bonds[(offsets == 0).all(axis=1)])
    return Network(sites, bonds, offsets, box, bool(periodic))


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Mechanics]
