"""Analysis `translation_gallery`: pictures that networks make of other pictures, beside the expected ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_translation_gallery.judgement import Judgement


class TranslationGallery(Analysis):
    """How well do networks translate pictures into pictures? Draw source, expected and generated pictures, and their errors.

    `ink` are drawings, from black (0) to a white ground (1), or from -1 to 1: missing ink is drawn in blue, spurious ink in orange.
    `field` are maps of a quantity, whose errors are drawn as differences, generated − expected. All scores are means over the pictures of
    the dataset, with standard errors over members:

    * L1, the mean absolute error; RMSE, the root of the mean squared error [unit of the field; for drawings, shares of full ink];
    * SSIM, the structural similarity (Z. Wang et al., IEEE Trans. Image Process. 13, 600 (2004)) in windows of 7 × 7 pixels.

    The baseline that networks have to beat learns nothing: for drawings it is the source as it is, for fields the mean of all expected
    pictures. Drawings of thin lines are mostly ground, so all three scores flatter any nearly white picture.

    With `cell_size`, fields also get power spectra Δ²(k) = k² P(k)/2π, of expected and of generated pictures, and their cross-correlation
    r(k) = P_ab / √(P_aa P_bb) (see `labrun_lattices.spectra`), from sums over all pictures in each bin of k.
    """

    name: ClassVar[str] = "translation_gallery"
    version: ClassVar[int] = 1

    kind: Literal["ink", "field"] = Field("ink", description="drawings on a white ground, or maps of a quantity")
    count: int = Field(4, ge=1, le=12, description="number of pictures in the figure, evenly chosen from the dataset")
    unit: str = Field("", description="unit of a field after multiplication by 'scale'")
    scale: float = Field(1.0, gt=0, description="factor by which fields are multiplied first [unit]")
    cell_size: float | None = Field(None, gt=0, description="side of a pixel of a field [Mpc]; needed for spectra")
    bins: int = Field(12, ge=2, le=100, description="number of logarithmic bins of k in the spectra")

    @model_validator(mode="after")
    def _check_together(self) -> TranslationGallery:
        for name in ("unit", "scale", "cell_size", "bins"):
            if self.kind == "ink" and name in self.model_fields_set:
                raise ValueError(f"'{name}' belongs to fields: set 'kind: field', or leave it out")
        if "bins" in self.model_fields_set and self.cell_size is None:
            raise ValueError("'bins' are for spectra, which need 'cell_size'")
        return self

    def analyse(self, model: list[TrainedModel], dataset: Examples) -> Findings:
        """Return the table `scores` and the figure `gallery`; with `cell_size`, the table and the figure `spectra`; and the metrics `L1,
        unet`, `RMSE, unet`, `SSIM, unet`.

        Raises:
            ValueError: examples are not pictures of this kind, two models have the same name, or a model does not predict such pictures.
        """
        from labrun_translation_gallery.drawing import draw_gallery, draw_spectra
        from labrun_translation_gallery.judgement import judge
        from labrun_translation_gallery.pictures import Pictures
        from labrun_translation_gallery.spectra import Spectra

        pictures = Pictures(dataset, self.kind == "ink", self.scale)
        spectra = Spectra(dataset.spec.y.shape[:2], self.cell_size, self.bins) if self.cell_size is not None else None
        judged = judge(model, pictures, self.count, spectra)
        findings = Findings(
            metrics=dict(judged.metrics(self.unit)),
            tables={"scores": judged.table()},
            figures={"gallery": draw_gallery(judged, self.unit)},
            captions=self._captions(judged),
            warnings=[*judged.warnings()],
        )
        if spectra is not None:
            findings.tables["spectra"] = spectra.table()
            findings.figures["spectra"] = draw_spectra(
                findings.tables["spectra"], {one.name: one.colour for one in judged.methods}, self.unit
            )
        return findings

    def _captions(self, judged: Judgement) -> dict[str, str]:
        unit = f" [{self.unit}]" if self.unit else ""
        errors = (
            "missing ink is blue, spurious ink orange, ink in both grey"
            if self.kind == "ink"
            else f"then the errors, generated − expected{unit}; one in a hundred is larger than the scale shows"
        )
        examples = judged.pictures.examples
        left_out = [one.name for one in judged.methods if one.is_network and one not in judged.drawn()]
        captions = {
            "gallery": f"{len(judged.shown)} of {len(examples):,} pictures of '{examples.name}': source, expected and generated, with L1; "
            f"{errors}." + (f" The best are drawn, not {', '.join(left_out)}." if left_out else ""),
            "scores": f"Means over the pictures of '{examples.name}', with standard errors over members (empty for a single member): "
            f"L1 and RMSE{unit}, and SSIM, which is 1 for equal pictures. The last row is a baseline that learns nothing.",
        }
        if self.cell_size is not None:
            captions["spectra"] = (
                "Power spectra in the plane of the pictures, Δ² = k² P/2π, of expected and generated ones, and their cross-correlation r, "
                "which is 1 where structure of that size is right. Pictures count as periodic; 'modes' are those of one picture."
            )
        return captions


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [TranslationGallery]
