"""Analysis `receptive_field`: which part of an input a unit of a network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_receptive_field.walk import NetworkFields


class ReceptiveField(Analysis):
    """Which part of an input a unit of a convolutional network sees, layer by layer.

    A unit of a layer sees F cells of the input along an axis, its neighbour the F cells that lie j further on (the jump). For one chain
    of L layers with kernels of k_l places, d_l cells apart (dilation), and strides s_l

        F = Σ_l (k_l − 1) d_l Π_{i<l} s_i + 1        j = Π_l s_l

    (A. Araujo, W. Norris and J. Sim, Distill 2019, doi:10.23915/distill.00021, eq. 2); where branches meet, F is that of both together.
    A layer of stride S that looks at V cells with P of padding on each side fits if (V − F + 2P)/S + 1 is whole. If not, so many cells
    at the far edge are `left over`. Cells of the input that no unit of the layer sees at all are `unseen`.

    Padding `same` is TensorFlow's: of the cells that it needs, the odd one comes behind. A map that is continued over its edges (its
    last rows set before it, its first behind it) keeps F, and its fields go around the input. Layers that make maps finer
    (transposed convolutions, upsampling) are refused.
    """

    name: ClassVar[str] = "receptive_field"
    version: ClassVar[int] = 1

    def analyse(self, model: list[TrainedModel], dataset: Examples | None = None) -> Findings:
        """Table `layers`, a figure for each model, and the metric `receptive field <model>`: F of the last layer before its units all see
        the same (of the axes, the largest) [cells].

        Sizes that a network leaves open are those of the dataset, else of the examples of its training. Of several inputs, the one with
        the most axes counts.

        Raises:
            ValueError: a model is no graph, has no convolution or pooling or a layer whose field cannot be told, or does not
                take the examples of the dataset.
        """
        import pandas as pd

        from labrun_receptive_field.drawing import draw_fields
        from labrun_receptive_field.inputs import first_picture
        from labrun_receptive_field.table import layer_rows

        findings = Findings()
        rows: list[dict[str, Any]] = []
        for one in model:
            try:
                source, fields = _fields(one, dataset)
            except ValueError as error:
                raise ValueError(f"the receptive field of the model '{one.name}' cannot be told: {error}") from error
            rows += [{"model": one.name, **one.variant, **row} for row in layer_rows(fields)]
            findings.metrics[f"receptive field {one.name}"] = float(max(axis.size for axis in fields.last.axes))
            figure = f"fields_{one.name}"
            example = first_picture(dataset, source) if dataset is not None else None
            findings.figures[figure] = draw_fields(fields, example, _title(one.name, fields))
            findings.captions[figure] = _caption(fields, dataset)
            findings.warnings += _warnings(one.name, fields)
        findings.tables["layers"] = pd.DataFrame(rows)
        findings.captions["layers"] = (
            "Cells of the input that one unit sees (size), from there to its neighbour's (jump; none where all units see the same), and "
            "the middle of what the middle unit sees (centre; the first cell is 0). 'left over': cells of the layer's own input that "
            "its last window does not reach. 'unseen': cells of the input along the axis that no unit sees."
        )
        return findings


def _fields(model: TrainedModel, dataset: Examples | None) -> tuple[str, NetworkFields]:
    """The name of the input that is followed, and the fields."""
    from labrun_receptive_field.inputs import image_like, input_shapes
    from labrun_receptive_field.walk import receptive_fields

    shapes = input_shapes(model, dataset)
    source = image_like(shapes)
    return source, receptive_fields(model.network, list(shapes.values()), list(shapes).index(source))


def _title(name: str, fields: NetworkFields) -> str:
    from labrun_receptive_field.table import times

    sees = times([axis.size for axis in fields.last.axes])
    return f"{name}: {fields.last.name} sees {sees} of {times(fields.sizes)} cells"


def _caption(fields: NetworkFields, dataset: Examples | None) -> str:
    ground = f"the first example of '{dataset.name}'" if dataset is not None else "the cells of the input"
    frame = " (its last frame)" if len(fields.sizes) == 3 else ""
    return (
        f"What the middle unit of '{fields.last.name}' sees, and what the unit at its centre sees in each convolution and pooling before "
        f"it, on {ground}{frame}. Layers that see no more than the one before are left out. What lies over an edge is not drawn: it is "
        "padding, or the other side of a periodic input."
    )


def _warnings(name: str, fields: NetworkFields) -> list[str]:
    from labrun_receptive_field.table import axis_names, times

    names = axis_names(len(fields.sizes))
    last = fields.last
    found = []
    unseen = [axis.unseen for axis in last.axes]
    if any(unseen):
        lost = ", ".join(
            f"{u} of {n} cells of the {a}" for u, n, a in zip(unseen, fields.sizes, names, strict=True) if u
        )
        found.append(
            f"what '{last.name}' of the model '{name}' tells does not depend on {lost}: its windows do not reach them"
        )
    torn = next((layer for layer in fields.layers if any(axis.torn for axis in layer.axes)), None)
    if torn is not None:
        found.append(
            f"from '{torn.name}' on, the model '{name}' continues maps over their edges whose units do not go once around the input of "
            f"{times(fields.sizes)} cells: fields that cross an edge are torn there"
        )
    return found


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ReceptiveField]
