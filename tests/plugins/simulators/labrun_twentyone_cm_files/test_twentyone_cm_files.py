"""The reader of cubes made elsewhere: files of three generations of 21cmFAST, others, and everything that is not what it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from pydantic import ValidationError

import labrun_twentyone_cm_files
from labrun.engine.members import simulate_member
from labrun_twentyone_cm_files import TwentyoneCmFiles
from labrun_twentyone_cm_files.names import facts_of_name

DATA = Path(__file__).parents[5] / "shared/data/twentyone_cm"
needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="needs the files in shared/data, which are not part of the repository"
)
PAIR = DATA / "joelle_ESC_FRAC_0.070_RNG_150"
DELTA_T = "delta_T_v3_z006.50_nf0.362545_useTs0_6_9Mpc"
DELTA = "updated_smoothed_deltax_z006.50_6_9Mpc"
XH = "xH_nohalos_z006.50_nf{nf:.6f}_Fstar0.0500_starPL0.5000_Fesc0.0960_escPL-0.5000_Mturn5.00e+08_HIIfilter1_RHIImax50_6_9Mpc"


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def given(**files):
    """The fields that name these files with their digests."""
    digests = {f"{name}_sha256": digest(path) for name, path in files.items()}
    return {**files, **digests}


def read(rng, options=None, /, **files):
    return simulate_member(TwentyoneCmFiles(**given(**files), **(options or {})), rng)


@pytest.fixture
def cube(rng):
    return rng.uniform(0.0, 1.0, (6, 6, 6)).astype("<f4")


@pytest.fixture
def write(tmp_path):
    """Write an array as the raw binary of 21cmFAST 1 and 2, z fastest."""

    def write_file(name, array):
        path = tmp_path / name
        path.write_bytes(np.ascontiguousarray(array).tobytes())
        return path

    return write_file


# --- old binaries -----------------------------------------------------------------------------------------------------------


def test_a_binary_is_a_cube_with_the_last_axis_fastest(write, cube, rng):
    temperature = 0.362545 * 23.08 * (1 + cube)  # the same neutral fraction in all cells
    arrays = read(rng, brightness_temperature=write(DELTA_T, temperature), density=write(DELTA, cube))
    np.testing.assert_array_equal(arrays["brightness_temperature"], temperature)
    np.testing.assert_array_equal(arrays["density"], cube)
    numbers = {name: array.item() for name, array in arrays.items() if array.ndim == 0}
    assert numbers == {"redshift": 6.5, "cell_size": 1.5, "mean_neutral_fraction": 0.362545}
    assert arrays["brightness_temperature"].dtype == np.float32


def test_cubes_are_mapped_and_not_read(write, cube, rng, tmp_path):
    with h5py.File(tmp_path / "xh.h5", "w") as file:
        file["neutral_fraction"] = cube
    np.save(tmp_path / "t.npy", cube)
    files = {
        "density": write(DELTA, cube),
        "neutral_fraction": tmp_path / "xh.h5",
        "brightness_temperature": tmp_path / "t.npy",
    }
    arrays = TwentyoneCmFiles(**given(**files)).simulate(rng)
    for name in files:
        assert isinstance(arrays[name], np.memmap)
        np.testing.assert_array_equal(arrays[name], cube)


def test_the_name_of_an_ionization_field_tells_how_strongly_galaxies_ionize(write, cube, rng):
    arrays = read(rng, neutral_fraction=write(XH.format(nf=cube.mean()), cube))
    assert arrays["escape_fraction"] == 0.096
    constant = facts_of_name(
        Path("xH_z010.00_nf0.882295_eff30.0_effPLindex0_HIIfilter1_Mmin5.0e+08_RHIImax15_200_300Mpc")
    )
    assert (constant.redshift, constant.ionizing_efficiency, constant.escape_fraction) == (10, 30, None)
    assert (constant.cells, constant.box, constant.mean_neutral_fraction) == (200, 300, 0.882295)


@needs_data
def test_the_real_pair_of_the_origin(rng):
    arrays = read(
        rng,
        brightness_temperature=PAIR / "delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc",
        density=PAIR / "updated_smoothed_deltax_z006.50_200_300Mpc",
    )
    temperature, density = arrays["brightness_temperature"], arrays["density"]
    assert temperature.mean(dtype=float) == pytest.approx(5.59440, abs=5e-6)
    assert temperature.std(dtype=float) == pytest.approx(6.6267, abs=5e-5)
    assert np.count_nonzero(temperature == 0) / temperature.size == pytest.approx(0.55595, abs=5e-6)
    assert (density.min(), density.max()) == pytest.approx((-0.9819, 9.188), abs=5e-4)
    assert density.std(dtype=float) == pytest.approx(0.44547, abs=5e-6)
    assert (arrays["redshift"], arrays["cell_size"]) == (6.5, 1.5)


# --- arrays of any code -----------------------------------------------------------------------------------------------------


def test_npy_and_hdf5_of_any_code_tell_what_they_do_not_know_by_fields(tmp_path, rng):
    light_cone = rng.uniform(0, 1, (4, 4, 7))
    np.save(tmp_path / "sky.npy", light_cone)  # float64, oblong
    arrays = read(rng, {"redshift": 8.0, "box": 10.0}, neutral_fraction=tmp_path / "sky.npy")
    np.testing.assert_allclose(arrays["neutral_fraction"], light_cone, rtol=1e-6)
    assert (arrays["redshift"], arrays["cell_size"]) == (8.0, 2.5)
    with pytest.raises(ValueError, match=r"the size of the box is unknown: give 'box', its comoving side \[Mpc\]"):
        read(rng, neutral_fraction=tmp_path / "sky.npy")


def test_arrays_and_attributes_of_hdf5(tmp_path, cube, rng):
    with h5py.File(tmp_path / "sky.h5", "w") as file:
        file.attrs["box"] = 12.0
        file.create_dataset("out/t21", data=cube, compression="gzip", chunks=(2, 6, 6)).attrs["redshift"] = 9.0
        file["out/other"] = cube + 1
        file["density"] = cube / 2
    arrays = read(rng, {"dataset": "out/t21"}, brightness_temperature=tmp_path / "sky.h5")
    np.testing.assert_array_equal(arrays["brightness_temperature"], cube)
    assert (arrays["redshift"], arrays["cell_size"]) == (9.0, 2.0)
    by_name = read(rng, density=tmp_path / "sky.h5")
    np.testing.assert_array_equal(by_name["density"], cube / 2)
    with pytest.raises(
        ValueError, match="holds no array 'neutral_fraction' with three axes; it has density, out/other, out/t21: name"
    ):
        read(rng, neutral_fraction=tmp_path / "sky.h5")
    np.save(tmp_path / "a.npy", cube)
    with pytest.raises(ValueError, match=r"dataset='a' names an array in an HDF5 file, but '.*' is not one"):
        read(rng, {"dataset": "a"}, density=tmp_path / "a.npy")


# --- 21cmFAST 3 and 4 -------------------------------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(
    ("version", "path", "xh"),
    [
        ("v3", "BrightnessTemp/", "IonizedBox/xH_box"),
        ("v4", "BrightnessTemp/OutputFields/", "IonizedBox/OutputFields/neutral_fraction"),
    ],
)
def test_coeval_boxes(version, path, xh, rng):
    file = DATA / f"coeval_{version}.h5"
    arrays = read(rng, file=file)
    with h5py.File(file) as raw:
        np.testing.assert_array_equal(arrays["brightness_temperature"], raw[f"{path}brightness_temp"])
        np.testing.assert_array_equal(arrays["neutral_fraction"], raw[xh])
    numbers = {name: array.item() for name, array in arrays.items() if array.ndim == 0}
    assert numbers == {
        "redshift": 8.0,
        "cell_size": 3.0,
        "ionizing_efficiency": 30.0,
    }  # F_ESC10 is an idle default here
    assert arrays["density"].mean(dtype=float) == pytest.approx(0, abs=1e-6)


@needs_data
@pytest.mark.parametrize(("version", "lowest"), [("v3", 7.499999964964943), ("v4", 7.5)])
def test_light_cones_tell_the_redshift_of_each_plane(version, lowest, rng):
    arrays = read(rng, file=DATA / f"lightcone_{version}.h5")
    assert {arrays[name].shape for name in ("brightness_temperature", "density", "neutral_fraction")} == {(16, 16, 53)}
    assert arrays["brightness_temperature"].dtype == np.float32
    assert np.diff(arrays["distances"]) == pytest.approx(3.0)
    assert arrays["redshifts"][0] == pytest.approx(lowest, abs=5e-5)  # as 21cmFAST itself tells it, by astropy
    assert "redshift" not in arrays
    rate = np.gradient(arrays["distances"], arrays["redshifts"])  # dD/dz = c/H(z): matter alone tells it within 1 %
    expected = 299792.458 / (67.66 * np.sqrt(0.30964 * (1 + arrays["redshifts"]) ** 3 + 0.69))
    np.testing.assert_allclose(rate, expected, rtol=0.01)


def fabricated(path, version=4, by_mass=True, cells=4, redshifts=(7.0, 7.0), seeds=(1, 1)):
    """A coeval file of IonizedBox and PerturbedField as 21cmFAST writes it, with log₁₀ f_esc."""
    astro = {"F_ESC10": np.log10(0.07), "HII_EFF_FACTOR": 30.0}
    sky = {"hlittle": 0.67, "OMm": 0.31, "HII_DIM": 4, "BOX_LEN": 6.0}
    cube = np.linspace(0, 1, cells**3, dtype=np.float32).reshape((cells,) * 3)
    with h5py.File(path, "w") as file:
        if version == 3:
            file.attrs.update({"redshift": redshifts[0], "random_seed": seeds[0]})
            for name, values in (
                ("user_params", sky),
                ("astro_params", astro),
                ("flag_options", {"USE_MASS_DEPENDENT_ZETA": by_mass}),
            ):
                file.create_group(name).attrs.update(values)
            file["IonizedBox/xH_box"] = cube
            return path
        names = {"IonizedBox": "neutral_fraction", "PerturbedField": "density"}
        for (struct, name), redshift, seed in zip(names.items(), redshifts, seeds, strict=True):
            group = file.create_group(struct)
            group.attrs["redshift"] = redshift
            group[f"OutputFields/{name}"] = cube
            inputs = group.create_group("InputParameters")
            inputs.attrs["random_seed"] = seed
            inputs.create_group("simulation_options").attrs.update(sky)
            inputs.create_group("astro_params").attrs.update(astro)
            inputs.create_group("matter_options").attrs["SOURCE_MODEL"] = "E-INTEGRAL" if by_mass else "CONST-ION-EFF"
    return path


@pytest.mark.parametrize("version", [3, 4])
def test_the_escape_fraction_counts_only_if_the_efficiency_depends_on_mass(tmp_path, rng, version):
    by_mass = read(rng, file=fabricated(tmp_path / "a.h5", version))
    assert (by_mass["escape_fraction"], "ionizing_efficiency" in by_mass) == (0.07, False)
    constant = read(rng, file=fabricated(tmp_path / "b.h5", version, by_mass=False))
    assert (constant["ionizing_efficiency"], "escape_fraction" in constant) == (30, False)
    assert (constant["redshift"], constant["cell_size"]) == (7.0, 1.5)


def test_a_cache_file_holds_one_struct(tmp_path, rng):
    path = fabricated(tmp_path / "a.h5")
    with h5py.File(path, "a") as file:
        del file["IonizedBox"]
    assert sorted(read(rng, file=path)) == ["cell_size", "density", "redshift"]  # a density knows of no galaxies


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"redshifts": (7.0, 8.0)},
            r"the parts of '.*' differ in redshift: 8\.0, 7\.0; expected one sky at one redshift",
        ),
        ({"seeds": (1, 2)}, "differ in random_seed: 2, 1"),
        ({"cells": 5}, r"the density is an array of \(5, 5, 5\); by its parameters, expected \(4, 4, 4\)"),
    ],
)
def test_a_file_that_contradicts_itself(tmp_path, rng, how, message):
    with pytest.raises(ValueError, match=message):
        read(rng, file=fabricated(tmp_path / "a.h5", **how))


def test_files_that_are_none_of_21cmfast(tmp_path, cube, rng):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = cube
    with pytest.raises(
        ValueError,
        match=r"is not a coeval box or light cone of 21cmFAST 3 or 4: expected groups .*; it has cube. Give any other",
    ):
        read(rng, file=tmp_path / "a.h5")
    whole = fabricated(tmp_path / "b.h5").read_bytes()
    (tmp_path / "b.h5").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"the HDF5 file '.*b\.h5' is damaged \(an incomplete download\?\)"):
        read(rng, file=tmp_path / "b.h5")
    np.save(tmp_path / "c.npy", cube)
    with pytest.raises(ValueError, match=r"c\.npy' is not an HDF5 file"):
        read(rng, file=tmp_path / "c.npy")


# --- traps ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\0" * 400,
            r"holds 400 bytes; expected 4·6³ = 864, float32, as its name says: it holds 46\.3% of that, as of an incomplete",
        ),
        (np.zeros((6, 6, 6)).tobytes(), "it has the size of float64; convert it, or save it as .npy"),
        (
            np.zeros((6, 6, 4), np.complex64).tobytes(),
            "it has the size of Fourier modes, complex numbers on half of k-space",
        ),
        (b"\0" * 900, "it is another file than its name says"),
        (b"", "is empty: expected a cube"),
        (b"0.0209 1.766 0.1\n0.0323 3.915\t0.2\n", r"is a text that begins with '0\.0209 1\.766 0\.1"),
        (b"\x1f\x8b" + b"\0" * 862, r"is packed \(gzip\): unpack it first"),
    ],
)
def test_a_file_of_the_wrong_size_or_kind(write, rng, content, message):
    path = write(DELTA, np.frombuffer(content, np.uint8))
    with pytest.raises(ValueError, match=message):
        read(rng, density=path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda cube: cube.astype(">f4"), "holds big-endian float32: expected little-endian float32; convert them"),
        (
            lambda cube: np.where(cube == cube.max(), np.nan, cube),
            "holds NaN or infinity in 1 of 216 cells: expected finite numbers",
        ),
        (
            lambda cube: 100 * cube - 50,
            r"holds values from -\d.*; expected a density between -1\.001 and 1e\+06: it is another quantity",
        ),
    ],
)
def test_values_that_no_cube_can_hold(write, cube, rng, change, message):
    path = write(DELTA, change(cube))
    with pytest.raises(ValueError, match=message):
        read(rng, density=path)


# --- values that have another type, or are another quantity ------------------------------------------------------------------


@pytest.fixture
def bubbles(rng):
    """A neutral fraction of two values."""
    return (rng.random((6, 6, 6)) < 0.5).astype("<f4")


@pytest.mark.parametrize(
    ("type_code", "words"),
    [(">f4", "big-endian float32"), ("<i4", "integers of 32 bits"), (">i4", "big-endian integers of 32 bits")],
)
def test_cubes_of_two_values_show_their_type(write, bubbles, rng, type_code, words):
    """Read as little-endian float32 they are 1e-45, 5e-41 or 2e-38 in neutral cells: a sky that is fully ionized."""
    path = write("xh.bin", bubbles.astype(type_code))
    message = rf"holds {words}: expected little-endian float32; convert them with numpy.fromfile\(path, '{type_code}'\).astype"
    with pytest.raises(ValueError, match=message):
        read(rng, {"box": 9.0}, neutral_fraction=path)
    mended = np.fromfile(path, type_code).astype("<f4").reshape(6, 6, 6)
    np.testing.assert_array_equal(mended, bubbles)
    assert read(rng, {"box": 9.0}, neutral_fraction=write("xh.bin", mended))["neutral_fraction"].any()


@pytest.mark.parametrize(("size", "bits"), [(1, 8), (2, 16)])
def test_a_mask_of_fewer_bits(write, bubbles, rng, size, bits):
    path = write(XH.format(nf=0.5), bubbles.astype(f"u{size}"))
    with pytest.raises(ValueError, match=f"it has the size of numbers of {bits} bits; convert it, or save it as .npy"):
        read(rng, neutral_fraction=path)


def test_integers_that_no_neutral_fraction_is(write, rng):
    counts = rng.integers(0, 255, (6, 6, 6), dtype=np.int32)
    with pytest.raises(
        ValueError, match=r"holds values such as \d.*e-4\d, as no neutral fraction does: its type is not little"
    ):
        read(rng, {"box": 9.0}, neutral_fraction=write("a.bin", counts))


def test_a_few_values_near_zero_are_no_other_type(write, cube, rng):
    cube[0, 0, :3] = 1e-40, 1e-45, 0
    np.testing.assert_array_equal(
        read(rng, {"box": 9.0}, neutral_fraction=write("a.bin", cube))["neutral_fraction"], cube
    )


def test_masks_of_truth_values_are_numbers(tmp_path, bubbles, rng):
    np.save(tmp_path / "xh.npy", bubbles > 0)
    np.testing.assert_array_equal(
        read(rng, {"box": 9.0}, neutral_fraction=tmp_path / "xh.npy")["neutral_fraction"], bubbles
    )


@pytest.fixture
def overdensity(rng):
    """δ of a lognormal field: mean 0, above −1."""
    field = np.exp(rng.normal(0, 0.5, (12, 12, 12)))
    return (field / field.mean() - 1).astype("<f4")


def test_quantities_are_recognised_under_another_name(tmp_path, overdensity, rng):
    ionized = overdensity > 0.3
    temperature = np.where(ionized, 0, 23 * (1 + overdensity)).astype("<f4")
    for name, array in {
        "d": overdensity,
        "t": temperature,
        "x": np.where(ionized, 0, 1.0),
        "r": 1 + overdensity,
    }.items():
        np.save(tmp_path / f"{name}.npy", array)
    box = {"box": 9.0}
    with pytest.raises(
        ValueError, match=r"is not a density: its mean is 1\d\..*, and that of δ over a box is 0; is it a brightness"
    ):
        read(rng, box, density=tmp_path / "t.npy")
    with pytest.raises(
        ValueError, match=r"is not a density: it is never negative, and 0 in \d+% of the cells; is it a brightness"
    ):
        read(rng, box, density=tmp_path / "x.npy")
    with pytest.raises(ValueError, match=r"is not a density: it is never negative, and its mean is 1; is it 1 \+ δ\?"):
        read(rng, box, density=tmp_path / "r.npy")
    with pytest.raises(
        ValueError, match=r"is not a brightness temperature: its mean is .* and its least value -0.*overdensity"
    ):
        read(rng, box, brightness_temperature=tmp_path / "d.npy")
    with pytest.raises(ValueError, match="is not a brightness temperature: its values go from 0 to exactly 1"):
        read(rng, box, brightness_temperature=tmp_path / "x.npy")
    files = {"density": "d", "brightness_temperature": "t", "neutral_fraction": "x"}
    assert {*files} < set(read(rng, box, **{name: tmp_path / f"{file}.npy" for name, file in files.items()}))


def test_a_temperature_without_its_mean_is_no_overdensity(tmp_path, overdensity, rng):
    """As an interferometer sees it, late in reionization: within ±1 mK, but with a floor."""
    temperature = np.where(overdensity > -0.3, 0, 1 + overdensity)
    np.save(tmp_path / "t.npy", temperature - temperature.mean())
    assert read(rng, {"box": 9.0}, brightness_temperature=tmp_path / "t.npy")["brightness_temperature"].min() > -1


@pytest.mark.parametrize("told", [0.35, 0.55])
def test_a_neutral_fraction_that_follows_from_temperature_and_density(write, overdensity, rng, told):
    """At z = 6.5 a neutral cell of mean density has 23.08 mK; the name says 0.1 more or less than 0.45."""
    cells = np.argsort(np.argsort(-overdensity.ravel())).reshape(overdensity.shape)
    neutral = cells >= 0.55 * overdensity.size
    temperature = np.where(neutral, 23.08 * (1 + overdensity), 0).astype("<f4")
    name = "{kind}_z006.50{nf}_12_18Mpc"
    density = write(name.format(kind="updated_smoothed_deltax", nf=""), overdensity)

    def named(told):
        return write(name.format(kind="delta_T_v3", nf=f"_nf{told:.6f}_useTs0"), temperature)

    assert read(rng, brightness_temperature=named(0.45), density=density)["mean_neutral_fraction"] == 0.45
    message = (
        rf"a name says a neutral fraction of {told:.6f}, but '.*' and the density have about 0\.45"
        if told < 0.5
        else "in all but 45"
    )
    with pytest.raises(ValueError, match=message):
        read(rng, brightness_temperature=named(told), density=density)


@needs_data
@pytest.mark.parametrize("told", [0.262545, 0.462545])
def test_the_real_pair_under_another_neutral_fraction(tmp_path, rng, told):
    temperature = tmp_path / f"delta_T_v3_z006.50_nf{told:.6f}_useTs0_200_300Mpc"
    temperature.symlink_to(PAIR / "delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc")
    with pytest.raises(
        ValueError, match=f"but a name says a neutral fraction of {told}|a name says a neutral fraction of {told}, but"
    ):
        read(rng, brightness_temperature=temperature, density=PAIR / "updated_smoothed_deltax_z006.50_200_300Mpc")


@pytest.mark.parametrize(
    ("shape", "advice"), [((4, 2, 4), "; move the line of sight"), ((2, 4, 4), "; move"), ((2, 3, 4), "$")]
)
def test_the_first_two_axes_are_equal(tmp_path, rng, shape, advice):
    np.save(tmp_path / "a.npy", np.zeros(shape))
    with pytest.raises(
        ValueError, match=rf"of \({', '.join(map(str, shape))}\); expected \(N, N, N\) or \(N, N, planes\){advice}"
    ):
        read(rng, {"box": 9.0}, density=tmp_path / "a.npy")


def test_complex_numbers_are_refused(tmp_path, rng):
    np.save(tmp_path / "a.npy", np.zeros((4, 4, 4), np.complex64))
    with pytest.raises(ValueError, match=r"is an array of \(4, 4, 4\), complex64; expected real numbers"):
        read(rng, {"box": 9.0}, density=tmp_path / "a.npy")


# --- light cones that 21cmFAST has not finished, or has padded ---------------------------------------------------------------


@pytest.fixture
def light_cone(tmp_path):
    """Copy a light cone of 21cmFAST, and change it."""

    def copy(version, change=lambda file: None):
        path = tmp_path / f"lightcone_{version}.h5"
        path.write_bytes((DATA / f"lightcone_{version}.h5").read_bytes())
        with h5py.File(path, "a") as file:
            change(file)
        return path

    return copy


def clear(file, planes, names=None):
    """Leave planes as 21cmFAST creates them."""
    for name in names or list(file["lightcones"]):
        file[f"lightcones/{name}"][..., :planes] = 0


@needs_data
def test_a_light_cone_that_stopped_at_a_node_of_version_3(light_cone, rng):
    whole = read(rng, file=light_cone("v3"))["redshifts"]
    with h5py.File(DATA / "lightcone_v3.h5") as file:
        node = file["node_redshifts"][2]
    missing = np.count_nonzero(whole < node)

    def stop(file):
        clear(file, missing, ["brightness_temp", "xH_box"])
        file.attrs.update({"current_redshift": node, "current_index": len(whole) - missing})
        del file["lightcones/density"]

    message = rf"is unfinished: 21cmFAST has not reached planes 0 to {missing - 1} of 53 \(it stopped at z = {node:.3f}\), and 0 would"
    with pytest.raises(ValueError, match=message):
        read(rng, file=light_cone("v3", stop))
    finished = light_cone("v3", lambda file: file.attrs.update({"current_redshift": file.attrs["redshift"]}))
    np.testing.assert_array_equal(read(rng, file=finished)["redshifts"], whole)


@needs_data
def test_a_light_cone_that_stopped_at_a_node_of_version_4(light_cone, rng):
    whole = read(rng, file=light_cone("v4"))["redshifts"]

    def stop(file, node):
        file.attrs["last_completed_node"] = node

    with h5py.File(DATA / "lightcone_v4.h5") as file:
        nodes = file["InputParameters/node_redshifts"][()]
    missing = np.count_nonzero(whole < nodes[1])
    with pytest.raises(ValueError, match=rf"planes 0 to {missing - 1} of 53 \(it stopped at z = {nodes[1]:.3f}\)"):
        read(rng, file=light_cone("v4", lambda file: stop(file, 1)))
    finished = light_cone("v4", lambda file: stop(file, len(nodes) - 1))
    np.testing.assert_array_equal(read(rng, file=finished)["redshifts"], whole)


@needs_data
@pytest.mark.parametrize(("version", "xh"), [("v3", "xH_box"), ("v4", "neutral_fraction")])
def test_planes_without_matter_were_not_reached(light_cone, rng, version, xh):
    """Whatever the attributes say: a density of 0 everywhere does not occur, while an ionized plane does."""
    with pytest.raises(ValueError, match=r"has not reached planes 0 to 6 of 53 \(their density is 0 everywhere\)"):
        read(rng, file=light_cone(version, lambda file: clear(file, 7)))
    ionized = light_cone(version, lambda file: clear(file, 7, ["brightness_temp", xh]))
    assert not read(rng, file=ionized)["neutral_fraction"][..., :7].any()


@needs_data
def test_a_light_cone_that_was_not_begun(light_cone, rng):
    def begin(file):
        clear(file, 53)
        del file["lightcones/density"]

    with pytest.raises(ValueError, match=r"planes 0 to 52 of 53 \(all of it is 0\)"):
        read(rng, file=light_cone("v4", begin))


@needs_data
def test_buffers_are_dropped_as_21cmfast_drops_them(light_cone, rng):
    whole = read(rng, file=light_cone("v4"))
    padded = light_cone("v4", lambda file: file.attrs.update({"lowz_buffer_pixels": 3, "highz_buffer_pixels": 2}))
    trimmed = read(rng, file=padded)
    for name in ("brightness_temperature", "density", "neutral_fraction", "distances", "redshifts"):
        np.testing.assert_array_equal(trimmed[name], whole[name][..., 3:51])


@needs_data
def test_a_buffer_that_was_not_reached_is_dropped_too(light_cone, rng):
    def pad(file):
        clear(file, 2)
        file.attrs["lowz_buffer_pixels"] = 3

    assert read(rng, file=light_cone("v4", pad))["density"].shape == (16, 16, 50)


def test_a_binary_without_a_name_must_be_a_cube_at_least(write, cube, rng):
    assert read(rng, {"box": 9.0}, density=write("a.bin", cube))["density"].shape == (6, 6, 6)
    with pytest.raises(
        ValueError, match=r"holds 840 bytes, which is not 4·N³ for any N: expected N³ float32 \(its name"
    ):
        read(rng, {"box": 9.0}, density=write("b.bin", cube.ravel()[:210]))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "deltak_z0.00_6_9Mpc",
            "Fourier modes of the density, complex numbers on half of k-space, which are not a cube",
        ),
        (
            "smoothed_deltax_z0.00_6_9Mpc",
            "the linear density at z = 0; the density of the sky is called updated_smoothed_deltax",
        ),
        (DELTA_T, "the brightness_temperature"),
        ("updated_vz_z006.50_6_9Mpc", "a velocity"),
        ("ps_z007.04_nf0.316111_useTs1_aveTb-02.04_200_300Mpc_v3", "a power spectrum, a table of text"),
    ],
)
def test_a_name_that_tells_of_something_else_is_refused_before_a_run(write, cube, name, message):
    with pytest.raises(ValidationError, match=f"density: by its name, '.*' holds {message}"):
        TwentyoneCmFiles(**given(density=write(name, cube)))


def test_the_line_of_sight_must_be_the_last_axis(write, cube):
    with pytest.raises(
        ValidationError, match="has its line of sight along axis 0; expected the last, as in delta_T_v3"
    ):
        TwentyoneCmFiles(**given(brightness_temperature=write(DELTA_T.replace("v3", "v1"), cube)))


def test_files_of_one_member_must_belong_together(write, cube, rng):
    temperature = write(DELTA_T, cube)
    with pytest.raises(
        ValidationError,
        match=r"of one sky at one redshift: the name of '.*delta_T.*' says redshift 6\.5, the name of '.*' 7",
    ):
        TwentyoneCmFiles(
            **given(brightness_temperature=temperature, density=write(DELTA.replace("6.50", "7.00"), cube))
        )
    with pytest.raises(ValidationError, match=r"says mean_neutral_fraction 0\.362545, .* 0\.4"):
        TwentyoneCmFiles(**given(brightness_temperature=temperature, neutral_fraction=write(XH.format(nf=0.4), cube)))
    with pytest.raises(ValidationError, match=r"the configuration says redshift 8, the name of"):
        TwentyoneCmFiles(**given(density=write(DELTA, cube)), redshift=8.0)
    np.save(density := temperature.with_name("d.npy"), cube[:, :, :5])
    with pytest.raises(ValueError, match=r"must have one shape: '.*' has \(6, 6, 6\), '.*d\.npy' \(6, 6, 5\)"):
        read(rng, brightness_temperature=temperature, density=density)
    np.save(five := temperature.with_name(f"{DELTA}.npy"), cube[:5, :5, :5])
    with pytest.raises(ValueError, match=r"holds an array of \(5, 5, 5\), but a name says 6 cells along each side"):
        read(rng, density=five)


@pytest.mark.parametrize("told", [0.3, 0.9])
def test_a_neutral_fraction_in_a_name_is_that_of_its_cube(write, cube, rng, told):
    with pytest.raises(
        ValueError, match=rf"has the mean 0\.\d+, but a name says a neutral fraction of {told:.6f}: it is another"
    ):
        read(rng, neutral_fraction=write(XH.format(nf=told), cube))
    with pytest.raises(
        ValueError, match=r"is 0 everywhere, an ionized sky, but a name says a neutral fraction of 0\.362545"
    ):
        read(rng, brightness_temperature=write(DELTA_T, 0 * cube))


def test_digests_and_fields_that_do_not_belong_together(write, cube, rng, tmp_path):
    path = write(DELTA, cube)
    with pytest.raises(ValidationError, match=f"density_sha256 is missing: .* it is now {digest(path)}"):
        TwentyoneCmFiles(density=path)
    with pytest.raises(ValidationError, match="no file: expected 'file'"):
        TwentyoneCmFiles()
    with pytest.raises(ValidationError, match="neutral_fraction_sha256 without its file: name the file too"):
        TwentyoneCmFiles(**given(density=path), neutral_fraction_sha256="0" * 64)
    with pytest.raises(
        ValidationError, match="redshift and density and density_sha256: a 'file' of 21cmFAST contains all of it"
    ):
        TwentyoneCmFiles(**given(density=path, file=path), redshift=0.0)
    config = TwentyoneCmFiles(**given(density=path))
    write(DELTA, cube[::-1])
    with pytest.raises(ValueError, match="is another file than the one asked for"):
        config.simulate(rng)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="there is no file"):
        config.simulate(rng)


# --- in a project -----------------------------------------------------------------------------------------------------------

PROJECT = """\
project: cubes
simulations:
  sky:
    use: twentyone_cm_files
    sweep: {table: cubes.csv, columns: [density, density_sha256], labels: [redshift]}
"""


def test_cubes_are_an_ensemble_like_any_other(write, cube, labrun_process, tmp_path):
    rows = []
    for number, redshift in enumerate((6.5, 7.0)):
        path = write(DELTA.replace("006.50", f"{redshift:06.2f}"), cube + number)
        rows.append(f"{path.name},{digest(path)},{redshift}\n")
    (tmp_path / "cubes.csv").write_text("density,density_sha256,redshift\n" + "".join(rows), encoding="utf-8")
    (tmp_path / "project.yaml").write_text(PROJECT, encoding="utf-8")
    outcome = labrun_process("run", "project.yaml")
    assert outcome.code == 0, outcome.err
    found = {}
    for part in (tmp_path / "runs/cubes/simulations/sky").rglob("*.h5"):
        with h5py.File(part) as file:
            found |= {int(member): (group["redshift"][()], group["density"][()]) for member, group in file.items()}
    assert [found[member][0] for member in (0, 1)] == [6.5, 7.0]
    np.testing.assert_array_equal(found[1][1], cube + 1)


def test_the_hook_offers_it():
    assert labrun_twentyone_cm_files.labrun_simulators() == [TwentyoneCmFiles]
    assert all(field.description for field in TwentyoneCmFiles.model_fields.values())
