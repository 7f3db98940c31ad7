"""Whatever bytes a file has, reading it ends: with what it holds, or with a message. No traceback, no crash, no hang, no unbounded memory.

Files that are sound are damaged by hypothesis: bytes changed, cut out, put in, the end cut off. They are read in a process of their own, of
bounded memory, since HDF5 is written in C. `pytest -m slow tests/security/test_fuzz_files.py` damages some thousands of each kind.
"""

from __future__ import annotations

import gzip
import io
import os
import resource
import select
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from labrun.files.digests import sha256_of
from labrun.project.filepatterns import PatternError, find_files
from labrun.store.parts import Failure, part_name, read_receipt, write_part
from labrun_twentyone_cm_files.facts import Facts
from labrun_twentyone_cm_files.names import expect_kind, facts_of_name

HERE = Path(__file__).parent
LIMIT = 2 * 2**30
SECONDS = 20
QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)
THOROUGH = settings(QUICK, max_examples=int(os.environ.get("LABRUN_FUZZ_EXAMPLES", "2000")))

# -- sound files ---------------------------------------------------------------------------------------------------------------


def hdf5(fill):
    """The bytes of an HDF5 file that `fill` has filled."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        fill(file)
    return stream.getvalue()


def fill_part(file):
    for member in range(3):
        file.create_dataset(f"{member}/u", data=np.arange(20.0).reshape(4, 5))
        file.create_dataset(f"{member}/s", data=np.arange(40) % 3, compression="gzip", shuffle=True, chunks=(8,))
    file.create_dataset("0/large", data=np.zeros((130, 130), np.float32))


def fill_sky(file):
    for struct_name, array in (
        ("BrightnessTemp", "brightness_temp"),
        ("PerturbedField", "density"),
        ("IonizedBox", "xH_box"),
    ):
        group = file.create_group(struct_name)
        group[array] = np.full((4, 4, 4), 0.5, np.float32)
        group.attrs["redshift"] = 7.0
    for name, values in {
        "user_params": {"HII_DIM": 4, "BOX_LEN": 8.0},
        "cosmo_params": {"hlittle": 0.7, "OMm": 0.3},
    }.items():
        file.create_group(name).attrs.update(values)
    file.create_group("astro_params").attrs.update(
        {"F_ESC10": -1.0, "HII_EFF_FACTOR": 30.0, "SOURCE_MODEL": "CONST-ION-EFF"}
    )
    file.attrs["random_seed"] = 1


def fill_data(file):
    file["a/x"] = np.zeros((3, 4, 4))
    file["b"] = ["text"] * 5


def fill_snapshots(file):
    for i in range(3):
        file.create_dataset(f"conf_{i}", data=np.arange(20).reshape(4, 5) % 5, chunks=(2, 5), compression="gzip")
    file["conf_0_1"] = np.zeros((4, 5))


def saved(write, *args, **options):
    stream = io.BytesIO()
    write(stream, *args, **options)
    return stream.getvalue()


def image(mode, kind, **options):
    return saved(Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).convert(mode).save, kind, **options)


IDX = b"\0\0\x08\x03" + struct.pack(">III", 3, 4, 5) + bytes(range(60))
SOUND = {
    "part": [("000000.h5", hdf5(fill_part))],
    "sky": [("x.h5", hdf5(fill_sky))],
    "snapshots": [("x.h5", hdf5(fill_snapshots))],
    "cube": [
        ("x.h5", hdf5(lambda file: file.create_dataset("density", data=np.zeros((4, 4, 4), np.float32)))),
        ("x.npy", saved(np.save, np.zeros((4, 4, 4), np.float32))),
        ("updated_smoothed_deltax_z007.00_4_8Mpc", np.zeros((4, 4, 4), np.float32).tobytes()),
    ],
    "new_data": [
        ("x.h5", hdf5(fill_data)),
        ("x.npy", saved(np.save, np.zeros((3, 4, 4)))),
        ("x.npz", saved(np.savez, np.zeros((3, 4, 4)))),
        ("x.npz", saved(np.savez_compressed, np.arange(300))),
    ],
    "idx": [("x-ubyte", IDX), ("x-ubyte", gzip.compress(IDX, mtime=0))],
    "picture": [
        ("x.png", image("RGB", "PNG")),
        ("x.png", image("P", "PNG")),
        ("x.jpg", image("L", "JPEG")),
        ("x.tif", image("L", "TIFF")),
        ("x.tif", image("RGB", "TIFF", compression="tiff_lzw")),
        ("x.webp", image("RGB", "WEBP")),
        ("x.png", image("RGB", "GIF")),
        ("x.png", image("L", "BMP")),
        ("x.png", image("L", "PPM")),
    ],
}  # fmt: skip

TELLING = [
    b"\0",
    b"\xff",
    b"\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"\x80",
    b"\xff" * 8,
    b"\x01\0\0\0\0\0\0\0",
]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["flip", "write", "cut", "insert", "end"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
        st.sampled_from(TELLING),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


def damaged(content, changes):
    """The content after some changes; half of them are made near its beginning, where formats tell what follows."""
    content = bytearray(content)
    for kind, where, value, telling, early in changes:
        at = int(where * (min(len(content), 600) if early else len(content)))
        if kind == "flip" and content:
            content[at] ^= value or 1
        elif kind == "write":
            content[at : at + len(telling)] = telling
        elif kind == "cut":
            del content[at : at + 1 + value]
        elif kind == "insert":
            content[at:at] = telling * (1 + value % 8)
        elif kind == "end":
            del content[at:]
    return bytes(content)


# -- the process that reads ----------------------------------------------------------------------------------------------------


class Reader:
    """Asks a process to read files; starts another one when it has died of one."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder = kind, folder
        self._process: subprocess.Popen[str] | None = None

    def ask(self, name: str) -> str:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, HERE / "fuzzing.py", self.kind, self.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT)),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS)
        answer = self._process.stdout.readline() if ready else ""
        if not answer:
            code = self._process.poll() if ready else "hangs"
            self.end()
            return f"the process ended: {code}"
        return answer.strip()

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def reader(request, tmp_path):
    made = Reader(request.param, tmp_path)
    yield made
    made.end()


def ask_about(reader, sound, changes):
    name, content = sound
    path = reader.folder / name
    path.write_bytes(damaged(content, changes))
    answer = reader.ask(name)
    path.unlink()
    assert answer.startswith(("read", "refused ")), f"{answer} ({damaged(content, changes)!r:.200})"


@pytest.mark.parametrize("reader", SOUND, indirect=True)
def test_sound_files_are_read(reader):
    for name, content in SOUND[reader.kind]:
        (reader.folder / name).write_bytes(content)
        assert reader.ask(name) == "read"
        (reader.folder / name).unlink()


@pytest.mark.parametrize("reader", SOUND, indirect=True)
@QUICK
@given(data=st.data(), changes=CHANGES)
def test_damaged_files(reader, data, changes):
    ask_about(reader, data.draw(st.sampled_from(SOUND[reader.kind])), changes)


@pytest.mark.slow
@pytest.mark.parametrize("reader", SOUND, indirect=True)
@THOROUGH
@given(data=st.data(), changes=CHANGES)
def test_thousands_of_damaged_files(reader, data, changes):
    ask_about(reader, data.draw(st.sampled_from(SOUND[reader.kind])), changes)


@pytest.mark.parametrize("reader", SOUND, indirect=True)
@QUICK
@given(content=st.binary(max_size=200))
def test_any_bytes(reader, content):
    ask_about(reader, (SOUND[reader.kind][0][0], content), [])


# -- receipts ------------------------------------------------------------------------------------------------------------------


@QUICK
@given(changes=CHANGES, which=st.sampled_from([".h5", ".json"]))
def test_a_damaged_part_or_receipt_is_not_taken_for_whole(tmp_path, changes, which):
    write_part(tmp_path, 0, [(0, {"u": np.arange(6.0)}), Failure(1, {"a": 1}, "failed", "")])
    path = (tmp_path / part_name(0)).with_suffix(which)
    before = path.read_bytes()
    path.write_bytes(damaged(before, changes))
    found = read_receipt(tmp_path, 0)
    assert found is None or found.sha256 == sha256_of(tmp_path / part_name(0))
    assert found is None or which == ".json" or path.read_bytes() == before


# -- names ---------------------------------------------------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "delta_T_v3",
        "updated_smoothed_deltax",
        "xH_nohalos",
        "_z006.50",
        "_z",
        "_nf0.362545",
        "_nf",
        "_useTs0",
        "_200",
        "_300Mpc",
        "Mpc",
        "_Fesc0.1",
        "_eff30.0",
        "9" * 120,
        ".",
        "_",
        "é",
        "٣",
        "\ud800",
    ]
)


@QUICK
@given(name=st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_any_name_of_a_21cm_file(name):
    path = Path(name.replace("/", "").replace("\0", "") or "x")
    try:
        expect_kind(path, "density")
    except ValueError as error:
        assert str(error).startswith("density: by its name, ")  # noqa: PT017 (either answer is right)
    assert isinstance(facts_of_name(path), Facts)


PATTERNS = st.lists(
    st.sampled_from(["*", "{a}", "{b}", "{a}", "x", "_", "aa", "/", "{", "}", "[", "?", ".."]), max_size=14
).map("".join)


@QUICK
@given(pattern=PATTERNS, name=st.text("ax_", min_size=1, max_size=40))
def test_any_pattern_of_files(tmp_path_factory, pattern, name):
    folder = tmp_path_factory.mktemp("files")
    (folder / name).touch()
    (folder / name[:200]).touch()
    try:
        found = find_files(pattern, folder)
    except PatternError:
        return
    for file in found:
        assert set(file.values) <= {"a", "b"}
