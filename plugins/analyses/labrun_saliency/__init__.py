"""Analysis `saliency`: which cells of a pattern determine its classification."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import field_validator

from labrun import Analysis, ArraySpec, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_saliency.choosing import Choice

Method = Literal["gradient", "smoothgrad", "integrated"]


class Saliency(Analysis):
    """Which cells of a pattern determine its classification? Maps for one example of each class.

    With S_c(x) the score (logit) of the class c of the example x, the maps are

    * `gradient`: |∂S_c/∂x|, laid over the pattern as in C. Scholz and S. Scholz, Am. J. Phys. 90, 141 (2022);
    * `smoothgrad`: |mean of ∂S_c/∂x at x + σ ξ| with normal noise ξ (D. Smilkov et al., arXiv:1706.03825);
    * `integrated`: |(x − x′) ∫₀¹ ∂S_c/∂x(x′ + a (x − x′)) da| with a featureless x′ (M. Sundararajan, A. Taly and Q. Yan,
      ICML 2017). Without the bars its sum is S_c(x) − S_c(x′), up to the deviation in the table.

    The absolute values are summed over the frames on the last axis of x, then blurred. The example of a class is the correctly classified
    one with the highest probability.
    """

    name: ClassVar[str] = "saliency"
    version: ClassVar[int] = 1

    methods: list[Method] = Field(
        ["gradient", "smoothgrad", "integrated"], min_length=1, description="maps that are drawn"
    )
    blur: float = Field(2.0, ge=0, description="standard deviation of the Gaussian that smooths maps [cells]; 0: none")
    noise: float = Field(0.1, ge=0, description="smoothgrad: σ as a share of the range of x")
    samples: int = Field(32, ge=1, description="smoothgrad: number of draws of the noise")
    baseline: Literal["mean"] | float = Field(
        "mean",
        description="integrated: x′, one level everywhere [units of x]; 'mean': the mean of each frame of the example",
    )
    steps: int = Field(64, ge=1, description="integrated: number of points of the integral")
    frame: int = Field(-1, description="frame over which maps are drawn; -1 is the last")
    batch_size: int = Field(8, ge=1, description="inputs whose gradients are computed at once; more need more memory")

    @field_validator("methods")
    @classmethod
    def _check_methods(cls, methods: list[Method]) -> list[Method]:
        if len(set(methods)) < len(methods):
            raise ValueError("a method is listed twice")
        return methods

    def analyse(self, model: TrainedModel, dataset: Examples, rng: np.random.Generator) -> Findings:
        """Return the figure `saliency`, the table `examples` and the file `saliency.npz`: `x` of these examples and the result of each
        method before absolute value, sum and blur, all (examples, *shape of x) float32 in the order of the table.

        Raises:
            ValueError: x is not a pattern (height, width) or (height, width, frames), there is no such frame, or the dataset has no classes
                or other classes than the model.
        """
        import numpy as np
        import pandas as pd

        from labrun_saliency.attributions import weigh_cells
        from labrun_saliency.choosing import surest_of_each_class
        from labrun_saliency.completeness import NEGLIGIBLE, add_up
        from labrun_saliency.drawing import Row, draw_rows
        from labrun_saliency.gradients import score_network

        classes = self._check_examples(model, dataset)
        network = score_network(model)
        choices = surest_of_each_class(model.probabilities(dataset), dataset.load_y(slice(None)))
        x = np.asarray(dataset.load_x([c.example for c in choices]), dtype=np.float32)
        arrays = {"x": x} | {method: np.empty_like(x) for method in self.methods}
        rows, pictures = [], []
        for i, choice in enumerate(choices):
            maps: dict[str, np.ndarray] = {}
            row = _describe(choice, classes) | {"member": int(dataset.groups[choice.example])}
            for method, attribution in self._attributions(network, x[i], choice.truth, rng):
                arrays[method][i] = attribution
                maps[method] = weigh_cells(attribution, self.blur, dataset.periodic)
                if method == "integrated":
                    ends = network.predict_on_batch(np.stack([x[i], self._baseline(x[i])]))[:, choice.truth]
                    row |= add_up(attribution, *ends)
                    maps[method] *= row["absolute"] >= NEGLIGIBLE
            rows.append(row)
            pictures.append(Row(_label(choice, classes), x[i][..., self.frame] if x[i].ndim == 3 else x[i], maps))
        table = pd.DataFrame(rows)
        return Findings(
            tables={"examples": table},
            figures={"saliency": draw_rows(pictures)},
            files={"saliency.npz": _npz(arrays)},
            captions={
                "saliency": "Influence of each cell on the score of the row's class, from none (transparent) to the largest in that "
                f"picture (yellow): absolute values, summed over the frames, blurred by {self.blur:g} cells.",
                "examples": "For each class, the correctly classified example with the highest probability."
                + (
                    " 'attributed' is the sum of the integrated gradients (exactly: the difference of the scores), 'absolute' the sum of "
                    "their absolute values."
                    if "integrated" in self.methods
                    else ""
                ),
            },
            warnings=[*_warnings(table)],
        )

    def _attributions(
        self, network: Any, x: np.ndarray, number: int, rng: np.random.Generator
    ) -> Iterator[tuple[Method, np.ndarray]]:
        """Yield each method with its attribution of the score of class `number` to the values of one input."""
        import numpy as np

        from labrun_saliency.attributions import integrated_gradients, plain_gradient, smooth_gradient
        from labrun_saliency.gradients import input_gradients

        def gradients(points: np.ndarray) -> np.ndarray:
            return input_gradients(network, points, np.full(len(points), number))

        make: dict[Method, Any] = {
            "gradient": lambda: plain_gradient(gradients, x),
            "smoothgrad": lambda: smooth_gradient(gradients, x, self.noise, self.samples, rng, self.batch_size),
            "integrated": lambda: integrated_gradients(gradients, x, self._baseline(x), self.steps, self.batch_size),
        }
        return ((method, make[method]()) for method in self.methods)

    def _baseline(self, x: np.ndarray) -> np.ndarray:
        """Return x′ of one example."""
        import numpy as np

        level = x.mean(axis=(0, 1)) if self.baseline == "mean" else self.baseline
        return np.broadcast_to(level, x.shape).astype(x.dtype)

    def _check_examples(self, model: TrainedModel, dataset: Examples) -> tuple[str, ...]:
        """Check x and the classes, and return the latter."""
        x = dataset.spec.x
        if not isinstance(x, ArraySpec) or len(x.shape) not in (2, 3):
            raise ValueError(
                f"saliency expects x of shape (height, width) or (height, width, frames), but '{dataset.name}' has {x}"
            )
        if len(x.shape) == 3 and not -x.shape[2] <= self.frame < x.shape[2]:
            raise ValueError(f"x of '{dataset.name}' has no frame {self.frame}: it has {x.shape[2]}, numbered from 0")
        if dataset.classes is None or dataset.classes != model.spec.classes:
            raise ValueError(
                f"the model '{model.name}' has the classes {model.spec.classes}, but the dataset '{dataset.name}' has "
                f"{dataset.classes}; saliency needs the same, in the same order"
            )
        return dataset.classes


def _describe(choice: Choice, classes: tuple[str, ...]) -> dict[str, Any]:
    return {
        "class": classes[choice.truth],
        "predicted": classes[choice.predicted],
        "probability": choice.probability,
        "example": choice.example,
    }


def _label(choice: Choice, classes: tuple[str, ...]) -> str:
    own = classes[choice.truth]
    return own if choice.predicted == choice.truth else f"{own}\n(predicted:\n{classes[choice.predicted]})"


def _warnings(table: Any) -> Iterator[str]:
    from labrun_saliency.completeness import doubts

    wrong = table["class"][table["predicted"] != table["class"]]
    if len(wrong):
        yield f"no example of {', '.join(wrong)} is classified correctly: the map is that of a misclassified one"
    if "attributed" in table:
        yield from doubts(table)


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    import numpy as np

    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Saliency]
