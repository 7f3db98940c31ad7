"""Streams that cannot take what is written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest


def labrun(
    *words: str, stdout: IO[str] | int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "labrun", *words]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, env=os.environ | environment, check=False)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_characters_that_an_encoding_lacks_are_escaped(encoding):
    done = labrun("list-plugins", PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u" in done.stdout


def test_an_error_in_another_encoding(tmp_path):
    project = tmp_path / "project.yaml"
    project.write_text("project: rays\nsimulations:\n  s: {use: λ}\n", encoding="utf-8")
    done = labrun("check", str(project), PYTHONIOENCODING="latin-1")
    assert done.returncode == 2
    assert b"there is no simulator '\\u03bb'" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("words", ["list-plugins", "--help"])
def test_a_full_disk_behind_standard_output(words):
    with Path("/dev/full").open("w") as full:
        done = labrun(words, stdout=full)
    assert (done.returncode, done.stderr) == (1, b"cannot write to standard output: No space left on device\n")
