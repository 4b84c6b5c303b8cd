"""What can stand at a spot, by what it is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from archspec.language import library, networks
from archspec.language.choice import KINDS as CHOICES
from archspec.language.edits import OF_CHANGES
from archspec.language.evaluation import CONSTANTS, FUNCTIONS
from archspec.language.initialisation import FAMILIES, has_weights
from archspec.language.initialisation import FUNCTIONS as INITIALISERS
from archspec.language.merge import KINDS
from archspec.language.spec import (
    NODE_DOCS,
    REUSE_KEYS,
    TYPES,
    VERSION,
    BlockFile,
    InlineBlock,
    NetworkFile,
    Param,
)
from archspec.language.values import ATTRIBUTES
from archspec.ops import registry
from archspec.service import facts, scope
from archspec.service.outline import Graph, Section
from archspec.service.protocol import CompletionItemKind as Kind
from archspec.service.spots import Spot, Target

_MOST = 1_000
"""Paths and files that are listed."""
_DEEPEST = 4
"""Blocks in blocks whose paths are listed."""


class Candidate(NamedTuple):
    """A text that can stand somewhere.

    Attributes:
        text: It.
        kind: What it is.
        detail: Its type, or where it is from, in a few words.
        doc: What it means, in Markdown.
        rank: What comes first has a smaller one.
    """

    text: str
    kind: Kind
    detail: str = ""
    doc: str = ""
    rank: int = 5


MARK = "\ue000"
"""Stands for the cursor in a text. It is of the characters that Unicode keeps for private use."""


def _typed(spot: Spot) -> str:
    """What has been typed at a spot, on both sides of the cursor."""
    return spot.value.text.replace(MARK, "")


def at(spot: Spot) -> Iterator[Candidate]:
    """What can stand at a spot, expressions left out."""
    if spot.value.style == "*":
        anchors = re.findall(r"(?<=[\s\[{,]&)[\w-]+", spot.section.file.text)
        return _words(dict.fromkeys(anchors), Kind.REFERENCE, "anchor")
    find = _FINDERS.get(spot.role)
    return find(spot) if find else iter(())


def names(spot: Spot) -> Iterator[Candidate]:
    """What an expression at a spot can ask for."""
    seen: set[str] = set()
    for name, what in scope.asked(spot):
        if name not in seen:
            seen.add(name)
            yield Candidate(name, Kind.VARIABLE, what, _param_doc(spot.section, name) if what == "parameter" else "", 1)
    yield from (Candidate(name, Kind.FUNCTION, "function", rank=3) for name in FUNCTIONS)
    yield from (Candidate(name, Kind.CONSTANT, rank=4) for name in CONSTANTS if name.islower())
    yield from (Candidate(word, Kind.OPERATOR, rank=6) for word in ("if", "else", "and", "or", "not", "in"))


def attributes(spot: Spot, owner: str) -> Iterator[Candidate]:
    """What stands behind the dot of a name in an expression."""
    yield from (Candidate(name, Kind.PROPERTY, "size") for name in ATTRIBUTES)
    node = spot.graph.node(owner) if spot.graph is not None else None
    if node is not None:
        yield from (
            Candidate(port, Kind.PROPERTY, "output", rank=1) for port in scope.ports(node) if port.isidentifier()
        )
    yield from (Candidate(name, Kind.FIELD, "item of the row", rank=1) for name in _items(spot, owner))


def _items(spot: Spot, owner: str) -> list[str]:
    """The items of the rows that a name of ``as`` stands for."""
    for node in spot.node.around() if spot.node is not None else ():
        if owner in node.loops:
            rows = [row.value for row in (node.rows.entries if node.rows is not None else ())]
            return list(dict.fromkeys(key for row in rows if row is not None for key in row.names()))
    return []


def _param_doc(section: Section, name: str) -> str:
    found = section.param(name)
    return facts.declared(found[1]).doc if found else ""


# Keys


def _model_keys(spot: Spot) -> Iterator[Candidate]:
    model = spot.what
    required = {info.alias or name: info.is_required() for name, info in model.model_fields.items()}
    docs = model.docs() if hasattr(model, "docs") else {}
    if model is not InlineBlock and "extends" in required:
        required = dict.fromkeys(required, False) | {"archspec": True} if _extends(spot) else required
    if model is Param:  # what is typed may become a value with arguments
        yield from (Candidate(kind, Kind.PROPERTY, doc=NODE_DOCS[kind], rank=4) for kind in CHOICES)
    if model is NetworkFile and "name" not in spot.section.value.names():  # it may become the file of a block
        yield Candidate("block", Kind.PROPERTY, "instead of a name", BlockFile.docs()["block"], 2)
    for name, needed in required.items():
        yield Candidate(name, Kind.PROPERTY, "required" if needed else "", docs.get(name, ""), 1 if needed else 3)


def _extends(spot: Spot) -> bool:
    return "extends" in spot.section.value.names()


def _arguments(target: Target) -> Iterator[Candidate]:
    for each in facts.arguments(target):
        detail = f"{each.type}, required" if each.required else f"{each.type} = {each.default}"
        yield Candidate(each.name, Kind.FIELD, detail, each.doc, 1 if each.required else 2)


def _node_keys(spot: Spot) -> Iterator[Candidate]:
    target: Target = spot.what
    stated = [key for key in (spot.mapping.names() if spot.mapping is not None else ()) if key in KINDS]
    yield from _arguments(target)
    other = spot.node.other if spot.node is not None else None
    if other is not None:  # `null` removes one that it had
        yield from _arguments(Target(other.kind, other.target, other.block))
    keys = dict(NODE_DOCS)
    if target.kind == "reuse":
        keys = {key: text for key, text in keys.items() if key in REUSE_KEYS}
    if target.kind == "graph":
        keys["let"] = "Names for values, and functions, that expressions of the graph ask for."
    if not _extends(spot):
        keys = {key: text for key, text in keys.items() if key not in ("after", "before")}
    for key, text in keys.items():
        rank = (1 if key in KINDS else 6) if not stated else (9 if key in KINDS else 4)
        yield Candidate(key, Kind.PROPERTY, doc=text, rank=rank)


def _change_keys(spot: Spot) -> Iterator[Candidate]:
    yield from _arguments(spot.what)
    yield from (Candidate(key, Kind.PROPERTY, doc=NODE_DOCS[key], rank=4) for key in sorted(OF_CHANGES))


def _choice_keys(spot: Spot) -> Iterator[Candidate]:
    yield from (Candidate(kind, Kind.PROPERTY, doc=NODE_DOCS[kind], rank=3) for kind in CHOICES)
    yield from _arguments(spot.what)


def _argument_keys(spot: Spot) -> Iterator[Candidate]:
    target: Target = spot.what
    if target.kind == "variant":
        yield Candidate("expect", Kind.PROPERTY, doc="The figures of the variant.", rank=4)
        yield Candidate("doc", Kind.PROPERTY, doc="What the variant is.", rank=4)
    yield from _arguments(target)


def _initialiser_keys(spot: Spot) -> Iterator[Candidate]:
    yield from _initialisers(spot)
    tensors = ("weight", "bias")
    yield from (Candidate(name, Kind.FIELD, "tensor", rank=2) for name in tensors)


# Names of ops, blocks and files


def _ops(spot: Spot) -> Iterator[Candidate]:
    yield from (Candidate(name, Kind.CLASS, "op", facts.summary(name), 3) for name in registry.names())
    yield from _of_params(spot, "op")


def _blocks(spot: Spot) -> Iterator[Candidate]:
    for section in spot.section.lineage():
        yield from (Candidate(name, Kind.MODULE, "block of this file", rank=1) for name in section.blocks)
    for name in library.blocks():
        block = spot.section.file.files.block(name, spot.section.file)
        yield Candidate(name, Kind.MODULE, "block", facts.doc_of(block) if block else "", 3)
    yield from _of_params(spot, "block")
    yield from _networks(spot)
    yield from _files(spot)


def _of_params(spot: Spot, kind: str) -> Iterator[Candidate]:
    """Parameters that stand for an op or a block."""
    for name, param in facts.params_of(spot.section).items():
        if param.kind == kind:
            yield Candidate(f"${name}", Kind.VARIABLE, "parameter", param.doc, 1)


def _networks(_: Spot) -> Iterator[Candidate]:
    yield from (Candidate(name, Kind.MODULE, "network", rank=6) for name in networks.names())


def _files(spot: Spot) -> Iterator[Candidate]:
    """Files beside the spec, with the dot and slash that have been typed."""
    path = spot.section.file.path
    start = "./" if _typed(spot).startswith(".") else ""
    try:
        found = sorted(other for other in islice(path.parent.glob("*.y*ml"), _MOST) if other != path)
    except OSError:
        return
    yield from (Candidate(f"{start}{other.name}", Kind.FILE, "file", rank=7) for other in found)


def _extended(spot: Spot) -> Iterator[Candidate]:
    yield from _networks(spot)
    if spot.section.is_block:
        yield from _words(library.blocks(), Kind.MODULE, "block")
    yield from _files(spot)


def _node(spot: Spot) -> Iterator[Candidate]:
    """A bare word that is a node."""
    yield from (Candidate(name, Kind.CLASS, "op", facts.summary(name), 3) for name in registry.names())
    yield from _of_params(spot, "op")
    yield from _of_params(spot, "block")
    if _extends(spot) or spot.graph is None:
        yield Candidate("null", Kind.CONSTANT, "removes it" if spot.graph else "passes its input through", rank=8)


# Names of nodes


def _from(spot: Spot) -> Iterator[Candidate]:
    if spot.graph is not None:
        yield from _words(dict.fromkeys(scope.taken(spot.graph, spot.node)), Kind.REFERENCE)


def _reuse(spot: Spot) -> Iterator[Candidate]:
    for node in scope.above(spot.graph, spot.node) if spot.graph is not None else ():
        yield Candidate(node.name, Kind.REFERENCE, node.target)
        if node.has_copies:
            yield from (Candidate(f"{node.name}.{copy}", Kind.REFERENCE, node.target) for copy in ("0", "-1"))


def _output(spot: Spot) -> Iterator[Candidate]:
    if spot.graph is not None:
        yield from _words(dict.fromkeys(scope.taken(spot.graph, None)), Kind.REFERENCE)


def _inner_output(spot: Spot) -> Iterator[Candidate]:
    inside = spot.node.inside() if spot.node is not None else None
    if inside is not None:
        yield from _words(dict.fromkeys(scope.taken(inside, None)), Kind.REFERENCE)


def _siblings(spot: Spot) -> Iterator[Candidate]:
    if spot.graph is not None:
        yield from _words(spot.graph.all_nodes(), Kind.REFERENCE)


def _node_names(spot: Spot) -> Iterator[Candidate]:
    """In a file that extends another, the nodes there, to be changed."""
    for graph in list(spot.graph.lineage())[1:] if spot.graph is not None else ():
        yield from (Candidate(name, Kind.REFERENCE, node.target) for name, node in graph.nodes.items())


def _params_above(spot: Spot) -> Iterator[Candidate]:
    for section in list(spot.section.lineage())[1:]:
        yield from _words(section.params, Kind.VARIABLE)


def _paths(spot: Spot) -> Iterator[Candidate]:
    """Paths of nodes and blocks; for ``init`` ops too."""
    if spot.what == "init":
        yield from (Candidate(name, Kind.CLASS, "its nodes", rank=3) for name in registry.names() if _initialised(name))
        yield from (Candidate(name, Kind.CLASS, "all normalisations", rank=2) for name in FAMILIES)
    if spot.what == "weights":
        yield Candidate("null", Kind.CONSTANT, "left out", rank=8)
    typed = tuple(_typed(spot).split("."))
    yield from _words(dict.fromkeys(islice(_within(spot.section.graph, (), typed), _MOST)), Kind.REFERENCE)


def _initialised(name: str) -> bool:
    cls = registry.find(name)
    return cls is not None and has_weights(cls)


def _within(graph: Graph, names: tuple[str, ...], typed: tuple[str, ...]) -> Iterator[str]:
    """The paths of the nodes of a graph and of those inside; of copies, the one that is typed, else the first.

    Args:
        graph: The graph.
        names: The names that lead to it.
        typed: The names of what has been typed.
    """
    inner: list[tuple[Graph, tuple[str, ...]]] = []
    for node in graph.all_nodes().values():
        path = (*names, node.name)
        yield ".".join(path)
        if node.has_copies:
            told = typed[len(path)] if len(path) < len(typed) else ""
            for copy in dict.fromkeys(("0", "*")):
                yield ".".join((*path, copy))
            path = (*path, told if told.isdecimal() or told == "*" else "0")
            yield ".".join(path)
        inside = node.inside()
        if inside is not None:
            inner.append((inside, path))
    for inside, path in inner if len(names) < _DEEPEST else ():
        yield from _within(inside, path, typed)


def _output_names(spot: Spot) -> Iterator[Candidate]:
    return _words(scope.outputs_of(spot.section), Kind.REFERENCE)


def _words(words: Iterable[str], kind: Kind, detail: str = "") -> Iterator[Candidate]:
    """Words in the order in which they are given."""
    return (Candidate(word, kind, detail) for word in words)


# Values


def _argument(spot: Spot) -> Iterator[Candidate]:
    target, name = spot.what
    found = facts.argument(target, name)
    if found is None:
        return
    for value in found.values:
        yield Candidate(value, Kind.ENUM_MEMBER, found.type, rank=2)
    if found.default not in ("required", "null", *found.values) and not found.default.startswith("{"):
        yield Candidate(found.default, Kind.VALUE, "default", rank=3)
    if found.kind:
        yield from (_ops if found.kind == "op" else _blocks)(spot)
    yield from _parameters(spot)


def _parameters(spot: Spot) -> Iterator[Candidate]:
    """Names that a value can ask for alone."""
    seen: set[str] = set()
    for name, what in scope.asked(spot):
        if what not in ("node", "input") and name not in seen and name != "operand":
            seen.add(name)
            yield Candidate(f"${name}", Kind.VARIABLE, what, rank=4)


def _default(spot: Spot) -> Iterator[Candidate]:
    """The value of a parameter, of the type that is stated: what is being typed says none."""
    declared = spot.what.value
    stated = declared.get("type") if declared is not None else None
    base = _extended_param(spot)
    kind = stated.text if stated is not None else str((base and base.kind) or "")
    told = facts.plain(declared.get("choices")) if declared is not None and declared.get("choices") else None
    choices = told if isinstance(told, list) else (base and base.choices) or ()
    yield from (Candidate(str(choice), Kind.ENUM_MEMBER, rank=1) for choice in choices)
    if kind in ("", "bool"):
        yield from _booleans(spot)
    owner = spot.value.owner
    if kind in ("op", "block"):
        yield from (_ops if kind == "op" else _blocks)(spot)
    elif owner is not None and owner.key is None:  # an item of a row
        yield from (*_blocks(spot), *_ops(spot))
    yield Candidate("null", Kind.CONSTANT, rank=8)
    yield from _parameters(spot)


def _extended_param(spot: Spot) -> Param | None:
    """The parameter as what is extended declares it."""
    base = list(spot.section.lineage())[1:]
    return facts.params_of(base[0]).get(spot.what.name) if base else None


def _booleans(_: Spot) -> Iterator[Candidate]:
    return _words(("true", "false"), Kind.CONSTANT)


def _conditions(spot: Spot) -> Iterator[Candidate]:
    yield from _parameters(spot)
    yield from _booleans(spot)


def _initialisers(_: Spot) -> Iterator[Candidate]:
    for name, cls in INITIALISERS.items():
        yield Candidate(name, Kind.FUNCTION, "torch.nn.init", (cls.__doc__ or "").strip().split("\n")[0])
    yield Candidate("null", Kind.CONSTANT, rank=8)


def _initialiser_argument(spot: Spot) -> Iterator[Candidate]:
    function, name = spot.what
    cls = INITIALISERS.get(function)
    properties = cls.model_json_schema().get("properties", {}) if cls is not None and cls.model_fields else {}
    yield from _words(facts.texts(properties.get(name, {})), Kind.ENUM_MEMBER)
    yield from _parameters(spot)


def _types(_: Spot) -> Iterator[Candidate]:
    return _words(sorted(TYPES), Kind.ENUM_MEMBER)


def _version(_: Spot) -> Iterator[Candidate]:
    return _words((str(VERSION),), Kind.CONSTANT)


_FINDERS: dict[str, Callable[[Spot], Iterator[Candidate]]] = {
    "key": _model_keys, "node-key": _node_keys, "change-key": _change_keys, "choice-key": _choice_keys,
    "argument-key": _argument_keys, "initialiser-or-tensor": _initialiser_keys, "op": _ops, "block": _blocks,
    "file": _files, "extends": _extended, "node": _node, "from": _from, "reuse": _reuse, "output": _output,
    "inner-output": _inner_output, "sibling": _siblings, "declares-node": _node_names,
    "declares-param": _params_above, "path": _paths, "output-name": _output_names, "argument": _argument,
    "default": _default, "bool": _booleans, "param-nullable": _booleans, "param-type": _types,
    "condition": _conditions, "count": _parameters, "rows": _parameters, "size": _parameters, "let": _parameters,
    "initialiser": _initialisers, "initialiser-argument": _initialiser_argument, "version": _version,
}  # fmt: skip
