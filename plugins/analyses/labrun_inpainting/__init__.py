"""Analysis `inpainting`: how well are missing pixels told, by networks and by what they have to beat?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun_inpainting.judgement import Judgement


class Inpainting(Analysis):
    """How well do networks tell the missing pixels of pictures? Beside them, what a scientist would try first.

    x holds the channels `observed` and `mask` (1 where a pixel is known), y the whole picture, all in grey levels. Judged are the root mean
    squared and the mean absolute error [grey levels] on missing and on known pixels, apart, over all pictures together; the bootstrap
    draws members, not pictures. Baselines, which leave known pixels as they are:

    * `mean`: the mean of the known pixels of the picture;
    * `nearest`: the nearest known pixel;
    * `normalised convolution`: the mean of known pixels weighted by a Gaussian (H. Knutsson and C.-F. Westin, CVPR 1993), whose width does
      best on the training pictures;
    * `biharmonic`: the smoothest surface through the known pixels (`skimage.restoration.inpaint_biharmonic`);
    * `kriging`, where `correlation_length` is given: the best linear predictor for pictures that are white noise, blurred as the simulator
      `microscopy` blurs it and rounded: of all that is linear, nothing can do better on them (see `labrun_inpainting.kriging`).
    """

    name: ClassVar[str] = "inpainting"
    version: ClassVar[int] = 1

    correlation_length: float | None = Field(
        None, gt=0, description="ξ, width of the blur, for kriging [pixels]; without it there is none"
    )
    deviation: float = Field(50.0, gt=0, description="standard deviation of the noise before the blur [grey levels]")
    mean: float | None = Field(
        None,
        description="mean of the pictures, for kriging [grey levels]; if not given, that of the known pixels of all",
    )
    nugget: float = Field(
        1 / 12, gt=0, description="variance of each pixel by itself [grey levels²]; rounding to whole levels gives 1/12"
    )
    shown: int = Field(3, ge=1, le=12, description="pictures in the figure, the first ones")
    resamples: int = Field(1000, ge=100, description="bootstrap resamples")
    confidence: float = Field(0.95, gt=0, lt=1, description="probability that an interval covers")

    def analyse(
        self, model: list[TrainedModel], dataset: Examples, rng: np.random.Generator, train: Examples | None = None
    ) -> Findings:
        """Table `errors`, figures `errors` and `reconstructions`; metrics `RMSE missing, <method>`, `MAE missing, <method>`, for networks
        also on `known` pixels, and with kriging `RMSE over kriging, <network>`.

        Raises:
            ValueError: examples are no pictures of that kind, none has a missing pixel or one has no known one, or a network answers
                something else than a picture, or a number that is not finite.
        """
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
        judged = judge(dataset, methods, self.shown, self.confidence, self.resamples, rng)
        chosen_on = "the judged pictures themselves, in its favour" if train is None else f"'{train.name}'"
        return Findings(
            metrics=dict(judged.metrics()),
            tables={"errors": judged.table()},
            figures={"errors": draw_errors(judged), "reconstructions": draw_reconstructions(judged)},
            captions=self._captions(
                judged, f"Width of the normalised convolution: {width:.2g} pixels, chosen on {chosen_on}."
            ),
            warnings=[*judged.warnings()],
        )

    def _kriging(self, dataset: Examples) -> Any:
        """The best linear predictor, or None where the covariance is not known."""
        from labrun_inpainting.kriging import Kriging
        from labrun_inpainting.pictures import mean_of_known

        if self.correlation_length is None:
            return None
        mean = mean_of_known(dataset) if self.mean is None else self.mean
        return Kriging(dataset.spec.x.shape[:2], self.correlation_length, self.deviation, self.nugget, mean)  # type: ignore[union-attr]

    def _captions(self, judged: Judgement, width: str) -> dict[str, str]:
        drawn = "pictures" if judged.by_picture else "members"
        interval = f"the {self.confidence:.0%} bootstrap interval, which draws {drawn}; all methods are judged on the same draws"
        kriging = (
            " 'over kriging' is the RMSE by that of kriging, which nothing linear can bring below 1."
            if self.correlation_length is not None
            else " Kriging is left out, since no correlation_length is given."
        )
        return {
            "errors": f"Errors on '{judged.dataset}' [grey levels], on missing and on known pixels; 'low' and 'high' bound {interval}. "
            f"{width}{kriging}",
            "reconstructions": f"The first pictures of '{judged.dataset}': what is observed (missing pixels orange) over the truth, then "
            "each method's answer over its error, in grey levels; the number is the RMSE on missing pixels of this picture."
            + judged.left_out(),
        }


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [Inpainting]
