"""What the report shows of a sweep."""

from labrun.report.gathering import _distinct


def test_values_of_every_kind_are_listed_once():
    values = [8, [12, 16], 2.5, "b", [12, 16], "a", 8, True, {"x": 1}]
    assert _distinct(values) == [True, 2.5, 8, "a", "b", [12, 16], {"x": 1}]


def test_a_sweep_over_lists_has_a_report(tmp_path, monkeypatch, labrun):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "blocks.py").write_text(
        "from typing import ClassVar\n"
        "from labrun import Field, Simulator, hookimpl\n"
        "class Block(Simulator):\n"
        '    """A block."""\n'
        '    name: ClassVar[str] = "block"\n'
        '    size: int | list[int] = Field(description="sites")\n'
        "    def simulate(self, rng):\n"
        "        return {'u': rng.random(self.size)}\n"
        "@hookimpl\n"
        "def labrun_simulators(): return [Block]\n"
    )
    project = (
        "project: blocks\nplugins: [blocks.py]\nsimulations: {s: {use: block, sweep: {grid: {size: [8, [2, 3]]}}}}\n"
    )
    (tmp_path / "blocks.yaml").write_text(project)
    outcome = labrun("run", "blocks.yaml")
    assert (outcome.code, outcome.err) == (0, "")
    assert "8, [2, 3]" in (tmp_path / "runs/blocks/report.html").read_text()
