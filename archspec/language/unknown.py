"""What to say of a name that no op or no block has."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from archspec.language import library
from archspec.ops import foreign, registry


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
    if not meant or foreign.ours(name, known):
        return foreign.name_hint(name, known)
    article = "an" if other == "op" else "a"
    return f"`{meant}` is {article} {other}: write `{other}: {meant}`"
