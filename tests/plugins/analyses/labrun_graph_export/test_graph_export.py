from __future__ import annotations

import io
import json
from collections.abc import Iterator
from types import SimpleNamespace

import matplotlib.pyplot as plt
import networkx
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from labrun import ArraySpec, Examples, ExampleSpec, Findings
from labrun_graph_export import GraphExport
from labrun_mechanical_network import MechanicalNetwork
from labrun_unet import UNet

SIZE = (96, 128)
NETWORKS = [
    MechanicalNetwork(lattice=lattice, cells=2, size=SIZE).simulate(np.random.default_rng(4))
    for lattice in ("square", "kagome", "honeycomb")
]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    """Matplotlib keeps every figure until it is closed, and warns of more than 20."""
    yield
    plt.close("all")


def pictures(array="dots"):
    return np.stack([one[array] for one in NETWORKS])[..., None].astype(np.float32) / 255


def new_pictures():
    x = pictures()
    return Examples.inputs_only(lambda i: x[i], len(x), "new")


class Net:
    """Draws the bonds of the pictures that it knows."""

    name = "net"

    def predict(self, some):
        known = {one.tobytes(): drawing for one, drawing in zip(pictures(), pictures("drawing"), strict=True)}
        return np.stack([known[one.tobytes()] for one in some.load_x(slice(None))])


def table(findings, name):
    return pd.read_csv(io.BytesIO(findings.files[name]))


def test_each_picture_becomes_a_graph_in_four_forms():
    findings = GraphExport().analyse(Net(), new_pictures())
    for i, one in enumerate(NETWORKS):
        sites, bonds = table(findings, f"network_{i:04d}_sites.csv"), table(findings, f"network_{i:04d}_bonds.csv")
        true = one["pixels"] * [1, -1] + [0, SIZE[0] - 1]
        away = np.linalg.norm(sites[["x", "y"]].to_numpy()[:, None] - true[None], axis=2)
        assert away.min(axis=1).max() < 0.5
        site = away.argmin(axis=1)
        found = {tuple(sorted(pair)) for pair in site[bonds[["first", "second"]]].tolist()}
        assert found == {tuple(sorted(pair)) for pair in one["bonds"].tolist()}
        assert sites["coordination"].sum() == 2 * len(bonds)
        places = sites[["x", "y"]].to_numpy()
        lengths = np.linalg.norm(places[bonds["first"]] - places[bonds["second"]], axis=1)
        np.testing.assert_allclose(bonds["length"], lengths, rtol=1e-4)
        assert bonds["score"].between(0.5, 1).all()

        graph = networkx.node_link_graph(json.loads(findings.files[f"network_{i:04d}_graph.json"]), edges="edges")
        again = networkx.parse_graphml(findings.files[f"network_{i:04d}_graph.graphml"].decode(), node_type=int)
        assert dict(graph.nodes(data=True)) == dict(again.nodes(data=True))
        assert {tuple(sorted(edge)) for edge in again.edges} == {
            tuple(sorted(edge)) for edge in bonds[["first", "second"]].to_numpy().tolist()
        }
        first, second, known = next(iter(again.edges(data=True)))
        assert known["length"] == pytest.approx(np.linalg.norm(places[first] - places[second]), rel=1e-4)
        assert known["score"] == pytest.approx(bonds["score"][0], rel=1e-4)
        assert again.nodes[3]["y"] == pytest.approx(sites["y"][3], rel=1e-4)


def test_the_counts_are_told():
    findings = GraphExport().analyse(Net(), new_pictures())
    sites, bonds = [len(one["sites"]) for one in NETWORKS], [len(one["bonds"]) for one in NETWORKS]
    counts = findings.tables["networks"]
    assert counts["sites"].tolist() == sites
    assert counts["bonds"].tolist() == bonds
    assert counts["mean coordination"].tolist() == pytest.approx([2 * m / n for n, m in zip(sites, bonds, strict=True)])
    assert findings.metrics == {
        "sites": sum(sites), "bonds": sum(bonds), "mean coordination": pytest.approx(2 * sum(bonds) / sum(sites))
    }  # fmt: skip
    titles = [axes.get_title() for axes in findings.figures["networks"].axes if axes.get_visible()]
    assert titles == [f"{i}: {n} sites, {m} bonds" for i, (n, m) in enumerate(zip(sites, bonds, strict=True))]


def test_what_the_dataset_tells_stands_beside_the_counts():
    x = pictures()
    dataset = Examples(lambda i: x[i], lambda i: x[i], np.arange(3), table=pd.DataFrame({"member": [5, 7, 9]}))
    assert GraphExport().analyse(Net(), dataset).tables["networks"]["member"].tolist() == [5, 7, 9]


def test_the_picture_holds_the_graph_in_colour():
    image = Image.open(io.BytesIO(GraphExport().analyse(Net(), new_pictures()).files["network_0001.png"])).convert(
        "RGB"
    )
    assert image.width * SIZE[0] == pytest.approx(image.height * SIZE[1], rel=0.01)
    colours = np.asarray(image, int)
    column, row = NETWORKS[1]["pixels"][NETWORKS[1]["bonds"][0]].mean(axis=0) + 0.5
    scale = image.width / SIZE[1]
    near = colours[
        int(row * scale) - 4 : int(row * scale) + 5, int(column * scale) - 4 : int(column * scale) + 5
    ].reshape(-1, 3)
    assert (near[:, 2] - near[:, 0]).max() > 100


def test_the_threshold_is_the_field_or_that_of_the_recovery():
    all_bonds = sum(len(one["bonds"]) for one in NETWORKS)
    few = GraphExport(threshold=1.0).analyse(Net(), new_pictures()).metrics["bonds"]
    assert 0 < few < all_bonds
    recovery = Findings(tables={"thresholds": pd.DataFrame({"model": ["net"], "threshold": [0.6]})})
    findings = GraphExport(threshold=1.0).analyse(Net(), new_pictures(), recovery)
    assert findings.metrics["bonds"] == all_bonds
    assert "score of at least 0.6" in findings.captions["networks"]
    with pytest.raises(ValueError, match="have no threshold of the model 'net'"):
        GraphExport().analyse(Net(), new_pictures(), Findings())


def test_a_white_picture_is_an_empty_graph_and_is_told():
    blank = SimpleNamespace(name="net", predict=lambda some: np.ones((len(some), *SIZE, 1)))
    findings = GraphExport().analyse(blank, new_pictures())
    assert findings.metrics == {"sites": 0, "bonds": 0, "mean coordination": 0}
    assert findings.warnings == [f"No site was found in picture {i}." for i in range(3)]
    assert findings.files["network_0000_sites.csv"] == b"site,x,y,coordination\n"


def test_a_dataset_without_pictures_is_refused():
    with pytest.raises(ValueError, match="the dataset 'new' is empty: there is no network to export"):
        GraphExport().analyse(Net(), new_pictures().take([]))


def test_new_pictures_become_graphs_from_the_command_line(labrun, write_model, tmp_path):
    shape = (*SIZE, 1)
    spec = ExampleSpec(ArraySpec(shape, "float32"), ArraySpec(shape, "float32"))
    model = write_model(UNet(loss="crossentropy", filters=2, depth=1), spec)
    Image.fromarray(NETWORKS[0]["dots"]).save(tmp_path / "dots.png")
    outcome = labrun(
        "predict",
        model,
        tmp_path / "dots.png",
        "--analyse",
        "graph_export",
        "--with",
        "threshold=0.9",
        "--output",
        tmp_path / "out",
    )
    assert outcome.code == 0, outcome.err
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"network_0000_sites.csv", "network_0000_graph.graphml", "network_0000.png", "networks.csv"} <= names
