"""The picture of some members of a simulation in the folder of its run."""

from __future__ import annotations

import contextlib

from labrun.contracts.findings import Findings
from labrun.faults import LabrunError
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import Plan
from labrun.planning.results import Results
from labrun.project.stage import Ref, SimulationStage

__all__ = ["PICTURE", "draw_members_of"]

PICTURE = "members"
"""Name of the SVG and the PNG"""


def draw_members_of(plan: Plan, stage: SimulationStage, folder: GuardedPath) -> None:
    """Write `members.svg` and `members.png` into a folder, if something of the members can be drawn.

    Damaged members are not drawn, since who needs them reports the damage; nor does a run fail for want of room for a picture.
    """
    with contextlib.suppress(OSError, LabrunError):
        _draw(plan, stage, folder)


def _draw(plan: Plan, stage: SimulationStage, folder: GuardedPath) -> None:
    import matplotlib as mpl
    import matplotlib.style

    from labrun.contracts.figure_files import PNG_DPI, png_of, svg_of
    from labrun.kit.figure_text import make_legible
    from labrun.kit.member_pictures import draw_members

    ensemble = Results(plan).get(Ref(stage.section, stage.name))
    with mpl.style.context("labrun.kit.figures"):
        figure = draw_members(ensemble, stage.plugin.shown, stage.plugin.colours)
        if figure is None:
            return
        make_legible(Findings(figures={PICTURE: figure}), {"simulation": ensemble})
        for ending, content in ((".png", png_of(figure, PNG_DPI)), (".svg", svg_of(figure, PICTURE))):
            with (folder / f"{PICTURE}{ending}").written() as stream:
                stream.write(content)
