"""What a node whose operands are wrong should take, and how a name that is taken becomes another one."""

from __future__ import annotations

from collections.abc import Callable, Collection

from archspec.errors import Change, Help, listed
from archspec.language.names import similar_name
from archspec.language.source import Mapping
from archspec.ops import registry


def inputs_help(node: Mapping, inputs: Collection[str]) -> str:
    """For a first node that does not say which of several inputs it takes: all, where its op takes so many."""
    op = node.entries.get("op")
    cls = registry.find(str(op.plain())) if op is not None else None
    least, most = cls.arity if cls is not None else (0, 0)
    if not (least > 1 or most is None) or not least <= len(inputs) <= (most or len(inputs)):
        return f"write `from:` with some of {listed(inputs)}"
    written = f"from: [{', '.join(inputs)}]"
    return Help(f"write `{written}`", Change("set", written))


def moved(nodes: Mapping, name: str, user: str) -> str:
    """For a node that stands below the one that takes it: that it belongs above; one of a line is moved."""
    help, value = f"`{name}` stands below; move it above this node", nodes.entries[name]
    written = value.source.text[value.start : value.end]
    key, place = nodes.keys[name], nodes.keys.get(user)
    if "\n" in written or place is None or not (place.source is key.source is value.source):
        return help
    return Help(help, Change("insert", f"{name}: {written}", place.span), Change("remove", "", key.span))


def other_name(name: str, problem: Callable[[str], str], meaning: Callable[[str], str]) -> str:
    """A help for a name that has a meaning already: a similar one that has none.

    Args:
        name: The name.
        problem: Why something cannot have a name; empty where it can.
        meaning: What a name stands for already; empty where for nothing.
    """
    meant = similar_name(name, lambda each: meaning(each) or problem(each))
    return Help.instead(f"for example `{meant}`", meant) if meant else ""
