from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from labrun import Ensemble, Outline
from labrun_image_filters import ImageFilters
from labrun_image_filters.drawing import is_signed, whole_weights


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def image(rng) -> np.ndarray:
    return rng.integers(0, 256, (24, 36), dtype=np.uint8)


def ensemble(*images: np.ndarray, array: str = "image") -> Ensemble:
    return Ensemble.from_arrays([{array: image} for image in images], {}, "micrograph")


def pictures(findings) -> dict[str, np.ndarray]:
    return {a.get_title(): a for a in findings.figures["filters"].axes if a.get_title()}


def test_the_classical_filters_stand_beside_the_picture(image):
    findings = ImageFilters().analyse(ensemble(image))
    shown = pictures(findings)
    assert list(shown) == ["micrograph: image", "gaussian", "sobel_x", "sobel_y", "sobel", "laplacian"]
    np.testing.assert_array_equal(shown["micrograph: image"].images[0].get_array(), image)
    numbers = findings.tables["numbers"].set_index("picture")
    assert numbers.loc["micrograph: image"].tolist() == pytest.approx(
        [image.mean(), image.std(), image.min(), image.max()]
    )
    across = shown["sobel_x"].images[0].get_array()
    assert numbers.loc["sobel_x"].tolist() == pytest.approx([across.mean(), across.std(), across.min(), across.max()])
    assert numbers.loc["sobel_x", "min"] < -255  # bytes do not wrap around
    kernels = findings.tables["kernels"]
    assert kernels["filter"].tolist() == ["gaussian", "sobel_x", "sobel_y", "sobel", "sobel", "laplacian"]
    assert kernels["weights"].tolist() == [
        "1 2 1; 2 4 2; 1 2 1",
        *["1 0 -1; 2 0 -2; 1 0 -1", "1 2 1; 0 0 0; -1 -2 -1"] * 2,
        "0 1 0; 1 -4 1; 0 1 0",
    ]
    assert kernels["divided by"].tolist() == [16, 1, 1, 1, 1, 1]
    assert kernels["sum"].tolist() == [1, 0, 0, 0, 0, 0]


def test_a_correlation_lays_kernels_as_they_are_written(image):
    findings = ImageFilters.configured({"filters": ["sobel_x"], "operation": "correlation"}).analyse(ensemble(image))
    assert findings.tables["kernels"]["weights"].tolist() == ["-1 0 1; -2 0 2; -1 0 1"]
    assert "laid as it is written over every pixel" in findings.captions["filters"]


def test_signed_results_have_a_symmetric_scale_and_others_that_of_the_picture(image):
    shown = pictures(ImageFilters().analyse(ensemble(image)))
    for name in ("sobel_x", "laplacian"):
        (drawn,) = shown[name].images
        assert drawn.norm.vmin == -drawn.norm.vmax
        assert drawn.cmap.name == "RdBu_r"
        red, green, blue = to_rgb(drawn.cmap(drawn.norm(drawn.norm.vmax)))
        assert red > blue > green
    assert shown["gaussian"].images[0].get_clim() == (image.min(), image.max())
    assert shown["sobel"].images[0].get_clim()[0] == 0


def test_a_relief_on_a_grey_picture_is_not_signed(rng):
    """Its mean is that of the picture; only what scatters about 0 needs two colours."""
    assert is_signed(rng.normal(0.1, 1, (9, 9)))
    assert not is_signed(rng.normal(128, 50, (99, 99)))
    assert not is_signed(np.zeros((3, 3)))
    assert not is_signed(np.abs(rng.normal(size=(9, 9))))


@pytest.mark.parametrize("value", [0, 7])
def test_a_flat_picture(tmp_path, value):
    findings = ImageFilters().analyse(ensemble(np.full((6, 9), value, np.uint8)))
    assert findings.tables["numbers"]["mean"].tolist() == [value, value, 0, 0, 0, 0]
    findings.save(tmp_path)


@pytest.mark.parametrize(
    ("kernel", "whole", "divisor"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]], 1),
        ([[1 / 6, 1 / 3, 1 / 2]], [[1, 2, 3]], 6),
        (np.full((9, 9), 1 / 81), np.ones((9, 9)), 81),
        ([[0.5, -0.25]], [[2, -1]], 4),
        ([[5.123, 1]], [[5.123, 1]], 1),
        ([[np.pi]], [[np.pi]], 1),
        ([[200, -3]], [[200, -3]], 1),
        ([[0, 0]], [[0, 0]], 1),
    ],
)
def test_kernels_as_whole_numbers(kernel, whole, divisor):
    found = whole_weights(np.array(kernel, float))
    assert found[0].tolist() == np.array(whole, float).tolist()
    assert found[1] == divisor


def test_the_kernels_are_written_below_the_results(image):
    own = [
        {"name": "row", "kernel": [[1, 2, 1]], "normalize": True, "repeat": 3},
        {"name": "odd", "kernel": [[0.123456, -2, 0]]},
        {"name": "large", "kernel": np.eye(7).tolist()},
    ]
    figure = ImageFilters.configured({"filters": own}).analyse(ensemble(image)).figures["filters"]
    texts = [[text.get_text() for text in axes.texts] for axes in figure.axes if axes.texts]
    assert texts == [["1", "2", "1", " / 4", "   3 times"], ["0.12", "−2", "0"]]


def test_one_image_of_several_of_one_member_is_taken(rng):
    images = rng.integers(0, 256, (2, 3, 8, 12), dtype=np.uint8)
    plugin = ImageFilters(array="observed", member=1, index=2)
    shown = pictures(plugin.analyse(ensemble(*images, array="observed")))
    (original, *_) = shown.values()
    assert original.get_title() == "micrograph: observed, member 1, image 2"
    np.testing.assert_array_equal(original.images[0].get_array(), images[1, 2])


@pytest.mark.parametrize(
    ("shape", "config", "message"),
    [
        ((4, 6), {"member": 1}, "the simulation 'micrograph' has no member 1: it has 0"),
        ((4, 6), {"index": 1}, "'image' of member 0 of 'micrograph' has no image 1: it has 0"),
        ((3, 4, 6), {"index": 3}, "'image' of member 0 of 'micrograph' has no image 3: it has 3, 0 to 2"),
        ((4,), {}, r"has the shape \(4,\); expected \(height, width\) or \(images, height, width\)"),
        ((0, 0), {}, r"has the shape \(0, 0\); expected"),
    ],
)
def test_what_is_not_there_is_told(shape, config, message):
    with pytest.raises(ValueError, match=message):
        ImageFilters(**config).analyse(ensemble(np.zeros(shape)))


def test_an_array_that_the_simulation_does_not_give():
    plugin = ImageFilters(array="imge")
    outline = Outline("micrograph", plugin, (), {"image": ""})
    assert [*plugin.check(outline)] == [("array", "'micrograph' gives no array 'imge': did you mean 'image'?")]
    with pytest.raises(KeyError, match="gives no array 'imge'; it gives image"):
        plugin.analyse(ensemble(np.zeros((3, 4))))


LAB = '''\
from __future__ import annotations

import numpy as np

from labrun import Simulator, hookimpl


class Steps(Simulator):
    """A step of grey levels."""

    name = "steps"
    outputs = {"image": "(6, 10) uint8"}

    def simulate(self, rng):
        image = np.full((6, 10), 40, np.uint8)
        image[:, 5:] = 140
        return {"image": image}


@hookimpl
def labrun_simulators():
    return [Steps]
'''

PROJECT = """\
project: pictures
plugins: [steps.py]
simulations:
  steps: {use: steps}
analyses:
  filters:
    use: image_filters
    from: steps
    with:
      filters:
        - sobel_x
        - {name: relief, kernel: [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], normalize: true}
"""


@pytest.fixture
def project(write_project, tmp_path):
    def write(text: str = PROJECT):
        (tmp_path / "steps.py").write_text(LAB, encoding="utf-8")
        return write_project(text)

    return write


def test_a_project(project, labrun_process, tmp_path):
    outcome = labrun_process("run", project())
    assert outcome.code == 0, outcome.err
    folder = tmp_path / "runs" / "pictures" / "analyses" / "filters"
    numbers = pd.read_csv(folder / "numbers.csv").set_index("picture")
    assert numbers.loc["sobel_x", ["min", "max"]].tolist() == [0, 400]
    assert numbers.loc["relief", ["min", "max"]].tolist() == [-260, 140]  # −3, 1, 3 over 140 40 40 left of the step
    assert (folder / "filters.png").is_file()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("{name: a, kernel: [[1, 2], [3]]}", "filters.0.kernel: the rows of a kernel must have equally many weights; these have 2, 1"),
        ("{name: a, kernel: [[1, 2, 1], [1, 2, 1]]}", "filters.0.kernel: a kernel of 2 × 3 weights has no central weight"),
        ("{name: a, kernel: [[]]}", "filters.0.kernel: a kernel needs at least one weight"),
        ("{name: a, kernel: [[1, x, 1]]}", "filters.0.kernel.0.1: expected a number, found the text 'x'"),
        ("{name: a, kernel: 3}", "filters.0.kernel: expected a text or a list, found 3"),
        ("{name: a, kernel: [[1, 0, -1]], normalize: true}", "filters.0: normalize: the weights of 'a' add up to 0"),
        ("{name: a, kernel: [[1]], repeats: 2}", "unknown key 'repeats' in analyses.filters.with (image_filters).filters.0: did you mean"),
        ("{kernel: [[1]]}", "lacks the key 'name'"),
        ("gausian", "there is no filter 'gausian': did you mean 'gaussian'?"),
        ("[[1]]", "filters.0: expected a mapping, found a list"),
        ("sobel, sobel", "filters: two filters are called 'sobel'; give each its own name"),
    ],
)  # fmt: skip
def test_a_wrong_kernel_is_told_before_the_run(project, labrun, wrong, message):
    head, _, _ = PROJECT.partition("      filters:")
    outcome = labrun("check", project(f"{head}      filters: [{wrong}]\n"))
    assert outcome.code == 2
    assert message in outcome.err


def test_the_schema_takes_words_and_mappings(labrun):
    outcome = labrun("schema")
    assert outcome.code == 0
    assert "image_filters:Filter" in outcome.out
