"""Python, libraries, extras, plugins."""

from importlib import metadata

import pytest
from tests.zoo.cages import install, sound

from labrun.doctor.software import check_software


class Distribution:
    """labrun as its metadata might tell."""

    version = "1.0.0"

    def __init__(self, python=">=3.11", requires=(), extras=()):
        self.requires = list(requires)
        self.metadata = self
        self._python, self._extras = python, extras

    def __getitem__(self, name):
        return self._python

    def get_all(self, name):
        return list(self._extras)


@pytest.fixture
def told(monkeypatch):
    def told(**about):
        real = metadata.distribution
        fake = Distribution(**about)
        monkeypatch.setattr(metadata, "distribution", lambda name: fake if name == "labrun" else real(name))
        return [(check.name, check.state, check.found, check.advice) for check in check_software()]

    return told


def test_this_installation():
    checks = {check.name: check for check in check_software() if not check.name.startswith("plugin ")}
    assert [(name, check.state) for name, check in checks.items()] == [
        ("Python", "ok"),
        ("libraries", "ok"),
        ("extras", "ok"),
        ("plugins", "ok"),
    ]


def test_an_older_python(told):
    name, state, _, advice = told(python=">=9")[0]
    assert (name, state, advice) == ("Python", "fail", "install Python >=9")


def test_libraries(told):
    found = told(requires=["numpy>=1", "einops>=9", "click>=99", "gone; extra == 'dev'", "gone; python_version < '3'"])
    assert ("library", "fail", "labrun needs 'einops>=9', which is not installed", "pip install 'einops>=9'") in found
    version = metadata.version("click")
    problem = f"labrun needs 'click>=99', but version {version} is installed"
    assert ("library", "fail", problem, "pip install --upgrade 'click>=99'") in found
    assert sum(name == "library" for name, *_ in found) == 2


def test_extras(told):
    found = told(requires=["gone; extra == 'cluster'", "numpy; extra == 'crate'"], extras=["cluster", "crate", "dev"])
    assert ("extras", "ok", "installed: crate; to add: pip install 'labrun[cluster]'", "") in found


def test_plugins(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "bad", {"doctor_bad": "raise RuntimeError('no')"})
    install(tmp_path, "old", {"doctor_old": sound("old")}, requires=["numpy>=99"])
    found = {check.name: check for check in check_software()}
    assert found["plugins"].found.endswith(" plugins of labrun, old")
    assert found["plugin bad:doctor_bad 0.3"].state == "fail"
    assert found["plugin bad:doctor_bad 0.3"].found == f"quarantined: RuntimeError: no ({tmp_path}/doctor_bad.py:1)"
    assert found["plugin old"].state == "warn"
    assert found["plugin old"].advice == "pip install --upgrade 'numpy>=99'"
