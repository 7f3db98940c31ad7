"""Files as rows: what a pattern finds, what it reads, and which files belong together."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path

import pytest

from labrun.files.digests import cached_sha256
from labrun.project.filepatterns import PatternError, find_files, join_files
from labrun.project.sweep import Sweep
from labrun.project.sweeptable import SweepError
from labrun.project.tabulate import open_sweep, tabulate


@pytest.fixture
def cubes(tmp_path, monkeypatch):
    """Two folders of cubes as 21cmFAST once named them, in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for fraction in ("0.070", "0.130"):
        folder = tmp_path / "cubes" / f"joelle_ESC_FRAC_{fraction}_RNG_150"
        folder.mkdir(parents=True)
        for redshift in ("006.50", "010.00"):
            (folder / f"delta_T_v3_z{redshift}_nf0.{fraction[2:]}_200_300Mpc").write_bytes(b"T" + redshift.encode())
            (folder / f"deltax_z{redshift}_200_300Mpc").write_bytes(b"d" + redshift.encode())
    return tmp_path


TEMPERATURE = "cubes/*_ESC_FRAC_{escape_fraction}_RNG_{realization}/delta_T_v3_z{redshift}_nf{neutral}_*"
DENSITY = "cubes/*_ESC_FRAC_{escape_fraction}_RNG_{realization}/deltax_z{redshift}_*"


def test_names_give_values_as_yaml_reads_them(cubes):
    found = find_files(TEMPERATURE, cubes)
    assert [file.values for file in found[:2]] == [
        {"escape_fraction": 0.07, "realization": 150, "redshift": 6.5, "neutral": 0.07},
        {"escape_fraction": 0.07, "realization": 150, "redshift": 10.0, "neutral": 0.07},
    ]


def test_files_are_counted_as_people_do(tmp_path):
    for name in ("2wo.jpg", "10wo.jpg", "0wo.jpg", "10wb.jpg", "[1]wo.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "3wo.jpg").mkdir()
    assert [file.values["number"] for file in find_files("{number}wo.jpg", tmp_path)] == ["[1]", 0, 2, 10]
    assert [file.path for file in find_files("[1]w*.jpg", tmp_path)] == ["[1]wo.jpg"]


def test_a_name_that_comes_twice_must_agree(tmp_path):
    for name in ("1_1.npy", "1_2.npy"):
        (tmp_path / name).touch()
    assert [file.path for file in find_files("{a}_{a}.npy", tmp_path)] == ["1_1.npy"]


@pytest.mark.parametrize("pattern", ["a{b", "a}b", "{1}", "{}"])
def test_what_is_no_pattern(tmp_path, pattern):
    with pytest.raises(PatternError, match=r"is not a pattern: expected '\*' and '\{name\}', and no other braces"):
        find_files(pattern, tmp_path)


def test_files_that_belong_together(cubes):
    rows = join_files({"temperature": find_files(TEMPERATURE, cubes), "density": find_files(DENSITY, cubes)})
    assert len(rows) == 4
    for row in rows:
        assert row["temperature"].values["redshift"] == row["density"].values["redshift"]
        assert row["temperature"].path.rpartition("/")[0] == row["density"].path.rpartition("/")[0]


def test_partners_that_are_missing_or_too_many(cubes):
    folder = cubes / "cubes" / "joelle_ESC_FRAC_0.070_RNG_150"
    (folder / "delta_T_v3_z006.50_nf0.071_200_300Mpc").touch()
    with pytest.raises(
        PatternError,
        match=r"deltax_z006.50_200_300Mpc' \(density\) has 2 partners among the files of 'temperature', .*_nf0.070_.* and ",
    ) as refused:
        join_files({"density": find_files(DENSITY, cubes), "temperature": find_files(TEMPERATURE, cubes)})
    assert str(refused.value).endswith("expected one of escape_fraction 0.07 and realization 150 and redshift 6.5")
    (folder / "deltax_z006.50_200_300Mpc").unlink()
    found = {"T": find_files(TEMPERATURE, cubes), "d": find_files(DENSITY, cubes)}
    for columns in (found, dict(reversed(found.items()))):
        with pytest.raises(
            PatternError, match=r"z006\.50_nf0\.07\w*_200_300Mpc' \(T\) has no partner among the files of 'd'"
        ):
            join_files(columns)


def table_of(sweep):
    return tabulate(sweep, open_sweep(sweep, Path(), 0, "s"))


def test_table_of_files(cubes):
    table = table_of(Sweep(files={"temperature": TEMPERATURE, "density": DENSITY}, columns=["redshift"]))
    assert table.size == 4
    assert list(table.parameters) == ["temperature", "temperature_sha256", "density", "density_sha256", "redshift"]
    assert table.labels["escape_fraction"] == [0.07, 0.07, 0.13, 0.13]
    assert table.labels["realization"] == [150] * 4
    assert table.parameters["density_sha256"][0] == hashlib.sha256(b"d006.50").hexdigest()
    alone = table_of(Sweep(files={"file": DENSITY}))
    assert list(alone.parameters) == ["file", "file_sha256"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"files": {"file": "cubes/z{redshift}"}},
            r"no file matches 'cubes/z\{redshift\}' in .*: expected at least one",
        ),
        (
            {"files": {"file": DENSITY}, "columns": ["redshif"]},
            "the files' names give no column 'redshif': did you mean 'redshift'",
        ),
        ({"files": {"redshift": DENSITY}}, "'redshift' is a column of files: choose another name in the pattern"),
    ],
)
def test_what_makes_no_table(cubes, settings, message):
    with pytest.raises(SweepError, match=message):
        table_of(Sweep(**settings))


def test_digest_is_remembered_until_the_file_changes(cubes, monkeypatch):
    file = cubes / "cube"
    file.write_bytes(b"one")
    os.utime(file, (1e9, 1e9))
    first = cached_sha256(file)
    assert first == hashlib.sha256(b"one").hexdigest()
    with monkeypatch.context() as patched:
        patched.setattr("labrun.files.digests.sha256_of", lambda path: pytest.fail("read again"))
        assert cached_sha256(file) == first
    file.write_bytes(b"two")
    assert cached_sha256(file) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_was_just_written_is_read_again(cubes):
    file = cubes / "cube"
    for content in (b"one", b"two"):
        file.write_bytes(content)
        os.utime(file)
        assert cached_sha256(file) == hashlib.sha256(content).hexdigest()


def test_damaged_or_unwritable_memory_does_no_harm(cubes, monkeypatch):
    file = cubes / "cube"
    file.write_bytes(b"one")
    os.utime(file, (1e9, 1e9))
    cached_sha256(file)
    for memory in (cubes / "cache").rglob("*.json"):
        memory.write_text("{")
    assert cached_sha256(file) == hashlib.sha256(b"one").hexdigest()
    monkeypatch.setenv("XDG_CACHE_HOME", str(file))
    assert cached_sha256(file) == hashlib.sha256(b"one").hexdigest()


@pytest.mark.parametrize(("on_disk", "written"), [("NFD", "NFC"), ("NFC", "NFD")])
def test_names_match_in_either_normal_form(tmp_path, on_disk, written):
    """Composed or decomposed, in the fixed part of a name as in the part that becomes a value; other letters do not match."""
    for name in ("größe/müll_tür.png", "größe/mull_tur.png", "grosse/müll_tür.png"):
        path = tmp_path / unicodedata.normalize(on_disk, name)
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (file,) = find_files(unicodedata.normalize(written, "größe/mü*_{kind}.png"), tmp_path)
    assert (file.path, file.values) == (unicodedata.normalize(on_disk, "größe/müll_tür.png"), {"kind": "tür"})
