"""Analysis `receptive_field`: the part of an input that a unit of a network sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_receptive_field.walk import NetworkFields


class ReceptiveField(Analysis):
    """The part of an input that a unit of a convolutional network sees, layer by layer.

    A unit of a layer sees F cells of the input along an axis; its neighbour sees F cells shifted by j (the jump). For a chain of L layers
    with kernels of k_l positions, d_l cells apart (dilation), and strides s_l

        F = Σ_l (k_l − 1) d_l Π_{i<l} s_i + 1        j = Π_l s_l

    (A. Araujo, W. Norris and J. Sim, Distill 2019, doi:10.23915/distill.00021, eq. 2). Where branches meet, F is the extent of their union.
    A layer of stride S over V cells with padding P on each side fits if (V − F + 2P)/S + 1 is an integer. Otherwise, cells at the far edge
    are `left over`. Cells of the input that no unit of the layer sees are `unseen`.

    Padding `same` is TensorFlow's: an odd cell of padding is put at the end. A map that is continued periodically (its last rows are put
    before it, its first rows behind it) keeps F, and its fields wrap around the input. Layers that refine maps (transposed convolutions,
    upsampling) are refused.
    """

    name: ClassVar[str] = "receptive_field"
    version: ClassVar[int] = 1

    def analyse(self, model: list[TrainedModel], dataset: Examples | None = None) -> Findings:
        """Return table `layers`, a figure for each model, and the metric `receptive field <model>`: the largest F of any axis [cells], of
        the last layer whose units do not all see the same.

        Sizes that a network leaves open are taken from the dataset, else from its training examples. Of several inputs, the one with
        the most axes is followed.

        Raises:
            ValueError: a model is not a functional graph, has no convolution or pooling, has a layer whose field is unknown, or does not
                accept the examples of the dataset.
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
                raise ValueError(
                    f"the receptive field of the model '{one.name}' cannot be determined: {error}"
                ) from error
            rows += [{"model": one.name, **one.variant, **row} for row in layer_rows(fields)]
            findings.metrics[f"receptive field {one.name}"] = float(max(axis.size for axis in fields.last.axes))
            figure = f"fields_{one.name}"
            example = first_picture(dataset, source) if dataset is not None else None
            findings.figures[figure] = draw_fields(fields, example, _title(one.name, fields))
            findings.captions[figure] = _caption(fields, dataset)
            findings.warnings += _warnings(one.name, fields)
        findings.tables["layers"] = pd.DataFrame(rows)
        findings.captions["layers"] = (
            "size: cells of the input that one unit sees. jump: shift to the field of its neighbour; empty if all units see the same. "
            "centre: middle of the field of the middle unit, from 0 for the first cell. 'left over': cells of the layer's own input "
            "beyond its last window. 'unseen': cells of the input that no unit sees."
        )
        return findings


def _fields(model: TrainedModel, dataset: Examples | None) -> tuple[str, NetworkFields]:
    """Return the name of the input that is followed, and the fields."""
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
        f"Receptive field of the middle unit of '{fields.last.name}', and of the unit at its centre in each earlier convolution and "
        f"pooling, on {ground}{frame}. Layers that see no more than the one before are left out. Parts beyond an edge are not drawn: they "
        "are padding, or the other side of a periodic input."
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
            f"The output of '{last.name}' of the model '{name}' does not depend on {lost}: its windows do not reach them."
        )
    torn = next((layer for layer in fields.layers if any(axis.torn for axis in layer.axes)), None)
    if torn is not None:
        found.append(
            f"From '{torn.name}' on, the model '{name}' continues maps periodically whose units do not go exactly once around the input of "
            f"{times(fields.sizes)} cells: fields that cross an edge are torn there."
        )
    return found


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [ReceptiveField]
