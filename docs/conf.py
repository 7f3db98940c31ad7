"""Configuration of the documentation. Build it with `make docs`, then open docs/_build/html/index.html."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "labrun"
author = "The labrun developers"
copyright = "the labrun developers"
release = version = metadata.version("labrun")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "plugin_pages",
    "docstrings",
]
exclude_patterns = ["_build"]

# Pages are Markdown that also reads well on GitHub, with links to headings.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

# The tests run the notebook; the site shows it with its stored output.
nb_execution_mode = "off"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"labrun {release}"
html_static_path = ["_static"]
html_css_files = ["labrun.css"]
html_theme_options = {
    "source_repository": "https://github.com/labrun/labrun/",
    "source_branch": "main",
    "source_directory": "docs/",
}
pygments_style = "friendly"
pygments_dark_style = "github-dark"
