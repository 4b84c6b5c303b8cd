"""Facts of a content, or of what holds it, that are worked out once and kept with it.

Contents of the library's blocks, and ops wherever they stand, are those of later networks too, so that what a network
has in common with the one before is known. What is kept goes when its content does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from typing_extensions import override

from archspec.network.content import Applied, Body
from archspec.network.network import Network
from archspec.network.views import Block

_Content = TypeVar("_Content", Applied, Body, Block, Network)
_Fact = TypeVar("_Fact")


class _Facts(dict[Any, Any]):
    """What is kept with an object. It stays in the process: what is pickled or copied deeply begins without."""

    @override
    def __reduce__(self) -> tuple[type[_Facts], tuple[()]]:
        return _Facts, ()


def _facts(owner: Applied | Body | Block | Network) -> _Facts:
    known: _Facts | None = owner.__dict__.get("_facts")
    if known is None:
        known = owner.__dict__["_facts"] = _Facts()
    return known


def kept(work: Callable[[_Content], _Fact]) -> Callable[[_Content], _Fact]:
    """A function of a content, a block or a network that depends on nothing else: of one object it is called once.

    >>> import archspec
    >>> @kept
    ... def name(applied):
    ...     print("asked")
    ...     return applied.op.name
    >>> node = archspec.compile("specs/lenet.yaml")["fc3"]
    >>> name(node.applied), name(node.applied)
    asked
    ('linear', 'linear')
    """

    @wraps(work)
    def found(content: _Content) -> _Fact:
        facts = _facts(content)
        if work not in facts:
            facts[work] = work(content)
        fact: _Fact = facts[work]
        return fact

    return found


def kept_inside(work: Callable[[Block], _Fact]) -> Callable[[Block], _Fact]:
    """A function of a block that depends on its content, on which of its inputs are one tensor, and whether it reuses.

    It is called once for these, so that what it gives names no path and no tensor.
    """

    @wraps(work)
    def found(block: Block) -> _Fact:
        facts = _facts(block.content)
        place = work, bool(block.shares), *map(block.inputs.index, block.inputs)
        if place not in facts:
            facts[place] = work(block)
        fact: _Fact = facts[place]
        return fact

    return found
