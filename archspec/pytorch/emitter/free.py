"""The parameters of a network that its emitted class can take: those that no layer below depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from archspec.errors import RuleError
from archspec.language.algebra import Code
from archspec.language.definition import Definition
from archspec.language.expr import read
from archspec.language.source import Entry
from archspec.language.usage import names_in
from archspec.network import Block, Body, Network, Node

Forced = frozenset[tuple[int, str]]


def free_parameters(network: Network) -> tuple[frozenset[str], Forced]:
    """The free parameters, and the parameters of blocks that they are handed to, by the identity of the block's graph.

    A parameter such as the number of classes is free where nothing after the nodes that it sets has weights or
    arguments that follow from the shape: the emitted class is then right for its other values too.
    """
    free: set[str] = set()
    forced: set[tuple[int, str]] = set()
    asked = _Asked()
    for parameter, param in network.blocks.template.params.items():
        if type(network.arguments[parameter]) is not int or param.required:
            continue
        search = _Search(parameter, asked)
        if search.holds(network) and _init_follows(network, parameter):
            free.add(parameter)
            forced |= search.forced
    return frozenset(free), frozenset(forced)


def _init_follows(network: Network, parameter: str) -> bool:
    """Whether the class can compute what ``init:`` does from a parameter: by arithmetic on parameters alone."""
    rules = network.blocks.template.init
    asked = names_in(rules) if rules is not None else []
    if _computed(network.blocks, {parameter}).intersection(asked):
        return False
    stated = (each for rule in network.init for each in rule.weights.values())
    written = [read(text) for each in stated for _, text in each.written]
    over = [each for each in written if parameter in each.names and _is_arithmetic(each.tree, network)]
    return len(over) == asked.count(parameter)


def _is_arithmetic(code: Code, network: Network) -> bool:
    known = network.blocks.template.params
    return all(
        isinstance(node, ast.BinOp | ast.UnaryOp | ast.Constant | ast.operator | ast.unaryop | ast.expr_context)
        or (isinstance(node, ast.Name) and node.id in known)
        for node in ast.walk(code)
    )


class _Asked:
    """The names that the nodes of a graph ask for, those of its groups and repeats too: once for equal ones."""

    def __init__(self) -> None:
        self._names: dict[int, frozenset[str]] = {}

    def names(self, body: Body) -> frozenset[str]:
        """The names that come up in what a block, group or repeat holds."""
        known = self._names.get(id(body))
        if known is None:
            self._names[id(body)] = known = frozenset(self._found(body))
        return known

    def _found(self, body: Body) -> Iterator[str]:
        for use in body.firsts():
            for value in (*use.step.structure(), *(entry.value for entry in use.written.values())):
                yield from names_in(value)
            if isinstance(use.content, Body) and use.content.kind in ("group", "repeat"):
                yield from _defining(use.content)
                yield from self.names(use.content)


class _Search:
    """What depends on one parameter."""

    def __init__(self, parameter: str, asked: _Asked) -> None:
        self.parameter = parameter
        self.asked = asked
        self.forced: set[tuple[int, str]] = set()
        self.dependent: dict[str, Node] = {}
        self.structural = False

    def holds(self, network: Network) -> bool:
        """Whether the parameter is free."""
        shapes = [value for value in network.blocks.template.shapes.values() if self.parameter in names_in(value)]
        self._collect(network.blocks, {self.parameter})
        if self.structural or shapes or not self.dependent:
            return False
        changed: set[str] = set(self.dependent)
        for node in network:
            below = [number for number, origin in enumerate(node.inputs) if origin in changed]
            if below and (node.path in self.dependent or not _follows(node, below) or _computes(node, network)):
                return False
            if below:
                changed.add(node.path)
        return True

    def _collect(self, block: Block, names: set[str]) -> None:
        names = names | _computed(block, names)
        override = block.template.override if block.kind in ("network", "block") else None
        self.structural |= override is not None and not names.isdisjoint(names_in(override))
        if names.isdisjoint(self.asked.names(block.content)):
            return
        for child in block.children:
            self._structure(child, names)
            if isinstance(child, Node):
                if self._asks(child.written.values(), names):
                    self.dependent[child.path] = child
            elif child.kind in ("group", "repeat", "op"):
                self._collect(child, names)
            else:
                handed = {key for key, entry in child.written.items() if names & set(names_in(entry.value))}
                self.forced |= {(id(child.graph), key) for key in handed}
                self._collect(child, handed)

    def _structure(self, child: Block | Node, names: set[str]) -> None:
        step = child.step
        if step is not None:
            self.structural |= any(names & set(names_in(value)) for value in step.structure())

    @staticmethod
    def _asks(entries: Iterable[Entry], names: set[str]) -> bool:
        return any(names & set(names_in(entry.value)) for entry in entries)


def _defining(body: Body) -> Iterator[str]:
    """The names that what its graph defines asks for."""
    for let in body.graph.lets if body.graph is not None else ():
        yield from names_in(let.value) if let.value is not None else ()


def _computed(block: Block, names: set[str]) -> set[str]:
    """Parameters that their defaults compute from some names, and what a graph defines from them."""
    found: set[str] = set()
    for parameter, asked in _asked(block.template) if block.kind in ("network", "block") else ():
        if parameter not in block.written and not (names.isdisjoint(asked) and found.isdisjoint(asked)):
            found.add(parameter)
    for let in block.graph.lets if block.graph is not None else ():
        asked = frozenset(names_in(let.value)) if let.value is not None else frozenset()
        if not (names.isdisjoint(asked) and found.isdisjoint(asked)):
            found.add(let.name)
    return found


@lru_cache(maxsize=256)
def _asked(template: Definition) -> tuple[tuple[str, frozenset[str]], ...]:
    """Parameters whose defaults are computed, with the names that they ask for."""
    asked = ((name, frozenset(names_in(template.param_value(name)))) for name in template.params)
    return tuple((name, names) for name, names in asked if names)


def _computes(node: Node, network: Network) -> bool:
    """Whether an argument is computed, perhaps from a shape: from more than the network's own parameters."""
    known = () if "." in node.path else network.blocks.template.params
    return any(each not in known for entry in node.written.values() for each in names_in(entry.value))


def _follows(node: Node, below: list[int]) -> bool:
    """Whether a node goes with any number of channels: it has no weights, and its call does not change."""
    if node.applied.weights or node.applied.buffers:
        return False
    shapes = list(node.input_shapes)
    for number in below:
        shapes[number] = (shapes[number][0] + 1, *shapes[number][1:])
    try:
        output = node.op.infer(tuple(shapes))
        call = node.op.torch(tuple(shapes))
    except RuleError:
        return False
    return call == node.op.torch(node.input_shapes) and output[1:] == node.shape[1:]
