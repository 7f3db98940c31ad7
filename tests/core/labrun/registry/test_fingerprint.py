"""What counts as a change of a plugin's code."""

import sys
from pathlib import Path

import pytest

from labrun.registry.fingerprint import fingerprint
from labrun.registry.registry import Registry

SOURCE = '''\
"""A plugin."""
from labrun import Simulator, hookimpl

class Rain(Simulator):
    name = "rain"
    def simulate(self, rng):
        return {"u": rng.random(3)}

@hookimpl
def labrun_simulators():
    return [Rain]
'''


def of_file(folder, source):
    folder.mkdir()
    (folder / "rain.py").write_text(source)
    registry = Registry()
    assert registry.add_file(folder / "rain.py") is None
    return fingerprint(registry.find("simulations", "rain"))


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""A plugin."""\n', "", True),
        ('"""A plugin."""', '"""Another."""\n# with a comment', True),
        ("rng):\n", 'rng):\n        """Return `u`."""\n\n', True),
        ("    return [Rain]", "    return [\n        Rain,  # one\n    ]", True),
        ("random(3)", "random(4)", False),
        ("    name = ", "    size: int = 3\n    name = ", False),
        ('"u"', '"v"', False),
    ],
)
def test_changes_of_a_file(tmp_path, old, new, same):
    assert SOURCE.count(old) == 1
    before, after = of_file(tmp_path / "a", SOURCE), of_file(tmp_path / "b", SOURCE.replace(old, new))
    assert (before == after) is same


def test_a_file_that_is_changed_while_a_notebook_is_open(tmp_path, monkeypatch):
    """And two files of one relative name, seen from two folders, are two."""
    for folder, number in (("a", 3), ("b", 4), ("a", 5)):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        Path("rain.py").write_text(SOURCE.replace("random(3)", f"random({number})"))
        registry = Registry()
        assert registry.add_file(Path("rain.py")) is None
        found = fingerprint(registry.find("simulations", "rain"))
        assert found == of_file(tmp_path / f"other-{number}", SOURCE.replace("random(3)", f"random({number})"))


def of_package(folder, monkeypatch, **files):
    package = folder / "rain_package"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text(SOURCE)
    for name, content in files.items():
        (package / "inner" / (name if "." in name else f"{name}.py")).write_text(content)
    monkeypatch.delitem(sys.modules, "rain_package", raising=False)
    monkeypatch.syspath_prepend(folder)
    import rain_package

    monkeypatch.delitem(sys.modules, "rain_package")
    monkeypatch.setitem(sys.modules, "rain_package", rain_package)
    registry = Registry()
    registry.add(rain_package, "rain")
    return fingerprint(registry.find("simulations", "rain"))


def test_all_files_of_a_package_count(tmp_path, monkeypatch):
    a = of_package(tmp_path / "a", monkeypatch, kernel="x = 1\n")
    assert of_package(tmp_path / "b", monkeypatch, kernel="x = 1  # same\n") == a
    assert of_package(tmp_path / "c", monkeypatch, kernel="x = 2\n") != a
    assert of_package(tmp_path / "d", monkeypatch, core="x = 1\n") != a


def test_a_template_that_is_no_python(tmp_path, monkeypatch):
    a = of_package(tmp_path / "a", monkeypatch, template="class {{ name }}:")
    assert of_package(tmp_path / "b", monkeypatch, template="class {{ other }}:") != a


def test_a_template_of_a_page_counts_too(tmp_path, monkeypatch):
    a = of_package(tmp_path / "a", monkeypatch)
    b = of_package(tmp_path / "b", monkeypatch, **{"page.html": "<p>"})
    assert a != b
    assert of_package(tmp_path / "c", monkeypatch, **{"page.html": "<p>"}) == b
    assert of_package(tmp_path / "d", monkeypatch, **{"page.html": "<b>"}) != b
    assert of_package(tmp_path / "e", monkeypatch, **{"weights.h5": "data"}) == a
