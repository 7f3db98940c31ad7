"""The schema in the YAML language server of VS Code: it completes, explains and underlines what it should, and nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.editor.yaml_server import YamlServer
from tests.waiting import HANG
from tests.zoo.cages import sound

from labrun.cli import main

ROOT = Path(__file__).parents[2]
VERSION = "1.25.0"


@pytest.fixture(scope="session")
def program():
    """The server, installed once by npm into a cache of the user."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = Path.home() / ".cache" / "labrun-tests" / f"yaml-language-server-{VERSION}"
    found = folder / "node_modules/yaml-language-server/bin/yaml-language-server"
    if not found.exists():
        command = [
            npm,
            "install",
            "--no-audit",
            "--no-fund",
            "--prefix",
            str(folder),
            f"yaml-language-server@{VERSION}",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)
        if done.returncode:
            pytest.skip(f"npm cannot install yaml-language-server: {done.stderr.strip()[-200:]}")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the bundled projects and the schema, as `labrun schema` writes it."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "projects").mkdir()
    for path in (ROOT / "projects").glob("*.yaml"):
        shutil.copy(path, folder / "projects")
    main(["schema", "-o", str(folder / "labrun.schema.json")], standalone_mode=False)
    return folder


@pytest.fixture(scope="module")
def server(program, folder):
    server = YamlServer(program, folder)
    yield server
    server.stop()


SCAN = """\
# yaml-language-server: $schema=labrun.schema.json
project: scan
simulations:
  scan:
    use: gray_scott
    with:
      feed: 0.03
"""


def test_completion_of_plugins(server):
    found = server.complete(SCAN.replace("use: gray_scott", "use: ^"))
    assert {"gray_scott", "persistent_exclusion", "reionization"} <= found.keys()
    assert not {"pattern_cnn", "montage", "labelled"} & found.keys()
    assert found["gray_scott"]["documentation"] == "Gray-Scott reaction-diffusion on a periodic plane of square cells."


def test_completion_of_fields(server):
    found = server.complete(SCAN.replace("feed: 0.03", "feed: 0.03\n      ^"))
    assert {"kill", "size", "precision"} <= found.keys()
    assert not {"use", "with", "feed", "density"} & found.keys()
    assert found["kill"]["documentation"] == "k, removal rate of v [1/time]"


def test_completion_of_values(server):
    assert server.complete(SCAN.replace("feed: 0.03", "precision: ^")).keys() == {"single", "double"}


def test_completion_of_sections(server):
    assert {"datasets", "models", "analyses", "seed"} <= server.complete(SCAN + "^").keys()


def test_hover(server):
    assert r"F, feed rate of u \[1/time\]" in server.hover(SCAN.replace("feed", "fe^ed"))
    shown = server.hover(SCAN.replace("gray_scott", "gray_^scott"))
    assert "Gray-Scott reaction-diffusion on a periodic plane of square cells." in shown
    assert "persistent_exclusion" not in shown


@pytest.mark.parametrize(
    ("old", "new", "underlined", "message"),
    [
        ("feed:", "fed:", "fed", "Property fed is not allowed."),
        ("simulations:", "simulation:", "simulation", "Property simulation is not allowed."),
        ("    with:", "    wth:", "wth", "Property wth is not allowed."),
        ("0.03", "much", "much", 'Incorrect type. Expected "number".'),
        ("0.03", "-1", "-1", "Value is below the minimum of 0."),
        ("feed: 0.03", "cut_offset: [1, x]", "x", 'Incorrect type. Expected "integer".'),
        ("feed: 0.03", "precision: sigle", "sigle", 'Value is not accepted. Valid values: "single", "double".'),
        (
            "gray_scott",
            "gray_scot",
            "gray_scot",
            "no simulator of this name is installed; labrun list-plugins lists those that are",
        ),
    ],
)
def test_underlined(server, old, new, underlined, message):
    assert server.diagnostics(SCAN.replace(old, new, 1)) == [(underlined, message)]


def test_the_distribution_may_stand_before_the_name(server):
    text = SCAN.replace("gray_scott", "labrun:gray_scott")
    assert server.diagnostics(text) == []
    assert server.diagnostics(text.replace("feed", "fed")) == [("fed", "Property fed is not allowed.")]


@pytest.mark.parametrize("key", ["plugins: [mine.py]", "extends: other.yaml"])
def test_a_plugin_of_a_local_file_is_no_error(server, key):
    text = SCAN.replace("gray_scott", "mine").replace("project: scan", f"project: scan\n{key}")
    assert server.diagnostics(text) == []


def test_a_schema_with_local_files(program, tmp_path):
    (tmp_path / "my-own.v2.py").write_text(sound("cat").replace("    def", "    age: int = 3\n\n    def"))
    text = SCAN.replace("gray_scott", "cat").replace("project: scan", "project: scan\nplugins: [my-own.v2.py]")
    text = text.replace("feed: 0.03", "age: old")
    (tmp_path / "cats.yaml").write_text(text)
    schema = tmp_path / "labrun.schema.json"
    main(["schema", "--project", str(tmp_path / "cats.yaml"), "-o", str(schema)], standalone_mode=False)
    own = YamlServer(program, tmp_path)
    try:
        for use in ("cat", "my-own.v2.py:cat"):
            wrong = own.diagnostics(text.replace("use: cat", f"use: {use}"))
            assert wrong == [("old", 'Incorrect type. Expected "integer".')]
    finally:
        own.stop()


@pytest.mark.parametrize("project", sorted(path.name for path in (ROOT / "projects").glob("*.yaml")))
def test_bundled_projects_have_no_fault(server, folder, project):
    path = folder / "projects" / project
    assert server.diagnostics(path.read_text(encoding="utf-8"), f"projects/{project}") == []
