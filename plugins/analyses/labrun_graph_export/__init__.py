"""Analysis `graph_export`: networks in generated pictures, as files for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from labrun import Analysis, Examples, Field, Findings, TrainedModel, hookimpl

if TYPE_CHECKING:
    import pandas as pd

    from labrun_spring_networks.drawn import Drawing

SHOWN = 8


class GraphExport(Analysis):
    """Export the networks in generated pictures as files: from a picture of sites to a graph that other programs read.

    For each picture, numbered as in the dataset:

        network_0000_sites.csv       x to the right, y up [pixels], coordination number
        network_0000_bonds.csv       the two sites of each bond, its length [pixels] and score
        network_0000_graph.graphml   for networkx, igraph, Gephi, yEd, …
        network_0000_graph.json      `networkx.node_link_graph(json.load(file), edges="edges")`
        network_0000.png             the picture with the graph drawn over it

    A pair of sites is a bond if its score reaches `threshold` (see `labrun_spring_networks.drawn`), or the threshold that a
    `bond_recovery` given as `recovery` has chosen for the model. True networks are not needed.
    """

    name: ClassVar[str] = "graph_export"
    version: ClassVar[int] = 1

    threshold: float = Field(
        0.5,
        gt=0,
        le=1,
        description="lowest score of a bond, dimensionless; the threshold of 'recovery' takes precedence",
    )

    def analyse(self, model: TrainedModel, dataset: Examples, recovery: Findings | None = None) -> Findings:
        """Return the files, table `networks` with a row for each picture, and figure `networks`. Metrics: `sites`, `bonds` and `mean
        coordination`.

        Raises:
            ValueError: the model does not generate pictures, the dataset is empty, or `recovery` does not cover the model.
        """
        from labrun_graph_export.drawing import draw_png, draw_some
        from labrun_graph_export.formats import written
        from labrun_spring_networks.drawn import generated_pictures, read_drawing
        from labrun_spring_networks.recovery import threshold_of

        if not len(dataset):
            raise ValueError(f"the dataset '{dataset.name}' is empty: there is no network to export")
        threshold = self.threshold if recovery is None else threshold_of(recovery, model.name)
        files: dict[str, bytes] = {}
        shown, rows = [], []
        for i, picture in enumerate(generated_pictures(model, dataset)):
            name, drawing = f"network_{i:04d}", read_drawing(picture)
            files |= {f"{name}_{end}": content for end, content in written(drawing, threshold)}
            files[f"{name}.png"] = draw_png(picture, drawing, threshold)
            rows.append(_counts(drawing, threshold))
            if i < SHOWN:
                shown.append((str(i), picture, drawing))
        table = _table(rows, dataset)
        sites, bonds = int(table["sites"].sum()), int(table["bonds"].sum())
        return Findings(
            metrics={"sites": sites, "bonds": bonds, "mean coordination": 2 * bonds / max(sites, 1)},
            tables={"networks": table},
            figures={"networks": draw_some(shown, threshold)},
            files=files,
            captions={
                "networks": f"Graphs read from the pictures that '{model.name}' generates for '{dataset.name}', drawn over them: sites "
                f"orange, bonds with a score of at least {threshold:.3g} blue. The table counts them; the files hold them."
            },
            warnings=[f"No site was found in picture {i}." for i in table.index[table["sites"] == 0]],
        )


def _counts(drawing: Drawing, threshold: float) -> dict[str, float]:
    sites, bonds = len(drawing.sites), len(drawing.bonds(threshold))
    return {"sites": sites, "bonds": bonds, "mean coordination": 2 * bonds / max(sites, 1)}


def _table(rows: list[dict[str, float]], dataset: Examples) -> pd.DataFrame:
    """Return the counts, with the dataset's table of the pictures before them."""
    import pandas as pd

    counts = pd.DataFrame(rows).rename_axis("picture")
    known = dataset.table if dataset.table is not None else pd.DataFrame(index=counts.index)
    return known.set_axis(counts.index).join(counts)


@hookimpl
def labrun_analyses() -> list[type[Analysis]]:
    """Offer the analysis."""
    return [GraphExport]
