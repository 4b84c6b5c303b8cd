"""What to say of a name that no op or no block has, and of a node that names its kind otherwise."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from archspec.language import library
from archspec.language.source import Mapping, Scalar, Value
from archspec.ops import foreign, registry

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


def kind_help(node: Mapping) -> tuple[str, Value | None]:
    """How to write what a node without a kind is, and the place that says it; empty where nothing does."""
    for word in _KIND_WORDS:
        value = node.entries.get(word)
        if isinstance(value, Scalar) and isinstance(value.value, str):
            return f"write `{_kind_and_name(value.value) or f'op: {value.value}'}`", node.keys[word]
    if len(node.entries) == 1:
        ((name, value),) = node.entries.items()
        if isinstance(value, Mapping) and (meant := _kind_and_name(name)):
            inside = ", ".join(f"{key}: …" for key in value.entries)
            return f"write `{{{meant}{', ' * bool(inside)}{inside}}}`", node.keys[name]
    return "", None


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
    return f"`{name}` is {article} {kind}: write `{kind}: {name}`"
