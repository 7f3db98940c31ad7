"""A plugin's field `image` and its digest `image_sha256`: taken where a project gives the path alone."""

import hashlib

import pytest

from labrun.faults import ProjectFaults
from labrun.planning.plan import make_plan
from labrun.project.load import load

PLUGIN = '''
from pathlib import Path
from labrun import *

class Reader(Simulator):
    """Reads two files."""
    name = "reader"
    left: Path = Field(description="a file")
    left_sha256: str = Field(min_length=64, description="its digest")
    right: Path | None = Field(None, description="another file")
    right_sha256: str = Field("", description="its digest")

    def simulate(self, rng): return {}

@hookimpl
def labrun_simulators(): return [Reader]
'''
HEAD = "project: p\nplugins: [reader.py]\nsimulations:\n  s: "


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def stage(write_project, tmp_path):
    (tmp_path / "reader.py").write_text(PLUGIN)
    for name in ("a", "b"):
        (tmp_path / f"{name}.bin").write_text(name)

    def stage(text):
        return load(write_project(HEAD + text)).stages["simulations.s"]

    return stage


def test_a_fixed_file(stage):
    found = stage("{use: reader, with: {left: a.bin}}\n")
    assert found.fixed == {"left": "a.bin", "left_sha256": sha256("a")}
    assert found.plugin.left_sha256 == sha256("a")


def test_one_pattern_and_several_call_digests_alike(stage):
    one = stage('{use: reader, with: {right: b.bin}, sweep: {files: {left: "{name}.bin"}}}\n')
    assert one.table.parameters == {"left": ["a.bin", "b.bin"], "left_sha256": [sha256("a"), sha256("b")]}
    assert one.fixed["right_sha256"] == sha256("b")
    two = stage('{use: reader, sweep: {files: {left: "{name}.bin", right: "{name}.bin"}}}\n')
    assert list(two.table.parameters) == ["left", "left_sha256", "right", "right_sha256"]


def test_a_table_of_files(stage, tmp_path):
    (tmp_path / "files.csv").write_text("left\nb.bin\na.bin\nb.bin\n")
    found = stage("{use: reader, sweep: {table: files.csv}}\n")
    assert found.table.parameters["left_sha256"] == [sha256(name) for name in "bab"]


def test_the_key_follows_the_content(stage, write_project, tmp_path):
    def key(text):
        project = load(write_project(HEAD + text))
        return make_plan(project, tmp_path / "store").stages["simulations.s"].key

    fixed, swept = "{use: reader, with: {left: a.bin}}\n", "{use: reader, sweep: {grid: {left: [a.bin]}}}\n"
    before = [key(fixed), key(swept)]
    (tmp_path / "a.bin").write_text("changed")
    assert key(fixed) != before[0]
    assert key(swept) != before[1]


def test_a_digest_that_is_given_stands(stage):
    found = stage(f"{{use: reader, with: {{left: gone.bin, left_sha256: {'a' * 64}}}}}\n")
    assert found.fixed["left_sha256"] == "a" * 64


def test_a_file_that_is_missing_is_left_to_the_plugin(stage):
    with pytest.raises(ProjectFaults, match="lacks the key 'left_sha256'"):
        stage("{use: reader, with: {left: gone.bin}}\n")
    with pytest.raises(ProjectFaults, match="lacks the key 'left_sha256'"):
        stage("{use: reader, sweep: {grid: {left: [a.bin, gone.bin]}}}\n")
