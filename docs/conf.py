"""Settings of the documentation, which ``make docs`` builds with Sphinx.

Input: the pages of this folder, the docstrings of the package, and the scripts of ``examples``, which are
executed. Output: web pages in ``build/docs`` that need no network.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer

import ecg_facial

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tools"))

from write_keys import write_keys  # noqa: E402  # tools is no package
from write_tree import write_tree  # noqa: E402  # as above

shutil.rmtree(DOCS / "generated" / "api", ignore_errors=True)  # pages of names that are gone
write_keys(DOCS / "generated" / "keys.md")
write_tree(DOCS / "generated" / "tree.md")

project = "ecg_facial"
author = "the authors of ecg_facial"
copyright = "2026, the authors of ecg_facial"  # Sphinx asks for this name
version = release = ecg_facial.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["generated/gallery/GALLERY_HEADER.rst"]
nitpicky = False
default_role = "py:obj"
toc_object_entries = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # types stand in the signature and in the docstring
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# Examples run in one process, in the order of their names; a failing example fails the build.
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["generated/gallery"],
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1,
    "abort_on_example_error": True,
    "image_srcset": ["2x"],
    "write_computation_times": False,
    "show_signature": False,
    "capture_repr": (),
}
# a figure is shown by the page, not by a window
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

html_theme = "pydata_sphinx_theme"
html_title = "ecg_facial"
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": {"[!g]*": ["page-toc"]},  # not on generated pages, whose code needs the room
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": False,
    "header_links_before_dropdown": 6,
}


def describe_constant(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Show what stands below a public constant in its module; Sphinx shows what its type says of itself."""
    home = ecg_facial._HOMES.get(name.removeprefix("ecg_facial."))
    if what == "data" and home:
        module = ModuleAnalyzer.for_module(f"ecg_facial.{home}")
        lines[:] = module.find_attr_docs()["", name.rpartition(".")[2]]


def setup(app: Sphinx) -> None:
    """Connect the function above."""
    app.connect("autodoc-process-docstring", describe_constant)
