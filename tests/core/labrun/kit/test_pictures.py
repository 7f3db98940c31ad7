"""Picture files of each kind that people keep, and files that are broken, too large or something else."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from labrun.kit import pictures
from labrun.kit.pictures import KINDS, SUFFIXES, open_picture, page_count, read_picture


@pytest.fixture
def grey(rng):
    return rng.integers(0, 256, (13, 21), dtype=np.uint8)


@pytest.fixture
def colour(rng):
    return rng.integers(0, 256, (13, 21, 3), dtype=np.uint8)


def luma(colour):
    return colour.astype(float) @ [0.299, 0.587, 0.114]


def png_of_16_bits(values):
    """A colour PNG with 16 bits a channel, which Pillow does not write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    packed = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


# --- kinds ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["png", "tif", "tiff", "TIF"])
def test_grey_levels_stay_as_they_are(tmp_path, grey, kind):
    Image.fromarray(grey).save(tmp_path / f"a.{kind}")
    found = read_picture(tmp_path / f"a.{kind}")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, grey)


def test_the_content_tells_the_kind_not_the_name(tmp_path, grey):
    Image.fromarray(grey).save(tmp_path / "a.jpg", format="PNG")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.jpg"), grey)


def test_a_jpeg_is_close(tmp_path):
    smooth = np.add.outer(np.arange(40) * 3, np.arange(60)).astype(np.uint8)
    Image.fromarray(smooth).save(tmp_path / "a.jpg", quality=95)
    np.testing.assert_allclose(read_picture(tmp_path / "a.jpg"), smooth, atol=3)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_colours_become_their_luma(tmp_path, colour, kind):
    Image.fromarray(colour).save(tmp_path / f"a.{kind}")
    np.testing.assert_allclose(read_picture(tmp_path / f"a.{kind}"), luma(colour), atol=1)


def test_a_palette_stands_for_its_colours(tmp_path, rng):
    palette, numbers = rng.integers(0, 256, (5, 3)), rng.integers(0, 5, (13, 21), dtype=np.uint8)
    picture = Image.fromarray(numbers).convert("P")
    picture.putpalette(palette.astype(np.uint8).tobytes())
    picture.putdata(numbers.ravel().tolist())
    picture.save(tmp_path / "a.png")
    np.testing.assert_allclose(read_picture(tmp_path / "a.png"), luma(palette[numbers]), atol=1)


def over_white(levels, opacity):
    share = opacity / 255
    return levels * share + 255 * (1 - share)


def test_what_is_transparent_becomes_white(tmp_path, colour, grey):
    """As a viewer on a white page shows it."""
    Image.fromarray(np.dstack([colour, grey])).save(tmp_path / "rgba.png")
    np.testing.assert_allclose(read_picture(tmp_path / "rgba.png"), over_white(luma(colour), grey), atol=2)
    expected = over_white(colour.astype(float), grey[..., None])
    np.testing.assert_allclose(read_picture(tmp_path / "rgba.png", "rgb"), expected, atol=1)
    Image.fromarray(np.dstack([grey, grey // 2])).save(tmp_path / "la.png")
    np.testing.assert_allclose(read_picture(tmp_path / "la.png"), over_white(grey, grey // 2), atol=1)


def test_a_palette_with_a_transparent_colour(tmp_path):
    numbers = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
    picture = Image.fromarray(numbers).convert("P")
    picture.putdata(numbers.ravel().tolist())
    picture.putpalette([0, 0, 0, 0, 0, 0, 90, 90, 90])
    picture.save(tmp_path / "a.png", transparency=0)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), np.array([255, 0, 90])[numbers])


def test_a_transparent_grey_level_of_16_bits(tmp_path):
    """PNG names one level, which Pillow keeps as it is."""
    deep = np.array([[0, 256, 65535], [257, 512, 300]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    chunk = b"tRNS" + struct.pack(">H", 256)
    chunk = struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk))
    place = content.index(b"IDAT") - 4
    (tmp_path / "a.png").write_bytes(content[:place] + chunk + content[place:])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), [[0, 255, 255], [1, 2, 1]])


def test_black_and_white(tmp_path, grey):
    Image.fromarray(grey > 127).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), np.where(grey > 127, 255, 0))


def test_ink_becomes_grey(tmp_path, grey):
    ink = np.zeros((13, 21, 4), np.uint8)
    ink[..., 3] = grey  # black ink only
    Image.frombytes("CMYK", (21, 13), ink.tobytes()).save(tmp_path / "a.tif")
    np.testing.assert_allclose(read_picture(tmp_path / "a.tif"), 255 - grey, atol=1)


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_become_8(tmp_path, rng, kind, order):
    deep = rng.integers(0, 65536, (13, 21)).astype(f"{order}u2")
    deep.ravel()[:3] = 0, 65535, 300
    Image.frombytes("I;16B" if order == ">" else "I;16", (21, 13), deep.tobytes()).save(tmp_path / f"a.{kind}")
    found = read_picture(tmp_path / f"a.{kind}")
    assert found.dtype == np.uint8
    assert found.ravel()[:3].tolist() == [0, 255, 1]
    np.testing.assert_array_equal(found, np.round(deep.astype(float) / 257))


def test_a_tiff_of_16_bits_in_which_white_is_zero(tmp_path):
    deep = np.array([[0, 257, 65535, 512]], np.uint16)
    Image.fromarray(deep).save(tmp_path / "a.tif", tiffinfo={262: 0})
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif"), [[255, 254, 0, 253]])


def test_a_tiff_of_12_bits(tmp_path):
    """As cameras write it: two levels in three bytes."""
    levels = np.array([[0, 4095], [2048, 16]])
    packed = bytes(byte for a, b in levels.tolist() for byte in (a >> 4, (a & 15) << 4 | b >> 8, b & 255))
    entries = [(256, 3, 2), (257, 3, 2), (258, 3, 12), (259, 3, 1), (262, 3, 1), (273, 4, 8), (278, 3, 2), (279, 4, 6)]
    fields = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    head = struct.pack("<2sHI", b"II", 42, 14)
    (tmp_path / "a.tif").write_bytes(head + packed + struct.pack("<H", len(entries)) + fields + bytes(4))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif"), [[0, 255], [128, 1]])


def test_colours_of_16_bits(tmp_path, rng):
    deep = rng.integers(0, 65536, (13, 21, 3))
    (tmp_path / "a.png").write_bytes(png_of_16_bits(deep))
    np.testing.assert_allclose(read_picture(tmp_path / "a.png"), luma(deep / 257), atol=1.6)


def test_a_photograph_is_turned_upright(tmp_path, grey):
    turned = Image.Exif()
    turned[0x0112] = 6  # it was taken with the camera on its side
    Image.fromarray(grey).save(tmp_path / "a.png", exif=turned)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), np.rot90(grey, -1))


@pytest.mark.parametrize("suffix", [suffix for suffix in SUFFIXES if suffix not in (".jpg", ".jpeg", ".pbm")])
def test_every_kind_that_loses_nothing(tmp_path, grey, suffix):
    Image.fromarray(grey).save(tmp_path / f"a{suffix}", **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read_picture(tmp_path / f"a{suffix}"), grey)


def test_a_photograph_with_a_preview_counts_as_one(tmp_path, grey):
    """Telephones write several JPEGs into one file (MPO)."""
    Image.fromarray(grey).save(
        tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[Image.fromarray(grey[:5])]
    )
    with open_picture(tmp_path / "a.jpg") as picture:
        assert (picture.n_frames, page_count(picture)) == (2, 1)
    assert read_picture(tmp_path / "a.jpg").shape == grey.shape


# --- what is refused --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_numbers_of_32_bits_are_refused(tmp_path, grey, dtype):
    Image.fromarray(grey.astype(dtype)).save(tmp_path / "a.tif")
    with pytest.raises(
        ValueError, match=r"a\.tif': it holds numbers of 32 bits, and none is known to be white; save it"
    ):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", [".tif", ".png", ".gif", ".webp"])
def test_several_pictures_are_refused(tmp_path, grey, suffix):
    others = [Image.fromarray(grey // 2), Image.fromarray(grey // 3)]
    Image.fromarray(grey).save(tmp_path / f"a{suffix}", save_all=True, append_images=others)
    message = (
        rf"cannot read the picture '.*a\{suffix}': it holds 3 pictures; save the one that you need as a file of its own"
    )
    with pytest.raises(ValueError, match=message):
        read_picture(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "a.png"), (b"no picture", "a.tif"), (b"%!PS-Adobe-3.0 EPSF-3.0", "a.jpg")]
)
def test_what_is_no_picture_is_refused(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"it is not a picture of a known kind .{', '.join(KINDS)}"):
        read_picture(tmp_path / name)


@pytest.mark.parametrize("kind", ["png", "tif", "jpg"])
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(tmp_path, rng, kind, part):
    path = tmp_path / f"a.{kind}"
    Image.fromarray(rng.integers(0, 256, (100, 150), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(ValueError, match=f"a.{kind}'"):
        read_picture(path)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", ["png", "tif", "jpg"])
def test_a_file_with_wrong_bytes_is_read_or_refused_in_words(tmp_path, grey, kind, seed):
    path = tmp_path / f"a.{kind}"
    Image.fromarray(grey).save(path)
    content, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    for place in rng.integers(0, len(content), 10):
        content[place] = rng.integers(256)
    path.write_bytes(content)
    try:
        told = f"'{path}' has {read_picture(path).ndim} axes"
    except ValueError as error:
        told = str(error)
    assert f"a.{kind}' has 2 axes" in told or "cannot read the picture" in told or "is not a picture" in told


def test_too_many_pixels_are_refused(tmp_path, monkeypatch, grey):
    Image.fromarray(grey).save(tmp_path / "a.png")
    monkeypatch.setattr(pictures, "MAX_PIXELS", 13 * 21)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png"), grey)
    monkeypatch.setattr(pictures, "MAX_PIXELS", 13 * 21 - 1)
    with pytest.raises(ValueError, match="it has 13 × 21 pixels; at most 272 are read, so cut out a part of it"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("side", [9500, 50_000])  # Pillow warns of the first, and refuses the second itself
def test_pictures_that_unfold_to_gigabytes_are_refused_unread(tmp_path, side):
    content = bytearray(png_of_16_bits(np.zeros((1, 1, 3))))
    content[16:24] = struct.pack(">II", side, side)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    (tmp_path / "bomb.png").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"bomb\.png': it has .* pixels.*; (at most .*)?cut out a part of it|so cut out a part of it"
    ):
        read_picture(tmp_path / "bomb.png")
