"""Conformance tests for models."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from labrun.contracts.backend import load_keras, make_deterministic
from labrun.contracts.examples import Examples, ExampleSpec
from labrun.contracts.plugin import Model
from labrun.contracts.trained import TrainedModel
from labrun.testing import digest
from labrun.testing.contract import PluginContract, once
from labrun.testing.toys import toy_trained

__all__ = ["ModelContract"]


class ModelContract(PluginContract):
    """Check a model: subclass it, and give `plugin`, `config` and `examples`. It runs on the current Keras backend.

    Fields of models need no unit.
    """

    plugin: ClassVar[type[Model]]
    units: ClassVar[bool] = False
    whole: ClassVar[bool] = True

    epochs: ClassVar[int] = 6
    """Epochs in which the loss on the toy examples must fall."""

    def examples(self) -> Examples:
        """Return a few toy examples that the model can learn, such as `toy_examples((8, 12, 1))`."""
        raise NotImplementedError(
            f"{type(self).__name__} needs 'def examples(self)': what {self.plugin.__name__} learns from"
        )

    def test_it_is_compiled(self) -> None:
        assert getattr(self._twice()[0], "optimizer", None) is not None, (
            f"{self.method()} returns a network that is not compiled. End it with model.compile(optimizer=…, loss=…)."
        )

    def test_layers_are_named(self) -> None:
        first, second = self._twice()
        renamed = [one.name for one, other in zip(first.layers, second.layers, strict=True) if one.name != other.name]
        assert not renamed, (
            f"These layers of {self.method()} have no fixed name: {', '.join(renamed)}. Keras's automatic names depend on what was built "
            "before, and analyses refer to layers by name: give each a name=."
        )

    def test_the_output_fits_the_targets(self) -> None:
        examples = self._examples_once()
        x, y = examples.load(slice(0, 3))
        found = self.configured().predict(self._twice()[0], x).shape
        wanted = (len(y), len(examples.classes)) if examples.classes is not None and y.ndim == 1 else y.shape
        fits = found[0] == len(y) and math.prod(found) in (math.prod(wanted), *self._decided(examples, y))
        assert fits, (
            f"{self.method()} has output shape {found} for 3 examples; expected {wanted}: a number for each class, or the shape of y."
        )

    def _decided(self, examples: Examples, y: Any) -> tuple[int, ...]:
        """A network for two classes may have one output."""
        return (len(y),) if examples.classes is not None and len(examples.classes) == 2 else ()

    def test_the_same_seed_gives_the_same_weights(self) -> None:
        one, other = (digest.of_arrays(_weights(model)) for model in self._twice())
        names = digest.differing(one, other)
        assert not names, (
            f"{self.method()} has different initial weights when built again from the same seed: {', '.join(names)}. Use Keras "
            "initializers, which are seeded before, and do not seed layers from elsewhere."
        )

    def test_it_learns(self) -> None:
        losses = self._trained().history["loss"].tolist()
        fallen = losses[0] - min(losses)
        assert fallen > 1e-3 * abs(losses[0]), (  # less may be rounding
            f"The loss of {self.plugin.__name__} does not fall on the toy examples: {', '.join(f'{loss:.3g}' for loss in losses)} in "
            f"{self.epochs} epochs. Is the learning rate right, does the loss match the output (logits and from_logits=True), can the toy "
            "examples be learned? A few more 'epochs' may be needed."
        )

    def test_it_saves_and_loads(self) -> None:
        import numpy as np

        trained, examples = self._trained(), self._examples_once()
        again = TrainedModel(trained.plugin, trained.folder, "again")
        load_keras().utils.set_random_seed(99)  # weights not loaded would differ
        one, other = trained.predict(examples), again.predict(examples)
        assert np.isfinite(one).all(), (
            f"{self.plugin.__name__} predicts NaN or infinity for the toy examples after training."
        )
        np.testing.assert_array_equal(
            one,
            other,
            f"{self.plugin.__name__} predicts differently after it was stored and rebuilt: some of its state is not in a layer, so "
            "save_weights does not store it, or 'build' draws it at random.",
        )

    def test_spec_of_its_examples_survives(self) -> None:
        examples = self._examples_once()
        assert self._trained().spec == ExampleSpec.from_record(examples.spec.record())

    def _examples_once(self) -> Examples:
        return once(type(self), "given", self.examples)

    def _twice(self) -> tuple[Any, Any]:
        """Return the network built twice from one seed; Keras continues to number the layers without a name."""

        def build() -> tuple[Any, Any]:
            make_deterministic(1)
            first = self.configured().build(self._examples_once().spec)
            load_keras().utils.set_random_seed(1)
            return first, self.configured().build(self._examples_once().spec)

        return once(type(self), "twice", build)

    def _trained(self) -> TrainedModel:
        return once(type(self), "result", lambda: toy_trained(self.configured(), self._examples_once(), self.epochs))


def _weights(model: Any) -> dict[str, Any]:
    return {f"weight {i}": array for i, array in enumerate(model.get_weights())}
