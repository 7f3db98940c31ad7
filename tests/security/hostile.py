"""Plugins that are honest, and hand on whatever texts the project and the data hold: names, labels, captions, warnings, errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Dataset, Ensemble, Examples, Field, Findings, Simulator, hookimpl

if TYPE_CHECKING:
    import numpy as np

    from labrun import Arrays

MARKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'; alert(1); '",
    "{{ 7*7 }}",
    "</style>",
)
EVIL = "".join(MARKS) + "{{file:secret.txt}}\x1b]0;x\x07&lt;"


class Marked(Simulator):
    name: ClassVar[str] = "marked"
    __doc__ = f"Waves {EVIL}."

    note: str = Field("", description=EVIL)
    amplitude: float = 1.0

    def simulate(self, rng: np.random.Generator) -> Arrays:
        import numpy as np

        if self.amplitude < 0:
            raise ValueError(EVIL)
        return {"u": np.full((8, 8), self.amplitude, np.float32)}


class Texts(Dataset):
    """Squares with classes."""

    name: ClassVar[str] = "texts"

    def examples(self, simulation: Ensemble) -> Examples:
        import numpy as np

        return Examples(
            lambda indices: np.stack([simulation.read(i, "u") for i in indices]),
            lambda indices: np.asarray(indices) % 2,
            np.arange(len(simulation)),
            classes=[f"a{EVIL}", f"b{EVIL}"],
        )


class Told(Analysis):
    """Tells everything that it can, with every text that it was given."""

    name: ClassVar[str] = "told"

    text: str = ""

    def analyse(self, simulation: Ensemble) -> Findings:
        import matplotlib.pyplot as plt
        import pandas as pd

        figure, axes = plt.subplots(figsize=(2, 2))
        axes.plot([0, 1], label=EVIL.split("{{", maxsplit=1)[0].replace("\x1b", ""))
        axes.set_title(simulation.parameters["label"].iloc[0][:30].replace("\x1b", "").replace("\x07", ""))
        return Findings(
            metrics={f"m{EVIL}": 1.0},
            tables={
                "t": pd.DataFrame({f"c{EVIL}": [EVIL, "=1+1"], "label": simulation.parameters["label"].to_list()[:2]})
            },
            figures={"f": figure},
            captions={"t": EVIL, "f": EVIL},
            warnings=[EVIL, self.text],
        )


class Failing(Analysis):
    """Fails with a text."""

    name: ClassVar[str] = "failing"

    def analyse(self, simulation: Ensemble) -> Findings:
        raise ValueError(EVIL)


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    return [Marked]


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    return [Texts]


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    return [Told, Failing]
