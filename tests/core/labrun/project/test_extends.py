"""`extends` and `--set`: what lies over what, and where it stands then."""

import pytest

from labrun.faults import ProjectFaults
from labrun.project.extends import read_layers

BASE = """\
project: base
models:
  net: {use: line, with: {rates: [0.1, 0.2, {a: 1}]}, fit: {epochs: 2}}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text, name="p.yaml"):
        (tmp_path / name).write_text(text)
        return (tmp_path / name).relative_to(tmp_path)

    return write


def faults(*arguments):
    with pytest.raises(ProjectFaults) as caught:
        read_layers(*arguments)
    return str(caught.value)


def test_extends(write):
    write(BASE, "base.yaml")
    document = read_layers(write("extends: base.yaml\nproject: top\nmodels: {net: {fit: {epochs: 600}}}\n"))
    assert document.value["project"] == "top"
    assert document.value["models"]["net"]["fit"] == {"epochs": 600}
    assert document.value["models"]["net"]["use"] == "line"
    assert str(document.place(("models", "net", "fit", "epochs"))) == "p.yaml:3:30"
    assert str(document.place(("models", "net", "use"))) == "base.yaml:3:14"


def test_extends_in_a_chain(write):
    write(BASE, "a.yaml")
    write("extends: a.yaml\nseed: 1\n", "b.yaml")
    assert read_layers(write("extends: b.yaml\nproject: c\n")).value["seed"] == 1


def test_extends_itself(write):
    write("extends: b.yaml\n", "a.yaml")
    assert faults(write("extends: a.yaml\n", "b.yaml")) == (
        "a.yaml:1:10: this project extends itself (b.yaml → a.yaml → b.yaml)\n    1 | extends: b.yaml\n      |          ^^^^^^"
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("gone.yaml", "p.yaml:1:10: 'extends' names 'gone.yaml', but there is no file gone.yaml"),
        ("5", "p.yaml:1:10: 'extends' takes the path of one project"),
        ('"\\0"', "p.yaml:1:10: 'extends' takes the path of one project"),
        (".", "p.yaml:1:10: 'extends' names '.', but there is no file ."),
        ("x" * 5000, "p.yaml:1:10: 'extends' names 'xxx"),
    ],
)
def test_extends_nothing(write, value, message):
    assert faults(write(f"extends: {value}\n")).startswith(message)


def test_set_a_value(write):
    document = read_layers(write(BASE), ["models.net.fit.epochs=5e0", "seed=7"])
    assert document.value["models"]["net"]["fit"]["epochs"] == 5.0
    assert document.value["seed"] == 7
    place = document.place(("models", "net", "fit", "epochs"))
    assert place.excerpt() == "    1 | models.net.fit.epochs=5e0\n      |                       ^^^"
    assert str(document.place(("models", "net", "fit", "epochs"), key=True)) == "--set:1:1"


def test_set_keeps_the_places_around(write):
    document = read_layers(write(BASE), ["models.net.fit.epochs=5"])
    assert str(document.place(("models", "net"))) == "p.yaml:3:8"
    assert str(document.place(("models", "net", "use"))) == "p.yaml:3:14"


def test_set_an_item_of_a_list(write):
    document = read_layers(write(BASE), ["models.net.with.rates.1=9", "models.net.with.rates.2.a=3"])
    assert document.value["models"]["net"]["with"]["rates"] == [0.1, 9, {"a": 3}]
    path = ("models", "net", "with", "rates")
    assert [str(document.place((*path, i))) for i in range(3)] == ["p.yaml:3:35", "--set:1:25", "p.yaml:3:45"]
    assert str(document.place((*path, 2, "a"))) == "--set:1:27"


def test_set_a_whole_list_or_mapping(write):
    document = read_layers(
        write(BASE), ["models.net.with.rates=[1]", "models.net.fit={epochs: 3}", "models.other.use=x"]
    )
    assert document.value["models"]["net"]["with"]["rates"] == [1]
    assert document.value["models"]["net"]["fit"] == {"epochs": 3}
    assert str(document.place(("models", "other"), key=True)) == "--set:1:1"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("epochs", "--set:1:1: --set takes 'section.stage.key=value'\n    1 | epochs\n      | ^^^^^^"),
        ("=5", "--set:1:1: --set takes 'section.stage.key=value'"),
        ("a..b=5", "--set:1:1: --set takes 'section.stage.key=value'"),
        ("project.x=5", "--set:1:1: 'x' cannot be set: 'base' is there, which is not a mapping"),
        ("models.net.with.rates.3=5", "--set:1:1: '3' must be the number of an item, 0 to 2"),
        ("models.net.with.rates.x=5", "--set:1:1: 'x' must be the number of an item, 0 to 2"),
        ("models.net.with.rates.²=5", "--set:1:1: '²' must be the number of an item, 0 to 2"),
        ("seed=[1", "--set seed:1:3: not valid YAML"),
    ],
)
def test_set_nonsense(write, override, message):
    assert faults(write(BASE), [override]).startswith(message)


def test_set_a_key_of_a_matrix(write):
    """Keys of a matrix hold dots; whether the key exists already or not, and down to an item of its list."""
    text = BASE.replace("use: line,", "use: line, matrix: {with.width: [1, 2]},")
    document = read_layers(
        write(text),
        ["models.net.matrix.with.width.1=3", "models.net.matrix.fit.seed=[0, 1]", "models.net.with.width=5"],
    )
    net = document.value["models"]["net"]
    assert net["matrix"] == {"with.width": [1, 3], "fit.seed": [0, 1]}
    assert net["with"]["width"] == 5
    assert str(document.place(("models", "net", "matrix", "with.width", 1))) == "--set:1:32"
    assert str(document.place(("models", "net", "matrix", "fit.seed"), key=True)) == "--set:1:1"
