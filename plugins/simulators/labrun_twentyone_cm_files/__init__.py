"""Cubes and light cones of the 21-cm sky from other codes: one redshift of one sky (or one light cone), one member."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl
from labrun.files.digests import expect_digest, require_digest
from labrun_twentyone_cm_files.facts import Facts, combined
from labrun_twentyone_cm_files.names import expect_kind, facts_of_name

if TYPE_CHECKING:
    import numpy as np

CUBES = ("brightness_temperature", "density", "neutral_fraction")
DIGEST = "^([0-9a-f]{64})?$"
WHERE = "relative to the folder in which labrun is started"


class TwentyoneCmFiles(Simulator):
    """Cubes of the 21-cm sky, read from files of 21cmFAST or any other code: the files of one redshift are a member.

    **Cubes in files of their own** are named by what they hold, `brightness_temperature` [mK], `density` (overdensity δ) and
    `neutral_fraction`, each with its SHA-256 (as `sha256sum` prints it), so that results follow from the content of a file. A file may be

    * a binary of 21cmFAST 1 or 2: N³ float32, little endian, z fastest, without a header. Its name contains z, N, the box and the
      neutral fraction (`delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc`), that of an xH file the escape fraction or the
      ionizing efficiency, too;
    * a `.npy`, or any HDF5 file: the array called like the cube, or `dataset`, or the only one with three axes. The redshift and the box
      are attributes `redshift` and `box` of the array or of the file, or are given here.

    Names, attributes and fields must agree with each other and with the cubes.

        sweep:
          files: {density: "cubes/*ESC_FRAC_{escape_fraction}_RNG_{realization}/updated_smoothed_deltax_z{redshift}_{cells}_{box}Mpc"}

    **A `file` of 21cmFAST 3 or 4** (HDF5) is a coeval box, a part of one (a cache file) or a light cone, and contains all else. Its
    `F_ESC10` is log₁₀ of the escape fraction, and counts only if the efficiency depends on mass; otherwise `HII_EFF_FACTOR` does. Planes
    that pad a light cone for redshift-space distortions are dropped, as 21cmFAST does.

    Returns those of the three cubes that exist, (N, N, N) float32, of a light cone (N, N, planes), the line of sight last; `cell_size` ()
    [Mpc]; and if they are known `redshift`, `mean_neutral_fraction`, `escape_fraction`, `ionizing_efficiency`, each () float64. A light
    cone has `distances` (planes,) [comoving Mpc] and `redshifts` (planes,) instead of one redshift. Cubes that a file stores as float32 are
    mapped into memory, not read.

    Values are passed on as they are: 21cmFAST 2 and 3 put redshift-space distortions into δT_b, 4 does not; `useTs0` in a name means that
    T_s ≫ T_CMB was assumed, which is wrong before X-rays have heated the gas.

    Raises FileNotFoundError if a file is missing, and ValueError if its digest differs, if it is not a cube or is incomplete, if a light
    cone is unfinished, or if values are impossible: out of range, of another type or byte order, of another quantity than named, or with
    another neutral fraction than the name says.
    """

    name: ClassVar[str] = "twentyone_cm_files"
    version: ClassVar[int] = 1

    brightness_temperature: Path | None = Field(None, description=f"file of the brightness temperature [mK], {WHERE}")
    brightness_temperature_sha256: str = Field("", pattern=DIGEST, description="its SHA-256, 64 hexadecimal digits")
    density: Path | None = Field(None, description=f"file of the overdensity δ (dimensionless, ≥ −1), {WHERE}")
    density_sha256: str = Field("", pattern=DIGEST, description="its SHA-256, 64 hexadecimal digits")
    neutral_fraction: Path | None = Field(None, description=f"file of the neutral fraction xH, 0 to 1, {WHERE}")
    neutral_fraction_sha256: str = Field("", pattern=DIGEST, description="its SHA-256, 64 hexadecimal digits")
    dataset: str = Field(
        "", description="name of the array in HDF5 files of single cubes, if it is not the obvious one"
    )
    redshift: float | None = Field(
        None, ge=0, description="z, dimensionless, if neither name nor attribute contains it"
    )
    box: float | None = Field(
        None, gt=0, description="comoving side of the box across the line of sight [Mpc], if nothing else contains it"
    )
    file: Path | None = Field(None, description=f"HDF5 file of 21cmFAST 3 or 4, coeval box or light cone, {WHERE}")
    file_sha256: str = Field("", pattern=DIGEST, description="SHA-256 of `file`, 64 hexadecimal digits")

    @property
    def files(self) -> dict[str, tuple[Path, str]]:
        """Files of single cubes and their digests, by quantity."""
        given = {name: (getattr(self, name), getattr(self, f"{name}_sha256")) for name in CUBES}
        return {name: (path, digest) for name, (path, digest) in given.items() if path is not None}

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        """Look at a file only if its digest is missing: a result that is stored needs its files no more."""
        about_cubes = [
            name
            for name in ("dataset", "redshift", "box", *CUBES, *(f"{cube}_sha256" for cube in CUBES))
            if getattr(self, name) not in (None, "")
        ]
        if self.file is not None:
            if about_cubes:
                raise ValueError(
                    f"{' and '.join(about_cubes)}: a 'file' of 21cmFAST contains all of it; leave out one or the other"
                )
            require_digest(self.file, self.file_sha256, "file_sha256")
            return self
        if not self.files:
            raise ValueError(f"no file: expected 'file' (21cmFAST 3 or 4), or one or more of {', '.join(CUBES)}")
        idle = [f"{name}_sha256" for name in CUBES if name not in self.files and getattr(self, f"{name}_sha256")]
        if idle or self.file_sha256:
            raise ValueError(
                f"{' and '.join(idle) or 'file_sha256'} without its file: name the file too, or leave both out"
            )
        for name, (path, digest) in self.files.items():
            expect_kind(path, name)
            require_digest(path, digest, f"{name}_sha256")
        self._combined_facts()
        return self

    def gives(self, array: str) -> bool | None:
        """Check whether a cube is among the single files; what a file of 21cmFAST 3 or 4 holds is not known before it is read."""
        return array in self.files if array in CUBES and self.file is None else None

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return cubes and numbers as the docstring of the class says. Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file has changed, or its content is impossible.
        """
        from labrun_twentyone_cm_files.cubes import open_cube
        from labrun_twentyone_cm_files.fast21 import read_21cmfast
        from labrun_twentyone_cm_files.plausibility import expect_agreement, expect_alike, expect_values

        if self.file is not None:
            expect_digest(self.file, self.file_sha256)
            return read_21cmfast(self.file)
        cubes, attributes = {}, {}
        for name, (path, digest) in self.files.items():
            expect_digest(path, digest)
            cube, attributes[f"an attribute in '{path}'"] = open_cube(path, name, self.dataset)
            cubes[name] = path, cube
        facts = self._combined_facts(attributes)
        expect_alike({str(path): cube for path, cube in cubes.values()}, facts.cells)
        for name, (path, cube) in cubes.items():
            expect_values(path, name, cube, facts.mean_neutral_fraction)
        expect_agreement(cubes, facts.redshift, facts.mean_neutral_fraction)
        arrays = {name: cube for name, (_, cube) in cubes.items()}
        side = next(iter(arrays.values())).shape[0]
        return {**arrays, **facts.arrays(side)}

    def _combined_facts(self, attributes: dict[str, Facts] | None = None) -> Facts:
        """Combine what the configuration, the names of the files and their attributes say."""
        names = {f"the name of '{path}'": facts_of_name(path) for path, _ in self.files.values()}
        configured = {"the configuration": Facts(redshift=self.redshift, box=self.box)}
        return combined(configured | names | (attributes or {}))


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [TwentyoneCmFiles]
