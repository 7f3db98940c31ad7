"""The registry: broken plugins are set aside, names that two offer are settled, unknown ones get a hint."""

from importlib import metadata
from typing import ClassVar

import pytest
from tests.zoo.cages import install, sound

from labrun import Simulator, hookimpl
from labrun.project.load import load
from labrun.registry.registry import Registry, UnknownPlugin


class Wave(Simulator):
    """A wave, such as
    water has. Nothing else.

    More of it.
    """

    name: ClassVar[str] = "wave"

    def simulate(self, rng):
        return {}


class Offering:
    def __init__(self, *plugins):
        self.plugins = plugins

    @hookimpl
    def labrun_simulators(self):
        return list(self.plugins)


def test_find():
    registry = Registry()
    assert registry.add(Offering(Wave), "water", "2.0") is None
    offer = registry.find("simulations", "wave")
    assert (offer.plugin, offer.distribution, offer.distribution_version) == (Wave, "water", "2.0")
    assert offer.summary == "A wave, such as water has."
    assert registry.find("simulations", "water:wave") is offer


def test_unknown():
    registry = Registry()
    registry.add(Offering(Wave), "water")
    with pytest.raises(UnknownPlugin, match=r"^there is no simulator 'wav': did you mean 'wave'\?$"):
        registry.find("simulations", "wav")
    with pytest.raises(
        UnknownPlugin, match=r"^'wave' is a simulator and belongs under 'simulations'; a model is wanted"
    ):
        registry.find("models", "wave")
    with pytest.raises(UnknownPlugin, match=r"^'air' offers no simulator 'wave'; 'water' does$"):
        registry.find("simulations", "air:wave")


def test_two_that_offer_one_name():
    registry = Registry()
    registry.add(Offering(Wave), "water")
    registry.add(Offering(Wave), "air")
    assert registry.broken == []
    message = r"^2 distributions offer the simulator 'wave': write 'water:wave' or 'air:wave'$"
    with pytest.raises(UnknownPlugin, match=message):
        registry.find("simulations", "wave")
    assert registry.find("simulations", "air:wave").distribution == "air"


def test_two_that_offer_one_name_in_a_project(write_project, labrun, waves):
    text = waves.replace("[lab.py]", "[lab.py, lab2.py]")
    path = write_project(text)
    path.with_name("lab2.py").write_text(path.with_name("lab.py").read_text())
    outcome = labrun("check", path)
    assert outcome.code == 2
    assert outcome.err.startswith(
        "project.yaml:7:10: simulations.train: 2 distributions offer the simulator 'wave': "
        "write 'lab.py:wave' or 'lab2.py:wave'\n"
    )
    for kind in ("wave", "lines", "line", "spread", "losses"):
        text = text.replace(f"use: {kind}\n", f"use: lab2.py:{kind}\n").replace(
            f"use: {kind},", f"use: lab2.py:{kind},"
        )
    assert load(write_project(text)).stages["simulations.train"].offer.distribution == "lab2.py"


class Nameless(Simulator):
    name: ClassVar[str] = ""

    def simulate(self, rng):
        return {}


class Idle(Simulator):
    name: ClassVar[str] = "idle"


class Misspelt:
    @hookimpl
    def labrun_simulator(self):
        return [Wave]


class Failing:
    @hookimpl
    def labrun_simulators(self):
        raise RuntimeError("no licence")


class Empty:
    pass


class Demanding:
    @hookimpl
    def labrun_simulators(self, seed):
        return [Wave]


class Unmarked:
    def labrun_simulators(self):
        return [Wave]


@pytest.mark.parametrize(
    ("plugin", "error"),
    [
        (Misspelt(), "labrun 1.0.0 has no hook 'labrun_simulator': did you mean 'labrun_simulators'?"),
        (Failing(), "RuntimeError: no licence"),
        (Unmarked(), "its function 'labrun_simulators' is not marked as a hook: decorate it with @hookimpl"),
        (Empty(), "it has no hook: decorate a function such as 'labrun_simulators' with @hookimpl"),
        (Demanding(), "PluginValidationError: "),
        (Offering(int), "<class 'int'> is offered as a Simulator, but is not a subclass of labrun.Simulator"),
        (Offering(Nameless), "Nameless needs a name: 'name: ClassVar[str] = \"…\"'"),
        (Offering(Idle), "Idle does not define 'simulate', which makes it a Simulator"),
        (Offering(Wave, Idle), "Idle does not define 'simulate', which makes it a Simulator"),
    ],
)
def test_what_is_broken_is_set_aside(plugin, error):
    registry = Registry()
    registry.add(Offering(Wave), "water")
    broken = registry.add(plugin, "bad", "0.1")
    assert registry.broken == [broken]
    assert broken.title == "bad 0.1"
    assert broken.error.startswith(error)
    assert "Traceback" in broken.traceback
    assert [offer.distribution for offer in registry.offers] == ["water"]
    assert not registry.manager.is_registered(plugin)  # nor is any of its observers called
    assert registry.add(Offering(Wave), "later") is None


def test_one_module_under_two_names_stays_registered():
    registry = Registry()
    plugin = Offering(Wave)
    registry.add(plugin, "water")
    assert registry.add(plugin, "again") is not None
    assert registry.manager.is_registered(plugin)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import gone", "ModuleNotFoundError: No module named 'gone'"),
        ("def (", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('bye')", "SystemExit: bye"),
        ("", "it has no hook"),
    ],
)
def test_a_file_that_is_broken(tmp_path, content, error):
    path = tmp_path / "mine.py"
    path.write_text(content)
    broken = Registry().add_file(path)
    assert broken.error.startswith(error)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of packages that is looked at first."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    return tmp_path / "site"


def test_installed_plugins_are_loaded_one_by_one(site):
    """Two distributions with the same entry-point name are both there, and a broken one harms nobody."""
    install(site, "cloud", {"cloud_mod": sound("rain")}, entries={"rain": "cloud_mod"})
    install(site, "river", {"river_mod": sound("rain")}, entries={"rain": "river_mod"})
    install(site, "broken", {"broken_mod": "raise RuntimeError('no licence')"}, entries={"rain": "broken_mod"})
    registry = Registry.installed()
    assert {o.distribution for o in registry.offers if o.name == "rain"} == {"cloud", "river"}
    assert [(b.source, b.distribution_version, b.error) for b in registry.broken if b.source == "broken:rain"] == [
        ("broken:rain", "0.3", f"RuntimeError: no licence ({site}/broken_mod.py:1)")
    ]


def test_a_broken_plugin_and_the_command_line(site, labrun, write_project, waves):
    install(site, "broken", {"storm": "raise RuntimeError('no licence')"})
    outcome = labrun("list-plugins")
    assert outcome.code == 0
    assert (
        f"\nbroken:storm 0.3: RuntimeError: no licence ({site}/storm.py:1). The fault lies in the plugin: "
        in outcome.out
    )
    assert labrun("check", write_project()).code == 0  # nothing of it is needed
    outcome = labrun("check", write_project(waves.replace("use: wave", "use: storm")))
    assert outcome.code == 2
    first = outcome.err.splitlines()[0]
    assert first.startswith("project.yaml:7:10: simulations.train: there is no simulator 'storm' (known: gray_scott, ")
    assert first.endswith("; it may be in one of the plugins that could not be loaded")
    assert (
        "project.yaml:1:1: the plugin broken:storm 0.3 could not be loaded: RuntimeError: no licence (" in outcome.err
    )


def test_an_entry_point_of_no_distribution(monkeypatch):
    entry_point = metadata.EntryPoint("x", "no_such_module", "labrun")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [entry_point])
    assert [b.source for b in Registry.installed().broken] == ["unknown:x"]
