"""Conformance tests for analyses."""

from __future__ import annotations

import io
import linecache
import math
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import labrun
from labrun.contracts.findings import Findings
from labrun.contracts.plugin import Analysis
from labrun.faults import LabrunError
from labrun.registry.code import code_behind
from labrun.registry.offers import Offer
from labrun.registry.plugin_code import PluginCode
from labrun.testing import degenerate, digest
from labrun.testing.contract import InputsContract, once
from labrun.testing.packing import call, holds_model, packed, unpacked
from labrun.testing.processes import in_a_worker, source_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AnalysisContract"]

_CORE = Path(labrun.__file__).parent


class AnalysisContract(InputsContract):
    """Check an analysis: subclass it, and give `plugin`, `config` and `inputs`."""

    plugin: ClassVar[type[Analysis]]

    def test_findings_are_whole(self, tmp_path: Path) -> None:
        findings = self._first()
        replace(findings, figures={}).save(tmp_path / "findings")
        returns = f"{self.method()} returns"
        bare = [name for name in [*findings.figures, *findings.tables] if not findings.captions.get(name, "").strip()]
        assert not bare, (
            f"{returns} figures or tables without a caption: {', '.join(bare)}. The report prints the caption beneath: add to 'captions' a "
            "sentence that says what the figure or table shows, with units."
        )
        odd = [name for name, value in findings.metrics.items() if not math.isfinite(value) and not findings.warnings]
        assert not odd, (
            f"{returns} metrics that are NaN or infinite without a warning: {', '.join(odd)}. Leave out what cannot be computed, or "
            "explain it in 'warnings'."
        )
        empty = [name for name, figure in findings.figures.items() if _is_blank(figure)]
        assert not empty, (
            f"{returns} empty figures: {', '.join(empty)}. Draw something, or leave them out and add a warning."
        )

    def test_the_same_findings_again(self) -> None:
        inputs = self._inputs()
        here = digest.of_findings(self._first())
        if holds_model(inputs):  # a network's output depends on its number of threads
            there = digest.of_findings(self._found(inputs))
        else:
            given = {name: packed(value) for name, value in inputs.items()}
            there = in_a_worker(digests_there, source_of(self.plugin), dict(self.config), given)
        names = digest.differing(here, there)
        assert not names, (
            f"{self.method()} returns different findings when called again: {', '.join(names)}. Draw random numbers from a parameter "
            "'rng', give scikit-learn's estimators a random_state from it, do not iterate over sets of strings, and do not use the time."
        )

    def test_it_survives_one_member(self) -> None:
        self._survives(degenerate.one_member, "with one member")

    def test_it_survives_one_class(self) -> None:
        self._survives(degenerate.one_class, "with one class")

    def test_it_survives_constant_data(self) -> None:
        self._survives(degenerate.constant, "that are constant")

    def test_it_survives_nan(self) -> None:
        self._survives(degenerate.with_nan, "with a NaN")

    def test_it_draws_any_name(self) -> None:
        self._survives(
            degenerate.odd_names, "whose classes have names with dollars, of foreign letters, or of 300 letters"
        )

    def _survives(self, change: Callable[[Mapping[str, Any]], dict[str, Any]], what: str) -> None:
        given = self._inputs()
        inputs = change(given)
        if degenerate.unchanged(given, inputs):
            return
        advice = (
            "Such data occur sooner or later: return what can be computed (with a warning), or raise a ValueError that says what was "
            "expected, what was found and what to do."
        )
        try:
            self._found(inputs, draw=True)
        except LabrunError:
            return
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            if isinstance(error, ValueError) and self._is_meant(place):
                return
            raise AssertionError(
                f"{self.method()} fails on data {what}, without a message written for people: {type(error).__name__}: "
                f"{error} ({place.filename}:{place.lineno}). {advice}"
            ) from error

    def _is_meant(self, place: traceback.FrameSummary) -> bool:
        """Check whether an error was raised by a line of labrun or of the plugin's own code, not by a library."""
        file = source_of(self.plugin).file
        offer = Offer("analyses", self.plugin, "", "", file.path if file else None)
        own = {file.path.resolve() for file in code_behind(offer).values()}
        path = Path(place.filename).resolve()
        inside = path.is_relative_to(_CORE) or path in own
        return inside and linecache.getline(place.filename, place.lineno or 0).lstrip().startswith("raise")

    def _first(self) -> Findings:
        return once(type(self), "findings", lambda: self._found(self._inputs()))

    def _found(self, inputs: Mapping[str, Any], draw: bool = False) -> Findings:
        import matplotlib as mpl
        import matplotlib.pyplot as plt

        from labrun.kit.figure_text import make_legible

        mpl.use("agg")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", RuntimeWarning)
                findings = call(self.configured(), inputs)
                assert isinstance(findings, Findings), (
                    f"{self.method()} must return labrun.Findings, not {type(findings).__name__}."
                )
                if draw:
                    warnings.filterwarnings("error", "Glyph|constrained_layout not applied", UserWarning)
                    make_legible(findings, inputs)
                    for figure in findings.figures.values():
                        figure.draw_without_rendering()
            return findings
        finally:
            plt.close("all")


def _is_blank(figure: Figure) -> bool:
    """Whether a figure is a single colour."""
    import numpy as np
    from PIL import Image

    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=50)
    with Image.open(stream) as image:
        pixels = np.asarray(image.convert("RGB"))
    return bool((pixels == pixels[0, 0]).all())


def digests_there(source: PluginCode, config: dict[str, Any], inputs: dict[str, Any]) -> dict[str, str]:
    """Return the digests of the findings, computed in another process."""
    plugin: Any = source.load()
    return digest.of_findings(
        call(plugin.configured(config), {name: unpacked(value) for name, value in inputs.items()})
    )
