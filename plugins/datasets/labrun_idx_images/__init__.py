"""Labelled images in the IDX format of MNIST and FashionMNIST: a simulator that reads the files, and a dataset of their images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator

from labrun import Arrays, Dataset, Ensemble, Examples, Field, Outline, Simulator, hookimpl
from labrun.files.digests import expect_digest, sha256_of
from labrun_idx_images.classes import CLASSES

if TYPE_CHECKING:
    import numpy as np

DIGEST = "^([0-9a-f]{64})?$"


class IdxFiles(Simulator):
    """Images and their labels, read from two files in the IDX format (MNIST, FashionMNIST, EMNIST, …), compressed by gzip or plain.

    Each file begins with a header: two bytes 0, a byte for the type (8: unsigned bytes), a byte for the number of axes, and the length of
    each axis in four bytes, big-endian (Y. LeCun, C. Cortes and C. Burges, The MNIST database). Images have three axes, labels one. `x.gz`
    is found as `x` too, and the other way round.

    Results follow from the content of the files, not from their names: the key contains the SHA-256 of both. It is computed when the
    project is checked, unless it is given. Files whose digests are given are opened only when they are read, and not needed afterwards:

        sweep: {table: files.csv, columns: [images, labels, images_sha256, labels_sha256]}

    Raises FileNotFoundError if a file is missing, and ValueError if its digest differs, if it is not IDX or is damaged, or if the two do
    not belong together.
    """

    name: ClassVar[str] = "idx_images"
    version: ClassVar[int] = 1
    outputs: ClassVar[Mapping[str, str]] = {
        "images": "(images, height, width) uint8: grey levels, 0 to 255",
        "labels": "(images,) uint8: number of the class",
    }

    images: Path = Field(
        exclude=True, description="IDX file of the images, relative to the folder in which labrun is started"
    )
    labels: Path = Field(
        exclude=True, description="IDX file of the labels, relative to the folder in which labrun is started"
    )
    images_sha256: str = Field(
        "", pattern=DIGEST, description="SHA-256 of the file of images, 64 hexadecimal digits (default: as it is now)"
    )
    labels_sha256: str = Field(
        "", pattern=DIGEST, description="SHA-256 of the file of labels, 64 hexadecimal digits (default: as it is now)"
    )

    @model_validator(mode="before")
    @classmethod
    def _take_digests(cls, values: Any) -> Any:
        """Look at a file only if its digest is missing."""
        from labrun_idx_images.files import find_files

        if not isinstance(values, dict):
            return values
        named = {name: values.get(name) for name in ("images", "labels")}
        wanted = {
            f"{name}_sha256": Path(path)
            for name, path in named.items()
            if isinstance(path, (str, Path)) and not values.get(f"{name}_sha256")
        }
        found = find_files(list(wanted.values()))
        return values | {key: sha256_of(path) for key, path in zip(wanted, found, strict=True)}

    def simulate(self, rng: np.random.Generator) -> Arrays:
        """Return images and labels. Nothing is drawn from `rng`.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file has changed, is not IDX or is damaged, or images and labels differ in number.
        """
        from labrun_idx_images.files import find_files
        from labrun_idx_images.idx import read_idx

        paths = find_files([self.images, self.labels])
        for path, digest in zip(paths, (self.images_sha256, self.labels_sha256), strict=True):
            expect_digest(path, digest)
        images, labels = read_idx(paths[0], "images"), read_idx(paths[1], "labels")
        if len(images) != len(labels):
            raise ValueError(
                f"'{paths[0]}' holds {len(images):,} images, but '{paths[1]}' {len(labels):,} labels: one of them belongs to other files"
            )
        return {"images": images, "labels": labels}


class IdxImages(Dataset):
    """Labelled images as examples: `x` (height, width) uint8, grey levels from 0 to 255; `y` the number of the class.

    Images are read from disk when they are needed. Each counts as independent of all others: a split divides them one by one, whatever it
    is `by`, and intervals resample images.
    """

    name: ClassVar[str] = "idx_images"
    version: ClassVar[int] = 1

    classes: Literal["mnist", "fashion_mnist"] | list[str] = Field(
        "mnist", description="names of the classes in the order of their numbers, or the dataset that has these names"
    )
    images: str = Field("images", description="array of the simulation that holds the images, (images, height, width)")
    labels: str = Field("labels", description="array of the simulation that holds the labels, (images,)")

    def check(self, simulation: Outline) -> Iterable[tuple[str, str]]:
        """Check that the arrays exist, and that a sweep of files names their digests."""
        yield from simulation.missing_array("images", self.images)
        yield from simulation.missing_array("labels", self.labels)
        if not isinstance(simulation.plugin, IdxFiles):
            return
        for name in ("images", "labels"):
            if name in simulation.columns and f"{name}_sha256" not in simulation.columns:
                yield (
                    name,
                    f"the sweep of '{simulation.stage}' names files without their digests, so that a change of one would go unnoticed: "
                    f"give it a column {name}_sha256 too, or make a simulation for each pair of files",
                )

    def examples(self, simulation: Ensemble) -> Examples:
        """Make the images of all members examples, one after the other; `y` int64.

        Raises:
            ValueError: a label has no name, or images and labels differ in number or, among members, in size.
        """
        from labrun_idx_images.examples import make_examples

        classes = CLASSES[self.classes] if isinstance(self.classes, str) else tuple(self.classes)
        return make_examples(simulation, self.images, self.labels, classes)


@hookimpl
def labrun_simulators() -> list[type[Simulator]]:
    """Offer the reader."""
    return [IdxFiles]


@hookimpl
def labrun_datasets() -> list[type[Dataset]]:
    """Offer the dataset."""
    return [IdxImages]
