"""`labrun doctor`, with the real probes."""

import json

from labrun.doctor import Check


def test_this_installation(labrun_process):
    outcome = labrun_process("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(outcome.out)}
    names = [
        "Python",
        "libraries",
        "cores",
        "memory",
        "disk",
        "runs",
        "file system",
        "HDF5",
        "kernels",
        "training",
        "GPU",
    ]
    assert set(names) <= checks.keys()
    assert {checks[name]["state"] for name in names} <= {"ok", "warn"}
    assert outcome.code == any(check["state"] == "fail" for check in checks.values())


def test_for_people(labrun, monkeypatch):
    checks = [Check("disk", "ok", "56 GB"), Check("GPU", "warn", "not seen", "pip install it")]
    monkeypatch.setattr("labrun.doctor.examine", lambda runs: iter(checks))
    outcome = labrun("doctor")
    assert (outcome.code, outcome.out) == (0, "✓ disk: 56 GB\n! GPU: not seen\n  → pip install it\n")


def test_a_failure(labrun, monkeypatch):
    checks = [Check("runs", "fail", "cannot be written", "choose another")]
    monkeypatch.setattr("labrun.doctor.examine", lambda runs: iter(checks))
    outcome = labrun("doctor")
    assert (outcome.code, outcome.out) == (1, "✗ runs: cannot be written\n  → choose another\n")
