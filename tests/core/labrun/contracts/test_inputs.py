"""What a plugin works on, read from its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Optional

import pytest

from labrun import Analysis, Dataset, Ensemble, Examples, Findings, Model, Outline, Simulator, TrainedModel
from labrun.contracts.inputs import Input, inputs_of, kind_of, wants

if TYPE_CHECKING:
    import numpy as np


class Compared(Analysis):
    name: ClassVar[str] = "compared"

    def analyse(
        self,
        simulation: Ensemble,
        models: list[TrainedModel],
        rng: np.random.Generator,
        dataset: Examples | None = None,
        others: Optional[list[Findings]] = None,  # noqa: UP045 (the older way of writing it must do too)
    ) -> Findings:
        return Findings()


def test_inputs():
    assert inputs_of(Compared) == (
        Input("simulation", "simulations", many=False, optional=False),
        Input("models", "models", many=True, optional=False),
        Input("dataset", "datasets", many=False, optional=True),
        Input("others", "analyses", many=True, optional=True),
    )
    assert kind_of(Compared) == "analyses"
    assert wants(Compared, "rng")


def test_a_model_is_given_the_shapes_of_its_examples():
    class Net(Model):
        name: ClassVar[str] = "net"

        def build(self, examples, encoder: TrainedModel):
            return None

    assert inputs_of(Net) == (Input("encoder", "models", many=False, optional=False),)
    assert not wants(Net, "rng")


def test_a_simulator_has_no_inputs():
    assert inputs_of(Simulator) == ()


@pytest.mark.parametrize(
    ("annotation", "found"),
    [("", "not annotated"), (": int", "annotated with <class 'int'>"), (": Gone", "annotated with 'Gone'")],
)
def test_annotations_that_ask_for_nothing(annotation, found):
    scope = {"Dataset": Dataset, "Examples": Examples}
    source = f"from __future__ import annotations\nclass Bad(Dataset):\n    def examples(self, x{annotation}) -> Examples: ...\n"
    exec(source, scope)
    with pytest.raises(TypeError, match="Bad: the parameter 'x' must be annotated with Ensemble, Examples, ") as caught:
        inputs_of(scope["Bad"])
    assert str(caught.value).endswith(f"or a list of one of them; it is {found}")


@pytest.mark.parametrize(
    ("outputs", "name", "faults"),
    [
        ({"redshift": "()"}, "redshift", 0),
        ({"u": "(n,)"}, "redshift", 1),
        (None, "redshift", 0),  # the simulator declares nothing
        ({"u": "(n,)"}, "rate", 0),
    ],
)
def test_a_number_of_a_member_is_a_column_or_an_array(outputs, name, faults):
    outline = Outline("sky", None, ("rate",), outputs)  # type: ignore[arg-type]  # no plugin is asked for
    assert [field for field, _ in outline.missing_number("by", name)] == ["by"] * faults
