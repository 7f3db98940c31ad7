"""Analysis `reconstruction`: how well autoencoders reconstruct pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, ArraySpec, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_reconstruction.judgement import Judgement


class Reconstruction(Analysis):
    """How well do autoencoders reconstruct pictures? And how well do as many principal components as their code has dimensions, learned
    from the training pictures if these are given?

    With the reconstruction a of a picture x, over all pixels of all pictures,

        MSE = ⟨(a − x)²⟩ [x²],      RMSE = `scale` √MSE [unit],      R² = 1 − MSE / var(x).

    The figure shows the mean power in the plane, Δ²(k) = k² P(k) / 2π [unit²]. The size of the code is the number of outputs of the layer
    `code`. The components are the best linear code of the training pictures with this many dimensions; n pictures have at most n − 1
    of them, so a larger code is compared with fewer.

    One channel of x is judged, in the unit `unit`: for slices of δT_b that were divided by 70 mK, `scale: 70`.
    """

    name: ClassVar[str] = "reconstruction"
    version: ClassVar[int] = 1

    channel: int = Field(0, ge=0, description="channel of x that is judged, from 0")
    scale: float = Field(1.0, gt=0, description="value of x = 1 [unit]")
    unit: str = Field("", description="unit of the pictures, such as mK")
    cell_size: float | None = Field(None, gt=0, description="side of a pixel [Mpc]; without it lengths are in pixels")
    bins: int = Field(14, ge=1, description="logarithmic bins of the power spectrum")
    shown: int = Field(3, ge=1, le=8, description="number of pictures in the figure, evenly chosen")
    pca_pictures: int = Field(
        2000, ge=2, description="training pictures for the components, at most; all of them are in memory"
    )

    def analyse(self, model: list[TrainedModel], dataset: Examples, train: Examples | None = None) -> Findings:
        """Return the metrics `MSE <method>`, `RMSE <method>`, `R² <method>`, `MSE over PCA, <model>`; the tables `errors` and `power`; the
        figures `reconstructions` and `power`.

        Raises:
            ValueError: x is not a picture or not finite, it has no such `channel`, or a model does not predict finite pictures like x.
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
            metrics=dict(judged.metrics(self.unit)),
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
                f"reconstruction expects pictures, x of shape (height, width, channels), but '{examples.name}' has {found}"
            )
        if self.channel >= x.shape[2]:
            raise ValueError(
                f"x of '{examples.name}' has no channel {self.channel}: it has {x.shape[2]}, counted from 0"
            )

    def _captions(self, judged: Judgement) -> dict[str, str]:
        unit = f" [{self.unit}]" if self.unit else ""
        power = f" [{self.unit}²]" if self.unit else ""
        length = "pixel" if self.cell_size is None else "Mpc"
        limited = "".join(f" {one.remark}" for one in judged.methods if one.remark)
        return {
            "errors": f"Errors on the {judged.count:,} pictures of '{judged.dataset}': MSE in units of x², RMSE and MAE{unit}. "
            "'dimensions' is the number of values that a picture is reduced to, 'spread' the standard deviation of the RMSE over members "
            f"of the dataset.{limited}",
            "power": f"Mean power Δ²(k){power} of the pictures of '{judged.dataset}' and of their reconstructions, against k [1/{length}]. "
            f"Below 1 in the lower panel, structure of that size is lost.{judged.best_in_words(unit)}",
            "reconstructions": f"Pictures of '{judged.dataset}', their reconstructions, and the differences{unit}; numbers are the RMSE of "
            f"the picture.{judged.left_out()}",
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Reconstruction]
