"""The commit that a project was run from, asked of git without running programs that the repository names.

The configuration of a repository can name programs that git starts when it looks for changes (`core.fsmonitor`, filters). A folder
that somebody hands over with its `.git` could run code that way.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

__all__ = ["commit_of"]

QUIET = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")
OFFLINE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_TERMINAL_PROMPT": "0"}
PROGRAMS = r"^filter\..*\.(clean|process)$"


def commit_of(folder: Path) -> dict[str, Any] | None:
    """Return the commit of the repository that holds a folder, and whether files have changed since; None outside a repository.

    `dirty` is None where the repository itself (not the user's own configuration) names programs to run on files.
    """

    def ask(*words: str) -> str:
        command = ["git", *QUIET, "-C", str(folder), *words]
        environment = os.environ | OFFLINE
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10, env=environment)
        return done.stdout.strip()

    def names_programs() -> bool:
        try:
            scopes = ask("config", "--show-scope", "--name-only", "--get-regexp", PROGRAMS).splitlines()
        except subprocess.CalledProcessError as error:
            if error.returncode == 1:  # none is configured
                return False
            raise
        return any(line.startswith(("local", "worktree")) for line in scopes)

    try:
        commit = ask("rev-parse", "HEAD")
        changes = None if names_programs() else ask("status", "--porcelain", "--ignore-submodules=all")
        return {"commit": commit, "dirty": None if changes is None else bool(changes)}
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
