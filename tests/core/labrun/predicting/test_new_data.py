"""New data: how arrays, pictures and ensembles are understood, and what is said of those that do not suit."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np
import pytest
from PIL import Image

from labrun import ArraySpec, ExampleSpec, Model, TrainedModel
from labrun.faults import LabrunError
from labrun.kit import pictures
from labrun.predicting.new_data import read_new_data
from labrun.store.parts import write_part


class Sums(Model):
    """Takes (height, width, frames), where the first two may be open."""

    name: ClassVar[str] = "sums"

    open: bool = True

    def build(self, examples):
        import keras

        shape = (None, None, examples.x.shape[2]) if self.open else examples.x.shape
        inputs = keras.Input(shape, name="frames")
        return keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="mean")(inputs))


class Flat(Model):
    """Takes a vector."""

    name: ClassVar[str] = "flat"

    def build(self, examples):
        import keras

        inputs = keras.Input(examples.x.shape, name="x")
        return keras.Model(inputs, keras.layers.Dense(1, name="answer")(inputs))


NUMBER = ArraySpec((), "float32")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def model(write_model):
    """A model of `frames` frames of 4 × 6 cells."""

    def model(frames: int = 3, *, open: bool = True, dtype: str = "float32") -> TrainedModel:
        spec = ExampleSpec(ArraySpec((4, 6, frames), dtype), NUMBER)
        folder = Path(f"net-{frames}-{open}")
        return TrainedModel(
            Sums(open=open), folder if folder.exists() else write_model(Sums(open=open), spec, folder.name), "net"
        )

    return model


@pytest.fixture
def vector(write_model) -> TrainedModel:
    return TrainedModel(
        Flat(), write_model(Flat(), ExampleSpec(ArraySpec((6,), "float32"), NUMBER), "vector"), "vector"
    )


def loaded(path: str | Path, model: TrainedModel, **options) -> np.ndarray:
    data = read_new_data(Path(path), model, **options)
    assert len(data.table) == len(data.examples)
    return np.concatenate([data.examples.load_x([i]) for i in range(len(data.examples))])


def told(path: str | Path, model: TrainedModel, **options) -> str:
    with pytest.raises(LabrunError) as caught:
        loaded(path, model, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# -- arrays ----


@pytest.fixture
def batch(rng) -> np.ndarray:
    return rng.random((5, 4, 6, 3), dtype=np.float32)


def save(name: str, array: np.ndarray) -> str:
    if name.lower().endswith(".npy"):
        with Path(name).open("wb") as file:
            np.save(file, array)
    elif name.lower().endswith(".npz"):
        with Path(name).open("wb") as file:
            np.savez_compressed(file, u=array)
    else:
        with h5py.File(name, "w") as file:
            file["deep/within/u"] = array
    return name


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.h5", "x.hdf5", "X.NPY", "X.NPZ", "X.H5"])
def test_many_examples_or_one(model, batch, name):
    net = model()
    np.testing.assert_array_equal(loaded(save(name, batch), net), batch)
    np.testing.assert_array_equal(loaded(save("one-" + name, batch[2]), net), batch[2:3])


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.h5"])
@pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int64", "bool", ">f4"])
def test_other_types_are_cast_to_that_of_the_training(model, rng, name, dtype):
    given = (rng.random((2, 4, 6, 3)) * 9).astype(dtype)
    found = loaded(save(name, given), model())
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, given.astype(np.float32))


def test_an_array_in_the_order_of_Fortran(model, batch):
    np.testing.assert_array_equal(loaded(save("x.npy", np.asfortranarray(batch)), model()), batch)


def test_a_vector_and_many(vector, rng):
    x = rng.random((3, 6), dtype=np.float32)
    np.testing.assert_array_equal(loaded(save("x.npy", x), vector), x)
    np.testing.assert_array_equal(loaded(save("one.npy", x[0]), vector), x[:1])


def test_examples_are_read_when_they_are_asked_for(model, tmp_path):
    """A file of 860 MB, most of it a hole, of which one example is read."""
    array = np.lib.format.open_memmap("big.npy", mode="w+", dtype=np.float32, shape=(3_000_000, 4, 6, 3))
    array[2_345_678] = 0.5
    del array
    data = read_new_data(Path("big.npy"), model())
    assert len(data.examples) == 3_000_000
    assert (data.examples.load_x([2_345_678]) == 0.5).all()
    (tmp_path / "big.npy").unlink()


def test_open_sizes_take_any_size_and_fixed_ones_do_not(model, rng):
    path = save("x.npy", rng.random((2, 9, 5, 3)))
    assert loaded(path, model()).shape == (2, 9, 5, 3)
    assert told(path, model(open=False)) == (
        "the model 'net' expects examples of shape (4, 6, 3) and was trained on (4, 6, 3); the array in 'x.npy' has the shape "
        "(2, 9, 5, 3). Give one example of that shape, or several along an additional first axis"
    )


def test_a_wrong_shape(vector):
    assert told(save("x.npy", np.zeros((4, 5))), vector) == (
        "the model 'vector' expects examples of shape (6,) and was trained on (6,); the array in 'x.npy' has the shape (4, 5). "
        "Give one example of that shape, or several along an additional first axis"
    )


def test_one_frame_where_several_are_wanted(model):
    for shape in ((2, 4, 6), (2, 4, 6, 1), (4, 6, 1), (4, 6)):
        message = told(save("x.npy", np.zeros(shape)), model())
        assert (
            f"the array in 'x.npy' has the shape {shape}. The model expects 3 successive frames of a pattern" in message
        )
        assert message.endswith("--still repeats it")


@pytest.mark.parametrize("shape", [(2, 9, 5), (2, 9, 5, 1), (9, 5, 1), (9, 5)])
def test_a_frame_that_stands_still(model, rng, shape):
    given = rng.random(shape, dtype=np.float32)
    found = loaded(save("x.npy", given), model(), still=True)
    np.testing.assert_array_equal(found, np.broadcast_to(given.reshape(-1, 9, 5, 1), found.shape))
    assert found.shape[1:] == (9, 5, 3)


def test_still_repeats_nothing_that_fits(model, vector, rng):
    """(9, 5, 3) is one example of three frames, not nine pictures of 5 × 3 cells; (6,) one vector, not six numbers."""
    given = rng.random((9, 5, 3), dtype=np.float32)
    np.testing.assert_array_equal(loaded(save("x.npy", given), model(), still=True), given[None])
    np.testing.assert_array_equal(loaded(save("v.npy", given[:6, 0, 0]), vector, still=True), given[None, :6, 0, 0])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_what_is_no_number_is_refused_with_the_example_that_holds_it(model, value):
    given = np.zeros((4, 4, 6, 3))
    given[2, 1, 1, 0] = value
    assert told(save("x.npy", given), model()) == (
        "example 2 in 'x.npy' contains NaN, infinity, or numbers too large for float32, which no model can predict from: leave it out"
    )


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.float32(5), "it holds no examples: its shape is ()"),
        (np.zeros((0, 4, 6, 3)), "it holds no examples: its shape is (0, 4, 6, 3)"),
        (np.zeros((4, 4, 6, 3), complex), "it holds complex numbers (complex128), and models take real ones"),
        (np.array(["a", "b"]), "it holds <U1, not real numbers"),
        (np.zeros(3, [("a", "f4"), ("b", "i4")]), "it holds [('a', '<f4'), ('b', '<i4')], not real numbers"),
        (np.array("2024-01-01", "M8[D]"), "it holds datetime64[D], not real numbers"),
    ],
)
@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_that_are_no_examples(model, array, problem, name):
    assert told(save(name, array), model()).startswith(f"cannot read '{name}': {problem}")


def test_texts_in_hdf5(model):
    with h5py.File("x.h5", "w") as file:
        file["names"] = ["a", "b"]
    assert told("x.h5", model()) == (
        "cannot read 'x.h5': it holds object, not real numbers: save it as numbers, as with array.astype(np.float32)"
    )


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("exploded"),))


def test_nothing_is_unpickled(model):
    bomb = np.array([Bomb()], dtype=object)
    np.save("x.npy", bomb, allow_pickle=True)
    np.savez("x.npz", u=bomb)
    Path("raw.npy").write_bytes(__import__("pickle").dumps(bomb))
    for name in ("x.npy", "x.npz", "raw.npy"):
        assert told(name, model()).startswith(f"cannot read '{name}': ")
    assert not Path("exploded").exists()


def test_one_of_several_arrays(model, batch):
    np.savez("x.npz", u=batch, v=2 * batch)
    with h5py.File("x.h5", "w") as file:
        file["u"], file["v"] = batch, 2 * batch
    net = model()
    for name in ("x.npz", "x.h5"):
        assert told(name, net) == f"'{name}' holds 2 arrays (u, v): say which with --array NAME"
        assert told(name, net, array="w") == f"'{name}' holds no array 'w' (known: u, v)"
        np.testing.assert_array_equal(loaded(name, net, array="v"), 2 * batch)


@pytest.mark.parametrize("name", ["x.npz", "x.h5"])
def test_arrays_of_labels_and_parameters_become_columns(model, batch, name):
    """One entry for each example; the array of several axes need not be named then."""
    beside = {
        "label": np.array(["a", "b", "b", "a", "é"]),
        "feed": np.arange(5.0),
        "page": np.arange(5),
        "three": np.arange(3),
        "grid": np.zeros((5, 1, 1)).T[0, 0],
    }
    if name == "x.npz":
        np.savez(name, u=batch, **beside, moments=np.array([None] * 5, object))
    else:
        with h5py.File(name, "w") as file:
            for key, array in ({"u": batch} | beside).items():
                file.create_dataset(key, data=array.tolist() if array.dtype.kind == "U" else array)
    new = read_new_data(Path(name), model())
    np.testing.assert_array_equal(new.examples.load_x(slice(None)), batch)
    assert set(new.table) == {"label", "feed", "given_page", "grid"}
    assert new.table["label"].tolist() == ["a", "b", "b", "a", "é"]
    assert new.table["feed"].tolist() == [0, 1, 2, 3, 4]
    assert new.examples.table is not None
    np.save("one.npy", batch[0])
    assert list(read_new_data(Path("one.npy"), model()).table) == []


def test_of_many_arrays_some_are_named(model):
    with h5py.File("x.h5", "w") as file:
        for i in range(1000):
            file[f"a{i:03d}"] = i
    message = told("x.h5", model())
    assert message.startswith("'x.h5' holds 1000 arrays (a000, a001, ")
    assert message.endswith("a009, …): say which with --array NAME")


def test_no_array_at_all(model):
    np.savez("x.npz")
    h5py.File("x.h5", "w").close()
    net = model()
    for name in ("x.npz", "x.h5"):
        assert told(name, net) == f"'{name}' holds no array"


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.h5"])
@pytest.mark.parametrize("kept", [0, 1, 20, 0.5, -1])
def test_truncated_files(model, batch, name, kept):
    path = Path(save(name, batch))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    assert told(name, model()).startswith(f"cannot read '{name}': ")


def test_a_compressed_array_that_is_damaged(model, batch):
    path = Path(save("x.npz", batch))
    content = bytearray(path.read_bytes())
    for i in range(200, 1200):
        content[i] ^= 0x5A
    path.write_bytes(content)
    assert told("x.npz", model()).startswith("cannot read 'x.npz': ")


def test_names_that_do_not_tell_what_is_in_a_file(model, batch):
    """NumPy goes by the content, and so do we: an array alone in `x.npz`, an archive in `y.npy`."""
    net = model()
    np.save("a.npy", batch)
    np.savez("b.npz", u=batch)
    np.testing.assert_array_equal(loaded(shutil.move("a.npy", "x.npz"), net), batch)
    np.testing.assert_array_equal(loaded(shutil.move("b.npz", "y.npy"), net), batch)
    assert told(shutil.copy("x.npz", "z.h5"), net).startswith("cannot read 'z.h5': ")


def test_an_archive_of_something_else(model):
    with zipfile.ZipFile("x.npz", "w") as archive:
        archive.writestr("readme.txt", "no array")
    assert told("x.npz", model()).startswith("cannot read 'x.npz': it holds |S8, not real numbers")


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.h5"])
def test_complex_numbers_are_refused(model, name):
    message = told(save(name, np.ones((4, 6, 3), np.complex64)), model())
    assert message == (
        f"cannot read '{name}': it holds complex numbers (complex64), and models take real ones: save what the model was trained on, their "
        "real part or modulus"
    )


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_of_objects_are_refused(model, name):
    rows = np.array([np.ones(2), np.ones(3)], dtype=object)
    assert told(save(name, rows), model()) == (
        f"cannot read '{name}': it holds Python objects (masked values, or rows of unlike length), not real numbers: save it as numbers, "
        "as with array.astype(np.float32)"
    )


@pytest.mark.parametrize("mark", ["_FillValue", "missing_value"])
def test_missing_values_that_netcdf_marks_are_refused(model, batch, mark):
    batch[3, 1, 2, 0] = 9.96921e36
    with h5py.File("x.nc.h5", "w") as file:
        file["u"] = batch
        file["u"].attrs[mark] = np.float32(9.96921e36)
    net = model()
    data = read_new_data(Path("x.nc.h5"), net)
    np.testing.assert_array_equal(data.examples.load_x([2])[0], batch[2])
    message = r"'/u' in 'x.nc.h5' has missing values, equal to its _FillValue or missing_value: fill them, or leave"
    with pytest.raises(LabrunError, match=message):
        data.examples.load_x([3])


# -- pictures ----


def picture(name: str, values: np.ndarray, mode: str | None = None, **options) -> str:
    image = Image.fromarray(values)
    (image.convert(mode) if mode else image).save(name, **options)
    return name


@pytest.fixture
def grey(rng) -> np.ndarray:
    return rng.integers(0, 256, (4, 6), dtype=np.uint8)


@pytest.mark.parametrize("name", ["p.png", "p.PNG", "p.tif", "p.tiff"])
def test_a_grey_picture(model, grey, name):
    data = read_new_data(Path(picture(name, grey)), model(1))
    np.testing.assert_allclose(data.examples.load_x([0])[0, ..., 0], grey / 255, rtol=1e-6)
    assert data.table["file"].tolist() == [name]


@pytest.mark.parametrize("name", ["p.jpg", "p.jpeg", "p.webp"])
def test_formats_that_lose_a_little(model, name):
    smooth = np.linspace(0, 255, 24, dtype=np.uint8).reshape(4, 6)
    np.testing.assert_allclose(loaded(picture(name, smooth), model(1))[0, ..., 0], smooth / 255, atol=0.1)


def test_sixteen_bits_become_eight_as_in_training(model, rng):
    values = rng.integers(0, 65536, (4, 6), dtype=np.uint16)
    net = model(1)
    for name in ("p.png", "p.tif"):
        expected = np.round(values / 257) / 255
        np.testing.assert_allclose(loaded(picture(name, values), net)[0, ..., 0], expected, rtol=1e-6)


def test_thirty_two_bits_have_no_white(model):
    net = model(1)
    for values in (np.ones((4, 6), np.float32), np.ones((4, 6), np.int32)):
        message = told(picture("p.tif", values), net)
        assert message == (
            "cannot read the picture 'p.tif': it holds numbers of 32 bits, and none is known to be white; save it with 8 or 16 bits a "
            "pixel, or give the numbers as .npy"
        )


def test_black_and_white_palette_and_transparency(model, grey):
    net = model(1)
    black_and_white = np.where(grey > 128, 255, 0).astype(np.uint8)
    for mode in ("1", "P", "LA", "RGB", "RGBA"):
        found = loaded(picture("p.png", black_and_white, mode), net)
        np.testing.assert_array_equal(found[0, ..., 0], black_and_white / 255)


def test_three_colours_are_three_frames(model, rng):
    rgb = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    np.testing.assert_allclose(loaded(picture("p.png", rgb), model(3))[0], rgb / 255, rtol=1e-6)
    np.testing.assert_allclose(loaded(picture("q.png", rgb, "RGBA"), model(3))[0], rgb / 255, rtol=1e-6)


def test_three_colours_are_grey_where_one_frame_is_wanted_or_stands_still(model, rng):
    rgb = rng.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    luminance = rgb @ [0.299, 0.587, 0.114] / 255  # ITU-R 601
    path = picture("p.png", rgb)
    np.testing.assert_allclose(loaded(path, model(1))[0, ..., 0], luminance, atol=0.5 / 255 + 1e-3)
    still = loaded(path, model(3), still=True)[0]
    np.testing.assert_allclose(still, np.repeat(luminance[..., None], 3, -1), atol=0.5 / 255 + 1e-3)


def test_a_grey_picture_needs_still_where_frames_are_wanted(model, grey):
    net = model(3)
    path = picture("p.png", grey)
    assert "those in 'p.png' have the shape (4, 6, 1). The model expects 3 successive frames" in told(path, net)
    assert loaded(path, net, still=True).shape == (1, 4, 6, 3)


def test_a_folder_of_pictures_in_the_order_of_their_names(model, rng):
    Path("all").mkdir()
    for number in (3, 1, 2):
        picture(f"all/p{number}.png", np.full((4, 6), number, np.uint8))
    Path("all/notes.txt").write_text("not a picture")
    Path("all/._p1.png").write_bytes(b"\0\5\x16\7")  # macOS
    Path("all/folder.png").mkdir()
    data = read_new_data(Path("all"), model(1))
    assert data.table["file"].tolist() == ["p1.png", "p2.png", "p3.png"]
    assert data.skipped == ("notes.txt",)
    assert (data.table.index.name, data.batch_size) == ("example", 32)
    np.testing.assert_allclose(data.examples.load_x(slice(None))[:, 0, 0, 0], np.array([1, 2, 3]) / 255, rtol=1e-6)


def test_each_page_of_a_file_is_an_example(model, rng):
    """A stack of pages, beside single pictures of kinds that are found in one folder."""
    Path("all").mkdir()
    levels = [20, 40, 60]
    pages = [Image.fromarray(np.full((4, 6), level, np.uint8)) for level in levels]
    pages[0].save("all/b.tif", save_all=True, append_images=pages[1:])
    for name in ("a.gif", "c.bmp", "d.webp", "e.ppm"):
        Image.fromarray(np.full((4, 6), 80, np.uint8)).save(
            f"all/{name}", **({"lossless": True} if name[0] == "d" else {})
        )
    data = read_new_data(Path("all"), model(1))
    assert data.table["file"].tolist() == ["a.gif", "b.tif", "b.tif", "b.tif", "c.bmp", "d.webp", "e.ppm"]
    assert data.table["page"].tolist() == [1, 1, 2, 3, 1, 1, 1]
    found = data.examples.load_x(slice(None))[:, 0, 0, 0] * 255
    np.testing.assert_allclose(found, [80, 20, 40, 60, 80, 80, 80], rtol=1e-6)


@pytest.mark.parametrize("name", ["p.gif", "p.png", "p.webp", "p.tif"])
def test_frames_of_an_animation_are_examples(model, name):
    frames = [Image.fromarray(np.full((4, 6), level, np.uint8)) for level in (20, 40, 60)]
    frames[0].save(name, save_all=True, append_images=frames[1:], **({"lossless": True} if name == "p.webp" else {}))
    np.testing.assert_allclose(loaded(name, model(1))[:, 0, 0, 0] * 255, [20, 40, 60], atol=1)


def test_a_damaged_page_is_named(model, rng):
    pages = [Image.fromarray(rng.integers(0, 256, (4, 6), dtype=np.uint8)) for _ in range(3)]
    pages[0].save("p.tif", save_all=True, append_images=pages[1:])
    pages[0].resize((8, 8)).save("q.tif", save_all=True, append_images=[pages[1]])
    with pytest.raises(
        LabrunError, match=r"example 1 \('q.tif', page 2\) in 'q.tif' has the shape \(4, 6, 1\), but example 0"
    ):
        read_new_data(Path("q.tif"), model(1)).examples.load_x([0, 1])


def test_a_folder_of_pictures_of_other_sizes(model):
    Path("all").mkdir()
    picture("all/a.png", np.full((4, 6), 51, np.uint8))
    picture("all/b.png", np.full((7, 5), 102, np.uint8))
    net = model(1)
    data = read_new_data(Path("all"), net)
    assert data.batch_size == 1
    np.testing.assert_allclose(net.predict(data.examples, data.batch_size), [[0.2], [0.4]], rtol=1e-5)
    with pytest.raises(
        LabrunError, match=r"example 1 \('b.png'\) in 'all' has the shape \(7, 5, 1\), but example 0 \('a.png'\) has"
    ):
        data.examples.load_x([0, 1])
    assert "example 1 ('b.png') in 'all' has the shape (7, 5, 1). Give one" in told("all", model(1, open=False))


def test_a_folder_of_grey_and_coloured_pictures(model, grey):
    Path("all").mkdir()
    picture("all/a.png", grey, "RGB")
    picture("all/b.png", grey)
    net = model(3)
    assert "example 1 ('b.png') in 'all' has the shape (4, 6, 1). The model expects 3 successive frames" in told(
        "all", net
    )
    a, b = loaded("all", net, still=True)
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kept", [0, 4, 40, 0.6])
def test_truncated_pictures(model, rng, kept):
    path = Path(picture("p.png", rng.integers(0, 256, (40, 60), dtype=np.uint8)))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    assert told("p.png", model(1)).startswith("cannot read the picture 'p.png': ")


def test_a_damaged_picture_among_others_is_named(model, rng):
    Path("all").mkdir()
    for name in "abc":
        picture(f"all/{name}.png", rng.integers(0, 256, (40, 60), dtype=np.uint8))
    content = Path("all/b.png").read_bytes()
    Path("all/b.png").write_bytes(content[:1000] + bytes(100) + content[1100:])
    assert told("all", model(1)).startswith("cannot read the picture 'all/b.png': ")


def test_a_picture_that_would_fill_the_memory(model, grey, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 23)
    assert told(picture("p.png", grey), model(1)) == (
        "cannot read the picture 'p.png': it has 4 × 6 pixels; at most 23 are read, so cut out a part of it"
    )


# -- ensembles ----


@pytest.fixture
def simulation(rng) -> np.ndarray:
    """Members 0, 1 and 3 in two parts (2 has failed), each with u and v."""
    u = rng.random((4, 4, 6, 3), dtype=np.float32)
    write_part(Path("waves/parts"), 0, [(i, {"u": u[i], "v": 2 * u[i]}) for i in (0, 1)])
    write_part(Path("waves/parts"), 1, [(3, {"u": u[3], "v": 2 * u[3]})])
    Path("waves/members.csv").write_text("member,rate,class\n0,0.5,NA\n1,0.25,null\n2,1,low\n3,2,low\n")
    return u


def test_an_ensemble(model, simulation):
    data = read_new_data(Path("waves"), model(), array="v")
    np.testing.assert_array_equal(data.examples.load_x(slice(None)), 2 * simulation[[0, 1, 3]])
    assert data.table.index.tolist() == [0, 1, 3]
    assert data.table.index.name == "member"
    assert data.table["rate"].tolist() == [0.5, 0.25, 2]
    assert data.table["class"].tolist() == ["NA", "null", "low"]  # names, and nothing that is missing


def test_an_ensemble_of_several_arrays(model, simulation):
    assert told("waves", model()) == "'waves' holds 2 arrays (u, v): say which with --array NAME"


def test_a_part_is_an_array_file_too(model, simulation):
    np.testing.assert_array_equal(loaded("waves/parts/000001.h5", model(), array="3/u"), simulation[3:])


def test_an_ensemble_of_other_shapes(model, simulation):
    write_part(Path("waves/parts"), 2, [(2, {"u": np.zeros((5, 4, 6), np.float32)})])
    assert "member 2 in 'waves' has the shape (5, 4, 6). Give" in told("waves", model(), array="u")


def test_a_member_that_the_table_does_not_list(model, simulation):
    Path("waves/members.csv").write_text("member,rate\n0,0.5\n1,0.25\n")
    assert (
        told("waves", model(), array="u")
        == "cannot read 'waves': its members.csv does not list each member once (not 3)"
    )
    Path("waves/members.csv").write_text("member,rate\n0,0.5\n1,0.25\n1,0.25\n3,1\n")
    assert told("waves", model(), array="u") == "cannot read 'waves': its members.csv does not list each member once"


@pytest.mark.parametrize("text", ["", "rate\n1\n", "member,rate\n0,1,2,3\n0\n5,5,5,5,5,5\n"])
def test_a_damaged_table(model, simulation, text):
    Path("waves/members.csv").write_text(text)
    assert told("waves", model(), array="u").startswith("cannot read 'waves': ")


def test_an_ensemble_without_members(model):
    Path("waves").mkdir()
    Path("waves/members.csv").write_text("member\n")
    assert told("waves", model()) == "the simulation in 'waves' has no members"


def test_a_damaged_part(model, simulation):
    path = Path("waves/parts/000001.h5")
    path.write_bytes(path.read_bytes()[:-100])
    assert told("waves", model(), array="u").startswith("cannot read 'waves': Unable to synchronously open file")


# -- anything else ----


def test_what_is_not_there_and_what_is_nothing(model):
    net = model()
    assert told("gone.npy", net) == "there is no file or folder 'gone.npy'"
    Path("empty").mkdir()
    Path("table.csv").write_text("1,2,3")
    for name in ("empty", "table.csv"):
        message = told(name, net)
        assert message.startswith(
            f"'{name}' cannot be read as examples: expected a file (.npy, .npz, .h5, .hdf5, .png, "
        )
        assert message.endswith("a simulation in a run, such as runs/gray_scott/simulations/scan")
    assert told("x" * 300, net).endswith("File name too long")
    Path("dir.npy").mkdir()
    assert told("dir.npy", net) == "cannot read 'dir.npy': Is a directory"


class Two(Model):
    """Takes a picture, or another array, and a number."""

    name: ClassVar[str] = "two"

    def build(self, examples):
        import keras

        inputs = {name: keras.Input(one.shape, name=name) for name, one in examples.x.items()}
        flat = [keras.layers.Flatten(name=f"flat_{name}")(one) for name, one in inputs.items()]
        return keras.Model(inputs, keras.layers.Dense(1, name="answer")(keras.layers.Concatenate(name="both")(flat)))


@pytest.fixture
def two(write_model) -> TrainedModel:
    """A model that takes the density `k` beside the picture `u`."""
    spec = ExampleSpec({"k": ArraySpec((1,), "float32"), "u": ArraySpec((4, 6, 1), "float32")}, NUMBER)
    return TrainedModel(Two(), write_model(Two(), spec, "two"), "two")


def test_a_further_input_is_a_column_or_one_number(two, rng):
    pictures, density = rng.random((3, 4, 6, 1), np.float32), np.array([0.1, 0.2, 0.3])
    np.savez("x.npz", u=pictures, k=density, rho=2 * density)
    expected = two.network.predict_on_batch({"u": pictures, "k": density[:, None]})
    new = read_new_data(Path("x.npz"), two)
    np.testing.assert_allclose(two.predict(new.examples), expected, rtol=1e-6)
    np.testing.assert_allclose(new.table["k"], density)
    expected = two.network.predict_on_batch({"u": pictures, "k": 2 * density[:, None]})
    new = read_new_data(Path("x.npz"), two, given={"k": "rho"})
    np.testing.assert_allclose(two.predict(new.examples), expected, rtol=1e-6)
    np.save("x.npy", pictures)
    new = read_new_data(Path("x.npy"), two, given={"k": 0.5})
    expected = two.network.predict_on_batch({"u": pictures, "k": np.full((3, 1), 0.5)})
    np.testing.assert_allclose(two.predict(new.examples), expected, rtol=1e-6)
    assert new.table["k"].tolist() == [0.5] * 3


def test_a_further_input_that_is_missing(two, model, rng):
    np.savez("x.npz", u=rng.random((3, 4, 6, 1), np.float32), K=np.array([0.1, np.nan, 0.3]), name=["a", "b", "c"])

    def message(net=two, **given) -> str:
        with pytest.raises(LabrunError) as caught:
            read_new_data(Path("x.npz"), net, given=given)
        return str(caught.value)

    assert message() == (
        "the model also takes 'k': give a number for all examples by --input k=NUMBER, or a column by --input k=COLUMN; 'x.npz' has no "
        "column 'k': did you mean 'K'?"
    )
    assert message(k="K") == "the input 'k' must be a finite number for each example, which 'K' of 'x.npz' is not"
    assert message(k="name") == "the input 'k' must be a finite number for each example, which 'name' of 'x.npz' is not"
    assert message(rho=1.0) == "the model 'two' has no further input 'rho' (known: k)"
    assert message(model(), rho=1.0) == "the model 'net' has no further input 'rho'"


def test_several_arrays_as_inputs_are_refused(write_model):
    spec = ExampleSpec({"u": ArraySpec((3,), "float32"), "v": ArraySpec((2,), "float32")}, NUMBER)
    net = TrainedModel(Two(), write_model(Two(), spec), "two")
    np.save("x.npy", np.zeros((2, 3)))
    assert told("x.npy", net) == "the model 'two' takes several arrays as inputs (u, v): use it in a project"
