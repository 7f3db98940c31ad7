"""Both networks, and the step that trains them in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
from keras import ops

from labrun import ArraySpec, ExampleSpec
from labrun_pix2pix.adam import FusedAdam
from labrun_pix2pix.networks import make_discriminator, make_generator

if TYPE_CHECKING:
    from labrun_pix2pix import Pix2Pix


LOSSES = ("loss", "adversarial_loss", "l1_loss", "discriminator_real_loss", "discriminator_fake_loss")


@keras.saving.register_keras_serializable("labrun_pix2pix")
class Adversaries(keras.Model):  # type: ignore[misc]  # Keras has no types
    """The generator as a functional model that holds the discriminator and trains both."""

    def __init__(self, settings: Pix2Pix, channels: int, answers: int) -> None:
        super().__init__(*make_generator(settings, channels, answers), name="pix2pix")
        self.settings = settings
        self.discriminator = make_discriminator(settings, channels, answers)
        self.means = {name: keras.metrics.Mean(name=name) for name in LOSSES}
        self.discriminator_optimizer = FusedAdam(settings.learning_rate, settings.beta_1)
        self.compile(FusedAdam(settings.learning_rate, settings.beta_1), jit_compile=False)
        # each is built here for its own variables: Keras would give the generator's momenta for all
        self.optimizer.build(self.generator_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def generator_variables(self) -> list[Any]:
        """Variables of the generator: the layers of a functional model are those of its graph."""
        return [variable for layer in self.layers for variable in layer.trainable_variables]

    @property
    def metrics(self) -> list[Any]:
        """Means over an epoch, which Keras resets."""
        return list(self.means.values())

    def train_step(self, data: Any) -> dict[str, Any]:
        """Draw once, judge once, and train both networks on that."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as drawing_tape:
            drawn = self(x, training=True)
            with tf.GradientTape() as judging_tape:  # begins here, so it does not reach back into the generator
                losses = self.losses_of(x, y, drawn, training=True)
                judged = losses["discriminator_real_loss"] + losses["discriminator_fake_loss"]
                discriminator_loss = self.settings.discriminator_weight * judged
        judging, drawing = self.discriminator.trainable_variables, self.generator_variables
        # both gradients before either step: the generator learns from the discriminator as it judged
        judging_step = judging_tape.gradient(discriminator_loss, judging)
        drawing_step = drawing_tape.gradient(losses["loss"], drawing)
        self.discriminator_optimizer.apply(judging_step, judging)
        self.optimizer.apply(drawing_step, drawing)
        return self._averaged(losses, x)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Return the same losses for pictures of which nothing is learned."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        return self._averaged(self.losses_of(x, y, self(x, training=False), training=False), x)

    def losses_of(self, x: Any, y: Any, drawn: Any, training: bool) -> dict[str, Any]:
        """Compute the losses of both networks, by their names in the history.

        Expected and drawn pictures are judged in two batches: in one, batch normalization would mix them.
        """
        real = self.discriminator([x, y], training=training)
        fake = self.discriminator([x, drawn], training=training)
        adversarial = ops.mean(ops.softplus(-fake))
        l1 = ops.mean(ops.abs(ops.cast(y, drawn.dtype) - drawn)) * (2.0 if self.settings.range == "unit" else 1.0)
        return {
            "loss": self.settings.adversarial_weight * adversarial + self.settings.l1_weight * l1,
            "adversarial_loss": adversarial,
            "l1_loss": l1,
            "discriminator_real_loss": ops.mean(ops.softplus(-real)),
            "discriminator_fake_loss": ops.mean(ops.softplus(fake)),
        }

    def _averaged(self, losses: dict[str, Any], x: Any) -> dict[str, Any]:
        for name, value in losses.items():
            self.means[name].update_state(value, sample_weight=ops.shape(x)[0])
        return {name: self.means[name].result() for name in losses}

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        channels, answers = self.inputs[0].shape[-1], self.outputs[0].shape[-1]
        return {"settings": self.settings.model_dump(), "channels": channels, "answers": answers}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Adversaries:
        """Make the model from `get_config`."""
        from labrun_pix2pix import Pix2Pix

        return cls(**{**config, "settings": Pix2Pix.configured(config["settings"])})

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Do nothing: the constructor compiles."""


def build_adversaries(settings: Pix2Pix, examples: ExampleSpec) -> Adversaries:
    """Return both networks, compiled."""
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"pix2pix runs on TensorFlow only, but Keras runs on {keras.backend.backend()}: set KERAS_BACKEND=tensorflow, or use the "
            "model unet, which runs on all backends"
        )
    x, y = examples.x, examples.y
    if not isinstance(x, ArraySpec) or len(x.shape) != 3 or len(y.shape) != 3 or x.shape[:2] != y.shape[:2]:
        found = f"x of {list(x) if isinstance(x, dict) else x.shape}, y of {y.shape}"
        raise ValueError(
            f"pix2pix takes pictures of one size in x and y, (height, width, channels) each; these examples have {found}"
        )
    height, width = x.shape[:2]
    if settings.windows is not None:
        settings.windows.expect_alike(x.shape[2], y.shape[2])
    elif height % 2**settings.depth or width % 2**settings.depth:
        raise ValueError(
            f"pix2pix with 'depth: {settings.depth}' halves pictures {settings.depth} times, so {2**settings.depth} must divide their "
            f"sides; these are {height} × {width}: {_depth_advice(height, width)}"
        )
    return Adversaries(settings, x.shape[2], y.shape[2])


def _depth_advice(height: int, width: int) -> str:
    deepest = max(depth for depth in range(11) if height % 2**depth == width % 2**depth == 0)
    return f"set depth to {deepest} or less" if deepest >= 2 else "crop or resize them"
