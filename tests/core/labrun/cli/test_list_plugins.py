"""`labrun list-plugins`."""

import json


def test_for_people(labrun):
    outcome = labrun("list-plugins")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert lines[0] == "kind\tname\twhat it is\tfrom"
    assert (
        "Simulator\tgray_scott\tGray-Scott reaction-diffusion on a periodic plane of square cells.\tlabrun 1.0.0"
        in lines
    )


def test_for_programs(labrun):
    inventory = json.loads(labrun("list-plugins", "--json").out)
    assert set(inventory) == {"plugins", "quarantined", "remarks"}
    found = next(plugin for plugin in inventory["plugins"] if plugin["name"] == "gray_scott")
    assert found == {
        "kind": "Simulator",
        "name": "gray_scott",
        "summary": "Gray-Scott reaction-diffusion on a periodic plane of square cells.",
        "version": 1,
        "api": 1,
        "distribution": "labrun",
        "distribution_version": "1.0.0",
    }
