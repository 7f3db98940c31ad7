"""Plugins that are broken before anything runs: each is set aside with its reason and what to do, and harms nobody."""

import json
import os
import re
import subprocess
import sys

import pytest
from tests.waiting import HANG
from tests.zoo.cages import install, sound

from labrun.registry.quarantine import BrokenPlugin

BROKEN = {
    "import-error": "from math import no_such_thing\n",
    "syntax": "def broken(:\n    pass\n",
    "leaves": "import sys\nsys.exit('not today')\n",
    "needs-module": "import einops_of_old\n",
    "needs-part": "import json.no_such_part\n",
    "needs-newer-labrun": "from labrun import Oracle\n",
    "misspelt": sound("misspelt").replace("labrun_simulators", "labrun_simulator"),
    "unmarked": sound("unmarked").replace("@hookimpl\n", ""),
    "wrong-argument": sound("wrong_argument").replace("labrun_simulators()", "labrun_simulators(seed)"),
    "no-list": sound("no_list").replace("[Animal]", "Animal"),
    "forgets-to-return": sound("forgets").replace("return [Animal]", "[Animal]"),
    "no-plugin": sound("no_plugin").replace("[Animal]", "[dict]"),
    "newer-api": sound("newer").replace("    name =", "    api = 7\n    name ="),
    "older-api": sound("older").replace("    name =", "    api = -1\n    name ="),
    "raises": "raise RuntimeError('no licence\\nfor this machine')\n",
    "skips": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
}

REASONS = {
    "import-error": "ImportError: cannot import name 'no_such_thing' from 'math' (…) (SITE/m_import_error.py:1). "
    "The fault lies in the plugin: 'pip install --upgrade import-error' may fix it, 'pip uninstall import-error' removes it",
    "syntax": "SyntaxError: invalid syntax (SITE/m_syntax.py:1). "
    "The fault lies in the plugin: 'pip install --upgrade syntax' may fix it, 'pip uninstall syntax' removes it",
    "leaves": "SystemExit: not today (SITE/m_leaves.py:2). "
    "The fault lies in the plugin: 'pip install --upgrade leaves' may fix it, 'pip uninstall leaves' removes it",
    "needs-module": "ModuleNotFoundError: No module named 'einops_of_old' (SITE/m_needs_module.py:1). "
    "pip install einops_of_old, or the package that provides this module",
    "needs-part": "ModuleNotFoundError: No module named 'json.no_such_part' (SITE/m_needs_part.py:1). "
    "The installed 'json' has no such module: pip install --upgrade json needs-part",
    "needs-newer-labrun": "ImportError: cannot import name 'Oracle' from 'labrun' (…) (SITE/m_needs_newer_labrun.py:1). "
    "It is written for another version of labrun: pip install --upgrade labrun needs-newer-labrun",
    "misspelt": "labrun 1.0.0 has no hook 'labrun_simulator': did you mean 'labrun_simulators'? "
    "The fault lies in the plugin: 'pip install --upgrade misspelt' may fix it, 'pip uninstall misspelt' removes it",
    "unmarked": "its function 'labrun_simulators' is not marked as a hook: decorate it with @hookimpl. "
    "The fault lies in the plugin: 'pip install --upgrade unmarked' may fix it, 'pip uninstall unmarked' removes it",
    "no-list": "'labrun_simulators' must return a list of classes, not Animal. "
    "The fault lies in the plugin: 'pip install --upgrade no-list' may fix it, 'pip uninstall no-list' removes it",
    "forgets-to-return": "'labrun_simulators' must return a list of classes, not NoneType. "
    "The fault lies in the plugin: 'pip install --upgrade forgets-to-return' may fix it, 'pip uninstall forgets-to-return' removes it",
    "no-plugin": "<class 'dict'> is offered as a Simulator, but is not a subclass of labrun.Simulator. "
    "The fault lies in the plugin: 'pip install --upgrade no-plugin' may fix it, 'pip uninstall no-plugin' removes it",
    "newer-api": "Animal is written for version 7 of labrun's plugin contracts, but labrun 1.0.0 knows 1: pip install --upgrade labrun",
    "older-api": "Animal is written for version -1 of labrun's plugin contracts, but labrun 1.0.0 knows 1: pip install --upgrade older-api",
    "raises": "RuntimeError: no licence for this machine (SITE/m_raises.py:1). "
    "The fault lies in the plugin: 'pip install --upgrade raises' may fix it, 'pip uninstall raises' removes it",
}

LOUD = """\
import os, sys, warnings
print("hello from Python", flush=True)
print("to standard error", file=sys.stderr)
os.system("echo from a child")
warnings.warn("this is old")
os.chdir("/")
""" + sound("loud")

SLOW = "import time\ntime.sleep(0.6)\n" + sound("slow")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """A folder of packages with all of them, and three that are sound."""
    site = tmp_path_factory.mktemp("site")
    for name, source in BROKEN.items():
        install(site, name, {f"m_{name.replace('-', '_')}": source})
    install(site, "gone", {}, entries={"gone": "m_gone"})
    install(site, "unmet", {"m_unmet": "import einops\n"}, requires=["einops>=99", "numpy>=1", "more; extra == 'all'"])
    install(site, "loud", {"m_loud": LOUD})
    install(site, "slow", {"m_slow": SLOW})
    install(site, "cat", {"m_cat": sound("cat")})
    install(site, "tomcat", {"m_tomcat": sound("cat")})
    install(site, "twins", {"m_one": sound("twin"), "m_other": sound("twin")})
    install(site, "twice", {"m_twice": sound("twice")}, entries={"a": "m_twice", "b": "m_twice"})
    return site


@pytest.fixture(scope="module")
def call(zoo, tmp_path_factory):
    """Run a command with the zoo installed."""
    folder = tmp_path_factory.mktemp("projects")

    def call(*words):
        environment = os.environ | {"PYTHONPATH": str(zoo), "COLUMNS": "200"}
        command = [sys.executable, "-m", "labrun", *words]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=HANG
        )

    call.folder = folder
    return call


@pytest.fixture(scope="module")
def inventory(call):
    done = call("list-plugins", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)  # nothing of what plugins print spoils it


def plain(text, site):
    """Without the folder, and without what Python says of the file that a name is imported from."""
    return re.sub(r"from '(\w+)' \([^)]*\)", r"from '\1' (…)", text.replace(str(site), "SITE"))


def test_each_tells_why(inventory, zoo):
    told = {b["source"].partition(":")[0]: plain(BrokenPlugin(**b).explanation, zoo) for b in inventory["quarantined"]}
    assert {name: told[name] for name in REASONS} == REASONS
    assert told.keys() >= BROKEN.keys()
    assert told["wrong-argument"].startswith(
        "PluginValidationError: Plugin 'wrong-argument:m_wrong_argument' for hook 'labrun_simulators'"
    )
    assert told["skips"].startswith("Skipped: not here")


def test_what_its_distribution_needs(inventory):
    told = next(b for b in inventory["quarantined"] if b["source"] == "unmet:m_unmet")
    assert told["advice"] == "unmet needs 'einops>=99', which is not installed: pip install 'einops>=99'"


def test_a_module_that_is_gone(inventory):
    told = next(b for b in inventory["quarantined"] if b["source"] == "gone:gone")
    assert told["error"] == "ModuleNotFoundError: No module named 'm_gone'"
    assert told["advice"] == "Its entry point names a missing module: pip install --force-reinstall gone"


def test_the_others_are_there(inventory):
    found = [(p["name"], p["distribution"], p["api"]) for p in inventory["plugins"] if p["distribution"] != "labrun"]
    sound = ["cat cat", "cat tomcat", "loud loud", "slow slow", "twice twice", "twin twins", "twin twins"]
    assert [f"{name} {distribution}" for name, distribution, _ in found] == sound
    assert {api for _, _, api in found} == {1}
    assert any(p["name"] == "gray_scott" for p in inventory["plugins"])


def test_what_is_worth_knowing(inventory):
    remarks = {
        (r["source"], re.sub(r"\d\.\d s", "0.6 s", r["text"])) for r in inventory["remarks"] if r["source"] != "labrun"
    }
    assert remarks >= {
        (
            "slow:m_slow",
            "took 0.6 s to import, and every command waits for it: import heavy libraries inside methods",
        ),
        (
            "loud:m_loud",
            "prints when imported (output held back): 'hello from Python to standard error from a child'",
        ),
        ("loud:m_loud", "warns when imported: UserWarning: this is old"),
        ("loud:m_loud", "changed the working directory to / when imported (undone)"),
        ("cat", "2 distributions offer the simulator 'cat': write 'cat:cat' or 'tomcat:cat'"),
        ("twin", "'twins' offers the simulator 'twin' 2 times, by m_one.Animal and m_other.Animal: rename all but one"),
    }
    told = next(b for b in inventory["quarantined"] if b["source"] == "twice:b")
    assert told["error"] == "it is already loaded, as twice:a: remove one of the two entries"


def test_for_people(call):
    done = call("list-plugins")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert "Simulator\tloud\tIt sits there.\tloud 0.3" in lines
    quarantined, remarks = lines.index("quarantined, and why:"), lines.index("worth knowing:")
    assert quarantined < remarks
    assert "newer-api:m_newer_api 0.3: " in done.stdout
    assert "m_syntax.py:1)" in "".join(lines[quarantined:remarks])


def test_schema_is_whole(call):
    done = call("schema")
    assert (done.returncode, done.stderr) == (0, "")
    definitions = json.loads(done.stdout)["definitions"]
    assert {"Simulator.cat:cat", "Simulator.tomcat:cat", "Simulator.loud"} <= set(definitions)


def test_a_project_that_needs_none_of_them(call):
    (call.folder / "sound.yaml").write_text("project: s\nsimulations: {a: {use: loud}, b: {use: 'tomcat:cat'}}\n")
    done = call("sound.yaml", "--workers", "1")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_project_that_needs_one(call, zoo):
    (call.folder / "broken.yaml").write_text("project: s\nsimulations: {a: {use: syntax}}\n")
    done = call("check", "broken.yaml")
    assert done.returncode == 2
    assert (
        f"the plugin syntax:m_syntax 0.3 could not be loaded: SyntaxError: invalid syntax ({zoo}/m_syntax.py:1). The fault"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("use", "message"),
    [
        ("cat", "2 distributions offer the simulator 'cat': write 'cat:cat' or 'tomcat:cat'"),
        ("twin", "'twins' offers the simulator 'twin' 2 times, by m_one.Animal and m_other.Animal: rename all but one"),
    ],
)
def test_a_name_that_two_claim(call, use, message):
    (call.folder / "clash.yaml").write_text(f"project: s\nsimulations: {{a: {{use: {use}}}}}\n")
    done = call("check", "clash.yaml")
    assert done.returncode == 2
    assert f"simulations.a: {message}\n" in done.stderr


def test_ctrl_c_names_what_is_imported(tmp_path):
    install(
        tmp_path,
        "endless",
        {"m_endless": "import signal\nsignal.signal(2, signal.default_int_handler)\nsignal.raise_signal(2)\n"},
    )
    command = [sys.executable, "-m", "labrun", "list-plugins"]
    done = subprocess.run(
        command, env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "interrupted while the plugin endless:m_endless was imported\n")
