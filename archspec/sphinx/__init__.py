"""A Sphinx extension: pictures of networks, and pages on ops, blocks, errors and networks.

``extensions = ["archspec.sphinx"]`` gives the directive ``archspec`` and the roles ``archspec:op``, ``archspec:block``,
``archspec:error`` and ``archspec:network``, which link to pages made at each build:

- ``archspec_reference = "reference"``: a folder for a page on each op, block and error.
- ``archspec_gallery = "gallery"`` with ``archspec_gallery_specs = ["../specs/*.yaml"]``: one for a page on each spec.

These pages are Markdown, so that the project needs ``myst_parser``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

import archspec
from archspec.files import read
from archspec.sphinx import pages
from archspec.sphinx.directive import DiagramDirective
from archspec.sphinx.domain import ArchspecDomain

_STATIC = Path(__file__).parent / "static"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_config_value("archspec_reference", "", "env", str)
    app.add_config_value("archspec_gallery", "", "env", str)
    app.add_config_value("archspec_gallery_specs", [], "env", list)
    app.add_directive("archspec", DiagramDirective)
    app.add_domain(ArchspecDomain)
    app.add_css_file("archspec.css")
    app.connect("builder-inited", _write_pages)
    app.connect("builder-inited", _add_static)
    app.connect("build-finished", _write_interactive)
    return {"version": archspec.__version__, "parallel_read_safe": True, "parallel_write_safe": True}


def _write_pages(app: Sphinx) -> None:
    config = app.config
    if config.archspec_reference:
        pages.write(Path(app.srcdir, config.archspec_reference), pages.reference())
    if config.archspec_gallery:
        folder = Path(app.srcdir, config.archspec_gallery)
        pages.write(folder, pages.gallery(_specs(app), folder))


def _specs(app: Sphinx) -> list[Path]:
    """The specs of the gallery: of the files, those that are no blocks."""
    files = [path for pattern in app.config.archspec_gallery_specs for path in sorted(Path(app.srcdir).glob(pattern))]
    return [path for path in files if not re.search(rb"^block:", read(path), re.MULTILINE)]


def _write_interactive(app: Sphinx, exception: Exception | None) -> None:
    """Write the pages to click on that the gallery links to."""
    if exception is None and app.config.archspec_gallery and app.builder.format == "html":
        folder = Path(app.outdir, app.config.archspec_gallery)
        for path in _specs(app):
            archspec.draw(os.path.relpath(path), folder / pages.interactive(path))


def _add_static(app: Sphinx) -> None:
    app.config.html_static_path.append(str(_STATIC))
