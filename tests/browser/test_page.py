"""The page of a finished run in a browser: its contents, figures and tables, with mouse and keyboard, and for everybody (WCAG 2.1 AA)."""

from __future__ import annotations

import csv
import io

import pytest

AXE = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})"
MEMBERS = "analyses.classes/members"


def find(page, id, selector=""):
    return page.locator(f'[id="{id}"] {selector}'.strip())


def rows(table):
    return table.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )


@pytest.fixture
def members_table(open_report):
    """The page, and its table of 181 members, unfolded."""
    page = open_report()
    table = find(page, MEMBERS)
    if table.get_attribute("open") is None:
        table.locator("summary").click()
    table.locator(".tools button").first.wait_for()
    return table


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_use_it(open_report, width, scheme):
    """What axe-core can check, with everything unfolded."""
    axe = pytest.importorskip("axe_playwright_python.base")
    page = open_report(width, scheme, bypass_csp=True)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.evaluate(axe.AXE_FILE_PATH.read_text())
    found = page.evaluate(AXE)
    assert len(found["passes"]) > 10
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_contents_stay_in_sight_and_fold_where_there_is_no_room(open_report):
    wide, narrow = open_report(1280), open_report(390)
    wide.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert wide.get_by_role("link", name="Provenance").evaluate("one => one.getBoundingClientRect().top") > 0
    assert find(narrow, "contents").get_attribute("open") is None
    find(narrow, "contents", "summary").click()
    narrow.get_by_role("link", name="Provenance").click()
    assert find(narrow, "contents").get_attribute("open") is None
    assert find(narrow, "provenance", "h2").evaluate("one => one.getBoundingClientRect().top < innerHeight")


def test_search_finds_stages_figures_and_tables_and_enter_goes_there(open_report):
    page = open_report()
    page.keyboard.press("/")
    page.keyboard.type("members tab")
    shown = page.locator(".contents a:visible")
    assert "members table" in [" ".join(text.split()) for text in shown.all_inner_texts()]
    page.keyboard.press("Enter")
    assert find(page, MEMBERS).get_attribute("open") is not None
    assert find(page, MEMBERS).evaluate("one => one.getBoundingClientRect().top < innerHeight")
    page.keyboard.press("/")
    page.keyboard.press("Control+a")
    page.keyboard.type("nothing of this name")
    assert page.get_by_text("Nothing has this name.").is_visible()
    page.keyboard.press("Escape")
    assert page.get_by_role("link", name="Provenance").is_visible()


def test_a_link_unfolds_what_it_leads_to(open_report):
    page = open_report()
    stage = find(page, "simulations.scan")
    assert stage.get_attribute("open") is None
    page.locator('.graph a[href="#simulations.scan"]').click()
    assert stage.get_attribute("open") is not None


def test_the_contents_mark_the_stage_that_a_link_leads_to(open_report):
    page = open_report()
    page.locator('.contents a[href="#analyses.turned"]').first.click()
    page.locator('.contents a[href="#analyses.turned"][aria-current]').wait_for()
    assert page.locator(".contents a[aria-current]").count() == 1


def test_what_is_open_and_the_place_survive_a_reload(open_report):
    page = open_report()
    page.locator('.contents a[href="#simulations.scan"]').first.click()
    top = find(page, "simulations.scan").evaluate("one => one.getBoundingClientRect().top")
    page.reload()
    assert find(page, "simulations.scan").get_attribute("open") is not None
    assert abs(find(page, "simulations.scan").evaluate("one => one.getBoundingClientRect().top") - top) <= 2


def test_a_figure_is_enlarged_saved_and_closed_by_keys(open_report):
    page = open_report()
    button = page.locator("figure.picture .enlarge:visible").first
    name = button.locator("..").get_attribute("data-name")
    button.focus()
    page.keyboard.press("Enter")
    viewer = find(page, "viewer")
    assert viewer.is_visible()
    assert viewer.locator("img").evaluate("one => one.naturalWidth") > 0
    with page.expect_download() as png:
        viewer.get_by_role("button", name="Save PNG").click()
    assert png.value.suggested_filename == f"{name}.png"
    assert png.value.path().read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as svg:
        viewer.get_by_role("button", name="Save SVG").click()
    assert b"<svg" in svg.value.path().read_bytes()[:2000]
    before = viewer.locator("img").get_attribute("src")
    page.keyboard.press("ArrowRight")
    assert viewer.locator("img").get_attribute("src") != before
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert button.evaluate("one => one === document.activeElement")


def test_the_script_writes_cells_as_the_page_does(open_report):
    """Every table of the page, before and after its script drew it."""
    page = open_report()
    count = page.locator("details.table").count()
    assert count > 5
    for i in range(count):
        table = page.locator("details.table").nth(i)
        written = page.evaluate(
            """i => {
              const text = document.querySelectorAll('details.table')[i].outerHTML;
              return [...new DOMParser().parseFromString(text, 'text/html').querySelectorAll('tbody tr')]
                .map(row => [...row.cells].map(cell => cell.textContent));
            }""",
            i,
        )
        table.evaluate(
            "one => { for (let at = one; at; at = at.parentElement) if (at.matches('details')) at.open = true; }"
        )
        table.locator(".tools").wait_for()
        assert rows(table) == written


def test_rows_are_sorted_by_number_and_filtered(members_table, members):
    column = next(name for name in members.columns if members[name].dtype.kind == "f" and members[name].nunique() > 15)
    head = members_table.get_by_role("button", name=column.replace("_", " "), exact=True)
    at = head.evaluate("one => one.closest('th').cellIndex")
    head.click()
    ascending = [float(row[at]) for row in rows(members_table)]
    assert ascending == sorted(ascending)
    assert ascending[0] == pytest.approx(members[column].min(), abs=1e-3)
    head.click()
    assert float(rows(members_table)[0][at]) == pytest.approx(members[column].max(), abs=1e-3)
    assert head.evaluate("one => one.closest('th').getAttribute('aria-sort')") == "descending"
    members_table.get_by_role("searchbox").fill("no such text")
    assert rows(members_table) == []
    assert members_table.get_by_role("status").inner_text() == "no rows"


def test_pages_of_a_long_table(members_table, members):
    first = rows(members_table)
    members_table.get_by_role("button", name="Further rows").click()
    assert rows(members_table)[0] != first[0]
    assert members_table.get_by_role("status").inner_text() == f"13 to 24 of {len(members)}"
    members_table.get_by_role("button", name="Rows before").click()
    assert rows(members_table) == first


def test_a_saved_table_holds_what_the_analysis_found(members_table, run_folder):
    with members_table.page.expect_download() as saved:
        members_table.get_by_role("button", name="Save CSV").click()
    assert saved.value.suggested_filename == "members.csv"
    kept = list(csv.reader(io.StringIO(saved.value.path().read_text(encoding="utf-8"))))
    file = list(csv.reader((run_folder / "analyses/classes/members.csv").read_text(encoding="utf-8").splitlines()))
    assert kept[0] == file[0]
    assert len(kept) == len(file)
    for one, other in zip(kept[1:], file[1:], strict=True):
        for mine, theirs in zip(one, other, strict=True):
            assert mine == theirs or float(mine) == pytest.approx(float(theirs), rel=1e-6)


def test_on_paper_no_figure_is_cut_and_there_are_no_tools(members_table):
    page = members_table.page
    page.emulate_media(media="print")
    assert page.locator("figure.picture").first.evaluate("one => getComputedStyle(one).breakInside") == "avoid"
    assert not page.locator(".tools button:visible").count()
    assert members_table.locator("th").first.inner_text()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.get_by_role("link", name="Provenance").is_visible()
    assert len(page.pdf()) > 10_000
