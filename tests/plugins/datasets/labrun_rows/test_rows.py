"""Rows of members as examples: columns, vectors and oblong images, what is read of them, and what does not go together."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import ValidationError

import labrun_rows
from labrun import Ensemble, Outline
from labrun.store.parts import StoredMembers, write_part
from labrun_rows import Rows
from labrun_rows.table import VALUES_AT_ONCE
from labrun_two_phase_material import TwoPhaseMaterial

COUNTS = (5, 0, 8)


@pytest.fixture
def arrays(rng):
    """Three members with 5, 0 and 8 rows."""
    return [
        {
            "temperature": rng.uniform(0, 40, count),
            "pressure": rng.uniform(0, 1000, count),
            "phase": rng.integers(0, 2, count, dtype=np.uint8),
            "x": rng.normal(size=(count, 2)).astype(np.float32),
            "truth": rng.integers(1, 256, (count, 4, 6), dtype=np.uint8),
            "mask": rng.integers(0, 2, (count, 4, 6), dtype=np.uint8),
            "colours": rng.integers(0, 256, (count, 4, 6, 3), dtype=np.uint8),
            "small": rng.integers(0, 2, (count, 3, 6), dtype=np.uint8),
        }
        for count in COUNTS
    ]


@pytest.fixture(params=["in memory", "on disk"])
def ensemble(request, arrays, tmp_path):
    if request.param == "in memory":
        return Ensemble.from_arrays(arrays, {}, "samples")
    write_part(tmp_path, 0, enumerate(arrays))
    return Ensemble(StoredMembers(tmp_path, [[0, 1, 2]]), range(3), {}, "samples")


def whole(arrays, name):
    return np.concatenate([member[name] for member in arrays])


def message(ensemble, **fields):
    with pytest.raises(ValueError, match=r".") as error:  # what it says is compared by the caller
        Rows(**fields).examples(ensemble)
    return str(error.value)


# --- what an example is -----------------------------------------------------------------------------------------------------


def test_columns_become_a_vector_and_numbers_classes(ensemble, arrays):
    examples = Rows(x=["temperature", "pressure"], y="phase", classes=["solid", "liquid"]).examples(ensemble)
    x, y = examples.load(slice(None))
    expected = np.column_stack([whole(arrays, "temperature"), whole(arrays, "pressure")]).astype(np.float32)
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(y, whole(arrays, "phase"))
    assert (x.dtype, y.dtype, examples.classes) == (np.float32, np.int64, ("solid", "liquid"))
    assert (examples.spec.x.shape, examples.spec.y.shape, examples.quantity) == ((2,), (), None)
    np.testing.assert_array_equal(examples.groups, np.repeat([0, 1, 2], COUNTS))
    assert not examples.periodic


def test_a_lone_column_is_a_vector_of_one(ensemble, arrays):
    for x in ("pressure", ["pressure"]):
        examples = Rows(x=x, y="temperature").examples(ensemble)
        np.testing.assert_array_equal(examples.load_x(slice(None))[:, 0], whole(arrays, "pressure").astype(np.float32))
        assert examples.spec.x.shape == (1,)


def test_rows_of_a_matrix_are_vectors_and_columns_can_join_them(ensemble, arrays):
    alone = Rows(x="x", y="phase", classes=["0", "1"]).examples(ensemble)
    np.testing.assert_array_equal(alone.load_x(slice(None)), whole(arrays, "x"))
    joined = Rows(x=["pressure", "x"], y="phase", classes=["0", "1"]).examples(ensemble).load_x(slice(None))
    np.testing.assert_array_equal(joined[:, 1:], whole(arrays, "x"))
    np.testing.assert_array_equal(joined[:, 0], whole(arrays, "pressure").astype(np.float32))


def test_images_become_channels_and_the_answer_an_image(ensemble, arrays):
    examples = Rows(x=["truth", "mask"], y="small").examples(ensemble)
    x, y = examples.load(slice(None))
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((13, 4, 6, 2), np.float32, (13, 3, 6, 1), np.float32)
    np.testing.assert_array_equal(x[..., 0], whole(arrays, "truth"))
    np.testing.assert_array_equal(x[..., 1], whole(arrays, "mask"))
    np.testing.assert_array_equal(y[..., 0], whole(arrays, "small"))
    assert (examples.classes, examples.quantity) == (None, None)


def test_images_with_channels_keep_them(ensemble, arrays):
    x = Rows(x=["mask", "colours"], y="colours").examples(ensemble).load_x(slice(None))
    np.testing.assert_array_equal(x[..., 1:], whole(arrays, "colours"))
    np.testing.assert_array_equal(x[..., 0], whole(arrays, "mask"))


def test_a_number_is_a_quantity(ensemble, arrays):
    examples = Rows(x="x", y="temperature").examples(ensemble)
    np.testing.assert_array_equal(examples.load_y(slice(None)), whole(arrays, "temperature").astype(np.float32))
    assert (str(examples.quantity), examples.spec.y.shape, examples.spec.y.dtype) == ("temperature", (), "float32")


@pytest.mark.parametrize("indices", [[12, 0, 7, 7, 3], [5], [], slice(3, 11, 2)])
def test_any_rows_come_in_the_order_asked_for(ensemble, arrays, indices):
    for names, y in ((["temperature", "x"], "phase"), (["truth", "mask"], "truth")):
        examples = Rows(x=names, y=y).examples(ensemble)
        everything = examples.load(slice(None))
        chosen = indices if isinstance(indices, slice) else np.array(indices, np.int64)
        for found, expected in zip(examples.load(indices), everything, strict=True):
            np.testing.assert_array_equal(found, expected[chosen])


def test_long_arrays_are_read_row_by_row(rng):
    read = []

    class Watched(Ensemble):
        def read(self, i, name, selection=()):
            read.append(selection)
            return super().read(i, name, selection)

    rows = VALUES_AT_ONCE // 64
    values = rng.normal(size=(2 * rows, 64)).astype(np.float32)
    for matrix, expected in ((values[:rows], [()]), (values, [5, 3])):
        examples = Rows(x="x", y="y").examples(
            Watched.from_arrays([{"x": matrix, "y": np.zeros(len(matrix))}], {}, "long")
        )
        read.clear()
        np.testing.assert_array_equal(examples.load_x([5, 3]), values[[5, 3]])
        assert read == expected


def test_images_that_are_not_asked_for_are_not_read(arrays):
    class Closed(Ensemble):
        def read(self, i, name, selection=()):
            assert name == "truth"
            assert selection == 2
            return super().read(i, name, selection)

    examples = Rows(x="truth", y="truth").examples(Closed.from_arrays(arrays, {}, "samples"))
    np.testing.assert_array_equal(examples.load_x([2, 7])[..., 0], whole(arrays, "truth")[[2, 7]])


# --- splits -----------------------------------------------------------------------------------------------------------------


def test_members_stay_together_unless_told_otherwise(ensemble, rng):
    examples = Rows(x="x", y="phase", classes=["0", "1"]).examples(ensemble)
    parts = examples.split({"a": 0.5, "b": 0.5}, rng)
    assert sorted(len(part) for part in parts.values()) == [5, 8]
    assert not set(parts["a"].groups) & set(parts["b"].groups)
    shared = examples.split({"a": 0.5, "b": 0.5}, rng, by="example")
    assert set(shared["a"].groups) & set(shared["b"].groups)


# --- what does not go together ----------------------------------------------------------------------------------------------


def test_classes_out_of_range(arrays):
    ensemble = Ensemble.from_arrays(arrays, {}, "samples")
    arrays[2]["phase"][4] = 2
    assert message(ensemble, x="x", y="phase", classes=["solid", "liquid"]) == (
        "'phase' holds 2, which is not the number of one of the 2 classes solid, liquid: expected 0 to 1"
    )
    assert Rows(x="x", y="phase", classes=["solid", "liquid", "gas"]).examples(ensemble)
    arrays[2]["phase"] = np.full(8, 0.5)
    assert message(ensemble, x="x", y="phase", classes=["solid", "liquid"]).startswith("'phase' holds 0.5, which")
    assert message(ensemble, x="x", y="truth", classes=["solid", "liquid"]) == (
        "'truth' holds rows of shape (4, 6): with 'classes', expected the number of a class in each row"
    )


def test_arrays_of_different_lengths(arrays):
    arrays[2]["pressure"] = arrays[2]["pressure"][:-1]
    ensemble = Ensemble.from_arrays(arrays, {}, "samples")
    assert message(ensemble, x=["temperature", "pressure"], y="phase") == (
        "the arrays of member 2 of 'samples' differ in their number of rows (8 in 'temperature', 7 in 'pressure', 8 in 'phase'), "
        "so row i is not one example: name others"
    )


def test_rows_of_different_shapes(arrays):
    ensemble = Ensemble.from_arrays(arrays, {}, "samples")
    assert message(ensemble, x=["truth", "small"], y="phase") == (
        "rows of different shapes cannot be joined: (4, 6) in 'truth', (3, 6) in 'small'; expected numbers alone, or images of one size"
    )
    assert message(ensemble, x=["pressure", "truth"], y="phase").startswith(
        "rows of different shapes cannot be joined: a number in 'pressure', (4, 6) in 'truth'"
    )
    arrays[2]["truth"] = arrays[2]["truth"][:, 1:]
    assert message(ensemble, x="truth", y="phase") == (
        "'truth': a row of member 2 of 'samples' has the shape (3, 6), that of an earlier member (4, 6)"
    )


@pytest.mark.parametrize("shape", [(), (5, 0), (5, 1, 2, 3, 4)])
def test_arrays_without_rows(arrays, shape):
    arrays[0]["x"] = np.zeros(shape)
    assert message(Ensemble.from_arrays(arrays, {}, "samples"), x="x", y="phase") == (
        f"'x' of member 0 of 'samples' has the shape {shape}; expected (rows,), (rows, values) or (rows, height, width)"
    )


def test_no_example_at_all(arrays):
    for members in ([arrays[1]], []):
        ensemble = Ensemble.from_arrays(members, {}, "samples")
        assert message(ensemble, x="x", y="phase") == "'samples' has no rows in x and phase, so there is no example"


def test_an_array_that_nobody_gives(ensemble, arrays):
    assert message(ensemble, x="X", y="phase") == (
        f"'samples' gives no array 'X'; it gives {', '.join(sorted(arrays[0]))}"
    )


def test_mistakes_show_before_a_run():
    outline = Outline("samples", TwoPhaseMaterial(), (), TwoPhaseMaterial.outputs)
    found = list(Rows(x=["temperatur", "pressure"], y="fase").check(outline))
    assert found == [
        ("x", "'samples' gives no array 'temperatur': did you mean 'temperature'?"),
        ("y", "'samples' gives no array 'fase': did you mean 'phase'?"),
    ]
    assert not list(Rows(x="temperature", y="phase").check(outline))
    assert not list(Rows(x="anything", y="else").check(Outline("samples", TwoPhaseMaterial())))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"x": [], "y": "y"}, r"x=\[\]: expected at least one name, and none twice"),
        ({"x": ["a", "a"], "y": "y"}, r"x=\[a, a\]: expected at least one name, and none twice"),
        ({"x": "a", "y": "y", "classes": ["b", "b"]}, r"classes=\[b, b\]: expected at least one name, and none twice"),
        ({"x": "a", "y": "y", "classes": ["b"]}, "at least 2 items"),
    ],
)
def test_names_that_are_refused(fields, told):
    with pytest.raises(ValidationError, match=told):
        Rows.configured(fields)


# --- in a project -----------------------------------------------------------------------------------------------------------

PROJECT = """\
project: phases
plugins: [count.py]
simulations:
  benzene: {use: two_phase_material, with: {samples: 400, width: 0}}
datasets:
  phases:
    use: rows
    from: benzene
    with: {x: [temperature, pressure], y: phase, classes: [solid, liquid]}
    split: {fractions: {train: 0.75, test: 0.25}, by: example}
analyses:
  train: {use: count, from: phases.train}
  test: {use: count, from: phases.test}
"""

COUNT = """\
from typing import ClassVar
from labrun import Analysis, Examples, Findings, hookimpl

class Count(Analysis):
    name: ClassVar[str] = "count"

    def analyse(self, dataset: Examples) -> Findings:
        x, y = dataset.load(slice(None))
        return Findings(metrics={"examples": len(x), "liquid": float(y.mean()), "hottest": float(x[:, 0].max())})

@hookimpl
def labrun_analyses():
    return [Count]
"""


def test_a_project_splits_the_rows_of_one_member(labrun_process, tmp_path):
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "count.py").write_text(COUNT, encoding="utf-8")
    outcome = labrun_process("run", "project.yaml")
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "phases" / "analyses"
    found = [json.loads((folder / part / "metrics.json").read_text("utf-8")) for part in ("train", "test")]
    assert [metrics["examples"] for metrics in found] == [300, 100]
    assert found[0]["liquid"] == pytest.approx(
        found[1]["liquid"], abs=0.01
    )  # each phase is split by the same fractions
    assert min(metrics["hottest"] for metrics in found) > 35


def test_a_project_with_a_wrong_name_is_told_where(labrun_process, tmp_path):
    (tmp_path / "project.yaml").write_text(PROJECT.replace("y: phase", "y: phases"), encoding="utf-8")
    (tmp_path / "count.py").write_text(COUNT, encoding="utf-8")
    outcome = labrun_process("check", "project.yaml")
    assert outcome.code == 2
    assert "datasets.phases.with.y: 'benzene' gives no array 'phases': did you mean 'phase'?" in outcome.err


def test_the_hook_offers_it():
    assert labrun_rows.labrun_datasets() == [Rows]
    assert all(field.description for field in Rows.model_fields.values())
