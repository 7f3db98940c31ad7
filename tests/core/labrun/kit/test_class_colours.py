from __future__ import annotations

from labrun.kit.class_colours import class_colours

NAMES = [f"class {i}" for i in range(23)]


def test_more_classes_begin_again():
    colours = class_colours(NAMES)
    assert colours[:20] == class_colours(NAMES[:20])
    assert colours[20:] == colours[:3]


def test_an_order_keeps_the_colours_of_another_picture():
    first = dict(zip("abc", class_colours("abc"), strict=True))
    second = dict(zip("axc", class_colours("axc", order="abc"), strict=True))
    assert (second["a"], second["c"]) == (first["a"], first["c"])
    assert second["x"] not in first.values()
