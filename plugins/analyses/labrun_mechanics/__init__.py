"""Analysis `mechanics`: rigidity, softness and moduli of spring networks, true and generated."""

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
    """Counts, modes and moduli of planar spring networks at rest, with springs of equal stiffness k and sites of equal mass m.

    The compatibility matrix C maps displacements of the sites to extensions of the springs. With its rank r, N sites and N_b bonds there
    are

        N_0 = 2N - r zero modes,    N_s = N_b - r states of self stress,    N_0 - N_s = 2N - N_b

    (J. C. Maxwell 1864; C. R. Calladine, Int. J. Solids Struct. 14, 161 (1978)). `mechanisms` are the zero modes except for rigid motions:
    two translations and, for a free network, a rotation. Motions of disconnected parts count as mechanisms. Mechanisms are ordered by how
    little their displacements differ along bonds; the other modes follow by frequency.

    Moduli, in units of k, are those of linear response to a uniform strain of the plane. In a periodic box all sites relax. A free network
    would relax completely, so the sites on its rim are held at the strained positions. This gives upper bounds to the bulk moduli, closer
    for larger networks (see `labrun_mechanics.moduli`). G is the mean over all directions of shear, `softest shear modulus` the minimum.

    With a model and a dataset, the network in each generated picture is measured beside the true one. Since pictures end at their edges,
    a periodic network is then treated as a free one that consists of the bonds within the box.
    """

    name: ClassVar[str] = "mechanics"
    version: ClassVar[int] = 1

    by: str | None = Field(None, description="column with the class of a network, such as 'lattice'")
    modes: int = Field(3, ge=1, le=6, description="number of softest modes shown for each network")
    shown: int = Field(3, ge=1, le=12, description="number of networks in the figure, from each class in turn")
    rim: float = Field(
        0.5,
        ge=0,
        description="sites of a free network nearer to its convex hull than this form its rim [mean bond lengths]",
    )
    tolerance: float = Field(
        1e-8, gt=0, lt=1, description="singular values of C below this share of the largest count as zero"
    )
    threshold: float = Field(
        0.5,
        gt=0,
        le=1,
        description="lowest score of a generated bond, dimensionless, unless 'recovery' gives a threshold",
    )

    def check(self, *_: Any, **inputs: Any) -> Iterable[tuple[str, str]]:
        """Check that the arrays and the column exist, and that a model and a dataset are given together."""
        simulation: Outline = inputs["simulation"]
        for name in ARRAYS:
            if simulation.outputs is not None and name not in simulation.outputs:
                yield "simulation", f"'{simulation.stage}' gives no array '{name}'; mechanics needs {', '.join(ARRAYS)}"
        if self.by is not None:
            yield from simulation.missing_column("by", self.by)
        if (inputs.get("model") is None) != (inputs.get("dataset") is None):
            yield (
                "model",
                "a model generates pictures for the examples of a dataset: name both under 'from', or neither",
            )
        if inputs.get("recovery") is not None and inputs.get("model") is None:
            yield (
                "recovery",
                "a recovery sets the threshold for pictures of a model: name that model too, or leave the recovery out",
            )

    def analyse(
        self,
        simulation: Ensemble,
        model: TrainedModel | None = None,
        dataset: Examples | None = None,
        recovery: Findings | None = None,
    ) -> Findings:
        """Return tables `networks` and `classes`, figures `modes`, `frequencies` and, with a model, `comparison`, and metrics `mechanisms,
        true`, ….

        Raises:
            ValueError: there is no network, a bond has zero length, a position is not finite, or the dataset does not name its members.
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
        """Yield the measured networks that the model generates."""
        from labrun_spring_networks.drawn import generated_pictures, read_drawing
        from labrun_spring_networks.recovery import threshold_of

        if model is None or dataset is None:
            return
        threshold = threshold_of(recovery, model.name) if recovery is not None else self.threshold
        drawn = (read_drawing(picture).network(threshold) for picture in generated_pictures(model, dataset))
        for i, network in zip(members, drawn, strict=True):
            yield self._measure(network, simulation, i, model.name)

    def _rows(self, true: list[Measured], drawn: list[Measured]) -> Iterator[list[Measured]]:
        """Yield the networks in the figure, each with the generated one: the first of each class, then the second of each."""
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
            "modes": "Softest modes of some networks except rigid motions, with their frequency ω [√(k/m)]. The longest arrow is 0.9 mean "
            "bond lengths.",
            "frequencies": "Share of all modes up to each frequency, pooled over networks; it starts at the share of zero modes.",
            "networks": "One row per network. Moduli in units of the spring stiffness k, frequencies in √(k/m).",
            "classes": "Means over networks.",
        }
        if held:
            captions["networks"] += (
                f" Moduli are upper bounds: sites up to {self.rim:g} mean bond lengths from the convex hull are held."
            )
        if model is not None:
            captions["modes"] += f" Orange: networks generated by '{model.name}'."
            captions["comparison"] = (
                "Generated against true networks, one dot per network; larger dots stand for several."
            )
            captions["classes"] += (
                " 'same counts': share of networks with as many zero modes and self stresses as the true one."
            )
        return captions


def _members(dataset: Examples, simulation: Ensemble) -> list[int]:
    """Return the index of the member that each example shows, for `Ensemble.read`."""
    if dataset.table is None or "member" not in dataset.table:
        raise ValueError(
            f"the dataset '{dataset.name}' has no table with a column 'member' that says which network each example shows; 'image_pairs' "
            "has one"
        )
    members = [int(member) for member in dataset.table["member"]]
    if members and max(members) >= len(simulation):
        raise ValueError(
            f"'{dataset.name}' shows member {max(members)}, beyond the {len(simulation)} of '{simulation.name}': name the simulation that "
            "the dataset is made from"
        )
    return members


def _true_network(simulation: Ensemble, i: int, as_drawn: bool) -> Network:
    """Return the network of a member; with `as_drawn`, as a free network without the bonds across the edge of its box."""
    import numpy as np

    from labrun_spring_networks.network import Network

    sites, bonds, offsets, box, periodic = (simulation.read(i, name) for name in ARRAYS)
    if not (np.isfinite(sites).all() and np.isfinite(box).all()):
        raise ValueError(
            f"'sites' or 'box' of member {simulation.numbers[i]} of '{simulation.name}' contains NaN or infinity"
        )
    if as_drawn:
        return Network(sites, bonds[(offsets == 0).all(axis=1)])
    return Network(sites, bonds, offsets, box, bool(periodic))


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Mechanics]
