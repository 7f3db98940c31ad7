"""Cubes and light cones of the 21-cm sky that were made elsewhere: one redshift of one sky (or one light cone), one member."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from labrun import Arrays, Field, Simulator, hookimpl
from labrun.files.digests import expect_digest, require_digest
from labrun_twentyone_cm_files.facts import Facts, agreed
from labrun_twentyone_cm_files.names import expect_kind, facts_of_name

if TYPE_CHECKING:
    import numpy as np

CUBES = ("brightness_temperature", "density", "neutral_fraction")
DIGEST = "^([0-9a-f]{64})?$"
WHERE = "relative to the folder in which labrun is started"


class TwentyoneCmFiles(Simulator):
    """Cubes of the 21-cm sky, read from files of 21cmFAST or any other code: the files of one redshift are a member.

    **Cubes in files of their own** are named by what they hold, `brightness_temperature` [mK], `density` (overdensity δ) and
    `neutral_fraction`, each with its SHA-256 (as `sha256sum` prints it), so that results follow from what a file holds. A file may be

    * a binary of 21cmFAST 1 or 2: N³ float32, little endian, z fastest, without a header. Its name tells z, N, the box and the neutral
      fraction (`delta_T_v3_z006.50_nf0.362545_useTs0_200_300Mpc`), an xH file's the escape fraction or the ionizing efficiency too;
    * a `.npy`, or any HDF5 file: its array named as the cube, or `dataset`, or the only one of three axes. Attributes `redshift` and `box`
      of the array or of the file count as told; else give them here.

    What names, attributes and fields tell must agree with each other and with the cubes.

        sweep:
          files: {density: "cubes/*ESC_FRAC_{escape_fraction}_RNG_{realization}/updated_smoothed_deltax_z{redshift}_{cells}_{box}Mpc"}

    **A `file` of 21cmFAST 3 or 4** (HDF5) is a coeval box, a part of one (a cache file) or a light cone, and tells all the rest. Its
    `F_ESC10` is log₁₀ of the escape fraction, and counts only if the efficiency depends on mass; else `HII_EFF_FACTOR` does.

    Gives those of the three cubes that there are, (N, N, N) float32, of a light cone (N, N, planes), the line of sight last; `cell_size` ()
    [Mpc]; and as far as it is told `redshift`, `mean_neutral_fraction`, `escape_fraction`, `ionizing_efficiency`, each () float64. A light
    cone has `distances` (planes,) [comoving Mpc] and `redshifts` (planes,) instead of one redshift. Cubes are mapped into memory, not read,
    where they lie in the file as float32.

    Values are passed as they are: 21cmFAST 2 and 3 put redshift-space distortions into δT_b, 4 does not; `useTs0` in a name tells that
    T_s ≫ T_CMB was taken for granted, which is wrong before X-rays have heated the gas.

    Raises FileNotFoundError without a file, ValueError when it is another one than the digest tells, is no cube, broke off, or holds other
    values than its name or its kind allow.
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
        None, ge=0, description="z, dimensionless, where neither name nor attribute tells it"
    )
    box: float | None = Field(
        None, gt=0, description="comoving side of the box across the line of sight [Mpc], where nothing else tells it"
    )
    file: Path | None = Field(None, description=f"HDF5 file of 21cmFAST 3 or 4, coeval box or light cone, {WHERE}")
    sha256: str = Field("", pattern=DIGEST, description="SHA-256 of `file`, 64 hexadecimal digits")

    @property
    def files(self) -> dict[str, tuple[Path, str]]:
        """The files of single cubes and their digests, by what they hold."""
        given = {name: (getattr(self, name), getattr(self, f"{name}_sha256")) for name in CUBES}
        return {name: (path, digest) for name, (path, digest) in given.items() if path is not None}

    @model_validator(mode="after")
    def _check_files(self) -> Self:
        """Only a missing digest makes it look at a file: what was read once needs its file no more."""
        about_cubes = [
            name
            for name in ("dataset", "redshift", "box", *CUBES, *(f"{cube}_sha256" for cube in CUBES))
            if getattr(self, name) not in (None, "")
        ]
        if self.file is not None:
            if about_cubes:
                raise ValueError(
                    f"{' and '.join(about_cubes)}: a 'file' of 21cmFAST tells all; leave out one or the other"
                )
            require_digest(self.file, self.sha256)
            return self
        if not self.files:
            raise ValueError(f"no file: expected 'file' (21cmFAST 3 or 4), or one or more of {', '.join(CUBES)}")
        idle = [f"{name}_sha256" for name in CUBES if name not in self.files and getattr(self, f"{name}_sha256")]
        if idle or self.sha256:
            raise ValueError(f"{' and '.join(idle) or 'sha256'} without its file: name the file too, or leave both out")
        for name, (path, digest) in self.files.items():
            expect_kind(path, name)
            require_digest(path, digest)
        self._agreed_facts()
        return self

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return cubes and numbers as the docstring of the class says. Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is another file, or not what is expected.
        """
        from labrun_twentyone_cm_files.cubes import expect_alike, expect_values, open_cube
        from labrun_twentyone_cm_files.fast21 import read_21cmfast

        if self.file is not None:
            expect_digest(self.file, self.sha256)
            return read_21cmfast(self.file)
        cubes, told = {}, {}
        for name, (path, digest) in self.files.items():
            expect_digest(path, digest)
            cubes[name], told[f"an attribute in '{path}'"] = open_cube(path, name, self.dataset)
        facts = self._agreed_facts(told)
        expect_alike({str(path): cubes[name] for name, (path, _) in self.files.items()}, facts.cells)
        for name, (path, _) in self.files.items():
            expect_values(path, name, cubes[name], facts.mean_neutral_fraction)
        side = next(iter(cubes.values())).shape[0]
        return {**cubes, **facts.arrays(side)}

    def _agreed_facts(self, further: dict[str, Facts] | None = None) -> Facts:
        """What the configuration, the names of the files and `further` sources tell together."""
        names = {f"the name of '{path}'": facts_of_name(path) for path, _ in self.files.values()}
        return agreed({"the configuration": Facts(redshift=self.redshift, box=self.box), **names, **(further or {})})


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [TwentyoneCmFiles]
