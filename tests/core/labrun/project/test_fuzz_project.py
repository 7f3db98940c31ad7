"""Whatever text comes in, the answer is a project or a list of faults with places, never another exception.

`LABRUN_FUZZ_EXAMPLES=2000 pytest tests/core/labrun/project/test_fuzz_project.py` tries more of each kind.
"""

import os
import random
import re
import string

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labrun.faults import ProjectFaults
from labrun.planning.plan import make_plan
from labrun.planning.progress import progress_of
from labrun.project.load import load

SETTINGS = settings(
    max_examples=int(os.environ.get("LABRUN_FUZZ_EXAMPLES", "60")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PLACED = re.compile(r"(.+:\d+:\d+|project\.yaml): .+", re.DOTALL)


@pytest.fixture
def answer(write_project, tmp_path):
    """Load a project's text, plan it if it is one, and check the answer."""

    def ask(text, overrides=(), table=None):
        path = write_project("")
        (tmp_path / path).write_text(text, encoding="utf-8", newline="")
        if table is not None:
            (tmp_path / "waves.csv").write_text(table, encoding="utf-8", newline="")
        try:
            project = load(path, overrides)
        except ProjectFaults as error:
            assert error.faults  # noqa: PT017 (either answer is right)
            for fault in error.faults:
                assert PLACED.fullmatch(str(fault)), str(fault)
            str(error).encode("utf-8")
            return error
        plan = make_plan(project, tmp_path / "store")
        for planned in plan.stages.values():
            progress_of(plan, planned)
        return project

    return ask


@SETTINGS
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text(answer, text):
    answer(text)


YAML_LIKE = st.lists(
    st.sampled_from(
        [*"{}[]:,-?&*!|>'\"#%@`\t\n ", "a", "b: ", "\n  ", "\n- ", "&x ", "*x", "<<: ", "1e999", "0x1", "---\n"]
    )
    | st.sampled_from(
        ["project: p\n", "simulations:\n", "use: wave\n", "sweep: ", "grid: ", "from: ", "plugins: [lab.py]\n"]
    ),
    max_size=60,
).map("".join)


@SETTINGS
@given(text=YAML_LIKE)
def test_what_looks_like_yaml(answer, text):
    answer(text)


ODD_NUMBERS = st.sampled_from([0, -1, 10**30, 10**400, 2**63, 1e308, 1e-320, float("nan"), float("inf"), -0.0, True])
ODD_TEXTS = st.sampled_from(
    ["", "\0", ".", "/", "a[", "a]", "a.b.c", "net[seed=1].x", "é" * 300, "x" * 3000, "<<", "~", "1e3"]
)
SCALARS = st.none() | ODD_NUMBERS | ODD_TEXTS | st.integers() | st.floats() | st.text(string.printable, max_size=8)
VOCABULARY = (
    "project seed plugins extends requires simulations datasets models analyses use with from fit matrix sweep grid table "
    "random columns labels repeats seed_by step count to scale whole split fractions by train test validation epochs "
    "augment monitor wave lines line spread losses net amplitude points noise with.points fit.epochs from.models"
)
WORDS = st.sampled_from(VOCABULARY.split()) | st.text(string.ascii_letters + "._-", max_size=4)
ANYTHING = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@SETTINGS
@given(value=st.dictionaries(WORDS, ANYTHING, max_size=6), complete=st.booleans())
def test_any_structure(answer, value, complete):
    if complete:
        value = {"project": "p", "plugins": ["lab.py"]} | value
    answer(yaml.safe_dump(value, sort_keys=False))


def paths_of(value, path=()):
    """Every place in a nested value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from paths_of(item, (*path, key))


@SETTINGS
@given(seed=st.integers(0, 2**32), replacements=st.lists(ANYTHING, min_size=1, max_size=3))
def test_a_project_with_something_replaced(answer, waves, seed, replacements):
    chosen = random.Random(seed)
    project = yaml.safe_load(waves)
    for new in replacements:
        *path, last = chosen.choice([path for path in paths_of(project) if path])
        holder = project
        for step in path:
            holder = holder[step]
        holder[last] = new
        if not isinstance(project, dict):
            break
    answer(yaml.safe_dump(project, sort_keys=False))


@SETTINGS
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 4))
def test_a_project_with_letters_changed(answer, waves, seed, cuts):
    chosen = random.Random(seed)
    text = waves
    for _ in range(cuts):
        at = chosen.randrange(len(text))
        text = (
            text[:at]
            + chosen.choice(["", "\t", ":", "[", "}", "\n", "x", "'", "&a ", "*a", "- ", "\x00", "é"])
            + text[at + 1 :]
        )
    answer(text)


@SETTINGS
@given(
    sweep=st.dictionaries(WORDS, ANYTHING, max_size=3)
    | st.builds(lambda g: {"grid": g}, st.dictionaries(WORDS, ANYTHING))
)
def test_any_sweep(answer, sweep):
    block = {"use": "wave", "sweep": sweep}
    answer(yaml.safe_dump({"project": "p", "plugins": ["lab.py"], "simulations": {"a": block}}))


CELLS = st.sampled_from(
    ["class", "amplitude", "1", "-1", "1e999", ".nan", "", " ", '"', '""', "\0", "9" * 1200, "x" * 140_000, "é", "null"]
)
TABLES = st.lists(st.lists(CELLS, max_size=4).map(",".join), max_size=5).map("\n".join) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=50
).map("class,amplitude\n{}".format)


@SETTINGS
@given(table=TABLES)
def test_any_table(answer, waves, table):
    answer(waves, table=table)


PATTERNS = st.lists(
    st.sampled_from([*"*{}[]?/.~", "{a}", "{b}", "{a}", "wave", "lab", ".py", ".csv", "..", "\0"]), max_size=9
).map("".join)


@SETTINGS
@given(
    patterns=st.dictionaries(WORDS, PATTERNS, min_size=1, max_size=3), columns=st.none() | st.lists(WORDS, max_size=2)
)
def test_any_patterns_of_files(answer, patterns, columns):
    sweep = {"files": patterns} | ({"columns": columns} if columns is not None else {})
    block = {"use": "wave", "sweep": sweep}
    answer(yaml.safe_dump({"project": "p", "plugins": ["lab.py"], "simulations": {"a": block}}))


PATHS = st.lists(
    st.sampled_from(
        ["..", ".", "/", "~", "etc", "passwd", "waves.csv", "lab.py", "project.yaml", "\0", "é", "x" * 300]
    ),
    max_size=5,
)


@SETTINGS
@given(key=st.sampled_from(["extends", "plugins", "table", "pretrained"]), path=PATHS.map("/".join))
def test_any_path(answer, key, path):
    project = {"project": "p", "plugins": ["lab.py"], "simulations": {"a": {"use": "wave"}}}
    if key == "extends":
        project["extends"] = path
    elif key == "plugins":
        project["plugins"] = [path]
    elif key == "table":
        project["simulations"]["a"]["sweep"] = {"table": path}
    else:
        project["models"] = {"m": {"use": "line", "pretrained": path}}
    answer(yaml.safe_dump(project))


@SETTINGS
@given(
    override=st.text(string.printable, max_size=12)
    | st.builds("{}.{}={}".format, WORDS, WORDS, st.text(string.printable, max_size=8))
)
def test_any_override(answer, waves, override):
    answer(waves, [override])
