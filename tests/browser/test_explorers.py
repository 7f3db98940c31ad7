"""Phase maps and montages as a person uses them."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@dataclass
class Explorer:
    """One fragment of the page."""

    root: Any

    @property
    def title(self) -> str:
        return self.root.locator(".explorer-title").inner_text()

    @property
    def parameters(self) -> dict[str, str]:
        names = self.root.locator(".explorer-detail dt").all_inner_texts()
        return dict(zip(names, self.root.locator(".explorer-detail dd").all_inner_texts(), strict=True))

    @property
    def probabilities(self) -> dict[str, str]:
        rows = [row.inner_text().split("\n") for row in self.root.locator(".explorer-detail li").all()]
        return {row[0]: row[-1] for row in rows}

    def legend(self, name: str) -> Any:
        return self.root.locator(".explorer-legend button", has_text=name)

    def pressed(self) -> list[str]:
        return self.root.locator(".explorer-legend button[aria-pressed=true] span").all_inner_texts()


@dataclass
class Map(Explorer):
    """A phase map; places are given in the units of its axes."""

    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def canvas(self) -> Any:
        return self.root.locator(".phase-map-plot canvas")

    def place(self, x: float, y: float) -> dict[str, float]:
        left, top, right, bottom = map(float, self.canvas.get_attribute("data-plot").split())
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        return {"x": left + across * (right - left), "y": bottom - up * (bottom - top)}

    def point(self, x: float, y: float) -> None:
        self.canvas.hover(position=self.place(x, y))

    def click(self, x: float, y: float) -> None:
        self.canvas.click(position=self.place(x, y))

    def colour(self, x: float, y: float) -> tuple[int, ...]:
        """What a person sees there."""
        place = self.place(x, y)
        pixels = read_pixels(self.canvas)
        scale = pixels.shape[1] / self.canvas.evaluate("c => c.clientWidth")
        return tuple(int(v) for v in pixels[round(place["y"] * scale), round(place["x"] * scale), :3])


def read_pixels(canvas: Any) -> np.ndarray:
    """What a canvas shows, (height, width, 4) uint8; read from a copy, since Chromium warns of reading back."""
    width, data = canvas.evaluate(
        """canvas => {
          const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
          const context = copy.getContext("2d", { willReadFrequently: true });
          context.drawImage(canvas, 0, 0);
          const { data } = context.getImageData(0, 0, copy.width, copy.height);
          let text = "";
          for (const byte of data) text += String.fromCharCode(byte);
          return [canvas.width, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(-1, width, 4)


KILL, FEED = (0.0275, 0.0825), (-0.0025, 0.0825)  # half a cell around the points of the scan


def phase_map(page: Any) -> Map:
    return Map(page.locator("[id='analyses.phase_map'] .phase-map"), KILL, FEED)


def turned(page: Any) -> Map:
    return Map(page.locator("[id='analyses.turned'] .phase-map"), FEED, KILL)


def montage(page: Any) -> Explorer:
    return Explorer(page.locator("[id='analyses.montage'] .montage"))


def click_pattern(explorer: Explorer, at: int) -> None:
    """Click the pattern at this place of the order; patterns are 64 × 48 pixels, 70 and 57 from one to the next."""
    scroll = explorer.root.locator(".montage-scroll")
    columns = (scroll.evaluate("s => s.clientWidth") - 6) // 70
    row, column = divmod(at, int(columns))
    position = {"x": 6 + 70 * column + 30, "y": 6 + 57 * row + 20}
    scroll.locator("canvas").click(position=position)


def shown(value: float) -> str:
    return f"{value:.6g}"


def percent(share: float) -> str:
    return f"{100 * share:.{1 if 0.0005 < share < 0.9995 else 0}f} %"


@pytest.mark.parametrize("width", [1280, 390])
def test_pointing_at_a_cell_tells_its_parameters_and_its_class(open_report, members, width):
    page = open_report(width)
    explorer = phase_map(page)
    for number in (3, 40, 111, 150):
        member = members.loc[number]
        explorer.point(member["kill"], member["feed"])
        told = explorer.parameters
        assert (told["kill"], told["feed"]) == (shown(member["kill"]), shown(member["feed"]))
        assert (told["member"], told["note"]) == (str(number), f"<i>{told['note'][3:-4]}</i>")
        novel = ", novel" if member["kill"] > 0.06 else ""
        assert explorer.title == f"{member['class']}, {percent(member['probability'])}{novel}"
        for name, share in explorer.probabilities.items():
            assert share == percent(round(member[f"p_{name}"] * 65535) / 65535)


def test_a_cell_of_two_members_tells_their_mean(open_report, members, scan):
    page = open_report()
    explorer = phase_map(page)
    kill, feed = scan.loc[len(scan) - 1, ["kill", "feed"]]
    explorer.point(kill, feed)
    assert explorer.parameters["members"] == "2"
    assert explorer.root.locator(".explorer-detail canvas").get_attribute("aria-label") == "2 patterns"
    explorer.point(0.03, 0.07)  # in the hole: what was told stays
    assert explorer.parameters["members"] == "2"


def test_the_picture_is_that_of_the_member(open_report, members):
    page = open_report()
    explorer = phase_map(page)
    pictures = []
    for number in (3, 150):
        explorer.point(*members.loc[number, ["kill", "feed"]])
        canvas = explorer.root.locator(".explorer-detail canvas")
        wait_until(lambda canvas=canvas: read_pixels(canvas).std() > 20, f"the picture of member {number}")
        pictures.append(read_pixels(canvas).astype(int))
    assert (pictures[0] != pictures[1]).mean() > 0.2


def test_the_map_has_the_colours_of_the_legend(open_report, members):
    page = open_report()
    explorer = phase_map(page)
    colours = {}
    for button in explorer.root.locator(".explorer-legend button").all():
        name = button.locator("span").inner_text()
        style = button.locator("i").evaluate("i => getComputedStyle(i).backgroundColor")
        colours[name] = tuple(int(v) for v in style[4:-1].split(",")) if style.startswith("rgb(") else None
    assert list(colours) == ["low <b>", "middle & so on", "high", "novel"]  # 'never' has no cell
    for number in (5, 30, 60):
        member = members.loc[number]
        page.mouse.move(0, 0)
        assert explorer.colour(member["kill"] + 0.001, member["feed"] + 0.001) == colours[member["class"]]


def test_a_class_of_the_legend_is_shown_alone_and_all_again(open_report, members):
    page = open_report()
    explorer = phase_map(page)
    low, high = (members[members["class"] == name].iloc[1] for name in ("low <b>", "high"))
    before = [explorer.colour(m["kill"] + 0.001, m["feed"] + 0.001) for m in (low, high)]
    explorer.legend("high").click()
    assert explorer.pressed() == ["high"]
    after = [explorer.colour(m["kill"] + 0.001, m["feed"] + 0.001) for m in (low, high)]
    assert after[1] == before[1]
    assert math.dist(after[0], before[0]) > 60
    explorer.legend("low").click()
    assert explorer.pressed() == ["low <b>"]
    explorer.legend("low").click()
    assert explorer.pressed() == []
    assert [explorer.colour(m["kill"] + 0.001, m["feed"] + 0.001) for m in (low, high)] == before


def test_lines_are_named_below_the_map(open_report):
    key = phase_map(open_report()).root.locator(".phase-map-lines span")
    assert key.all_inner_texts() == ["fold", "<i>"]
    assert [entry.locator("line").get_attribute("stroke-dasharray") for entry in key.all()] == ["", "7 4"]


def test_the_other_panel_shows_the_probability(open_report, members):
    page = open_report()
    explorer = phase_map(page)
    sure, unsure = members.loc[members["probability"].idxmax()], members.loc[members["probability"].idxmin()]
    explorer.root.get_by_role("button", name="probability").click()
    assert explorer.root.locator("[data-panel=class]").get_attribute("aria-pressed") == "false"
    assert explorer.root.locator(".phase-map-scale").inner_text().split() == ["0", "1"]
    brightness = [sum(explorer.colour(m["kill"] + 0.001, m["feed"] + 0.001)) for m in (sure, unsure)]
    assert brightness[0] > brightness[1] + 100


def test_the_arrow_keys_go_from_cell_to_cell(open_report):
    page = open_report()
    explorer = phase_map(page)
    explorer.canvas.focus()
    for key, expected in [
        ("ArrowRight", ("0.035", "0")),
        ("ArrowUp", ("0.035", "0.005")),
        ("ArrowRight", ("0.04", "0.005")),
        ("ArrowDown", ("0.04", "0")),
        ("ArrowDown", ("0.04", "0")),
        ("ArrowLeft", ("0.035", "0")),
    ]:
        page.keyboard.press(key)
        assert (explorer.parameters["kill"], explorer.parameters["feed"]) == expected
    page.keyboard.press("Enter")
    assert turned(page).parameters["kill"] == "0.035"


def test_every_point_of_an_irregular_map_can_be_told_of_and_left(open_report):
    page = open_report()
    explorer = Map(page.locator("[id='analyses.loose_map'] .phase-map"), (0, 1), (0, 1))
    explorer.canvas.focus()
    seen = []
    for _ in range(60):
        page.keyboard.press("ArrowRight")
        seen.append(float(explorer.parameters["kill"]))
    assert len(set(seen)) > 4
    assert seen[-1] > 0.07


def test_a_touch_tells_of_the_cell(open_report, members):
    page = open_report(390, has_touch=True)
    explorer = phase_map(page)
    explorer.canvas.scroll_into_view_if_needed()
    explorer.canvas.tap(position=explorer.place(*members.loc[77, ["kill", "feed"]]))
    assert explorer.parameters["member"] == "77"
    assert montage(page).parameters["member"] == "77"


def test_the_montage_is_sorted_and_tells_of_the_pattern_that_is_clicked(open_report, members):
    page = open_report()
    explorer = montage(page)
    select = explorer.root.locator("select")
    assert select.locator("option").all_inner_texts() == [
        "class: a few of each",
        "probability",
        "kill",
        "feed",
        "novelty",
    ]
    select.select_option("probability")
    falling = members.sort_values("probability", ascending=False, kind="stable")
    click_pattern(explorer, 13)
    assert explorer.parameters["member"] == str(falling.index[13])
    member = falling.iloc[13]
    assert explorer.parameters["kill"] == shown(member["kill"])
    assert explorer.parameters["feed"] == shown(member["feed"])
    assert explorer.title.startswith(f"{member['class']}, {percent(member['probability'])}")
    select.select_option("feed")
    rising = members.sort_values("feed", kind="stable")
    explorer.root.get_by_role("button", name="smallest first").click()
    click_pattern(explorer, 25)
    assert explorer.parameters["member"] == str(rising.index[25])
    select.select_option("novelty")
    click_pattern(explorer, 0)
    assert explorer.parameters["kill"] == "0.03"
    assert explorer.parameters["novelty"] == "0.03"


def test_the_montage_opens_on_a_row_for_each_class(open_report, members):
    page = open_report()
    explorer = montage(page)
    scroll = explorer.root.locator(".montage-scroll")
    columns = int((scroll.evaluate("s => s.clientWidth") - 6) // 70)
    sizes = members["class"].value_counts()
    few = sum(min(columns, size) for size in sizes)
    assert explorer.root.locator(".montage-count").inner_text() == f"{few} of 181 patterns"
    surest = members.groupby("class")["probability"].idxmax()
    scroll.focus()
    page.keyboard.press("Home")
    for name in explorer.root.locator(".explorer-legend button span").all_inner_texts()[: len(sizes)]:
        page.keyboard.press("Enter")
        assert explorer.parameters["member"] == str(surest[name])
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert explorer.title.startswith(name)
    scroll.locator("canvas").click(position={"x": 20, "y": 14})  # the name of the first class
    assert len(explorer.pressed()) == 1


def test_the_montage_draws_what_is_scrolled_to(open_report):
    page = open_report()
    montage(page).root.locator("select").select_option("probability")
    scroll = montage(page).root.locator(".montage-scroll")
    canvas = scroll.locator("canvas")
    for share in (0, 0.5, 1):
        scroll.evaluate("(s, share) => (s.scrollTop = share * s.scrollHeight)", share)
        wait_until(lambda: abs(canvas.bounding_box()["y"] - scroll.bounding_box()["y"]) < 3, "a canvas that follows")
        wait_until(lambda: (read_pixels(canvas)[..., 3] > 0).mean() > 0.6, f"pictures at {share:.0%}")


def test_the_montage_shows_one_class_or_what_is_novel(open_report, members):
    page = open_report()
    explorer = montage(page)
    count = explorer.root.locator(".montage-count")
    explorer.root.locator("select").select_option("probability")
    assert count.inner_text() == "181 patterns"
    explorer.legend("high").click()
    high = members[members["class"] == "high"]
    assert count.inner_text() == f"{len(high)} patterns"
    click_pattern(explorer, 2)
    assert explorer.parameters["member"] == str(
        high.sort_values("probability", ascending=False, kind="stable").index[2]
    )
    explorer.legend("novel").click()
    assert explorer.pressed() == ["novel"]
    assert count.inner_text() == f"{(members['kill'] > 0.06).sum()} patterns"
    explorer.legend("novel").click()
    assert count.inner_text() == "181 patterns"


def test_the_montage_by_keys(open_report, members):
    page = open_report()
    explorer = montage(page)
    explorer.root.locator("select").select_option("probability")
    falling = members.sort_values("probability", ascending=False, kind="stable").index
    scroll = explorer.root.locator(".montage-scroll")
    scroll.focus()
    columns = int((scroll.evaluate("s => s.clientWidth") - 6) // 70)
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
    assert explorer.parameters["member"] == str(falling[columns + 1])
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert explorer.parameters["member"] == str(falling[-1])
    below = scroll.evaluate("s => s.scrollHeight - s.scrollTop - s.clientHeight")
    assert below < 2


def test_what_is_chosen_in_one_is_shown_in_all_of_that_simulation(open_report, members):
    page = open_report()
    explorers = [phase_map(page), turned(page), montage(page)]
    loose = Map(page.locator("[id='analyses.loose_map'] .phase-map"), (0, 1), (0, 1))
    before = loose.parameters
    explorers[2].root.locator("select").select_option("probability")
    explorers[0].click(*members.loc[100, ["kill", "feed"]])
    page.mouse.move(0, 0)
    assert [e.parameters["member"] for e in explorers] == ["100"] * 3
    click_pattern(explorers[2], 0)
    first = members["probability"].idxmax()
    assert [e.parameters.get("member", str(first)) for e in explorers] == [str(first)] * 3
    assert loose.parameters == before


def test_choosing_on_the_map_brings_the_pattern_into_the_montage(open_report, members):
    page = open_report()
    explorer = montage(page)
    explorer.legend("low").click()
    high = members[members["class"] == "high"].index[4]
    phase_map(page).click(*members.loc[high, ["kill", "feed"]])
    assert explorer.pressed() == ["high"]  # the class of the one that was chosen, which is not low
    assert explorer.parameters["member"] == str(high)


def test_thousands_of_patterns_would_be_no_thousands_of_elements(open_report):
    page = open_report()
    for name in ("phase_map", "montage"):
        elements = page.locator(f"[id='analyses.{name}'] .explorer *").count()
        assert elements < 120


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window_in_light_and_dark(open_report, members, width, scheme):
    page = open_report(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    explorer = phase_map(page)
    blank = explorer.colour(0.03, 0.075)
    assert (sum(blank) > 600) is (scheme == "light")
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    assert (sum(explorer.colour(0.03, 0.075)) > 600) is (scheme == "dark")
    page.set_viewport_size({"width": 700, "height": 900})
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    explorer.point(*members.loc[77, ["kill", "feed"]])
    assert explorer.parameters["member"] == "77"
    assert page.evaluate("document.documentElement.scrollWidth") <= 700


def test_everything_has_a_name_for_those_who_do_not_see_it(open_report):
    page = open_report()
    named = "[role=application], [role=img], [role=group], .explorer-detail ul"
    for element in page.locator(".explorer").locator(named).all():
        if element.is_visible():
            assert element.get_attribute("aria-label"), element.evaluate("e => e.outerHTML")
    assert (
        page.locator("[aria-live=polite]:has(.explorer-title):has(dl)").count()
        == page.locator(".explorer").count()
        == 5
    )
    snapshot = montage(page).root.aria_snapshot()
    for part in ('combobox "Show by"', 'button "smallest first"', 'group "Show the patterns of one class"'):
        assert part in snapshot
