"""Cards that a notebook shows when an object is the last line of a cell. Importing this module registers them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from labrun.amounts import duration_in_words
from labrun.contracts.card import card_of
from labrun.contracts.ensemble import Ensemble
from labrun.contracts.examples import Examples, ExampleSpec
from labrun.contracts.findings import Findings
from labrun.contracts.measure import Measure
from labrun.contracts.trained import TrainedModel
from labrun.display.card_pictures import thumbnails_of_examples, thumbnails_of_members
from labrun.files.guarded import GuardedPath
from labrun.planning.plan import make_plan
from labrun.project.load import Project
from labrun.records.finished_run import Run
from labrun.store.places import default_runs, store_of

if TYPE_CHECKING:
    import pandas as pd


ROWS = 8
"""Rows of a table that a card shows."""


@card_of.register(Project)
def project_card(project: Project) -> str:
    """Draw the graph of stages, and mark those that are done in the default folder of runs."""
    plan = make_plan(project, store_of(default_runs()))
    stages = list(plan.stages.values())
    outcomes = {planned.id: "done" if plan.manifest(planned) else "not reached" for planned in stages}
    done = sum(outcome == "done" for outcome in outcomes.values())
    facts = {"stages": len(stages), f"done in {default_runs()}": done, "seed": project.seed, "file": project.path}
    lead, todo = project.head.description, done < len(stages)
    return _render("graph", project.name, "Project", facts, lead=lead, graph=_graph(stages, outcomes), todo=todo)


@card_of.register(Run)
def run_card(run: Run) -> str:
    """Draw the graph of stages with the outcome of each, list failures, and name the report."""
    outcomes = {identifier: entry["outcome"] for identifier, entry in run.record.get("stages", {}).items()}
    facts = {"outcome": run.outcome, "stages": len(run), "in": run.folder, "report": run.report}
    if "seconds" in run.record:
        facts |= {"started": run.record["started"], "took": duration_in_words(run.record["seconds"])}
    graph = _graph(run.planned, outcomes)
    lead, todo = (
        run.project.head.description,
        any(outcomes.get(identifier) not in ("done", "reused") for identifier in run),
    )
    return _render("graph", run.name, "Run", facts, lead=lead, graph=graph, problem=run.failure(), todo=todo)


@card_of.register(Ensemble)
def ensemble_card(ensemble: Ensemble) -> str:
    """Show the arrays with shapes and units, the table of parameters, and thumbnails of pictures."""
    arrays = [[name, str(ensemble.shape(0, name)), ensemble.outputs.get(name, "")] for name in ensemble.names]
    name, pictures = thumbnails_of_members(ensemble)
    facts = {"members": len(ensemble), "arrays": len(arrays), "columns": len(ensemble.columns)}
    return _render(
        "ensemble",
        ensemble.name,
        "Ensemble",
        facts,
        arrays=arrays,
        table=_table(ensemble.parameters),
        picture=_uri(pictures),
        drawn=name,
    )


@card_of.register(Examples)
def examples_card(examples: Examples) -> str:
    """Show shapes and types, the number of examples in each class, and thumbnails of pictures."""
    from labrun.learning.summary import summarize_examples

    empty: dict[str, Any] = {"examples": 0, "members": 0}
    summary: dict[str, Any] = summarize_examples(examples, {})["whole"] if len(examples) else empty
    facts = {name: summary[name] for name in ("examples", "members")}
    counts: dict[str, Any] = summary.get("classes") or {}
    span = " … ".join(f"{summary['y'][end]:.4g}" for end in ("least", "most")) if "y" in summary else ""
    measured = f"{examples.quantity or 'y'}: {span}" if span else ""
    return _render(
        "examples",
        examples.name,
        "Examples",
        facts,
        arrays=_shapes(examples.spec) if len(examples) else [],
        counts=counts,
        most=max(counts.values(), default=0),
        measured=measured,
        picture=_uri(thumbnails_of_examples(examples)),
    )


@card_of.register(TrainedModel)
def model_card(model: TrainedModel) -> str:
    """Show the last numbers of the training, its curves, and the inputs of the network."""
    history = model.history
    last = {name: value for row in history.tail(1).to_dict("records") for name, value in row.items() if value == value}
    summary = GuardedPath(model.folder) / "summary.txt"
    return _render(
        "model",
        model.name,
        f"TrainedModel of {model.plugin.name}",
        {name: int(value) if name == "epoch" else f"{value:.4g}" for name, value in last.items()},
        arrays=_shapes(model.spec),
        classes=", ".join(model.spec.classes or ()),
        curves=_curves(history),
        layers=summary.text() if summary.is_regular() else "",
        settings=", ".join(f"{name}={value}" for name, value in model.plugin.model_dump(exclude_defaults=True).items()),
    )


@card_of.register(Findings)
def findings_card(findings: Findings) -> str:
    """Show metrics, figures and tables with their captions; name the interactive parts, which are in the report."""
    figures = [(name, _uri(findings.picture(name)), findings.captions.get(name, "")) for name in findings.figure_names]
    tables = [(name, _table(table), findings.captions.get(name, "")) for name, table in findings.tables.items()]
    return _render(
        "findings",
        findings.name,
        "Findings",
        {
            name: str(value) if isinstance(value, Measure) else f"{value:.4g}"
            for name, value in findings.metrics.items()
        },
        warnings=findings.warnings,
        figures=figures,
        tables=tables,
        interactive=", ".join(findings.html),
        files=", ".join(findings.files),
    )


def _render(template: str, name: str, kind: str, facts: dict[str, Any], **context: Any) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("labrun.display"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(f"{template}.html").render(name=name, kind=kind, facts=facts, **context)


def _graph(stages: list[Any], outcomes: dict[str, str]) -> Any:
    from markupsafe import Markup

    from labrun.report.graph import draw_graph

    return Markup(draw_graph(stages, outcomes, linked=False))


def _table(table: pd.DataFrame) -> dict[str, Any]:
    """The first rows as text, with the index where it has a name."""
    shown = table.head(ROWS)
    named = table.index.name is not None
    header = [*([table.index.name] if named else []), *map(str, table.columns)]
    rows = [
        [*([index] if named else []), *row]
        for index, row in zip(shown.index, shown.itertuples(index=False), strict=True)
    ]
    return {
        "header": header,
        "rows": [[_cell(value) for value in row] for row in rows],
        "more": len(table) - len(shown),
    }


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _shapes(spec: ExampleSpec) -> list[list[str]]:
    x = {f"x.{name}": array for name, array in spec.x.items()} if isinstance(spec.x, dict) else {"x": spec.x}
    return [[name, str(array.shape), array.dtype] for name, array in [*x.items(), ("y", spec.y)]]


def _curves(history: pd.DataFrame) -> list[dict[str, Any]]:
    """Each training curve over the epochs, as the points of a line in a box of 100 × 32."""
    curves = []
    for name in history.columns.drop("epoch", errors="ignore"):
        values = history[name].dropna().to_numpy(float)
        if len(values) < 2:
            continue
        low, high = values.min(), values.max()
        scaled = (values - low) / (high - low) if high > low else values * 0 + 0.5
        points = " ".join(f"{100 * i / (len(values) - 1):.1f},{30 - 28 * value:.1f}" for i, value in enumerate(scaled))
        curves.append({"name": name, "points": points, "from": f"{values[0]:.3g}", "to": f"{values[-1]:.3g}"})
    return curves


def _uri(picture: bytes | None) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}" if picture else ""
