"""Imports go one way: down the order of packages, never in a circle, never from the core to a plugin or from one plugin into another.

All imports count: those inside functions and those for type checkers too. (Within one plugin they may turn back: its network names the
class of its configuration, which builds it.)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ORDER = (
    *("faults", "amounts", "seeds", "flattening"),
    *("files", "contracts", "kit", "registry", "store", "workers", "learning", "project", "planning", "records"),
    *("report", "predicting", "upkeep", "crate", "engine", "display"),
    *("api", "labrun", "doctor", "scaffold", "testing", "cli", "__main__"),
)
"""The packages of the core, from the ground up: each imports only what stands before it. `labrun` is its `__init__`."""

FOR_PLUGINS = {"labrun", "faults", "flattening", "files", "contracts", "kit"}
"""What of the core a plugin may import."""

KINDS = ("simulators", "datasets", "models", "analyses", "samplers", "observers", "shared")


def modules_in(root: Path) -> dict[str, Path]:
    """Every module below a root of sources, by its dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if "templates" not in parts:
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


CORE = modules_in(ROOT / "core")
PLUGINS = {name: path for kind in KINDS for name, path in modules_in(ROOT / "plugins" / kind).items()}
SHARED = {path.name for path in (ROOT / "plugins/shared").iterdir() if path.is_dir()}


def imports_of(module: str, path: Path, known: dict[str, Path]) -> Iterator[tuple[str, int]]:
    """Each known module that `module` imports, and the line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module, path)
            targets = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            while target and target not in known:
                target = target.rpartition(".")[0]
            if target and target != module:
                yield target, node.lineno


def _absolute(node: ast.ImportFrom, module: str, path: Path) -> str:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def package_of(module: str) -> str:
    """The word of `ORDER` that a module of the core belongs to."""
    return module.split(".")[1] if "." in module else module


def arrows_up(core: dict[str, Path]) -> list[str]:
    """Imports that go against the order. What `labrun/__init__.py` imports for type checkers alone, it loads lazily."""
    return [
        f"{path}:{line}: {package_of(module)} imports {target}, which stands above it"
        for module, path in core.items()
        for target, line in imports_of(module, path, core)
        if package_of(module) != package_of(target)
        and ORDER.index(package_of(target)) > ORDER.index(package_of(module))
    ]


def circles(known: dict[str, Path]) -> list[list[str]]:
    """Sets of files that import one another, directly or through others."""
    after = {module: {target for target, _ in imports_of(module, path, known)} for module, path in known.items()}
    reach = {module: _reachable(module, after) for module in after}
    rings = {frozenset({m for m in reach[module] if module in reach[m]}) for module in reach if module in reach[module]}
    return sorted(sorted(ring) for ring in rings)


def _reachable(start: str, after: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [*after[start]]
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo.extend(after[module])
    return found


def foreign(plugins: dict[str, Path]) -> list[str]:
    """Imports of a plugin that reach into the engine, or into another plugin."""
    found = []
    for module, path in plugins.items():
        own = module.split(".")[0]
        for target, line in imports_of(module, path, CORE | plugins):
            top = target.split(".")[0]
            allowed = package_of(target) in FOR_PLUGINS if top == "labrun" else top == own or top in SHARED
            if not allowed:
                found.append(f"{path}:{line}: {own} imports {target}")
    return found


def test_every_package_of_the_core_has_its_place():
    assert {package_of(module) for module in CORE} == set(ORDER)
    assert len(list((ROOT / "core/labrun").glob("*.py"))) <= 12


def test_imports_of_the_core_follow_the_order():
    assert arrows_up(CORE) == []


def test_no_files_of_the_core_import_one_another_in_a_circle():
    assert circles(CORE) == []


def test_no_files_of_shared_packages_import_one_another_in_a_circle():
    assert circles({module: path for module, path in PLUGINS.items() if module.split(".")[0] in SHARED}) == []


def test_the_core_imports_no_plugin():
    found = [
        (module, target)
        for module, path in CORE.items()
        for target, _ in imports_of(module, path, CORE | PLUGINS)
        if target in PLUGINS
    ]
    assert found == []


def test_plugins_import_contracts_kit_and_shared_packages_only():
    assert foreign(PLUGINS) == []


def test_every_package_says_what_it_is_for():
    for path in [*CORE.values(), *PLUGINS.values()]:
        if path.name == "__init__.py" and len(list(path.parent.glob("*.py"))) > 1:
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def a_core(folder: Path, files: dict[str, str]) -> dict[str, Path]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return modules_in(folder)


@pytest.mark.parametrize(
    "line",
    [
        "from labrun.engine.run import go",
        "import labrun.engine.run",
        "def f():\n    from labrun.engine import run",
        "if TYPE_CHECKING:\n    from labrun.engine.run import go",
        "from ..engine import run",
    ],
)
def test_an_arrow_up_is_found_however_it_is_written(tmp_path, line):
    core = a_core(tmp_path, {"labrun/files/atomic.py": line, "labrun/engine/run.py": "import labrun.files.atomic"})
    assert [found.split(": ")[1] for found in arrows_up(core)] == [
        "files imports labrun.engine.run, which stands above it"
    ]
    assert circles(core) == [["labrun.engine.run", "labrun.files.atomic"]]
