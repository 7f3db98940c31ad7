"""The parts of the networks, each against a slow or independent way to the same numbers."""

from __future__ import annotations

from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from labrun import ArraySpec, ExampleSpec
from labrun_pix2pix import Pix2Pix
from labrun_pix2pix.adam import FusedAdam
from labrun_pix2pix.doubling import FEW, Doubling
from labrun_pix2pix.normalization import PictureNormalization
from labrun_pix2pix.presets import PRESETS


def spec(channels=3, answers=3, shape=(256, 256)):
    return ExampleSpec(ArraySpec((*shape, channels), "float32"), ArraySpec((*shape, answers), "float32"))


def convolution(before, after):
    return 16 * before * after + after


def normalization(channels):
    return 4 * channels


def test_the_origin_has_the_parts_and_weights_of_its_notebook():
    """Levels 64-128-256-512-512-512-512 down, 512 at the bottom, then up, each level seeing its twin, with batch normalization everywhere
    but on the first level, at the bottom and at the end; the discriminator 64-128-256-512-512-1. Known from outside: Keras's summary of
    them in J. Brownlee 2020 ends with 54,429,315 and 6,968,257."""
    down = [64, 128, 256, 512, 512, 512, 512]
    generator = convolution(3, 64) + sum(convolution(a, b) + normalization(b) for a, b in pairwise(down))
    generator += convolution(512, 512)
    below = 512
    for level in reversed(down):
        generator += convolution(below, level) + normalization(level)
        below = 2 * level
    generator += convolution(below, 3)
    levels = [64, 128, 256, 512, 512]
    discriminator = convolution(6, 64) + convolution(512, 1)
    discriminator += sum(convolution(a, b) + normalization(b) for a, b in pairwise(levels))
    assert (generator, discriminator) == (54_429_315, 6_968_257)

    model = Pix2Pix(preset="origin").build(spec())
    assert model.discriminator.count_params() == discriminator
    assert sum(layer.count_params() for layer in model.layers) == generator
    assert model.discriminator.compute_output_shape([(3, 256, 256, 3)] * 2) == (3, 16, 16, 1)
    layers = [layer.name for layer in model.layers]
    assert [name for name in layers if name.endswith("drop")] == ["up7_drop", "up6_drop", "up5_drop"]
    assert sum(name.endswith("norm") for name in layers) == 6 + 7
    assert len(model.optimizer.variables) == 2 + 2 * len(model.generator_variables)
    assert len(model.discriminator_optimizer.variables) == 2 + 2 * len(model.discriminator.trainable_variables)


def test_small_is_for_128_pixels_and_any_field_beside_a_preset_wins():
    model = Pix2Pix(preset="small", depth=6).build(spec(1, 1, (128, 192)))
    widths = [model.get_layer(f"down{level}_conv").filters for level in range(1, 6)]
    assert widths == [16, 32, 64, 128, 128]
    assert Pix2Pix(preset="small").depth == 7
    for preset, values in PRESETS.items():
        assert Pix2Pix(preset=preset).model_dump().items() >= values.items()


@pytest.mark.parametrize(("depth", "side"), [(2, 34), (3, 70), (4, 142)])
def test_a_patch_has_the_size_that_is_told(depth, side):
    """What changes one logit in the middle: with running statistics nothing else can reach it."""
    plugin = Pix2Pix(
        depth=2, dropout_levels=1, filters=1, discriminator_filters=2, discriminator_depth=depth, statistics="training"
    )
    judge = plugin.build(spec(1, 1)).discriminator
    picture = tf.random.uniform((1, 256, 256, 1))
    with tf.GradientTape() as tape:
        tape.watch(picture)
        logits = judge([picture, picture], training=False)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    reached = np.asarray(tape.gradient(middle, picture))[0, ..., 0] != 0
    assert [int(reached.any(axis=axis).sum()) for axis in (0, 1)] == [side, side]


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 1), (4, 4), (3, 6)])
def test_doubling_is_the_transposed_convolution_of_keras(shape):
    """Values and gradients; the last has more pixels than go through the product of matrices."""
    ours = Doubling(5, kernel_size=4, strides=2, padding="same", bias_initializer="normal")
    x = tf.random.normal((2, *shape, 7))
    ours.build(x.shape)
    theirs = keras.layers.Conv2DTranspose(5, 4, strides=2, padding="same")
    theirs.build(x.shape)
    theirs.set_weights(ours.get_weights())
    assert (shape[0] * shape[1] > FEW) == (shape == (3, 6))

    def values_and_gradients(layer):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            total = tf.reduce_sum(y * tf.cos(tf.reshape(tf.range(float(tf.size(y))), y.shape)))
        return [y, *tape.gradient(total, [x, *(v.value for v in layer.trainable_variables)])]

    for found, expected in zip(values_and_gradients(ours), values_and_gradients(theirs), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_fused_adam_is_that_of_keras(rng):
    start = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 4), (5,))]
    ends = []
    for kind in (FusedAdam, keras.optimizers.Adam):
        variables = [keras.Variable(value) for value in start]
        adam = kind(0.01, 0.5)
        for step in range(6):
            adam.learning_rate = 0.01 / (1 + step)  # as a schedule does
            adam.apply([np.sin(step + value) for value in start], variables)
        ends.append([v.numpy() for v in (*variables, *adam.variables)])
    for found, expected in zip(*ends, strict=True):
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-7)
    assert np.abs(ends[0][0] - start[0]).min() > 1e-3


def test_a_picture_is_normalized_by_itself_as_training_mode_does_with_one(rng):
    layer = PictureNormalization("picture", gamma_initializer="normal", beta_initializer="normal")
    x = rng.normal(3, 2, (4, 5, 7, 6)).astype(np.float32)
    layer.build(x.shape)
    alone = np.concatenate([keras.layers.BatchNormalization.call(layer, x[i : i + 1], training=True) for i in range(4)])
    np.testing.assert_allclose(layer(x, training=False), alone, rtol=1e-4, atol=1e-5)
    together = layer(x, training=True)
    assert np.abs(together - alone).max() > 0.01


def test_running_statistics_are_those_of_keras(rng):
    x = rng.normal(3, 2, (4, 5, 7, 6)).astype(np.float32)
    ours, theirs = PictureNormalization("training"), keras.layers.BatchNormalization()
    for training in (True, True, False):
        np.testing.assert_allclose(ours(x, training=training), theirs(x, training=training), rtol=1e-5, atol=1e-6)
