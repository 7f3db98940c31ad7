"""Analysis `inpainting`: how well networks, and the baselines that they have to beat, fill missing pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_inpainting.judgement import Judgement


class Inpainting(Analysis):
    """How well do networks fill the missing pixels of pictures? And how well does what a scientist would try first?

    x holds the channels `observed` and `mask` (1 where a pixel is known), y the whole picture, all in grey levels. The scores are the root
    mean squared and the mean absolute error [grey levels], on missing and on known pixels separately, over all pictures together, with
    intervals over members or parameter sets (see `labrun.kit.units`). Baselines, which keep known pixels as they are:

    * `mean`: the mean of the known pixels of the picture;
    * `nearest`: the nearest known pixel;
    * `normalised convolution`: the mean of known pixels weighted by a Gaussian (H. Knutsson and C.-F. Westin, CVPR 1993), with the width
      that has the least error on the training pictures;
    * `biharmonic`: the smoothest surface through the known pixels (`skimage.restoration.inpaint_biharmonic`);
    * `kriging`, if `correlation_length` is given: the best linear predictor for pictures that are white noise, blurred as the simulator
      `microscopy` blurs it and rounded. On such pictures no linear method can do better (see `labrun_inpainting.kriging`).
    """

    name: ClassVar[str] = "inpainting"
    version: ClassVar[int] = 1

    correlation_length: float | None = Field(
        None, gt=0, description="ξ, width of the blur, for kriging [pixels]; without it, kriging is left out"
    )
    deviation: float = Field(50.0, gt=0, description="standard deviation of the noise before the blur [grey levels]")
    mean: float | None = Field(
        None,
        description="mean of the pictures, for kriging [grey levels]; by default that of all known pixels",
    )
    nugget: float = Field(
        1 / 12,
        gt=0,
        description="independent variance of each pixel [grey levels²]; rounding to whole levels gives 1/12",
    )
    shown: int = Field(3, ge=1, le=12, description="number of pictures in the figure (the first ones)")
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers the true value")

    def analyse(self, model: list[TrainedModel], dataset: Examples, train: Examples | None = None) -> Findings:
        """Return the tables `errors` and `comparison`, the figures `errors` and `reconstructions`, and the metrics `RMSE missing, <method>`
        and `MAE missing, <method>`; for networks also on `known` pixels and, with kriging, `RMSE over kriging, <network>`.

        Raises:
            ValueError: examples are not such pictures; no pixel is missing, or a picture has no known one; or a network does not predict
                finite pictures.
        """
        from labrun.kit.comparison import standing_table
        from labrun_inpainting.baselines import baselines, choose_width
        from labrun_inpainting.drawing import draw_errors, draw_reconstructions
        from labrun_inpainting.judgement import judge
        from labrun_inpainting.methods import networks
        from labrun_inpainting.pictures import check_pictures

        check_pictures(dataset)
        if train is not None:
            check_pictures(train)
        width = choose_width(dataset if train is None else train)
        methods = [*networks(model), *baselines(width, self._kriging(dataset))]
        judged = judge(dataset, methods, self.shown, self.confidence)
        chosen_on = "the judged pictures themselves, which favours it" if train is None else f"'{train.name}'"
        return Findings(
            metrics=dict(judged.metrics()),
            tables={"errors": judged.table(), "comparison": standing_table(judged.standings())},
            figures={"errors": draw_errors(judged), "reconstructions": draw_reconstructions(judged)},
            captions=self._captions(
                judged, f"Width of the normalised convolution: {width:.2g} pixels, chosen on {chosen_on}."
            ),
            warnings=[*judged.warnings()],
        )

    def _kriging(self, dataset: Examples) -> Any:
        """Return the best linear predictor, or None where the covariance is not known."""
        from labrun_inpainting.kriging import Kriging
        from labrun_inpainting.pictures import mean_of_known

        if self.correlation_length is None:
            return None
        mean = mean_of_known(dataset) if self.mean is None else self.mean
        return Kriging(dataset.spec.x.shape[:2], self.correlation_length, self.deviation, self.nugget, mean)  # type: ignore[union-attr]

    def _captions(self, judged: Judgement, width: str) -> dict[str, str]:
        from labrun.kit.comparison import COMPARED

        interval = f"the {self.confidence:.0%} interval over {judged.units.words}"
        kriging = (
            " 'over kriging' is the RMSE divided by that of kriging; no linear method can reach less than 1."
            if self.correlation_length is not None
            else " Kriging is left out, since 'correlation_length' is not given."
        )
        return {
            "errors": f"Errors on '{judged.dataset}' [grey levels], on missing and on known pixels; 'low' and 'high' bound {interval}. "
            f"{width}{kriging}{judged.best_in_words()}",
            "comparison": COMPARED.format(units=judged.units.words, confidence=0.95),
            "reconstructions": f"The first pictures of '{judged.dataset}': the observed picture (missing pixels orange) above the truth, "
            "then the picture filled by each method above its error, in grey levels. Numbers are the RMSE on its missing pixels."
            + judged.left_out(),
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Inpainting]
