"""What a shell offers after <TAB>: commands, files, plugins and stages."""

import pytest
from click.shell_completion import ShellComplete

from labrun.cli import main


def offered(words, incomplete=""):
    """The completions of `labrun WORDS INCOMPLETE<TAB>`: text and type."""
    found = ShellComplete(main, {}, "labrun", "_LABRUN_COMPLETE").get_completions(words, incomplete)
    return [(item.value, item.type) for item in found]


def test_the_first_word_is_a_command_or_a_file():
    assert offered([], "ch") == [("ch", "file"), ("check", "plain")]
    assert ("projects/gr", "file") in offered([], "projects/gr")


@pytest.mark.parametrize(
    ("words", "incomplete", "names"),
    [
        (["describe"], "gray", {"gray_scott"}),
        (["describe"], "confusion", {"confusion_matrix"}),
        (["simulate"], "p", {"persistent_exclusion", "persistent_exclusion_files", "point_clouds", "program"}),
        (["simulate"], "confusion", set()),  # which does not simulate
        (["predict", "model", "data", "--analyse"], "confusion", {"confusion_matrix"}),
    ],
)
def test_plugins(words, incomplete, names):
    assert {name for name, kind in offered(words, incomplete) if kind == "plain"} == names


@pytest.mark.parametrize(
    "words", [["why", "project.yaml"], ["run", "project.yaml", "--only"], ["project.yaml", "--only"]]
)
def test_stages(write_project, words):
    write_project()
    assert [name for name, _ in offered(words)] == ["train", "waves", "net", "spread", "losses"]
    assert offered(words, "models.") == [("models.net", "plain")]


def test_a_name_of_several_stages_is_completed_with_its_section(write_project, waves):
    path = write_project(waves.replace("  waves:\n    use: lines", "  train:\n    use: lines"))
    assert offered(["why", str(path)])[:2] == [("simulations.train", "plain"), ("datasets.train", "plain")]


@pytest.mark.parametrize("text", ["simulations: [", "project: p\nsimulations: {a: 1}\nplugins: [gone.py]\n", None])
def test_a_project_with_faults_offers_what_can_be_read(write_project, tmp_path, text):
    if text is not None:
        write_project(text)
    assert offered(["why", "project.yaml"]) in ([], [("a", "plain")])


def test_no_code_of_the_project_is_run(write_project, tmp_path):
    path = write_project()
    (tmp_path / "lab.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    assert offered(["why", str(path)])
    assert not (tmp_path / "ran").exists()
