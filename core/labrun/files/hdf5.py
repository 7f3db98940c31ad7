"""Open other people's HDF5 files with care.

Such a file can refer to arrays in other files (external links, external storage, virtual datasets), which would bring any file that the
user can read into results and reports; and it can claim arrays of any size. References are not followed, and claims are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labrun.files.limits import expect_plausible

if TYPE_CHECKING:
    import h5py

__all__ = ["datasets_in", "expect_within", "open_hdf5", "single_values"]

MAX_OBJECTS = 1_000_000


def open_hdf5(path: Path) -> h5py.File:
    """Open a file to read it, after checking all its arrays.

    Raises:
        OSError: it is not an HDF5 file, or is damaged.
        ValueError: an array is in another file, or claims more bytes than this file can hold; or there are too many objects.
    """
    import h5py

    file = h5py.File(path, "r", locking=False)
    try:
        stored = file.id.get_filesize()
        for dataset in datasets_in(file):
            expect_within(dataset)
            expect_plausible(f"'{dataset.name}' in '{path}'", dataset.nbytes, stored)
    except (RuntimeError, KeyError) as error:  # raised by h5py for much damage
        file.close()
        raise OSError(f"damaged: {error}") from error
    except BaseException:
        file.close()
        raise
    return file


def datasets_in(group: h5py.Group) -> Iterator[h5py.Dataset]:
    """Yield all arrays of a group and of the groups in it, each once, in the order of their names. Soft links are left out: their targets
    are found at their own place.

    Raises:
        ValueError: a link leads to another file, or there are more than a million objects.
    """
    import h5py

    todo: list[Any] = [group]
    seen = {_address(group)}
    while todo:
        item = todo.pop()
        if isinstance(item, h5py.Dataset):
            yield item
        if not isinstance(item, h5py.Group):
            continue
        for name in sorted(item, reverse=True):
            found = child(item, name)
            if found is None or (address := _address(found)) in seen:  # a group may hold itself
                continue
            seen.add(address)
            todo.append(found)
            if len(seen) > MAX_OBJECTS:
                raise ValueError(f"'{group.file.filename}' holds more than {MAX_OBJECTS:,} objects")


def child(group: h5py.Group, name: str) -> Any:
    """Return the target of a hard link of a group; None for a soft link.

    Raises:
        ValueError: the link leads to another file.
    """
    import h5py

    try:
        link = group.get(name, getlink=True)
    except TypeError:  # a kind of link that h5py does not know
        link = None
    if isinstance(link, h5py.HardLink):
        return group[name]
    if isinstance(link, h5py.SoftLink):
        return None
    target = f"'{link.filename}'" if isinstance(link, h5py.ExternalLink) else "something unknown"
    raise ValueError(
        f"'{group.name.rstrip('/')}/{name}' in '{group.file.filename}' leads to {target}, another file, which is not followed: copy its "
        "target into one file (h5repack, or h5py's Group.copy with expand_external=True)"
    )


def expect_within(dataset: h5py.Dataset) -> None:
    """Refuse an array whose values are in other files.

    Raises:
        ValueError: they are.
    """
    import h5py

    made = dataset.id.get_create_plist()
    if made.get_layout() == h5py.h5d.VIRTUAL or made.get_external_count():
        raise ValueError(
            f"'{dataset.name}' in '{dataset.file.filename}' takes its values from other files, which are not followed: copy them into one "
            "file (h5py: target[name] = source[name][...])"
        )


def single_values(holder: h5py.HLObject) -> dict[str, Any]:
    """Return the attributes of a file, group or array that hold one value each; others may have any size, and are not read."""
    return {name: holder.attrs[name] for name in holder.attrs if holder.attrs.get_id(name).shape == ()}


def _address(item: h5py.HLObject) -> int:
    import h5py

    return int(h5py.h5o.get_info(item.id).addr)
