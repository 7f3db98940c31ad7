"""Paths belong to the file in which they are written, however that file is reached and its name is spelled."""

import unicodedata

import pytest

from labrun.faults import ProjectFaults
from labrun.project.load import load
from labrun.project.paths import moved

BASE = """\
project: base
plugins: [lab.py]
simulations:
  train: {use: wave, with: {points: 3}, sweep: {table: points.csv, labels: [class]}}
"""


@pytest.fixture
def base(write_project, tmp_path):
    """A project with a plugin and a table in a folder `base`, and an empty folder `child` beside it."""
    (tmp_path / "base").mkdir()
    (tmp_path / "child").mkdir()
    write_project(BASE, "base/base.yaml")
    (tmp_path / "lab.py").rename(tmp_path / "base/lab.py")
    (tmp_path / "base/points.csv").write_text("amplitude,class\n1,low\n2,high\n")
    return tmp_path


def amplitudes(path, **options):
    return load(path, **options).stages["simulations.train"].table.columns["amplitude"]


def test_paths_of_the_base_lie_beside_the_base(base):
    (base / "child/child.yaml").write_text("extends: ../base/base.yaml\nproject: child\nseed: 5\n")
    project = load(base / "child/child.yaml")
    assert (project.name, project.seed) == ("child", 5)
    assert project.stages["simulations.train"].table.columns["amplitude"] == [1, 2]
    assert project.document.value["plugins"] == ["../base/lab.py"]  # which a run records


def test_a_table_beside_the_child_does_not_take_the_place_of_the_bases(base):
    (base / "child/child.yaml").write_text("extends: ../base/base.yaml\nproject: child\n")
    (base / "child/points.csv").write_text("amplitude,class\n7,low\n")
    assert amplitudes(base / "child/child.yaml") == [1, 2]
    own = ["simulations.train.sweep.table=points.csv"]
    assert amplitudes(base / "child/child.yaml", overrides=own) == [7]


def test_a_table_of_the_child_lies_beside_the_child(base):
    text = "extends: ../base/base.yaml\nproject: child\nsimulations: {train: {sweep: {table: own.csv}}}\n"
    (base / "child/child.yaml").write_text(text)
    (base / "child/own.csv").write_text("amplitude,class\n7,low\n")
    assert amplitudes(base / "child/child.yaml") == [7]


def test_a_chain_of_folders(base):
    (base / "child/child.yaml").write_text("extends: ../base/base.yaml\nproject: child\n")
    (base / "top.yaml").write_text("extends: child/child.yaml\nproject: top\n")
    assert amplitudes(base / "top.yaml") == [1, 2]


def test_a_link_to_a_project_stands_for_that_project(base):
    (base / "child/link.yaml").symlink_to("../base/base.yaml")
    assert amplitudes(base / "child/link.yaml") == [1, 2]
    (base / "child/child.yaml").write_text("extends: link.yaml\nproject: child\n")
    assert amplitudes(base / "child/child.yaml") == [1, 2]


def test_a_project_in_a_folder_that_is_a_link(base):
    (base / "child/child.yaml").write_text("extends: ../base/base.yaml\nproject: child\n")
    (base / "deep").mkdir()
    (base / "deep/link").symlink_to("../child")
    assert amplitudes(base / "deep/link/child.yaml") == [1, 2]


def test_what_is_missing_is_looked_for_beside_the_base(base):
    (base / "base/points.csv").unlink()
    (base / "child/child.yaml").write_text("extends: ../base/base.yaml\nproject: child\n")
    (base / "child/points.csv").write_text("amplitude,class\n7,low\n")
    with pytest.raises(ProjectFaults) as caught:
        load(base / "child/child.yaml")
    (fault,) = caught.value.faults
    assert fault.message == f"simulations.train.sweep: there is no table {base}/child/../base/points.csv"
    assert fault.place.source == str(base / "child/../base/base.yaml")


@pytest.mark.parametrize(("on_disk", "written"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_names_are_found_in_either_normal_form(base, on_disk, written):
    """macOS writes an umlaut as two characters, editors write one."""
    folder, table = (unicodedata.normalize(on_disk, name) for name in ("Größe", "Ångström.csv"))
    (base / "base" / folder).mkdir()
    (base / "base/points.csv").rename(base / "base" / folder / table)
    text = BASE.replace("points.csv", unicodedata.normalize(written, "Größe/Ångström.csv"))
    (base / "base/base.yaml").rename(base / "base" / unicodedata.normalize(on_disk, "grün.yaml"))
    (base / "base" / unicodedata.normalize(on_disk, "grün.yaml")).write_text(text)
    child = base / "child/child.yaml"
    child.write_text(f"extends: ../base/{unicodedata.normalize(written, 'grün.yaml')}\nproject: child\n")
    assert amplitudes(child) == [1, 2]


def test_a_trained_model_is_a_folder_of_the_base_or_a_name(base):
    project = {"models": {"a": {"use": "line", "pretrained": "net"}}}
    assert moved(project, base / "base", base / "child") == project
    (base / "base/net").mkdir()
    assert moved(project, base / "base", base / "child")["models"]["a"] == {"use": "line", "pretrained": "../base/net"}
    assert moved(project, base / "base", base / "base") is project
