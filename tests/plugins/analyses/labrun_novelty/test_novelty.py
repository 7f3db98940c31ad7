from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_distances

from labrun import ArraySpec, Ensemble, Examples, ExampleSpec, Outline
from labrun.contracts.naming import suffix
from labrun_novelty import Novelty, NoveltyCheck
from labrun_novelty.distance import FeatureDistance


class Identity:
    """Stands for a trained model whose features are its inputs."""

    name = "cnn"

    def __init__(self, classes=("a", "b"), scale=(1.0, 1.0, 1.0), **variant):
        self.variant, self.scale = variant, np.array(scale)
        self.kind = self.name + suffix({name: value for name, value in variant.items() if name != "seed"})
        self.spec = ExampleSpec(ArraySpec((3,), "float64"), ArraySpec((), "int64"), classes)

    def activations(self, examples, layer):
        assert layer == "dense"
        return self.scale * examples.load_x(np.arange(len(examples)))


def examples(x, y=None, classes=None, name="data"):
    y = np.zeros(len(x), np.int64) if y is None else np.asarray(y)
    return Examples(lambda i: x[i], lambda i: y[i], np.arange(len(x)), classes=classes, name=name)


def around(direction, count, rng, width=0.02):
    return np.asarray(direction, float) + width * rng.standard_normal((count, 3))


@pytest.mark.parametrize("neighbour", [1, 3])
def test_distance_is_the_cosine_distance_to_the_nth_neighbour(rng, neighbour):
    known, new = rng.standard_normal((40, 3)), rng.standard_normal((7, 3))
    distance = FeatureDistance([Identity()], examples(known), "dense", neighbour)
    wanted = np.sort(cosine_distances(new, known), axis=1)[:, neighbour - 1]
    np.testing.assert_allclose(distance(examples(new)), wanted, atol=1e-9)


def test_a_training_example_has_no_distance(rng):
    known = rng.standard_normal((20, 3))
    distance = FeatureDistance([Identity()], examples(known), "dense", 1)
    np.testing.assert_allclose(distance(examples(known)), 0, atol=1e-9)


def test_an_example_without_any_feature_is_no_error(rng):
    distance = FeatureDistance([Identity()], examples(rng.standard_normal((20, 3))), "dense", 1)
    assert np.isfinite(distance(examples(np.zeros((1, 3))))).all()


def test_a_member_unlike_the_training_is_new_and_the_wanted_share_of_the_held_out_passes(rng):
    train = examples(np.concatenate([around([1, 0, 0], 200, rng), around([0, 1, 0], 200, rng)]))
    held_out = examples(np.concatenate([around([1, 0, 0], 200, rng), around([0, 1, 0], 200, rng)]), name="validation")
    arrays = [{"u": v} for v in np.concatenate([around([1, 0, 0], 5, rng, 0.001), around([0, 0, 1], 2, rng)])]
    simulation = Ensemble.from_arrays(arrays, {"kill": list(range(7))}, "scan")
    findings = Novelty(array="u", layer="dense", neighbour=1).analyse([Identity()], train, held_out, simulation)
    table = findings.tables["members"]
    assert list(table["novel"]) == [False] * 5 + [True] * 2
    assert list(findings.tables["novel"]["kill"]) in ([5, 6], [6, 5])
    assert findings.metrics["novel"] == 2
    score = FeatureDistance([Identity()], train, "dense", 1)(held_out)
    assert (score <= findings.metrics["threshold"]).mean() == pytest.approx(0.95, abs=0.003)
    assert not findings.warnings


def test_a_threshold_on_few_members_is_told(rng):
    few = examples(around([1, 0, 0], 20, rng))
    simulation = Ensemble.from_arrays([{"u": np.array([1.0, 0, 0])}], {"kill": [1.0]}, "scan")
    findings = Novelty(array="u", layer="dense", neighbour=1).analyse([Identity()], few, few, simulation)
    assert "rests on 20 held-out members" in findings.warnings[0]


def test_the_class_that_was_left_out_is_found(rng):
    classes = ("a", "b", "c")
    x = np.concatenate([around(axis, 60, rng) for axis in np.eye(3)])
    y = np.repeat([0, 1, 2], 60)
    every = examples(x, y, classes, "train")
    findings = NoveltyCheck(layer="dense", neighbour=1).analyse(
        [Identity(("a", "b")), Identity(("b", "c"))], every, every
    )
    table = findings.tables["left_out"]
    assert list(table["left out"]) == ["c", "a"]
    assert list(table["AUROC"]) == [1.0, 1.0]
    assert list(table["found"]) == [1.0, 1.0]


def test_each_setting_has_its_own_means_over_seeds(rng):
    """Networks of width 1 see no third direction, so that they cannot find the class that lies along it."""
    train, held_out = (
        examples(
            np.concatenate([around(axis, 60, rng) for axis in ([1, 0, 0], [1, 0, 0.5])]),
            np.repeat([0, 1], 60),
            ("a", "b"),
            name,
        )
        for name in ("train", "validation")
    )
    models = [Identity(("a",), (1, 1, scale), width=width, seed=s) for width, scale in ((1, 0), (2, 1)) for s in (0, 1)]
    findings = NoveltyCheck(layer="dense", neighbour=1).analyse(models, train, held_out)
    assert len(findings.tables["left_out"]) == 4
    assert findings.metrics["mean AUROC, width=2"] == 1
    assert findings.metrics["mean AUROC, width=1"] < 0.8
    bars = findings.figures["left_out"].axes[0].get_xticklabels()
    assert [label.get_text() for label in bars] == ["b, width=1", "b, width=2"]


def test_a_mean_over_what_was_varied_comes_with_a_warning(rng):
    few = examples(around([1, 0, 0], 300, rng))
    simulation = Ensemble.from_arrays([{"u": np.array([1.0, 0, 0])}], {"kill": [1.0]}, "scan")
    found = [
        Novelty(array="u", layer="dense", neighbour=1).analyse(models, few, few, simulation).warnings
        for models in ([Identity(seed=0), Identity(seed=1)], [Identity(width=1), Identity(width=2)])
    ]
    assert found == [
        [],
        [
            "The score averages over networks that differ in more than their seed: cnn[width=1], cnn[width=2]. Analyse each by itself."
        ],
    ]


def test_classes_that_look_alike_are_found_by_chance_only(rng):
    x, y = rng.standard_normal((600, 3)), np.repeat([0, 1], 300)
    every = examples(x, y, ("a", "b"), "all")
    held_out = examples(rng.standard_normal((600, 3)), y, ("a", "b"), "more")
    table = NoveltyCheck(layer="dense", neighbour=1).analyse([Identity(("a",))], every, held_out).tables["left_out"]
    assert table["AUROC"][0] == pytest.approx(0.5, abs=0.07)


def test_a_network_that_knows_all_classes_is_refused(rng):
    every = examples(rng.standard_normal((6, 3)), [0, 0, 0, 1, 1, 1], ("a", "b"), "train")
    with pytest.raises(ValueError, match="'cnn' was trained on all classes of 'train'"):
        NoveltyCheck(layer="dense", neighbour=1).analyse([Identity()], every, every)


def test_more_neighbours_than_examples_are_refused(rng):
    with pytest.raises(ValueError, match="'neighbour: 9' needs at least as many training examples"):
        FeatureDistance([Identity()], examples(rng.standard_normal((4, 3))), "dense", 9)


def test_an_array_that_the_simulator_does_not_give_is_a_fault():
    plugin = Novelty(array="v")
    outline = Outline("scan", plugin, ("kill",), {"u": "(4,)"})
    assert [field for field, _ in plugin.check(simulation=outline)] == ["array"]
