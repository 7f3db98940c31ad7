"""What is seen, and held back, while a module is imported."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from labrun.registry.import_watch import watch_import


def test_nothing_to_tell():
    with watch_import() as watch:
        pass
    assert watch.remarks() == []


def test_output_of_every_kind(capfd):
    with watch_import() as watch:
        os.write(1, b"compiled\n")
        subprocess.run([sys.executable, "-c", "print('a child')"], check=True)
        os.write(2, b"to standard error\n")
    assert watch.printed == "compiled a child to standard error"
    assert capfd.readouterr() == ("", "")
    print("back")
    assert capfd.readouterr().out == "back\n"


def test_warnings_are_kept_and_filters_stay():
    before = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with watch_import() as watch:
            warnings.warn("old", stacklevel=1)
            warnings.filterwarnings("ignore", message="numpy.dtype size changed")
        assert any(filter[1] is not None and "numpy.dtype" in filter[1].pattern for filter in warnings.filters)
    assert watch.warned == ["UserWarning: old"]
    assert warnings.showwarning is before


def test_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with watch_import() as watch:
        os.chdir("/")
    assert Path.cwd() == tmp_path
    assert watch.remarks() == ["changed the working directory to / when imported (undone)"]


def test_a_working_directory_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with watch_import() as watch:
        pass
    assert watch.remarks() == []


def test_all_is_undone_when_it_raises(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)

    def load():
        os.chdir("/")
        os.write(1, b"last words")
        raise RuntimeError("no licence")

    with pytest.raises(RuntimeError, match="no licence"), watch_import() as watch:
        load()
    assert (Path.cwd(), watch.printed) == (tmp_path, "last words")
    assert capfd.readouterr().out == ""


def test_no_standard_output():
    lines = [
        "import os",
        "from labrun.registry.import_watch import watch_import",
        "os.close(1)",
        "with watch_import() as watch: os.write(2, b'x')",
        "os._exit(watch.printed != 'x')",
    ]
    program = "\n".join(lines)
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
