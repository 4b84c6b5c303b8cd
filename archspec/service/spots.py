"""What each word of a document is for: the key of a node, the name of an op, a value that an argument takes.

One walk over the tree, in the order of the text, which all requests share: completion asks what the spot at the cursor
is, navigation which spots name the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from archspec.language.choice import KINDS
from archspec.language.names import let_form
from archspec.language.spec import BlockFile, Bound, Expect, InlineBlock, NetworkFile, Output, Paper, Param
from archspec.language.tree import Entry, Value
from archspec.ops.op import NODE_KEYS
from archspec.service.outline import Graph, Node, Section


class Target(NamedTuple):
    """The op or block that arguments are for.

    Attributes:
        kind: ``op`` or ``block``.
        name: Its name; that of the section for ``example`` and variants.
        section: Of a block, where its parameters are declared; None where it is not known.
    """

    kind: str
    name: str
    section: Section | None = None


class Spot(NamedTuple):
    """A scalar of a document.

    Attributes:
        value: Where it stands.
        role: What it is for.
        section: The section that it stands in.
        graph: The graph; None outside of one.
        node: The node; None outside of one.
        what: What the role is about: a model whose keys stand here, a target and an argument's name …
        mapping: For a key, the mapping that it stands in.
        local: Names that only an expression of ``let`` sees.
    """

    value: Value
    role: str
    section: Section
    graph: Graph | None = None
    node: Node | None = None
    what: Any = None
    mapping: Value | None = None
    local: tuple[str, ...] = ()

    @property
    def is_key(self) -> bool:
        """Whether it is a key."""
        return self.mapping is not None


def spots(section: Section) -> Iterator[Spot]:
    """All scalars of a file, in order of place within each part."""
    model = BlockFile if section.is_block else NetworkFile
    return _Walk(section).mapping(section.value, model)


class _Walk:
    """The spots of one section."""

    def __init__(self, section: Section) -> None:
        self.section = section
        self.graph = section.graph

    def mapping(self, value: Value, model: type) -> Iterator[Spot]:
        """The spots of the section's own mapping."""
        for entry in value.entries:
            yield from self.key(entry, "key", model)
            inside = entry.value
            if inside is None:
                continue
            method = getattr(self, f"_{entry.name}", None) if entry.name in model.model_fields else None  # type: ignore[attr-defined]
            yield from method(inside) if method else self.scalars(inside, "text", entry.name)

    def key(self, entry: Entry, role: str, what: Any = None, **more: Any) -> Iterator[Spot]:
        """The spot of a key."""
        if entry.key is not None:
            yield Spot(entry.key, role, self.section, what=what, mapping=entry.owner, **more)

    def scalars(self, value: Value | None, role: str, what: Any = None, **more: Any) -> Iterator[Spot]:
        """The spots of a scalar, or of all in a list or mapping, which are for one thing."""
        if value is None:
            return
        if value.kind == "scalar":
            yield Spot(value, role, self.section, what=what, **more)
        for entry in value.entries:
            if entry.key is not None:
                yield Spot(entry.key, "text", self.section, mapping=value, **more)
            yield from self.scalars(entry.value, role, what, **more)

    def keyed(self, value: Value, model: type, roles: dict[str, str]) -> Iterator[Spot]:
        """The spots of a mapping with the keys of a model."""
        for entry in value.entries:
            yield from self.key(entry, "key", model)
            yield from self.scalars(entry.value, roles.get(entry.name, "text"), entry.name)
        if value.kind == "scalar":
            yield from self.scalars(value, "text")

    # Parts of a section

    def _archspec(self, value: Value) -> Iterator[Spot]:
        return self.scalars(value, "version")

    def _extends(self, value: Value) -> Iterator[Spot]:
        return self.scalars(value, "extends")

    def _paper(self, value: Value) -> Iterator[Spot]:
        return self.keyed(value, Paper, {})

    def _params(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "declares-param")
            yield from self._param(entry)

    def _param(self, entry: Entry) -> Iterator[Spot]:
        value = entry.value
        if value is None:
            return
        if value.kind != "mapping":
            yield from self.scalars(value, "default", entry)
            return
        kind = next((key for key in KINDS if key in value.names()), "")
        if kind:
            yield from self.choice(value, kind)
            return
        kind = value.get("type").text if value.get("type") is not None else ""  # type: ignore[union-attr]
        for inner in value.entries:
            yield from self.key(inner, "key", Param)
            if inner.name in ("default", "choices", "min", "max") and inner.value is not None:
                if inner.value.kind == "mapping":
                    yield from self.choice(inner.value, kind)
                else:
                    yield from self.scalars(inner.value, "default", entry)
            else:
                yield from self.scalars(inner.value, f"param-{inner.name}")

    def choice(self, value: Value, kind: str, **more: Any) -> Iterator[Spot]:
        """The spots of an op or block with arguments that is a value."""
        stated = next((entry for entry in value.entries if entry.name in KINDS), None)
        named = stated.value if stated is not None else None
        kind = stated.name if stated is not None else kind
        target = self.target(kind, named.text if named is not None else "")
        for entry in value.entries:
            yield from self.key(entry, "choice-key", target, **more)
            if entry is stated:
                yield from self.scalars(entry.value, kind, **more)
            else:
                yield from self.argument(entry, target, **more)

    def target(self, kind: str, name: str) -> Target:
        """What arguments are for."""
        return Target(kind, name, self.section.block(name) if kind == "block" and name else None)

    def argument(self, entry: Entry, target: Target, **more: Any) -> Iterator[Spot]:
        """The spots of the value of an argument."""
        value = entry.value
        if value is not None and value.kind == "mapping":
            yield from self.choice(value, "", **more)
        else:
            yield from self.scalars(value, "argument", (target, entry.name), **more)

    def _inputs(self, value: Value) -> Iterator[Spot]:
        if value.kind != "mapping":
            yield from self.scalars(value, "declares-input", graph=self.graph)
            return
        for entry in value.entries:
            yield from self.key(entry, "declares-input", graph=self.graph)
            yield from self.scalars(entry.value, "size")

    def _let(self, value: Value) -> Iterator[Spot]:
        return self.lets(value, self.graph)

    def lets(self, value: Value, graph: Graph) -> Iterator[Spot]:
        """The spots of what a graph defines."""
        for entry in value.entries:
            yield from self.key(entry, "declares-let", graph=graph)
            _, parameters = let_form(entry.name)
            yield from self.scalars(entry.value, "let", graph=graph, local=parameters or ())

    def _output(self, value: Value) -> Iterator[Spot]:
        return self.scalars(value, "output", graph=self.graph)

    def _outputs(self, value: Value) -> Iterator[Spot]:
        return self.outputs(value, "output", self.graph)

    def outputs(self, value: Value, role: str, graph: Graph, node: Node | None = None) -> Iterator[Spot]:
        """The spots of outputs by name, or of a list of them."""
        for entry in value.entries:
            yield from self.key(entry, "declares-output", graph=graph, node=node)
            inside = entry.value
            if inside is None or inside.kind == "scalar":
                yield from self.scalars(inside, role, graph=graph, node=node)
                continue
            for inner in inside.entries:
                yield from self.key(inner, "key", Output)
                own = {"from": role, "when": "condition", "training_only": "bool"}
                yield from self.scalars(inner.value, own.get(inner.name, "text"), graph=graph, node=node)
        if value.kind == "scalar":
            yield from self.scalars(value, role, graph=graph, node=node)

    def _blocks(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "declares-block")
            if entry.value is not None and entry.value.kind == "mapping":
                inner = Section(self.section.file, entry.value, entry.name, entry.key, self.section)
                yield from _Walk(inner).mapping(entry.value, InlineBlock)
            else:
                yield from self.scalars(entry.value, "file")

    def _example(self, value: Value) -> Iterator[Spot]:
        own = Target("block", self.section.name, self.section)
        for entry in value.entries:
            yield from self.key(entry, "argument-key", own)
            yield from self.argument(entry, own)

    def _init(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "path", "init")
            yield from self._rule(entry.value)

    def _rule(self, value: Value | None) -> Iterator[Spot]:
        """An initialiser, or initialisers by tensor."""
        if value is None or value.kind != "mapping":
            yield from self.scalars(value, "initialiser")
            return
        from archspec.language.initialisation import FUNCTIONS

        for entry in value.entries:
            yield from self.key(entry, "initialiser-or-tensor")
            inner = entry.value
            if entry.name not in FUNCTIONS:
                yield from self._rule(inner)
            elif inner is not None and inner.kind == "mapping":
                for argument in inner.entries:
                    yield from self.key(argument, "key", FUNCTIONS[entry.name])
                    yield from self.scalars(argument.value, "initialiser-argument", (entry.name, argument.name))
            else:
                yield from self.scalars(inner, "initialiser-argument", (entry.name, ""))

    def _weights(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "text")
            for rule in entry.value.entries if entry.value is not None else ():
                yield from self.key(rule, "text")
                yield from self.scalars(rule.value, "path", "weights")

    def _freeze(self, value: Value) -> Iterator[Spot]:
        return self.scalars(value, "path", "freeze")

    def _override(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "path", "override")
            yield from self._change(entry)

    def _change(self, entry: Entry) -> Iterator[Spot]:
        value = entry.value
        if value is None or value.kind != "mapping":
            yield from self.scalars(value, "node")
            return
        target = self._changed(entry, value)
        for inner in value.entries:
            yield from self.key(inner, "change-key", target)
            yield from self._node_value(inner, target, None)

    def _changed(self, entry: Entry, value: Value) -> Target:
        """What a change is for: what it names, else what the nodes are that its path names."""
        stated = next((inner for inner in value.entries if inner.name in ("op", "block")), None)
        if stated is not None and stated.value is not None:
            return self.target(stated.name, stated.value.text)
        from archspec.service.paths import nodes_at

        for node in nodes_at(self.section, entry.name):
            if node.kind in ("op", "block"):
                return Target(node.kind, node.target, node.block)
        return Target("", "")

    def _variants(self, value: Value) -> Iterator[Spot]:
        own = Target("variant", self.section.name, self.section)
        for entry in value.entries:
            yield from self.key(entry, "declares-variant")
            for inner in entry.value.entries if entry.value is not None else ():
                yield from self.key(inner, "argument-key", own)
                if inner.name == "expect" and inner.value is not None:
                    yield from self._expect(inner.value)
                elif inner.name == "doc":
                    yield from self.scalars(inner.value, "text")
                else:
                    yield from self.argument(inner, own)

    def _expect(self, value: Value) -> Iterator[Spot]:
        for entry in value.entries:
            yield from self.key(entry, "key", Expect)
            inner = entry.value
            if inner is None:
                continue
            if entry.name in ("shapes", "receptive_field", "outputs"):
                for figure in inner.entries:
                    yield from self.key(figure, "output-name" if entry.name == "outputs" else "path", "expect")
                    yield from self.scalars(figure.value, "figure", (entry.name, figure.name))
            elif inner.kind == "mapping":
                yield from self.keyed(inner, Bound, {})
            else:
                yield from self.scalars(inner, "figure", (entry.name, ""))

    # Nodes

    def _graph(self, value: Value) -> Iterator[Spot]:
        return self.nodes(value, self.graph)

    def nodes(self, value: Value, graph: Graph) -> Iterator[Spot]:
        """The spots of the nodes of a graph."""
        known = graph.nodes
        for entry in value.entries:
            node = known.get(entry.name)
            node = node if node is not None and node.entry is entry else Node(graph, entry)
            yield from self.key(entry, "declares-node", graph=graph, node=node)
            inside = entry.value
            if inside is None or inside.kind == "scalar":
                yield from self.scalars(inside, "node", graph=graph, node=node)
                continue
            target = Target(node.kind, node.target, node.block)
            for inner in inside.entries:
                yield from self.key(inner, "node-key", target, graph=graph, node=node)
                yield from self._node_value(inner, target, node)
        if value.kind == "scalar":
            yield from self.scalars(value, "text")

    def _node_value(self, entry: Entry, target: Target, node: Node | None) -> Iterator[Spot]:
        """The spots of the value of a key of a node."""
        value, graph = entry.value, node.graph if node is not None else None
        more: dict[str, Any] = {"graph": graph, "node": node}
        if value is None:
            return
        match entry.name:
            case "graph" if node is not None and node.inner is not None:
                yield from self.nodes(value, node.inner)
            case "let" if node is not None and node.inner is not None:
                yield from self.lets(value, node.inner)
            case "first" | "last":
                for inner in value.entries:
                    yield from self.key(inner, "argument-key", target, **more)
                    yield from self.argument(inner, target, **more)
            case "outputs" if graph is not None:
                yield from self.outputs(value, "inner-output", graph, node)
            case name if name in NODE_KEYS:
                yield from self.scalars(value, _ROLES.get(name, name), **more)
            case _:
                yield from self.argument(entry, target, **more)


_ROLES = {
    "inputs": "declares-input", "output": "inner-output", "when": "condition", "repeat": "count", "each": "rows",
    "as": "declares-loop", "doc": "text", "after": "sibling", "before": "sibling",
}  # fmt: skip
"""What the values of a node's keys are for, where the key's name does not say it."""
