"""Code on its way to workers: by name, or as the text of a local file."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labrun.registry.plugin_code import PluginSource, SourceFile, files_behind
from labrun.registry.registry import Registry, load_file


def test_installed_plugins_go_by_name():
    offer = Registry.installed().find("simulations", "gray_scott")
    source = PluginSource.of(offer)
    assert (source.module, source.name, source.file, source.text) == ("labrun_gray_scott", "GrayScott", None, None)
    assert source.load() is offer.plugin


@pytest.fixture
def own(tmp_path) -> Path:
    path = tmp_path / "own_plugin.py"
    path.write_text("class Outer:\n    class Inner:\n        value = 1\n\ndef twice(x):\n    return 2 * x\n")
    return path


def test_a_file_is_executed_once_and_found_where_it_lies(own):
    source = SourceFile.of(own)
    module = source.load()
    assert module.__file__ == str(own)
    assert source.load() is module
    assert SourceFile(own, own.read_text()).load() is module


def test_a_file_that_is_not_there_or_has_changed_is_loaded_from_its_text(own):
    source = SourceFile.of(own)
    own.write_text("class Outer:\n    class Inner:\n        value = 2\n")
    assert source.load().Outer.Inner.value == 1
    assert SourceFile.of(own).load().Outer.Inner.value == 2
    own.unlink()
    third = SourceFile(own, source.text.replace("value = 1", "value = 3"))
    module = third.load()
    assert module.Outer.Inner.value == 3
    assert Path(str(module.__file__)).read_text() == third.text  # tracebacks show it
    assert sys.modules["labrun_file_own_plugin"] is module
    source.load()
    assert sys.modules["labrun_file_own_plugin"].Outer.Inner.value == 1  # what is unpickled next is of this one


def test_a_class_within_a_class(own):
    offer = SimpleNamespace(plugin=load_file(own).Outer.Inner, file=own)
    source = PluginSource.of(offer)  # type: ignore[arg-type]
    own.unlink()
    assert source.load().value == 1  # type: ignore[attr-defined]


def test_a_process_that_has_none_of_it_reads_the_pickle_after_the_files(own):
    pickled = pickle.dumps(load_file(own).twice)
    files = files_behind(pickled)
    assert [file.path for file in files] == [own]
    own.unlink()
    code = (
        "import pickle, sys\n"
        "files, pickled = pickle.loads(sys.stdin.buffer.read())\n"
        "for file in files: file.load()\n"
        "print(pickle.loads(pickled)(21))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps((files, pickled)), capture_output=True, check=True
    )
    assert done.stdout == b"42\n"


def test_no_files_behind_what_is_installed():
    assert files_behind(pickle.dumps(Registry.installed)) == []
