"""Check which files belong to a project: its tables, the projects that it extends, its plugins.

The content of a table ends up in reports, which are published. So these files must lie in the folder of the project, in the git repository
around it, or in the folder in which labrun is started if that holds the project. A home folder, and what is above it, does not count.
"""

from __future__ import annotations

import os
from pathlib import Path

from labrun.files.home import home_folder

__all__ = ["outside_project"]


def outside_project(file: Path, folder: Path) -> str | None:
    """Describe why a file does not belong to the project in `folder`; None if it does. A link counts as the file to which it leads."""
    homes = _homes(folder)
    try:
        found = Path(os.path.realpath(file))
    except ValueError:  # no file can have such a name: whoever opens it says so
        return None
    if any(found.is_relative_to(home) for home in homes):
        return None
    return (
        f"it lies outside of {homes[-1]}, where the files of this project belong, since what a project reads can end up in a report: copy "
        f"it there, or start labrun in a folder below your home that holds both"
    )


def _homes(folder: Path) -> list[Path]:
    """Return the folders that may hold a project's own files, the widest last."""
    own = Path(os.path.realpath(folder))
    started = Path(os.path.realpath(Path.cwd()))
    repository = next((above for above in (own, *own.parents) if (above / ".git").exists()), own)
    home = home_folder()
    personal = Path(os.path.realpath(home)) if home else Path("/")
    wider = [one for one in (started, repository) if own.is_relative_to(one) and not personal.is_relative_to(one)]
    return sorted({own, *wider}, key=lambda one: -len(one.parts))
