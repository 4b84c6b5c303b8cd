"""Links to the pages on ops, blocks, errors and networks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from docutils.nodes import Element, reference
from sphinx import addnodes
from sphinx.builders import Builder
from sphinx.domains import Domain, ObjType
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole
from sphinx.util.nodes import make_refnode

from archspec.language import library
from archspec.ops import registry
from archspec.reports import explanations

KINDS = ("op", "block", "error", "network")


class ArchspecDomain(Domain):
    """Roles ``archspec:op``, ``archspec:block``, ``archspec:error`` and ``archspec:network``."""

    name = "archspec"
    label = "archspec"
    object_types = {kind: ObjType(kind, kind) for kind in KINDS}  # noqa: RUF012 - Sphinx declares them so
    roles = {kind: XRefRole(warn_dangling=True) for kind in KINDS}  # noqa: RUF012
    dangling_warnings = {kind: f"there is no page on the {kind} %(target)s" for kind in KINDS}  # noqa: RUF012

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: addnodes.pending_xref,
        contnode: Element,
    ) -> reference | None:
        """The link to the page of a name, or None where there is no such page."""
        docname = self._page(typ, target)
        return make_refnode(builder, fromdocname, docname, "", contnode, target) if docname in env.all_docs else None

    def resolve_any_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        target: str,
        node: addnodes.pending_xref,
        contnode: Element,
    ) -> list[tuple[str, reference]]:
        """The links to all pages of a name."""
        links = [(kind, self.resolve_xref(env, fromdocname, builder, kind, target, node, contnode)) for kind in KINDS]
        return [(f"archspec:{kind}", link) for kind, link in links if link is not None]

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """All that has a page, for the search and for other projects."""
        names: dict[str, Iterable[str]] = {
            "op": registry.ops(),
            "block": library.blocks(),
            "error": explanations.codes(),
        }
        folder = f"{self.env.config.archspec_gallery}/"
        networks = [doc.removeprefix(folder) for doc in self.env.all_docs if folder != "/" and doc.startswith(folder)]
        for kind, known in [*names.items(), ("network", [name for name in networks if name != "index"])]:
            for name in known:
                docname = self._page(kind, name)
                if docname in self.env.all_docs:
                    yield name, name, kind, docname, "", 1

    def _page(self, kind: str, name: str) -> str:
        config = self.env.config
        return (
            f"{config.archspec_gallery}/{name}" if kind == "network" else f"{config.archspec_reference}/{kind}s/{name}"
        )

    def merge_domaindata(self, docnames: Set[str], otherdata: dict[str, Any]) -> None:
        """There is none: a name says its page."""
