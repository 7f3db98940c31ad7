"""Analysis `reconstruction`: how well autoencoders give pictures back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_reconstruction.judgement import Judgement


class Reconstruction(Analysis):
    """How well do autoencoders give pictures back? Beside them, principal components of as many dimensions as the code, if there are
    pictures to learn them from.

    With the answer a to a picture x, over all pixels of all pictures,

        MSE = ⟨(a − x)²⟩ [x²],      RMSE = `scale` √MSE [unit],      R² = 1 − MSE / var(x),

    and of each picture the power in the plane, Δ²(k) = k² P(k) / 2π [unit²], of which the mean is drawn. The size of the code is that of
    what the layer `code` gives. The components are the best linear code of the training pictures that has this many dimensions; n
    pictures have no more than n − 1 of them, so that a larger code is compared with fewer.

    One channel of x is judged, in the unit `unit`: of slices of δT_b that were divided by 70 mK, `scale: 70`.
    """

    name: ClassVar[str] = "reconstruction"
    version: ClassVar[int] = 1

    channel: int = Field(0, ge=0, description="the channel of x that is judged, from 0")
    scale: float = Field(1.0, gt=0, description="what 1 in x stands for [unit]")
    unit: str = Field("", description="the unit of what the picture shows, such as mK")
    cell_size: float | None = Field(None, gt=0, description="side of a pixel [Mpc]; without it lengths are in pixels")
    bins: int = Field(14, ge=1, description="logarithmic bins of the power spectrum")
    shown: int = Field(3, ge=1, le=8, description="pictures in the figure")
    pca_pictures: int = Field(
        2000, ge=2, description="training pictures that the components are made of, at most; all of them are in memory"
    )

    def analyse(self, model: list[TrainedModel], dataset: Examples, train: Examples | None = None) -> Findings:
        """Metrics `MSE <method>`, `RMSE <method>`, `R² <method>` and `MSE over PCA, <model>`; tables `errors` and `power`; figures
        `reconstructions` and `power`.

        Raises:
            ValueError: x is no picture or holds NaN, `channel` is none of its channels, or a model answers something else than such a
                picture.
        """
        from labrun_reconstruction.drawing import draw_power, draw_reconstructions
        from labrun_reconstruction.judgement import judge
        from labrun_reconstruction.methods import networks, principal_components

        self._check(dataset)
        methods = networks(model, dataset)
        if train is not None:
            methods += principal_components(train, [one.dimensions for one in methods], self.pca_pictures)
        judged = judge(dataset, methods, self)
        return Findings(
            metrics=dict(judged.metrics()),
            tables={"errors": judged.table(), "power": judged.power_table()},
            figures={"reconstructions": draw_reconstructions(judged, self), "power": draw_power(judged, self)},
            captions=self._captions(judged),
            warnings=[*judged.warnings()],
        )

    def _check(self, examples: Examples) -> None:
        x = examples.spec.x
        if not isinstance(x, ArraySpec) or len(x.shape) != 3:
            found = f"the inputs {', '.join(x)}" if isinstance(x, dict) else f"x of shape {x.shape}"
            raise ValueError(
                f"reconstruction wants pictures, x of shape (height, width, channels); '{examples.name}' has {found}"
            )
        if self.channel >= x.shape[2]:
            raise ValueError(f"'channel: {self.channel}' names no channel of x, which has {x.shape[2]}, counted from 0")

    def _captions(self, judged: Judgement) -> dict[str, str]:
        unit = f" [{self.unit}]" if self.unit else ""
        power = f" [{self.unit}²]" if self.unit else ""
        length = "pixel" if self.cell_size is None else "Mpc"
        limited = "".join(f" {one.remark}" for one in judged.methods if one.remark)
        return {
            "errors": f"Errors on the {judged.count:,} pictures of '{judged.dataset}': MSE in units of x², RMSE and MAE{unit}. "
            "'dimensions' are the numbers that a picture goes through, 'spread' is the standard deviation of the RMSE over the groups "
            f"that the dataset never parts.{limited}",
            "power": f"Power Δ²(k){power} of the pictures and of what is made of them, the mean over '{judged.dataset}', against "
            f"k [1/{length}].",
            "reconstructions": f"Pictures of '{judged.dataset}', what each method makes of them, and by how much that differs{unit}; the "
            f"number is the RMSE of the picture.{judged.left_out()}",
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Reconstruction]
