"""The reader of snapshots made elsewhere: files as the origin writes them, and files that are something else."""

from __future__ import annotations

import hashlib

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

import labrun_persistent_exclusion_files
from labrun.engine.members import simulate_member
from labrun_persistent_exclusion_files import PersistentExclusionFiles


@pytest.fixture
def snapshots(rng):
    return rng.integers(0, 5, (12, 6, 10))


@pytest.fixture
def write(tmp_path):
    """Write datasets by name; return what the plugin is given."""

    def write_file(datasets, name="a.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            for key, values in datasets.items():
                file[key] = values
        return {"file": tmp_path / name, "file_sha256": digest(tmp_path / name)}

    return write_file


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def as_the_origin(snapshots, rolls=0, dtype=np.int32):
    """Snapshots, each followed by its rolled copies, in an order that is neither that of numbers nor of names."""
    datasets = {}
    for iteration in reversed(range(len(snapshots))):
        datasets[f"conf_{iteration}"] = snapshots[iteration].astype(dtype)
        for roll in range(1, rolls + 1):
            datasets[f"conf_{iteration}_{roll}"] = np.roll(snapshots[iteration], roll, axis=1).astype(dtype)
    return datasets


def read(config, rng, **options):
    return simulate_member(PersistentExclusionFiles(**config, **options), rng)


@pytest.mark.parametrize("dtype", [np.int32, np.uint8, np.int64, np.float64])
def test_snapshots_come_in_the_order_of_iterations(write, snapshots, rng, dtype):
    arrays = read(write(as_the_origin(snapshots, dtype=dtype)), rng)
    np.testing.assert_array_equal(arrays["snapshots"], snapshots)
    assert arrays["snapshots"].dtype == np.uint8
    assert arrays["iterations"].tolist() == list(range(12))  # conf_2 before conf_10
    assert set(arrays["rolls"]) == {-1}


def test_rolled_copies_are_left_out(write, snapshots, rng):
    arrays = read(write(as_the_origin(snapshots, rolls=13)), rng)
    np.testing.assert_array_equal(arrays["snapshots"], snapshots)


def test_rolled_copies_follow_their_snapshot_if_asked_for(write, snapshots, rng):
    arrays = read(write(as_the_origin(snapshots, rolls=13)), rng, rolled=True)
    assert arrays["snapshots"].shape == (12 * 14, 6, 10)
    assert arrays["rolls"].tolist() == [-1, *range(1, 14)] * 12
    assert arrays["iterations"].tolist() == np.repeat(range(12), 14).tolist()
    for snapshot, iteration, roll in zip(*(arrays[name] for name in arrays), strict=True):
        np.testing.assert_array_equal(snapshot, np.roll(snapshots[iteration], max(roll, 0), axis=1))


def test_groups_are_searched_and_other_datasets_ignored(write, snapshots, rng):
    datasets = {f"run/{name}": values for name, values in as_the_origin(snapshots).items()}
    arrays = read(write({**datasets, "conf": [9], "conf_1_2_3": [9], "configuration_1": [9], "times": [9.5]}), rng)
    np.testing.assert_array_equal(arrays["snapshots"], snapshots)


# --- what is refused --------------------------------------------------------------------------------------------------------


def test_a_missing_digest_is_told(write, snapshots):
    config = write(as_the_origin(snapshots))
    with pytest.raises(ValidationError, match=f"file_sha256 is missing: .* it is now {config['file_sha256']}"):
        PersistentExclusionFiles(file=config["file"])


def test_a_file_that_is_not_there_is_told(tmp_path, rng):
    with pytest.raises(ValidationError, match=r"there is no file 'nothing\.h5', seen from "):
        PersistentExclusionFiles(file="nothing.h5")
    known = PersistentExclusionFiles(file="nothing.h5", file_sha256="0" * 64)  # its snapshots may be in the store
    with pytest.raises(FileNotFoundError, match=r"there is no file 'nothing\.h5', seen from "):
        known.simulate(rng)


def test_what_is_no_digest_is_refused():
    with pytest.raises(ValidationError, match="file_sha256"):
        PersistentExclusionFiles(file="a.h5", file_sha256="abc")


def test_a_file_that_changed_is_noticed(write, snapshots, rng):
    config = write(as_the_origin(snapshots))
    changed = write(as_the_origin(snapshots[::-1]))
    with pytest.raises(
        ValueError, match=f"another file .* its sha256 is {changed['file_sha256']}, not {config['file_sha256']}"
    ):
        read(config, rng)


def test_a_file_of_another_kind_is_refused(tmp_path, rng):
    path = tmp_path / "a.h5"
    path.write_text("conf_1", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.h5' is not an HDF5 file"):
        read({"file": path, "file_sha256": digest(path)}, rng)


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ({"u": [[1.0]]}, r"holds no snapshots conf_<iteration>$"),
        (
            {"conf_1_1": [[1]], "conf_1_2": [[1]]},
            "holds no snapshots conf_<iteration> but 2 rolled copies of some: set rolled=true to read them",
        ),
        ({"conf_1": [[1]], "old/conf_01": [[1]]}, "holds one snapshot twice: /conf_1 and /old/conf_01"),
        (
            {"conf_1": [[1, 0]], "conf_2": [[1], [0]]},
            r"/conf_2 is an array of \(2, 1\), int64; expected numbers, \(height, width\)",
        ),
        ({"conf_1": [1, 0]}, r"/conf_1 is an array of \(2,\), int64; expected numbers, \(height, width\)"),
        ({"conf_1": [[5]]}, r"/conf_1 holds other numbers than 0 \(empty\) to 4 \(orientation \+ 1\)"),
        ({"conf_1": [[-1]]}, "/conf_1 holds other numbers"),
        ({"conf_1": [[0.5]]}, "/conf_1 holds other numbers"),
        ({"conf_1": [[np.nan]]}, "/conf_1 holds other numbers"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(write, rng, datasets, message):
    with pytest.raises(ValueError, match=message):
        read(write(datasets), rng)


# --- in a project -----------------------------------------------------------------------------------------------------------


PROJECT = """\
project: origin
simulations:
  files: {use: persistent_exclusion_files, sweep: {table: files.csv, columns: [file, file_sha256], labels: [tumbling_rate]}}
"""


def test_files_are_an_ensemble_like_any_other(write, snapshots, labrun_process, tmp_path):
    files = [write(as_the_origin(snapshots[half]), name) for half, name in ((np.s_[:6], "a.h5"), (np.s_[6:], "b.h5"))]
    rows = [
        f"{config['file'].name},{config['file_sha256']},{rate}\n"
        for config, rate in zip(files, (0.1, 0.3), strict=True)
    ]
    (tmp_path / "files.csv").write_text("file,file_sha256,tumbling_rate\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    outcome = labrun_process("run", "project.yaml")
    assert outcome.code == 0, outcome.err
    parts = sorted((tmp_path / "runs" / "origin" / "simulations" / "files").rglob("*.h5"))
    read_back = []
    for path in parts:
        with h5py.File(path) as file:
            read_back += [group["snapshots"][()] for group in file.values()]
    np.testing.assert_array_equal(np.concatenate(read_back), snapshots)

    (tmp_path / "a.h5").unlink()
    again = labrun_process("run", "project.yaml")  # what was read once needs its file no more
    assert again.code == 0, again.err


def test_the_hook_offers_it():
    assert labrun_persistent_exclusion_files.labrun_simulators() == [PersistentExclusionFiles]
    assert all(field.description for field in PersistentExclusionFiles.model_fields.values())
