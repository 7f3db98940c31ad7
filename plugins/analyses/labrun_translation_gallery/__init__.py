"""Analysis `translation_gallery`: pictures that a network made of other pictures, beside what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    from labrun_translation_gallery.judgement import Judgement


class TranslationGallery(Analysis):
    """How well do networks translate pictures into pictures? Source, expected and generated pictures, and where they differ.

    `ink` are drawings, from black (0) to a white ground (1), or from -1 to 1: what is missing stands in blue, what is spurious in orange.
    `field` are maps of a quantity: their errors are drawn as differences, generated - expected. All scores are means over the pictures of
    the dataset, with standard errors over members:

    * L1, the mean absolute error; RMSE, the root of the mean squared error [unit of the field; of drawings, shares of full ink];
    * SSIM, the structural similarity (Z. Wang et al., IEEE Trans. Image Process. 13, 600 (2004)) in windows of 7 × 7 pixels.

    The baseline that has to be beaten tells nothing of the picture: of drawings the source as it is, of fields the mean of all expected
    ones. Drawings of thin lines are mostly ground, so that all three scores flatter whatever is nearly white.

    With `cell_size`, fields also have power spectra Δ²(k) = k² P(k)/2π, of what is expected and what is generated, and their
    cross-correlation r(k) = P_ab / √(P_aa P_bb) (see `labrun_lattices.spectra`), with the sums over all pictures in each bin of k.
    """

    name: ClassVar[str] = "translation_gallery"
    version: ClassVar[int] = 1

    kind: Literal["ink", "field"] = Field("ink", description="drawings on a white ground, or maps of a quantity")
    count: int = Field(4, ge=1, le=12, description="pictures in the figure, spread evenly over the dataset")
    unit: str = Field("", description="unit of a field, once it is multiplied by 'scale'")
    scale: float = Field(1.0, gt=0, description="fields are multiplied by this before all else [unit]")
    cell_size: float | None = Field(
        None, gt=0, description="side of a pixel of a field [Mpc]; with it there are spectra"
    )
    bins: int = Field(12, ge=2, le=100, description="bins of k, logarithmic, of the spectra")

    @model_validator(mode="after")
    def _check_together(self) -> TranslationGallery:
        for name in ("unit", "scale", "cell_size", "bins"):
            if self.kind == "ink" and name in self.model_fields_set:
                raise ValueError(f"'{name}' belongs to fields: set 'kind: field', or leave it out")
        if "bins" in self.model_fields_set and self.cell_size is None:
            raise ValueError("'bins' are those of the spectra, which need 'cell_size'")
        return self

    def analyse(self, model: list[TrainedModel], dataset: Examples) -> Findings:
        """Table `scores`, figure `gallery`; with `cell_size` table and figure `spectra`; metrics `L1, unet`, `RMSE, unet`, `SSIM, unet`.

        Raises:
            ValueError: examples are no pictures of this kind, two models have one name, or a model answers something else than such
                pictures.
        """
        from labrun_translation_gallery.drawing import draw_gallery, draw_spectra
        from labrun_translation_gallery.judgement import judge
        from labrun_translation_gallery.pictures import Pictures
        from labrun_translation_gallery.spectra import Spectra

        pictures = Pictures(dataset, self.kind == "ink", self.scale)
        spectra = Spectra(dataset.spec.y.shape[:2], self.cell_size, self.bins) if self.cell_size is not None else None
        judged = judge(model, pictures, self.count, spectra)
        findings = Findings(
            metrics=dict(judged.metrics()),
            tables={"scores": judged.table()},
            figures={"gallery": draw_gallery(judged, self.unit)},
            captions=self._captions(judged),
            warnings=[*judged.warnings()],
        )
        if spectra is not None:
            findings.tables["spectra"] = spectra.table()
            findings.figures["spectra"] = draw_spectra(findings.tables["spectra"], self.unit)
        return findings

    def _captions(self, judged: Judgement) -> dict[str, str]:
        unit = f" [{self.unit}]" if self.unit else ""
        errors = (
            "what is missing is blue, what is spurious orange, what both have grey"
            if self.kind == "ink"
            else f"then generated − expected{unit}, cut where one of a hundred errors is greater"
        )
        examples = judged.pictures.examples
        left_out = [one.name for one in judged.methods if one.is_model and one not in judged.drawn()]
        captions = {
            "gallery": f"{len(judged.shown)} of {len(examples):,} pictures of '{examples.name}': the source, "
            f"what is expected, and what is generated, with its L1; {errors}."
            + (f" The best are drawn, not {', '.join(left_out)}." if left_out else ""),
            "scores": f"Means over the pictures of '{examples.name}', with standard errors over members (empty with one "
            f"member): L1 and RMSE{unit}, and SSIM, which is 1 of equal pictures. The last row is what learns nothing.",
        }
        if self.cell_size is not None:
            captions["spectra"] = (
                "Power spectra in the plane of the pictures, Δ² = k² P/2π, of what is expected and generated, and their cross-correlation "
                "r; pictures count as periodic. 'modes' are those of one picture."
            )
        return captions


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [TranslationGallery]
