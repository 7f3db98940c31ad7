"""Seconds of one step of `pix2pix` at the size of the original study, beside the plain recipe, on the same machine.

    python benchmarks/pix2pix_step.py [--steps 5] [--batch 3] [--size 256]

The plain recipe is that of J. Brownlee 2020, which the original study follows: the generator draws a batch, the discriminator is trained
by two calls of `train_on_batch` on the expected and the drawn pictures, then the generator by one on a composite model with a frozen
discriminator, all with layers and Adam of the same Keras. The two take turns. Prints wall seconds and processor seconds, which are less
sensitive to other load on the machine; the minimum of each counts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from labrun import ArraySpec, ExampleSpec
from labrun.contracts.backend import load_keras, make_deterministic
from labrun_pix2pix import Pix2Pix

keras = load_keras()
layers = keras.layers

Step = Callable[[np.ndarray, np.ndarray], object]


def convolution(layer: type, filters: int, strides: int = 2) -> Any:
    """Return a 4×4 convolution with the recipe's initial weights."""
    begin = keras.initializers.RandomNormal(stddev=0.02)
    return layer(filters, 4, strides=strides, padding="same", kernel_initializer=begin)


def make_plain_generator(shape: tuple[int, ...]) -> Any:
    """Return the generator: 64-128-256-512-512-512-512, a bottleneck of 512, and the way back."""
    picture = keras.Input(shape)
    x: Any = picture
    beside: list[Any] = []
    for filters in (64, 128, 256, 512, 512, 512, 512):
        x = convolution(layers.Conv2D, filters)(x)
        x = layers.BatchNormalization()(x, training=True) if beside else x
        x = layers.LeakyReLU(0.2)(x)
        beside.append(x)
    x = layers.Activation("relu")(convolution(layers.Conv2D, 512)(x))
    for level, filters in enumerate((512, 512, 512, 512, 256, 128, 64)):
        x = layers.BatchNormalization()(convolution(layers.Conv2DTranspose, filters)(x), training=True)
        x = layers.Dropout(0.5)(x, training=True) if level < 3 else x
        x = layers.Activation("relu")(layers.Concatenate()([x, beside[-1 - level]]))
    return keras.Model(picture, layers.Activation("tanh")(convolution(layers.Conv2DTranspose, shape[-1])(x)))


def make_plain_discriminator(shape: tuple[int, ...]) -> Any:
    """Return the discriminator 64-128-256-512-512-1, compiled."""
    source, target = keras.Input(shape), keras.Input(shape)
    x = layers.Concatenate()([source, target])
    for level, filters in enumerate((64, 128, 256, 512, 512)):
        x = convolution(layers.Conv2D, filters, strides=2 if level < 4 else 1)(x)
        x = layers.BatchNormalization()(x) if level else x
        x = layers.LeakyReLU(0.2)(x)
    patches = layers.Activation("sigmoid")(convolution(layers.Conv2D, 1, strides=1)(x))
    model = keras.Model([source, target], patches)
    model.compile(keras.optimizers.Adam(2e-4, 0.5), "binary_crossentropy", loss_weights=[0.5])
    return model


def make_plain_step(shape: tuple[int, ...], batch: int) -> Step:
    """Return one training step of the recipe with a composite model."""
    generator, discriminator = make_plain_generator(shape), make_plain_discriminator(shape)
    patches = (batch, *discriminator.output_shape[1:])
    real, fake = np.ones(patches, np.float32), np.zeros(patches, np.float32)
    # Keras 3 decides what is frozen when it first builds the training step, so build it before freezing
    discriminator.train_on_batch([np.zeros((batch, *shape), np.float32)] * 2, real)
    for layer in discriminator.layers:
        layer.trainable = isinstance(layer, layers.BatchNormalization)
    picture = keras.Input(shape)
    drawn = generator(picture)
    composite = keras.Model(picture, [discriminator([picture, drawn]), drawn])
    composite.compile(keras.optimizers.Adam(2e-4, 0.5), ["binary_crossentropy", "mae"], loss_weights=[1, 100])

    def step(x: np.ndarray, y: np.ndarray) -> object:
        drawn = generator.predict_on_batch(x)
        discriminator.train_on_batch([x, y], real)
        discriminator.train_on_batch([x, drawn], fake)
        return composite.train_on_batch(x, [real, y])

    return step


def seconds_of(step: Step, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return wall and processor seconds of one step."""
    clock, processor = time.perf_counter(), time.process_time()
    step(x, y)
    return time.perf_counter() - clock, time.process_time() - processor


def main() -> None:
    """Time both and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--batch", type=int, default=3)
    parser.add_argument("--size", type=int, default=256, help="pixels along each side, a multiple of 256")
    options = parser.parse_args()
    make_deterministic(1)  # as in a run
    shape = (options.size, options.size, 3)
    x, y = np.random.default_rng(1).uniform(-1, 1, (2, options.batch, *shape)).astype(np.float32)
    spec = ExampleSpec(ArraySpec(shape, "float32"), ArraySpec(shape, "float32"))
    ours = Pix2Pix(preset="origin", range="signed").build(spec)
    steps = {"plain": make_plain_step(shape, options.batch), "ours": ours.train_on_batch}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(options.steps + 1):  # the first one compiles
        for name, step in steps.items():
            times[name].append(seconds_of(step, x, y))
    least = {name: np.min(seconds[1:], axis=0) for name, seconds in times.items()}
    for name, (clock, processor) in least.items():
        print(f"{name:6} {clock:6.2f} s per step, {processor:6.2f} s of processor time")
    clock, processor = least["plain"] / least["ours"]
    print(f"ratio  {clock:6.2f}           {processor:6.2f}")


if __name__ == "__main__":
    main()
