"""Small files that claim, or unpack to, more than any memory holds: a message, in bounded memory and time."""

from __future__ import annotations

import gzip
import itertools
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import yaml

from labrun.faults import FAULTS_SHOWN
from labrun.project.filepatterns import PatternError, find_files

MOST = 400e6
"""Bytes: NumPy, h5py, pandas and Pillow, and what a test may take beyond them."""

READ = """
from labrun.predicting.readers import readings
readings(Path({name!r}), False, None)[-1].load(0).sum()
"""


def expect(ending, *words):
    """Each block has ended with a message that holds these words, and none took much memory."""
    for told, wanted in zip(ending.told, words, strict=True):
        assert wanted in told
        assert len(told) < 1000 * FAULTS_SHOWN
    assert ending.peak < MOST


# -- HDF5 ----------------------------------------------------------------------------------------------------------------------

SNAPSHOTS = """
from labrun.files.digests import sha256_of
from labrun_persistent_exclusion_files import PersistentExclusionFiles
PersistentExclusionFiles(file="snapshots.h5", file_sha256=sha256_of(Path("snapshots.h5"))).simulate(None)
"""
CUBE = """
from labrun_twentyone_cm_files.cubes import open_cube
open_cube(Path("cube.h5"), "density")
"""
PART = """
from labrun.store.parts import StoredMembers
StoredMembers(Path(), [[0]]).read(0, "u")
"""


def test_arrays_that_their_hdf5_file_cannot_hold(tmp_path, bounded):
    """Chunks that were never written take no room, and are full of zeros."""
    for name, array, shape in (
        ("snapshots", "conf_0", (10**6, 10**6)),
        ("cube", "density", (10**4,) * 3),
        ("000000", "0/u", (10**6, 10**6)),
    ):
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            file.create_dataset(array, shape, "f8", chunks=True)
        assert (tmp_path / f"{name}.h5").stat().st_size < 10_000
    claim = "claims 8,000,000,000,000 bytes, but its file has"
    ending = bounded(READ.format(name="snapshots.h5"), SNAPSHOTS, CUBE, PART)
    expect(ending, f"ValueError: '/conf_0' in 'snapshots.h5' {claim}", claim, claim, claim)
    assert ending.told[0].endswith(
        "at most 1032 times as many are accepted. The file is damaged, or was made to fill the memory; if it is sound, store the "
        "array without compression"
    )


# -- arrays and archives -------------------------------------------------------------------------------------------------------

NEW_DATA = """
from types import SimpleNamespace
from labrun.predicting.new_data import read_new_data
read_new_data(Path({name!r}), SimpleNamespace(name="net", spec=SimpleNamespace(x=SimpleNamespace(shape=(4,)))))
"""


def header_of(shape):
    """The beginning of a .npy file of bytes."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def write_archive(path, packing, size):
    """An archive with an array of so many zeros."""
    with zipfile.ZipFile(path, "w", packing, compresslevel=1) as archive, archive.open("a.npy", "w") as member:
        member.write(header_of((size,)))
        for _ in range(size // 2**24):
            member.write(bytes(2**24))


def test_arrays_and_archives_that_claim_or_hold_too_much(tmp_path, bounded):
    write_archive(tmp_path / "packed.npz", zipfile.ZIP_BZIP2, 2**26 + 2**24)
    write_archive(tmp_path / "large.npz", zipfile.ZIP_DEFLATED, 2**29)
    np.lib.format.open_memmap(tmp_path / "hole.npy", "w+", "f8", (10**6, 10**6)).flush()
    (tmp_path / "short.npy").write_bytes(header_of((10**7, 10**6)) + bytes(99))
    deep = b"(" * 60_000
    (tmp_path / "deep.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(deep)) + deep)
    blocks = [READ.format(name=name) for name in ("hole.npy", "short.npy", "deep.npy", "packed.npz")]
    expect(
        bounded(*blocks, NEW_DATA.format(name="large.npz"), limit=2**29),
        "ValueError: an example takes 8,000,000,000,000 bytes, and this machine has a memory of",
        "ValueError: mmap length is greater than file",
        "ValueError: Header info length (60000) is large",
        "ValueError: the archive 'packed.npz' claims 83,886,208 bytes, but its file has",
        "LabrunError: cannot read 'large.npz': Unable to allocate 512. MiB",
    )


def test_idx_files_whose_headers_claim_more(tmp_path, bounded):
    content = b"\0\0\x08\x03" + struct.pack(">III", 2**32 - 1, 2**16, 2**16) + bytes(1000)
    (tmp_path / "x").write_bytes(content)
    (tmp_path / "x.gz").write_bytes(gzip.compress(content))
    read = "from labrun_idx_images.idx import read_idx\nread_idx(Path({name!r}), 'images')"
    claim = "ValueError: the header of 'x{end}' claims 18,446,744,069,414,584,320 bytes"
    expect(bounded(read.format(name="x"), read.format(name="x.gz")), claim.format(end=""), claim.format(end=".gz"))


# -- pictures ------------------------------------------------------------------------------------------------------------------


def png_bomb(side):
    """A black picture of one bit a pixel."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(1 + side // 8)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_pictures_of_too_many_pixels(tmp_path, bounded):
    """Of some more than are read, and of more than Pillow itself would."""
    blocks = []
    for side in (9600, 16_000):
        (tmp_path / f"{side}.png").write_bytes(png_bomb(side))
        assert (tmp_path / f"{side}.png").stat().st_size < 200_000
        blocks.append(READ.format(name=f"{side}.png"))
        blocks.append(f"from labrun.kit.pictures import read_picture\nread_picture(Path('{side}.png'))")
    some = "cannot read the picture '9600.png': it has 9600 × 9600 pixels; at most 67,108,864 are read, so cut out a part of it"
    many = "cannot read the picture '16000.png': it has far more than 67,108,864 pixels; cut out a part of it"
    expect(bounded(*blocks), *(f"{kind}: {said}" for said in (some, many) for kind in ("LabrunError", "ValueError")))


# -- projects ------------------------------------------------------------------------------------------------------------------


def nested(first, line):
    """Lines that each name the one before nine times."""
    lines = [
        line.format(name=name, nine=", ".join([f"*{before}"] * 9)) for before, name in itertools.pairwise("abcdefgh")
    ]
    return "\n".join([first, *lines])


def sweeping(**sweep):
    """A project with a sweep, and an analysis of it."""
    simulation = {"use": "wave", "sweep": sweep}
    return yaml.safe_dump({"project": "p", "plugins": ["lab.py"], "simulations": {"a": simulation}}, width=10**6)


WIDE = {"from": 0, "to": 9}
MATRIX = {"with.a": list(range(999)), "with.b": list(range(999))}
PROJECTS = {
    "aliases": (nested("a: &a [x, x]", "{name}: &{name} [{nine}]"), "aliases (*) that repeat one another?"),
    "merges": (nested("a: &a {x: 1}", "{name}: &{name} {{<<: [{nine}]}}"), "aliases (*) that repeat one another?"),
    "depth": ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    "tags": ("a: [" + "!t x," * 10_000 + "]", "and 9,8"),
    "keys": ("".join(f"k{i}: 1\n" for i in range(5_000)), "more than 1,000 faults; the first ones are"),
    "digits": (f"seed: {'9' * 100_000}", "more than 1000 digits"),
    "long key": (f"{'k' * 100_000}: 1\n? {'k' * 100_000}\n: 1", "not valid YAML"),
    "grid": (
        sweeping(grid={name: WIDE | {"count": 30_000} for name in ("amplitude", "points")}),
        "more than 20,000,000 members",
    ),
    "matrix": (
        yaml.safe_dump(
            {"project": "p", "plugins": ["lab.py"], "analyses": {"s": {"use": "spread", "from": "a", "matrix": MATRIX}}}
        ),
        "at most 1,000 are possible",
    ),
}


COLUMNS = [f"g{i}" for i in range(99)]
SWEEPS = (
    (
        {"grid": {"amplitude": WIDE | {"count": 2_000_000}} | dict.fromkeys(COLUMNS, 1)},
        "2,000,000 members with 100 columns are more than 100,000,000 values: fix what does not vary under 'with'",
    ),
    (
        {"random": {"count": 2_000_000, "columns": dict.fromkeys(COLUMNS, WIDE)}},
        "2,000,000 members with 99 columns are more than 100,000,000 values",
    ),
)


def test_sweeps_that_are_bombs(bounded):
    blocks = [
        f"""from labrun.project.sweep import Sweep
from labrun.project.tabulate import open_sweep, tabulate
sweep = Sweep.model_validate({sweep!r})
tabulate(sweep, open_sweep(sweep, Path(), 0, "s"))
"""
        for sweep, _ in SWEEPS
    ]
    expect(bounded(*blocks), *(words for _, words in SWEEPS))


def test_projects_that_are_bombs(write_project, bounded):
    blocks = []
    for name, (text, _) in PROJECTS.items():
        write_project(text, f"{name}.yaml")
        blocks.append(f"from labrun.project.load import load\nload(Path('{name}.yaml'))")
    expect(bounded(*blocks), *(words for _, words in PROJECTS.values()))


@pytest.mark.slow
def test_the_largest_projects(write_project, bounded):
    """Two megabytes, as much as is read: the parser of PyYAML takes some seconds."""
    for name, text in (("values", "- 1\n" * 490_000), ("keys", "".join(f"k{i}: 1\n" for i in range(180_000)))):
        write_project(text, f"{name}.yaml")
    blocks = [f"from labrun.project.load import load\nload(Path('{name}.yaml'))" for name in ("values", "keys")]
    ending = bounded(*blocks)
    assert "more than 200,000 values" in ending.told[0]
    assert "more than" in ending.told[1]


def test_a_table_of_one_long_line(write_project, labrun, tmp_path):
    (tmp_path / "waves.csv").write_text("class,amplitude\n" + "1," * 1_000_000, encoding="utf-8")
    outcome = labrun("check", write_project())
    assert outcome.code == 2
    assert "row 1 has 1000001 cells, but the header names 2 columns" in outcome.err
    assert len(outcome.err) < 3000


def test_a_table_that_is_a_hole(write_project, labrun, tmp_path):
    with (tmp_path / "waves.csv").open("wb") as stream:
        stream.truncate(2**40)
    outcome = labrun("check", write_project())
    assert outcome.code == 2
    assert "the table waves.csv has 1,099,511,627,776 bytes; at most 500,000,000 are read: split it" in outcome.err


def test_a_pattern_of_files_that_can_be_read_in_too_many_ways(tmp_path):
    """A regular expression would take longer than the universe."""
    (tmp_path / f"c{'a' * 248}d").touch()
    with pytest.raises(
        PatternError, match=r"can be read in too many ways: put distinct texts between the names of the pattern"
    ):
        find_files("".join(f"{{n{i}}}a" for i in range(20)) + "{n0}", tmp_path)
    with pytest.raises(PatternError, match="at most 100 are possible"):
        find_files("{a}-" * 200, tmp_path)
