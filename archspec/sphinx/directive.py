"""The directive ``archspec``: the picture of a network, and its table."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

import archspec
from archspec.analysis.cost import roll_up
from archspec.drawing import pictures
from archspec.drawing.drawing import Drawing
from archspec.errors import SpecError, UsageError
from archspec.files import write_all
from archspec.language.assignment import assignment
from archspec.language.places import is_path
from archspec.network import Network
from archspec.reports import table

_SWITCHING = ("furo", "pydata_sphinx_theme", "sphinx_book_theme")
"""Themes with a switch for dark mode, which hide what has the class ``only-light`` or ``only-dark``."""


class DiagramDirective(SphinxDirective):
    """Draws the spec of a path, or the spec that is its content; with ``:block: name`` a block that the spec uses.

    With ``:style: table`` the argument may be several paths or names, which stand side by side.

    With ``:block:`` alone its argument is a block of the library; with ``:partial:`` a spec may be wrong.

    Options are those of `archspec.draw`; of pictures without a ``:theme:`` there is a light and a dark one. Besides
    them: ``:variant:``, ``:set:``, ``:caption:``, ``:alt:``, ``:link:`` (the name of a network in the gallery) and
    ``:table:``, with the number of levels of blocks to open: 1 unless given, 0 for every node.
    """

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        **dict.fromkeys((name.replace("_", "-") for name in pictures.OPTIONS), directives.unchanged_required),
        "block": directives.unchanged,
        "partial": directives.flag,
        "variant": directives.unchanged_required,
        "set": directives.unchanged_required,
        "table": directives.unchanged,
        "caption": directives.unchanged_required,
        "alt": directives.unchanged_required,
        "link": directives.unchanged_required,
        "class": directives.class_option,
        "name": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        """The nodes of the picture and the table."""
        try:
            networks = self._parts()
            for path in sorted(set().union(*map(_files, networks))):
                self.env.note_dependency(str(path))
            found: list[nodes.Node] = [self._figure(networks)]
            if "table" in self.options:
                found += [_table(network, int(self.options["table"] or 1) or None) for network in networks]
        except (SpecError, UsageError, ValueError) as error:
            raise self.error(str(error)) from None
        return found

    def _parts(self) -> list[Network]:
        """The networks: for a table of stages the argument may name several."""
        if self.options.get("style") == "table" and self.arguments and "block" not in self.options:
            return [archspec.compile(self._spec(name), **self._given()) for name in self.arguments[0].split()]
        return [self._part()]

    def _part(self) -> Network:
        """The network, or with ``:partial:`` what compiles of it."""
        try:
            return self._network()
        except SpecError as error:
            if "partial" not in self.options or error.partial is None:
                raise
            return cast("Network", error.partial)

    def _network(self) -> Network:
        """The network, or a block: of the network, or by itself."""
        block = self.options.get("block")
        if block == "":
            return pictures.block_alone(self._block(), None, self._params())
        network = self._whole()
        return pictures.block_alone(block, network) if block else network

    def _whole(self) -> Network:
        if self.arguments:
            return archspec.compile(self._spec(str(self.arguments[0])), **self._given())
        if not self.content:
            raise UsageError("the directive takes the path of a spec, or a spec as its content")
        text = "\n".join(self.content)
        return archspec.compile_text(text, name=f"{self.env.docname} (spec)", root=self.env.srcdir, **self._given())

    def _spec(self, name: str) -> str | Path:
        """The name of a bundled network, or the path of a file."""
        if not is_path(name):
            return name
        _, path = self.env.relfn2path(name)
        self.env.note_dependency(path)
        return Path(os.path.relpath(path))

    def _block(self) -> str:
        """The name of a block of the library, or the path of a file."""
        if not self.arguments:
            raise UsageError("`:block:` alone takes the name or path of a block; of a spec below it, `:block: name`")
        name = str(self.arguments[0])
        if not is_path(name):
            return name
        _, path = self.env.relfn2path(name)
        self.env.note_dependency(path)
        return path

    def _given(self) -> dict[str, Any]:
        return {"variant": self.options.get("variant"), **self._params()}

    def _params(self) -> dict[str, Any]:
        return dict(assignment(text, ":set:") for text in self.options.get("set", "").split())

    def _figure(self, networks: Sequence[Network]) -> nodes.figure:
        figure = nodes.figure(classes=["archspec", *self.options.get("class", ())])
        link = self.options.get("link")
        for picture in self._pictures(networks):
            figure += _linked(picture, link) if link else picture
        if "caption" in self.options:
            inline, messages = self.parse_inline(self.options["caption"], lineno=self.lineno)
            figure += nodes.caption("", "", *inline, *messages)
        self.add_name(figure)
        return figure

    def _pictures(self, networks: Sequence[Network]) -> Iterator[nodes.Element]:
        """One picture, or for a page with a switch a light and a dark one."""
        named = (name.replace("_", "-") for name in pictures.OPTIONS)
        given = {name: self.options[name] for name in named if name in self.options}
        if "theme" in given or self.config.html_theme not in _SWITCHING:
            yield self._image(networks, {"theme": "light", **given})
            return
        yield self._image(networks, {**given, "theme": "light"}, "only-light")
        yield addnodes.only("", self._image(networks, {**given, "theme": "dark"}, "only-dark"), expr="html")

    def _image(self, networks: Sequence[Network], options: Mapping[str, str], *classes: str) -> nodes.image:
        picture = archspec.draw(list(networks), **pictures.options(options))
        stem = self._write("-".join(network.name for network in networks), picture, paged=options["theme"] != "dark")
        return nodes.image(uri=stem, alt=self.options.get("alt") or picture.alt, classes=list(classes))

    def _write(self, name: str, picture: Drawing, *, paged: bool) -> str:
        """Write the files of a picture; builders choose one of them."""
        digest = hashlib.sha256(picture.svg.encode()).hexdigest()[:12]
        stem = Path(self.env.doctreedir, "archspec", f"{name}-{digest}")
        printed = paged and picture.face.is_printed  # a font that only the reader has is none of a PDF
        paths = {kind: stem.with_name(f"{stem.name}.{kind}") for kind in (("svg", "pdf") if printed else ("svg",))}
        write_all({path: picture.data(kind) for kind, path in paths.items() if not path.exists()})
        return "/" + Path(os.path.relpath(stem, self.env.srcdir)).as_posix() + ".*"


def _files(network: Network) -> set[Path]:
    """The files that a network was compiled from."""
    sources = {block.template.source for block in network.blocks.walk()}
    sources |= {node.step.key.source for node in network}
    return {source.path for source in sources if source.path is not None}


def _linked(picture: nodes.Element, name: str) -> nodes.Element:
    image = picture if isinstance(picture, nodes.image) else picture[0]
    link = addnodes.pending_xref(
        "", image, refdomain="archspec", reftype="network", reftarget=name, refexplicit=True, refwarn=True
    )
    return link if image is picture else addnodes.only("", link, expr="html")


def _table(network: Network, depth: int | None) -> nodes.table:
    """The layer table."""
    rows = [table.cells(row) for row in roll_up(network, depth)]
    found = nodes.table(classes=["archspec"])
    group = nodes.tgroup(cols=len(table.HEADINGS))
    group += [nodes.colspec(colwidth=1) for _ in table.HEADINGS]
    group += nodes.thead("", _row(table.HEADINGS))
    group += nodes.tbody("", *map(_row, rows))
    found += group
    return found


def _row(cells: tuple[str, ...]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))
