"""Commands that pages show without being run: each is one of labrun's, with options that it has, on projects and stages that there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from labrun.cli import main
from labrun.project.load import load

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES += [*sorted((ROOT / "projects").glob("*.*")), ROOT / "examples/labrun-ising/README.md"]
BLOCK = re.compile(r"^```(.*?)\n(.*?)^```", re.M | re.S)
LINE = re.compile(r"^(?:\$ |# +)?(?:\w+=\S+ )*(?:python -P -m )?(labrun .+?)(?:   +.*)?$", re.M)
INLINE = re.compile(r"`(labrun [^`]+)`")


def commands_of(page: Path) -> Iterator[str]:
    """Each command of labrun on a page, or in the comments of a project."""
    text = page.read_text(encoding="utf-8")
    shells = (block for kind, block in BLOCK.findall(text) if kind in ("", "console", "bash"))
    yield from (line for block in shells for line in LINE.findall(block))
    yield from INLINE.findall(BLOCK.sub("", text))
    if page.suffix == ".yaml":
        yield from LINE.findall(text)


def problem_of(command: str) -> str:
    """What the command line would say against a command; it is not run."""
    words = [word for word in shlex.split(re.sub(r" [<>|&].*", "", command)) if word != "…"][1:]
    if not words:
        return ""
    with click.Context(main) as context:
        try:
            _, found, rest = main.resolve_command(context, words)
            assert found is not None
            while isinstance(found, click.Group) and rest:
                _, found, rest = found.resolve_command(context, rest)
                assert found is not None
            options, _, _ = found.make_parser(click.Context(found)).parse_args(list(rest))
        except click.UsageError as error:
            return error.format_message()
    path = Path(next((word for word in rest if word.startswith("projects/")), ""))
    if path.suffix == ".yaml" and not path.stem.isupper():
        return problem_of_project(ROOT / path, options.get("only") or [])
    return ""


def problem_of_project(path: Path, only: list[str]) -> str:
    if not path.is_file():
        return f"there is no {path.name}"
    if not only:
        return ""
    stages = {name for stage in load(path).stages.values() for name in (stage.id, stage.name, stage.base)}
    return "" if stages >= set(only) else f"{path.name} has no {set(only) - stages}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_labruns(page):
    found = {command: problem_of(command) for command in dict.fromkeys(commands_of(page))}
    assert {command: problem for command, problem in found.items() if problem} == {}


def test_commands_are_found():
    assert "labrun projects/tumbling.yaml" in commands_of(ROOT / "README.md")
    assert "labrun gc --delete" in commands_of(ROOT / "docs/store.md")
    assert any("--only phase_map" in command for command in commands_of(ROOT / "projects/gray_scott_scan.yaml"))


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("labrun chekc first.yaml", "did you mean 'check'?"),
        ("labrun check first.yaml --no-plugin-files", "No such option"),
        ("labrun projects/gray_scot.yaml", "there is no gray_scot.yaml"),
        ("labrun projects/gray_scott.yaml --only phase_mpa", "gray_scott.yaml has no {'phase_mpa'}"),
    ],
)
def test_mistake_in_a_command_is_found(command, problem):
    assert problem in problem_of(command)
