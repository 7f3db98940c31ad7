"""The notebook of the documentation runs from top to bottom, and is stored with its output."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from tests.waiting import HANG

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def test_stored_output_of_the_notebook_has_no_errors():
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert outputs
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == list(
        range(1, 1 + sum(cell.cell_type == "code" for cell in notebook.cells))
    )
    assert NOTEBOOK.stat().st_size < 250_000
    assert str(Path.home()) not in NOTEBOOK.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_notebook_runs(tmp_path):
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=int(HANG), kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = [
        output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert sum('class="labrun"' in page for page in shown) >= 6
    assert any("finished after" in page for page in shown)
    assert any("image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", ()))
