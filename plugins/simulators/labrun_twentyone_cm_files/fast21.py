"""Read the HDF5 files of 21cmFAST 3 and 4: coeval boxes, parts of them, and light cones.

Version 3 keeps `BrightnessTemp/brightness_temp`, the redshift as an attribute of the file, and parameters in groups beside; version 4
`BrightnessTemp/OutputFields/brightness_temp`, the redshift as an attribute of `BrightnessTemp`, and parameters in its `InputParameters`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from labrun import Arrays
from labrun.files.hdf5 import single_values
from labrun_twentyone_cm_files.cosmology import redshifts_at
from labrun_twentyone_cm_files.cubes import Cube, map_dataset, open_file
from labrun_twentyone_cm_files.light_cones import expect_finished, planes_inside
from labrun_twentyone_cm_files.plausibility import expect_values

STRUCTS = {"brightness_temperature": "BrightnessTemp", "density": "PerturbedField", "neutral_fraction": "IonizedBox"}
ARRAYS = {
    "brightness_temperature": ("brightness_temp",),
    "density": ("density",),
    "neutral_fraction": ("neutral_fraction", "xH_box"),
}
"""Names of arrays, in version 4 and in version 3"""
SKY = ("random_seed", "HII_DIM", "BOX_LEN", "hlittle", "OMm")
"""Parameters that all structs of a file share. A density from the cache may have been made for other galaxies."""
PARAMETERS = ("user_params", "cosmo_params", "astro_params", "flag_options")
"""Groups of parameters in version 3"""


def read_21cmfast(path: Path) -> Arrays:
    """Read cubes and numbers of a file of 21cmFAST, as the plugin returns them.

    Raises:
        ValueError: the file is damaged or unfinished, holds none of the cubes, or holds cubes that contradict its parameters or each
            other.
    """
    with open_file(path) as file:
        try:
            return _light_cone(path, file) if "lightcones" in file else _coeval_box(path, file)
        except (KeyError, TypeError, AttributeError, RuntimeError, OSError, ArithmeticError) as error:
            raise ValueError(
                f"'{path}' is damaged, or not in the format of 21cmFAST 3 or 4 ({type(error).__name__}: {error})"
            ) from error


def _coeval_box(path: Path, file: h5py.File) -> Arrays:
    found = {array: file[struct] for array, struct in STRUCTS.items() if struct in file}
    if not found:
        raise ValueError(
            f"'{path}' is not a coeval box or light cone of 21cmFAST 3 or 4: expected groups {', '.join(STRUCTS.values())} or lightcones; "
            f"it has {', '.join(file) or 'nothing'}. Give any other HDF5 file as 'density' and the like"
        )
    settings = {array: _settings(file, struct) for array, struct in found.items()}
    for name in SKY:
        _expect_one(path, name, [of.get(name) for of in settings.values()])
    redshifts = [_redshift(path, file, struct) for struct in found.values()]
    _expect_one(path, "redshift", redshifts)
    cubes = dict(_cubes(path, {array: struct.get("OutputFields", struct) for array, struct in found.items()}))
    decisive = settings[min(found, key=lambda array: array == "density")]  # the density does not depend on galaxies
    _expect_shape(path, cubes, decisive)
    return {**cubes, "redshift": np.array(redshifts[0]), **_cell(decisive), **_efficiency(decisive, cubes)}


def _light_cone(path: Path, file: h5py.File) -> Arrays:
    settings = _settings(file, file)
    cubes = dict(_cubes(path, dict.fromkeys(ARRAYS, file["lightcones"])))
    names = [name for name in ("lightcone_distances", "distances") if name in file]
    if not cubes or not names:
        raise ValueError(
            f"the light cone '{path}' is incomplete: it has {', '.join(file['lightcones'])}, and {', '.join(file)}"
        )
    distances = file[names[0]][()].astype(np.float64)
    _expect_shape(path, cubes, settings, len(distances))
    redshifts = redshifts_at(distances, settings["hlittle"], settings["OMm"])
    inside = planes_inside(file, len(distances))
    cubes = {array: cube[..., inside] for array, cube in cubes.items()}
    distances, redshifts = distances[inside], redshifts[inside]
    expect_finished(path, file, cubes, redshifts)
    return {**cubes, "distances": distances, "redshifts": redshifts, **_cell(settings), **_efficiency(settings, cubes)}


def _cubes(path: Path, groups: dict[str, h5py.Group]) -> Iterator[tuple[str, Cube]]:
    for array, group in groups.items():
        for name in ARRAYS[array]:
            if name in group:
                cube = map_dataset(path, group[name])
                expect_values(path, array, cube)
                yield array, cube


def _settings(file: h5py.File, struct: h5py.Group) -> dict[str, Any]:
    """Return all parameters of a struct (or a light cone), by name."""
    inputs = struct.get("InputParameters")
    groups = inputs.values() if inputs is not None else [file[name] for name in PARAMETERS if name in file]
    settings = {name: value for group in groups for name, value in single_values(group).items()}
    seed = inputs.attrs if inputs is not None else file.attrs
    return settings | {"random_seed": seed.get("random_seed")}


def _redshift(path: Path, file: h5py.File, struct: h5py.Group) -> float:
    for holder in (struct, file):
        if "redshift" in holder.attrs:
            return float(holder.attrs["redshift"])
    raise ValueError(f"'{path}' has no redshift: expected an attribute 'redshift' of the file or of '{struct.name}'")


def _expect_one(path: Path, what: str, values: list[Any]) -> None:
    if any(value != values[0] for value in values):
        raise ValueError(
            f"the parts of '{path}' differ in {what}: {', '.join(map(str, values))}; expected one sky at one redshift"
        )


def _expect_shape(path: Path, cubes: dict[str, Cube], settings: dict[str, Any], planes: int | None = None) -> None:
    try:
        cells = int(settings["HII_DIM"])
        expected = (cells, cells, planes or round(cells * float(settings.get("NON_CUBIC_FACTOR", 1.0))))
    except KeyError as error:
        raise ValueError(f"'{path}' lacks the parameter {error}: it is not in the format of 21cmFAST 3 or 4") from None
    for array, cube in cubes.items():
        if cube.shape != expected:
            raise ValueError(
                f"'{path}': the {array} is an array of {cube.shape}; by its parameters, expected {expected}"
            )


def _cell(settings: dict[str, Any]) -> Arrays:
    """Return the side of a cell [Mpc]."""
    return {"cell_size": np.array(settings["BOX_LEN"] / settings["HII_DIM"])}


def _efficiency(settings: dict[str, Any], cubes: dict[str, Cube]) -> Arrays:
    """Return how strongly galaxies ionize, unless there is only a density. F_ESC10 counts only if the efficiency depends on mass."""
    if set(cubes) == {"density"}:
        return {}
    model = settings.get("SOURCE_MODEL")
    by_mass = bool(settings.get("USE_MASS_DEPENDENT_ZETA")) if model is None else model != "CONST-ION-EFF"
    if by_mass:
        return {
            "escape_fraction": np.array(float(f"{10 ** settings['F_ESC10']:.8g}"))
        }  # rounded as it was before its logarithm was taken
    return {"ionizing_efficiency": np.array(float(settings["HII_EFF_FACTOR"]))}
