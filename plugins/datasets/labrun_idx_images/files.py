"""Find IDX files, compressed or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

__all__ = ["find_files"]

COMPRESSED = ".gz"


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Find the files of these names, with or without '.gz'.

    Raises:
        FileNotFoundError: some are missing. It is a ValueError too, which pydantic expects of a fault in a configuration.
    """
    found = [_find(path) for path in paths]
    missing = [str(path) for path, one in zip(paths, found, strict=True) if one is None]
    if missing:
        raise MissingFilesError(
            f"there is no file {' and none '.join(map(repr, missing))}, seen from {Path.cwd()}: put the files of images and labels there, "
            "under these names, compressed (.gz) or not. FashionMNIST is had from https://github.com/zalandoresearch/fashion-mnist "
            "(train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz)"
        )
    return [one for one in found if one is not None]


class MissingFilesError(FileNotFoundError, ValueError):
    """Files are missing where the project expects them."""


def _find(path: Path) -> Path | None:
    other = path.with_suffix("") if path.suffix == COMPRESSED else path.with_name(path.name + COMPRESSED)
    return next((one for one in (path, other) if one.is_file()), None)
