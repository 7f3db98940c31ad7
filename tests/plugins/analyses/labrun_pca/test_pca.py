from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.decomposition import PCA

from labrun import Examples, Quantity
from labrun_pca import PrincipalComponents
from labrun_pca.components import fit_components, project

SHAPE = (6, 9)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def waves(rng, count=80, name="train", answer="class", channels=1):
    """Two patterns and little noise; the amplitude of the first is what is to be told."""
    kind = np.arange(count) % 3
    amplitude = np.stack([kind - 1 + rng.normal(0, 0.1, count), rng.normal(0, 0.4, count)])
    patterns = np.stack([np.outer(np.ones(6), np.cos(np.arange(9))), np.outer(np.sin(np.arange(6)), np.ones(9))])
    x = 5 + np.einsum("pn,phw->nhw", amplitude, patterns) + rng.normal(0, 0.02, (count, *SHAPE))
    x = np.repeat(x[..., None], channels, axis=-1).astype(np.float32)
    if answer == "class":
        return Examples(lambda i: x[i], lambda i: kind[i], kind, classes=["low", "middle", "high"], name=name)
    if answer == "image":
        return Examples(lambda i: x[i], lambda i: x[i], kind, name=name)
    y = amplitude[0].astype(np.float32)
    return Examples(lambda i: x[i], lambda i: y[i], kind, quantity=Quantity("amplitude", "mK"), name=name)


@pytest.mark.parametrize("batch", [7, 256])
def test_components_are_those_of_all_pictures_at_once(batch, monkeypatch, rng):
    monkeypatch.setattr("labrun_pca.components.BATCH", batch)
    examples = waves(rng)
    flat = examples.load_x(slice(None)).reshape(80, -1).astype(float)
    found, exact = fit_components(examples, 2, rng), PCA(2).fit(flat)
    np.testing.assert_allclose(np.abs(np.sum(found.components_ * exact.components_, axis=1)), 1, atol=1e-3)
    np.testing.assert_allclose(found.explained_variance_ratio_, exact.explained_variance_ratio_, rtol=1e-3)
    errors = project(found, examples).errors
    assert errors[0] == pytest.approx(flat.var(axis=0).mean())
    for kept in (1, 2):
        part = PCA(kept).fit(flat)
        assert errors[kept] == pytest.approx(
            np.mean((part.inverse_transform(part.transform(flat)) - flat) ** 2), rel=1e-2
        )


def test_errors_are_those_of_pictures_that_are_made_again(rng):
    """Of other pictures than the components are made of: sum by sum."""
    pca, others = fit_components(waves(rng), 4, rng), waves(rng, 30, "test")
    found = project(pca, others)
    flat = others.load_x(slice(None)).reshape(30, -1)
    for kept in range(5):
        again = pca.mean_ + found.coefficients[:, :kept] @ pca.components_[:kept]
        assert found.errors[kept] == pytest.approx(np.mean((again - flat) ** 2), rel=1e-5)


def test_classes_are_told_from_components(rng):
    findings = PrincipalComponents(components=3).analyse(waves(rng), [waves(rng, 40, "test")], rng)
    assert findings.metrics["accuracy test, nearest neighbours"] == 1
    assert findings.metrics["accuracy test, logistic regression"] == 1
    assert findings.metrics["explained variance"] > 0.99
    assert findings.metrics["MSE test"] == pytest.approx(4e-4, rel=0.2)  # the noise that two components leave
    assert list(findings.tables["variance"].columns) == ["components", "explained variance", "MSE test"]
    assert list(findings.tables["scores"].columns) == ["dataset", "method", "examples", "accuracy"]
    assert set(findings.figures) == {"variance", "components", "plane"}


def test_numbers_and_pictures(rng):
    findings = PrincipalComponents(components=2).analyse(
        waves(rng, answer="number"), [waves(rng, 40, "test", "number")], rng
    )
    assert findings.metrics["R² test, ridge regression"] > 0.999
    assert findings.metrics["R² test, nearest neighbours"] > 0.9
    alone = PrincipalComponents(components=2).analyse(
        waves(rng, answer="image"), [waves(rng, 40, "test", "image")], rng
    )
    assert set(alone.tables) == {"variance"}
    assert "plane" not in alone.figures


def test_neighbours_vote(rng):
    """With all training pictures as neighbours, the most frequent class always wins."""
    train, test = waves(rng, 79), waves(rng, 30, "test")  # 27 + 26 + 26
    findings = PrincipalComponents(components=2, neighbours=79).analyse(train, [test], rng)
    assert findings.metrics["accuracy test, nearest neighbours"] == pytest.approx(1 / 3)


def test_channels_have_pictures_of_their_own_and_few_pictures_few_components(rng):
    findings = PrincipalComponents(components=500).analyse(
        waves(rng, 12, channels=2), [waves(rng, 9, "test", channels=2)], rng
    )
    assert {"components_0", "components_1"} < set(findings.figures)
    assert len(findings.tables["variance"]) == 12


def test_what_it_cannot_judge_is_explained(rng):
    flat = Examples(lambda i: np.zeros((len(i), 4)), lambda i: i % 2, np.arange(6), classes=["a", "b"], name="flat")
    with pytest.raises(ValueError, match=r"pca needs pictures, .* 'flat' has x of shape \(4,\)"):
        PrincipalComponents().analyse(flat, [], rng)
    with pytest.raises(
        ValueError, match=r"'test' has x of shape \(6, 9, 2\), but the pictures of 'train' have the shape \(6, 9, 1\)"
    ):
        PrincipalComponents().analyse(waves(rng), [waves(rng, name="test", channels=2)], rng)
    with pytest.raises(ValueError, match="the classes or the quantity of 'test' differ from those of 'train'"):
        PrincipalComponents().analyse(waves(rng), [waves(rng, name="test", answer="number")], rng)
    with pytest.raises(ValueError, match="'neighbours: 20' exceeds the 12 pictures of 'train': choose fewer"):
        PrincipalComponents(components=2, neighbours=20).analyse(waves(rng, 12), [waves(rng, 9, "test")], rng)
    same = Examples(
        lambda i: np.ones((len(i), 4, 5, 1)), lambda i: i % 2, np.arange(6), classes=["a", "b"], name="same"
    )
    with pytest.raises(ValueError, match="all pictures of 'same' are equal, so they have no principal components"):
        PrincipalComponents().analyse(same, [same], rng)
