"""HDF5 files do not lead to other files."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from labrun.faults import LabrunError
from labrun.files.hdf5 import datasets_in, open_hdf5, single_values
from labrun.predicting.readers import readings
from labrun.store.parts import StoredMembers, part_name

SECRET = np.arange(12.0).reshape(3, 4)


@pytest.fixture
def secret(tmp_path):
    """A file that the victim may read, and the attacker may not."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["x"] = SECRET
    (tmp_path / "secret.txt").write_bytes(b"password" * 12)
    return path


def external_link(file, name, secret):
    file[name] = h5py.ExternalLink(str(secret), "/x")


def external_storage(file, name, secret):
    file.create_dataset(name, (3, 4), "f8", external=[(str(secret.with_suffix(".txt")), 0, 96)])


def virtual(file, name, secret):
    layout = h5py.VirtualLayout((3, 4), "f8")
    layout[...] = h5py.VirtualSource(str(secret), "x", (3, 4))
    file.create_virtual_dataset(name, layout)


ATTACKS = {
    external_link: "leads to '.*secret.h5', another file, which is not followed",
    external_storage: "takes its values from other files, which are not followed",
    virtual: "takes its values from other files, which are not followed",
}


@pytest.fixture(params=ATTACKS, ids=lambda attack: attack.__name__)
def attack(request):
    return request.param


def test_h5py_itself_would_follow(attack, secret, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        attack(file, "x", secret)
    with h5py.File(tmp_path / "x.h5", "r") as file:
        assert file["x"].shape == (3, 4)
        assert file["x"][()].any()


def test_a_file_that_leads_elsewhere_is_refused(attack, secret, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        attack(file.create_group("a/b"), "x", secret)
    with pytest.raises(ValueError, match=ATTACKS[attack]):
        open_hdf5(tmp_path / "x.h5")
    with pytest.raises(ValueError, match=ATTACKS[attack]):
        readings(tmp_path / "x.h5", False, "a/b/x")


def test_a_soft_link_through_a_link_elsewhere_is_refused(secret, tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["out"] = h5py.ExternalLink(str(secret), "/")
        file["x"] = h5py.SoftLink("/out/x")
    with pytest.raises(ValueError, match=r"leads to '.*secret\.h5'"):
        open_hdf5(tmp_path / "x.h5")


def test_a_member_that_leads_elsewhere_is_refused(attack, secret, tmp_path):
    with h5py.File(tmp_path / part_name(0), "w") as file:
        attack(file.create_group("0"), "u", secret)
        file["1/u"] = SECRET
    members = StoredMembers(tmp_path, [[0, 1]])
    assert np.array_equal(members.read(1, "u"), SECRET)
    with pytest.raises(LabrunError, match=r"cannot read member 0 .* not followed"):
        members.read(0, "u")


def test_objects_in_a_part_are_not_mapped_as_addresses(tmp_path):
    with h5py.File(tmp_path / part_name(0), "w") as file:
        file.create_dataset("0/u", (20_000,), h5py.string_dtype())[...] = "x"
    with pytest.raises(LabrunError, match=r"'u' is not an array of numbers"):
        StoredMembers(tmp_path, [[0]]).read(0, "u")


def test_readers_of_simulations_do_not_follow(attack, secret, tmp_path, rng):
    from labrun.files.digests import sha256_of
    from labrun_persistent_exclusion_files import PersistentExclusionFiles
    from labrun_twentyone_cm_files import TwentyoneCmFiles

    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        attack(file, "conf_0", secret)
    with pytest.raises(ValueError, match=ATTACKS[attack]):
        PersistentExclusionFiles(file=path, file_sha256=sha256_of(path)).simulate(rng)
    for field in (
        {"file": path, "file_sha256": sha256_of(path)},
        {"density": path, "density_sha256": sha256_of(path), "box": 1},
    ):
        with pytest.raises(ValueError, match=ATTACKS[attack]):
            TwentyoneCmFiles(**field).simulate(rng)


def test_groups_that_hold_one_another_end(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a/b/x"] = SECRET
        file["a/b/up"] = file["a"]
        file["a/again"] = file["a/b/x"]
        file["loop"] = h5py.SoftLink("/loop")
    with open_hdf5(tmp_path / "x.h5") as file:
        assert [dataset.shape for dataset in datasets_in(file)] == [(3, 4)]


def test_deep_groups_end(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        group = file
        for _ in range(3000):
            group = group.create_group("g")
        group["x"] = SECRET
    with open_hdf5(tmp_path / "x.h5") as file:
        assert [dataset.shape for dataset in datasets_in(file)] == [(3, 4)]


def test_attributes_of_many_values_are_not_read(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs.update({"redshift": 7.5, "code": "made up", "many": ["x" * 1000] * 50})
    with open_hdf5(tmp_path / "x.h5") as file:
        assert single_values(file) == {"redshift": 7.5, "code": "made up"}
