"""What to say of a name that no op or no block has, and of a node that names its kind otherwise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from archspec.errors import Change, Help
from archspec.language import library
from archspec.language.source import Mapping, Scalar, Value
from archspec.ops import foreign, registry
from archspec.ops.op import NODE_KEYS

_KIND_WORDS = (
    "type",
    "module",
    "layer",
    "class",
    "class_name",
    "kind",
    "operation",
    "layer_type",
    "_target_",
    "target",
)
"""Keys by which other tools say what a node is."""


def kind_help(key: Scalar, node: Mapping) -> tuple[str, Value | None]:
    """How to write what a node without a kind is, and the place that says it; empty where nothing does."""
    for word in _KIND_WORDS:
        value = node.entries.get(word)
        if isinstance(value, Scalar) and isinstance(value.value, str):
            written = _kind_and_name(value.value) or f"op: {value.value}"
            return Help(f"write `{written}`", Change("state", written)), node.keys[word]
    if len(node.entries) == 1:
        ((name, value),) = node.entries.items()
        if isinstance(value, Mapping) and (meant := _kind_and_name(name)):
            inside = ", ".join(f"{key}: …" for key in value.entries)
            help = f"write `{{{meant}{', ' * bool(inside)}{inside}}}`"
            written = value.source.text[value.start : value.end]
            if value.entries and written.startswith("{") and node.source.text.startswith("{", node.start):
                change = Change("replace", f"{{{meant}, {written[1:]}", node.span)
                return Help(help, change), node.keys[name]
            return help, node.keys[name]
    op = _op_of_name(str(key.value))
    first = next(iter(node.keys.values()), None)
    if op and first is not None and _takes(op, node):
        return Help(f"write `op: {op}`", Change("insert", f"op: {op}", first.span)), None
    return "", None


def node_help(key: Scalar, value: Value) -> str:
    """How to write what a name stands for whose value is no node; empty where nothing says it.

    ``relu:`` is ``relu: relu``, ``conv: [conv, 64, 3]`` has the arguments in the order of the op, and a list of ops is
    a group.
    """
    plain, op = value.plain(), _op_of_name(str(key.value))
    if plain is None and op:
        return Help(f"write `{key.value}: {op}`", Change("state", f"{key.value}: {op}", key.span))
    if not isinstance(plain, list) or not plain:
        return ""
    if all(isinstance(each, str) and registry.find(each) for each in plain):
        return Help.instead(f"write `{{graph: [{', '.join(plain)}]}}`", f"{{graph: [{', '.join(plain)}]}}")
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in plain[1:]):
        return ""
    kind, _, name = _kind_and_name(str(plain[0])).partition(": ")
    fields = list(registry.ops()[name].model_fields) if kind == "op" else []
    if len(plain) < 2 or len(plain) - 1 > len(fields):
        return ""
    given = ", ".join(f"{field}: {each}" for field, each in zip(fields, plain[1:], strict=False))
    return Help.instead(f"write `{{op: {name}, {given}}}`", f"{{op: {name}, {given}}}")


def conflict_help(node: Mapping) -> str:
    """Which of `op` and `block` to remove from a node that says both; empty where its arguments do not tell."""
    op = node.entries.get("op")
    if op is None or "block" not in node.entries or registry.find(str(op.plain())) is None:
        return ""
    unfit = "block" if _takes(str(op.plain()), node) else "op"
    return Help(f"remove `{unfit}`, which the arguments do not fit", Change("remove", "", node.keys[unfit].span))


def _op_of_name(name: str) -> str:
    """``conv`` for a node that is called ``conv2``; empty for one that is called like no op."""
    name = name.rstrip("0123456789").rstrip("_")
    return name if registry.find(name) is not None else ""


def _takes(op: str, node: Mapping) -> bool:
    """Whether all arguments of a node are such as an op has."""
    return node.entries.keys() <= registry.ops()[op].model_fields.keys() | NODE_KEYS


def _kind_and_name(name: str) -> str:
    """``op: conv`` for ``Conv2d``; empty for the name of nothing."""
    for kind, known in (("op", registry.names()), ("block", list(library.blocks()))):
        if meant := foreign.ours(name, known):
            return f"{kind}: {meant}"
    return ""


def name_help(name: str, kind: Literal["op", "block"], own: Collection[str] = ()) -> str:
    """How to write what was meant; empty where nothing is known of it.

    Args:
        name: The name that stands there.
        kind: What should have that name.
        own: The blocks of the file itself.
    """
    ops, blocks = registry.names(), [*own, *library.blocks()]
    known, others, other = (ops, blocks, "block") if kind == "op" else (blocks, ops, "op")
    meant = name if name in others else foreign.ours(name, others)
    if meant and not foreign.ours(name, known):
        return _of_the_other_kind(meant, other)
    hint = foreign.name_hint(name, known)
    near = foreign.ours(foreign.similar(name, others), others) if not hint else ""
    return _of_the_other_kind(near, other) if near else hint


def _of_the_other_kind(name: str, kind: str) -> str:
    article = "an" if kind == "op" else "a"
    return Help(f"`{name}` is {article} {kind}: write `{kind}: {name}`", Change("state", f"{kind}: {name}"))
