"""`labrun status` before and after a run."""


def test_status(write_project, labrun):
    path = write_project()
    assert labrun("status", path).out.splitlines()[:2] == ["stage\tstate\tseconds\tsize", "simulations.train\tto do"]
    assert labrun("run", path, "--only", "train", "--workers", 1).code == 0
    state, seconds, size = labrun("status", path).out.splitlines()[1].split("\t")[1:]
    assert state == "done"
    assert 0 <= float(seconds) < 60
    assert size.endswith("kB")
    assert labrun("status", path, "--set", "seed=4").out.splitlines()[1] == "simulations.train\tto do"
