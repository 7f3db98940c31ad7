"""`labrun --help` and the help of every command: no sentence is cut, and commands stand in the order of work."""

import pytest

from labrun.cli import TOPICS, main

COMMANDS = [command for commands in TOPICS.values() for command in commands]


@pytest.fixture
def narrow(labrun, monkeypatch):
    """The command line in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return labrun


def test_all_commands_are_listed_in_the_order_of_work(narrow):
    lines = narrow("--help").out.splitlines()
    names = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in main.commands]
    assert names == [command.name for command in COMMANDS] == list(main.commands)
    assert names.index("new") < names.index("check") < names.index("plan") < names.index("run") < names.index("compare")


@pytest.mark.parametrize("words", [(), ("new",), *((command.name,) for command in COMMANDS), ("new", "plugin")])
def test_no_sentence_is_cut(narrow, words):
    text = narrow(*words, "--help").out.partition("\n\n")[2]  # after the usage
    assert "..." not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_word_that_is_no_command(labrun):
    outcome = labrun("chek")
    assert outcome.code == 2
    assert outcome.err.endswith(
        "Error: 'chek' is neither a command nor a project (PROJECT.yaml): did you mean 'check'?\n"
    )
