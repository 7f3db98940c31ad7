"""Code on its way to workers: by name, or as the text of a local file."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from labrun.registry.local_file import load_file, take_names
from labrun.registry.plugin_code import PluginCode, PluginFile, plugin_files_in
from labrun.registry.registry import Registry


def test_installed_plugins_go_by_name():
    offer = Registry.installed().find("simulations", "gray_scott")
    source = PluginCode.of(offer)
    assert (source.module, source.name, source.file) == ("labrun_gray_scott", "GrayScott", None)
    assert source.load() is offer.plugin


@pytest.fixture
def own(tmp_path) -> Path:
    path = tmp_path / "own_plugin.py"
    path.write_text("class Outer:\n    class Inner:\n        value = 1\n\ndef twice(x):\n    return 2 * x\n")
    return path


def test_a_file_is_executed_once_and_found_where_it_lies(own):
    source = PluginFile.of(own)
    module = source.load()
    assert module.__file__ == str(own)
    assert source.load() is module
    assert PluginFile(own, own.read_text()).load() is module


def test_a_file_that_is_not_there_or_has_changed_is_loaded_from_its_text(own):
    source = PluginFile.of(own)
    own.write_text("class Outer:\n    class Inner:\n        value = 2\n")
    assert source.load().Outer.Inner.value == 1
    assert PluginFile.of(own).load().Outer.Inner.value == 2
    own.unlink()
    third = PluginFile(own, source.text.replace("value = 1", "value = 3"))
    module = third.load()
    assert module.Outer.Inner.value == 3
    assert Path(str(module.__file__)).read_text() == third.text  # tracebacks show it
    assert sys.modules["labrun_file_own_plugin"] is module
    source.load()
    assert sys.modules["labrun_file_own_plugin"].Outer.Inner.value == 1  # what is unpickled next is of this one


def test_a_class_within_a_class(own):
    offer = SimpleNamespace(plugin=load_file(own).Outer.Inner, file=own)
    source = PluginCode.of(offer)  # type: ignore[arg-type]
    own.unlink()
    assert source.load().value == 1  # type: ignore[attr-defined]


def test_a_process_that_has_none_of_it_reads_the_pickle_after_the_files(own):
    pickled = pickle.dumps(load_file(own).twice)
    files = plugin_files_in(pickled)
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
    assert plugin_files_in(pickle.dumps(Registry.installed)) == []


# -- modules beside a local file -----------------------------------------------------------------------------------------------


@pytest.fixture
def helped(tmp_path) -> Path:
    """A plugin file with a module, and a package whose module is imported late, beside it."""
    (tmp_path / "gauges").mkdir()
    (tmp_path / "gauges" / "__init__.py").write_text("")
    (tmp_path / "gauges" / "brass.py").write_text("SCALE = 10\n")
    (tmp_path / "sky.py").write_text("DROPS = 3\n")
    path = tmp_path / "helped.py"
    path.write_text("import sky\n\ndef count():\n    from gauges.brass import SCALE\n    return SCALE * sky.DROPS\n")
    return path


def test_modules_beside_a_file_travel_with_it(helped):
    source = PluginFile.of(helped)
    assert dict(source.beside) == {"sky.py": "DROPS = 3\n", "gauges/__init__.py": "", "gauges/brass.py": "SCALE = 10\n"}
    assert source.load().count() == 30
    (helped.parent / "gauges" / "brass.py").write_text("SCALE = 11\n")
    assert PluginFile.of(helped).load().count() == 33
    assert source.load().count() == 30  # from the texts: the files have changed
    for file in (helped, helped.parent / "sky.py"):
        file.unlink()
    assert source.load().count() == 30


def test_two_projects_with_helpers_of_one_name_keep_apart(tmp_path):
    modules = []
    for folder, drops in (("a", 3), ("b", 4)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sky.py").write_text(f"DROPS = {drops}\n")
        (tmp_path / folder / f"rain_{folder}.py").write_text(
            "def count():\n    from sky import DROPS\n    return DROPS\n"
        )
        modules.append(load_file(tmp_path / folder / f"rain_{folder}.py"))
    assert modules[1].count() == 4
    take_names(modules[0])
    assert [modules[0].count(), sys.modules["sky"].DROPS] == [3, 3]
    take_names(modules[1])
    assert [modules[1].count(), sys.modules["sky"].DROPS] == [4, 4]


def test_two_files_of_one_project_cannot_have_two_helpers_of_one_name(tmp_path):
    registry = Registry()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "sky.py").write_text("DROPS = 3\n")
        text = HOOKED.format(name=folder)
        (tmp_path / folder / f"rain_{folder}.py").write_text(text)
    assert registry.add_file(tmp_path / "a" / "rain_a.py") is None
    broken = registry.add_file(tmp_path / "b" / "rain_b.py")
    assert broken is not None
    a, b = tmp_path / "a", tmp_path / "b"
    assert broken.error == f"it imports 'sky' from {b}/sky.py, but {a}/rain_a.py imports it from {a}/sky.py: rename one"


HOOKED = """
import sky
from labrun import Simulator, hookimpl

class Rain(Simulator):
    '''Rain.'''
    name = "{name}"
    def simulate(self, rng):
        return {{"u": rng.random(sky.DROPS)}}

@hookimpl
def labrun_simulators():
    return [Rain]
"""


def test_what_is_installed_comes_before_what_lies_beside(tmp_path):
    (tmp_path / "numpy.py").write_text("raise RuntimeError\n")
    (tmp_path / "json.py").write_text("raise RuntimeError\n")
    (tmp_path / "own.py").write_text("import json\nimport numpy\nvalue = numpy.pi\n")
    assert PluginFile.of(tmp_path / "own.py").beside == ()
    assert load_file(tmp_path / "own.py").value > 3


def test_a_function_of_a_helper_brings_the_plugin_file_along(helped):
    module = load_file(helped)
    module.count()
    brass = sys.modules["gauges.brass"]
    exec("def twice(x):\n    return 2 * x\n", vars(brass))
    assert [file.path for file in plugin_files_in(pickle.dumps(brass.twice))] == [helped]
