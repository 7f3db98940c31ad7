"""`labrun schema`."""

import json


def test_to_standard_output(labrun):
    schema = json.loads(labrun("schema").out)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "Simulator.gray_scott" in schema["definitions"]


def test_to_a_file(labrun, tmp_path):
    path = tmp_path / "labrun.schema.json"
    outcome = labrun("schema", "-o", path)
    assert (outcome.code, outcome.out) == (0, f"wrote {path}\n")
    assert json.loads(path.read_text())["title"] == "labrun project"


def test_to_a_folder_that_is_not_there(labrun, tmp_path):
    outcome = labrun("schema", "-o", tmp_path / "gone" / "x.json")
    assert (outcome.code, outcome.err) == (1, f"cannot write {tmp_path}/gone/x.json: No such file or directory\n")
