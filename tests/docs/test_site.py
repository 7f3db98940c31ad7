"""The site is built without warnings, every link within it leads somewhere, and the reference describes every plugin."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from labrun.contracts.inputs import KINDS
from labrun.registry.registry import Registry

ROOT = Path(__file__).parents[2]
PAGES = {
    "simulations": "simulators",
    "datasets": "datasets",
    "models": "models",
    "analyses": "analyses",
    "samplers": "samplers",
}


class Links(HTMLParser):
    """The ids of a page, what it links to, and what it loads from elsewhere."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids |= {found[key] for key in ("id", "name") if found.get(key)}
        self.links += [found[key] for key in ("href", "src") if found.get(key)]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The built site; from a copy, since the reference is written among the sources."""
    folder = tmp_path_factory.mktemp("site")
    source = folder / "docs"
    generated = [f"{page}.md" for page in PAGES.values()]
    shutil.copytree(ROOT / "docs", source, ignore=shutil.ignore_patterns("_build", "__pycache__", *generated))
    (folder / "projects").symlink_to(ROOT / "projects")  # the page of all projects is included from there
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", source, folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


def test_every_link_of_the_site_leads_somewhere(site):
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                target in pages and parts.fragment and unquote(parts.fragment) not in pages[target].ids
            ):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert len(pages) > 20
    assert broken == []


def test_reference_describes_every_bundled_plugin(site):
    for offer in Registry.installed().offers:
        if offer.distribution != "labrun":
            continue
        text = (site / "reference" / f"{PAGES[offer.section]}.html").read_text(encoding="utf-8")
        assert f">{offer.name}<a" in text
        fields = offer.plugin.model_json_schema().get("properties", {})
        missing = [field for field in fields if f'<span class="pre">{field}</span>' not in text]
        assert missing == []


def test_reference_describes_the_whole_public_api(site):
    import labrun

    text = (site / "reference" / "api.html").read_text(encoding="utf-8")
    elsewhere = {"Field", "hookimpl"}  # those of other libraries
    assert [name for name in labrun.__all__ if name not in elsewhere and f'id="labrun.{name}"' not in text] == []


def test_links_of_pages_lead_somewhere_on_github_too():
    broken = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "projects").glob("*.md")]:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            if (
                not urlsplit(link).scheme
                and not (page.parent / link.partition("#")[0]).exists()
                and not link.startswith("#")
            ):
                broken.append(f"{page.name}: {link}")
    assert broken == []


INNER = {"labrun.kit.fonts"}
"""Modules that other modules of the kit use."""


def test_every_module_for_plugins_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "shared.md").read_text(encoding="utf-8")
    roots = [(ROOT / "core", "labrun/kit/*.py"), (ROOT / "plugins" / "shared", "*/*.py")]
    paths = [path.relative_to(root).with_suffix("") for root, pattern in roots for path in root.glob(pattern)]
    modules = {".".join(path.parts) for path in paths if path.name != "__init__"}
    assert sorted(modules - INNER - set(re.findall(r"automodule:: (\S+)", page))) == []


def test_every_project_is_on_the_page_of_projects():
    page = (ROOT / "projects" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[`(\w+)`\]\(\.\./projects/(\w+)\.yaml\)", page, re.MULTILINE)
    assert all(name == file for name, file in listed)
    assert sorted(name for name, _ in listed) == sorted(path.stem for path in (ROOT / "projects").glob("*.yaml"))


def test_every_page_stands_in_the_contents():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.MULTILINE))
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"} - listed == set()
    assert {f"reference/{name}" for name in PAGES.values()} <= listed
    assert PAGES.keys() == KINDS.keys()
