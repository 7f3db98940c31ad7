"""What counts as a change of the code behind a result."""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from labrun.registry import code
from labrun.registry.fingerprint import fingerprint
from labrun.registry.registry import Registry
from labrun.registry.syntax import Source

ROOT = Path(__file__).parents[4]

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


@pytest.fixture(autouse=True)
def anew():
    """Installed modules are read once in a process; these tests change them."""
    caches = (code._parsed, code._root_of, code._modules_of)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def of_file(folder: Path, source: str, **beside: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "rain.py").write_text(source)
    for name, content in beside.items():
        (folder / f"{name}.py").write_text(content)
    registry = Registry()
    broken = registry.add_file(folder / "rain.py")
    assert broken is None, broken
    return fingerprint(registry.find("simulations", "rain")).digest


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ('"""A plugin."""\n', "", True),
        ('"""A plugin."""', '"""Another."""\n# with a comment', True),
        ("rng):\n", 'rng):\n        """Return `u`."""\n\n', True),
        ('    name = "rain"\n', '    name = "rain"\n    """What it is called."""\n', True),
        ("    return [Rain]", "    return [\n        Rain,  # one\n    ]", True),
        ("from labrun import Simulator, hookimpl", "from labrun import hookimpl\nfrom labrun import Simulator", True),
        ("from labrun import Simulator", "from labrun.contracts.plugin import Simulator", True),
        (
            '"""A plugin."""\n',
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy as np\n",
            False,  # `typing` is imported now
        ),
        ("random(3)", "random(4)", False),
        ("    name = ", "    size: int = 3\n    name = ", False),
        ('"u"', '"v"', False),
        ('"""A plugin."""\n', "import numpy as np\n", False),
    ],
)
def test_changes_of_a_file(tmp_path, old, new, same):
    assert SOURCE.count(old) == 1 or old.startswith("from")
    before, after = of_file(tmp_path / "a", SOURCE), of_file(tmp_path / "b", SOURCE.replace(old, new, 1))
    assert (before == after) is same


def test_a_file_that_is_changed_while_a_notebook_is_open(tmp_path, monkeypatch):
    """And two files of one relative name, seen from two folders, are two."""
    for folder, number in (("a", 3), ("b", 4), ("a", 5)):
        (tmp_path / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / folder)
        Path("rain.py").write_text(SOURCE.replace("random(3)", f"random({number})"))
        registry = Registry()
        assert registry.add_file(Path("rain.py")) is None
        found = fingerprint(registry.find("simulations", "rain")).digest
        assert found == of_file(tmp_path / f"other-{number}", SOURCE.replace("random(3)", f"random({number})"))


# -- what a file imports -------------------------------------------------------------------------------------------------------

HELPED = SOURCE.replace("rng.random(3)", "rng.random(drops())")


@pytest.mark.parametrize(
    "line",
    [
        "from sky import drops\n",
        "import sky\ndrops = sky.drops\n",
        "import importlib\ndrops = importlib.import_module('sky').drops\n",
        "def drops():\n    from sky import drops\n    return drops()\n",
        "from clouds import drops\n",
    ],
    ids=["from", "import", "by name", "in a function", "through another"],
)
def test_a_helper_beside_a_local_file_counts(tmp_path, line):
    """However it is imported; its comments do not count."""
    clouds = "from sky import drops\n"

    def found(folder: str, sky: str) -> str:
        return of_file(tmp_path / folder, line + HELPED, sky=sky, clouds=clouds)

    before = found("a", "def drops():\n    return 3\n")
    assert found("b", "def drops():\n    return 4\n") != before
    assert found("c", "# rain\ndef drops():\n    return 3\n") == before


def test_a_helper_for_type_checkers_does_not_count(tmp_path):
    line = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sky import drops\n"
    before = of_file(tmp_path / "a", line + SOURCE, sky="x = 1\n")
    assert of_file(tmp_path / "b", line + SOURCE, sky="x = 2\n") == before


def test_where_a_helper_lives_does_not_count(tmp_path):
    before = of_file(tmp_path / "a", "from sky import drops\n" + HELPED, sky="def drops():\n    return 3\n")
    after = of_file(tmp_path / "b", "from clouds import drops\n" + HELPED, clouds="def drops():\n    return 3\n")
    assert before == after


def test_which_of_two_functions_is_taken_counts(tmp_path):
    sky = "def drops():\n    return 3\n\ndef flakes():\n    return 4\n"
    before = of_file(tmp_path / "a", "from sky import drops\n" + HELPED, sky=sky)
    assert of_file(tmp_path / "b", "from sky import flakes as drops\n" + HELPED, sky=sky) != before


def test_two_helpers_that_change_places_are_a_change(tmp_path):
    """The same contents altogether, but each import brings another."""
    three, four = "def drops():\n    return 3\n", "def drops():\n    return 4\n"
    source = "import clouds\nfrom sky import drops\n" + HELPED
    assert of_file(tmp_path / "a", source, sky=three, clouds=four) != of_file(
        tmp_path / "b", source, sky=four, clouds=three
    )


# -- packages ------------------------------------------------------------------------------------------------------------------


def of_package(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> str:
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
    return fingerprint(registry.find("simulations", "rain")).digest


def test_all_files_of_a_package_count(tmp_path, monkeypatch):
    a = of_package(tmp_path / "a", monkeypatch, kernel="x = 1\n")
    assert of_package(tmp_path / "b", monkeypatch, kernel="x = 1  # same\n") == a
    assert of_package(tmp_path / "c", monkeypatch, kernel="x = 2\n") != a
    assert of_package(tmp_path / "d", monkeypatch, core="x = 1\n") == a  # where it lives
    assert of_package(tmp_path / "e", monkeypatch, core="x = 1\n", kernel="x = 1\n") != a


def test_a_template_that_is_no_python(tmp_path, monkeypatch):
    a = of_package(tmp_path / "a", monkeypatch, template="class {{ name }}:")
    assert of_package(tmp_path / "b", monkeypatch, template="class {{ other }}:") != a


@pytest.mark.parametrize("name", ["page.html", "weights.h5", "table.npz", "presets.yaml", "kernel.cpython-311.so"])
def test_data_files_of_a_package_count(tmp_path, monkeypatch, name):
    a = of_package(tmp_path / "a", monkeypatch)
    b = of_package(tmp_path / "b", monkeypatch, **{name: "one"})
    assert a != b
    assert of_package(tmp_path / "c", monkeypatch, **{name: "one"}) == b
    assert of_package(tmp_path / "d", monkeypatch, **{name: "two"}) != b
    assert of_package(tmp_path / "e", monkeypatch, **{f"other-{name}": "one"}) != b  # code reads it by its name


@pytest.mark.parametrize("name", ["README.md", ".hidden", "kernel.pyc", "kernel.nbi"])
def test_what_no_code_reads_does_not_count(tmp_path, monkeypatch, name):
    assert of_package(tmp_path / "a", monkeypatch, **{name: "one"}) == of_package(tmp_path / "b", monkeypatch)


def installed(folder: Path, distribution: str, **packages: str) -> None:
    """Packages as pip installs a wheel."""
    info = folder / f"{distribution}-1.0.dist-info"
    info.mkdir(parents=True)
    for package, content in packages.items():
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text(content)
    record = "".join(f"{package}/__init__.py,,\n" for package in packages)
    (info / "RECORD").write_text(record)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")


@pytest.mark.parametrize(("changed", "same"), [("rain_words", False), ("ocean", True)])
def test_of_wheels_the_packages_of_the_own_distribution_count(tmp_path, monkeypatch, changed, same):
    folder = tmp_path / "site-packages"
    source = "import ocean\nimport rain_words\n" + SOURCE
    installed(folder, "rain", rain_plugin=source, rain_words="x = 1\n")
    installed(folder, "ocean", ocean="x = 1\n")
    monkeypatch.syspath_prepend(folder)
    assert metadata.version("rain") == "1.0"
    import rain_plugin

    registry = Registry()
    registry.add(rain_plugin, "rain", "1.0")
    offer = registry.find("simulations", "rain")
    before = fingerprint(offer)
    assert [*before.files] == ["rain_plugin", "rain_words"]
    (folder / changed / "__init__.py").write_text("x = 2\n")
    code._parsed.cache_clear()
    assert (fingerprint(offer) == before) is same
    for name in ("rain_plugin", "rain_words", "ocean"):
        monkeypatch.delitem(sys.modules, name)


# -- the bundled plugins -------------------------------------------------------------------------------------------------------

REGISTRY = Registry.installed()


def packages_that_import(module: str) -> set[str]:
    """Bundled packages with a file that imports `module` when it runs; by their texts."""
    found = set()
    line = re.compile(rf"^\s*(from {re.escape(module)} import|import {re.escape(module)}\b)", re.MULTILINE)
    for path in (ROOT / "plugins").glob("*/*/**/*.py"):
        text = re.sub(r"^if TYPE_CHECKING:\n(?:(?: +.*)?\n)+", "", path.read_text(), flags=re.MULTILINE)
        if line.search(text):
            found.add(path.relative_to(ROOT / "plugins").parts[1])
    return found


@pytest.mark.parametrize(
    ("module", "through"),
    [
        ("labrun.kit.presets", []),
        ("labrun.kit.intervals", ["labrun.kit.accuracy", "labrun_spring_networks.recovery"]),
        ("labrun_lattices.clusters", []),
        ("labrun_layers.periodic_padding", ["labrun_layers.layer_language"]),
    ],
)
def test_a_changed_toolkit_module_touches_those_that_import_it_and_no_others(monkeypatch, module, through):
    expected = set().union(*(packages_that_import(one) for one in [module, *through]))
    expected -= {"labrun_spring_networks", "labrun_layers", "labrun_lattices"}  # shared, no plugins
    assert expected
    before = {offer: fingerprint(offer) for offer in REGISTRY.offers}
    parsed = code._parsed

    def changed(path: Path) -> Source:
        source = parsed(path)
        hit = path.as_posix().endswith(f"{module.replace('.', '/')}.py")
        return Source(source.body + b"\nchanged = 1", source.imports) if hit else source

    monkeypatch.setattr(code, "_parsed", changed)
    after = {offer: fingerprint(offer) for offer in REGISTRY.offers}
    touched = {
        offer.plugin.__module__.split(".")[0]
        for offer in REGISTRY.offers
        if before[offer].digest != after[offer].digest
    }
    assert touched == expected
    for offer in REGISTRY.offers:
        names = {name for name in before[offer].files if before[offer].files[name] != after[offer].files[name]}
        assert (module in names) == (before[offer].digest != after[offer].digest)


def test_the_engine_and_other_peoples_libraries_are_not_in_it():
    for offer in REGISTRY.offers:
        tops = {re.split(r"[./]", name)[0] for name in fingerprint(offer).files}
        inner = {name.split(".")[1] for name in fingerprint(offer).files if name.startswith("labrun.")}
        assert all(top == "labrun" or top.startswith("labrun_") for top in tops)
        assert inner <= {"kit", "files"}
