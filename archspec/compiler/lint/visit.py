"""A visit of all that a network holds, each content once, with what the rules say of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

from typing_extensions import override

from archspec.compiler.lint.arguments import needless_arguments
from archspec.compiler.lint.graphs import dropped_layers, hidden_indices
from archspec.compiler.lint.inputs import odd_inputs
from archspec.compiler.lint.layers import Layers, can_be_odd
from archspec.compiler.trace import Frame, Trace
from archspec.errors import Diagnostic, rendered
from archspec.language.definition import Definition
from archspec.language.source import Source
from archspec.network import Applied, Block, Body, Network, Node, PartialNetwork, Use


class Warned(NamedTuple):
    """The warnings of a network, in order of place, and the texts of the files that they speak of, by name."""

    diagnostics: tuple[Diagnostic, ...]
    sources: dict[str, str]
    left_out: int = 0

    @override
    def __str__(self) -> str:
        return rendered(self)


def warned(*networks: Network) -> Warned:
    """What in a network, and in its variants beside it, is nearly always a mistake.

    Of a spec of which a part did not compile, only what its inputs say: the rest of it is not what was meant.
    """
    found: dict[Diagnostic, None] = {}
    files: dict[Source, None] = {}
    for network in networks:
        visit = _Visit(network)
        odd_inputs(network, visit.trace)
        if not isinstance(network, PartialNetwork) or network.whole:
            visit.block(network.blocks)
        files |= dict.fromkeys([network.blocks.template.source, *(each.source for each in visit.definitions)])
        found |= dict.fromkeys(each._replace(severity="warning") for each in visit.trace.found)
    main = next(iter(files), None)
    ordered = sorted(found, key=lambda each: (each.span.file != (main and main.name), each.span, each.code))
    most = networks[0].limits.errors if networks else 0
    return Warned(tuple(ordered[:most]), {each.name: each.text for each in files}, max(0, len(ordered) - most))


class _Visit:
    def __init__(self, network: Network) -> None:
        self.trace = Trace()
        self.layers = Layers(network, self.trace)
        self.seen: set[int] = set()
        self.definitions: dict[Definition, None] = {}

    def block(self, block: Block) -> None:
        """What a block holds; of equal ones the first that is met."""
        body = block.content
        if id(body) in self.seen:
            return
        self.seen.add(id(body))
        if body.template not in self.definitions:
            self.definitions[body.template] = None
            hidden_indices(body.template, self.trace)
        if body.whole is not None:
            self.rest(body.whole, body.uses, block.path)
        for use in body.firsts():
            if isinstance(use.content, Applied) and not can_be_odd(use.content):
                continue
            child = block.child(use.name)
            if isinstance(child, Node):
                self.layers.look(child)
            elif child is not None:
                if isinstance(use.content, Body) and use.content.kind == "block":
                    needless_arguments(use, use.content, child.path, self.trace)
                with self._inside(use, child.path):
                    self.block(child)

    def rest(self, body: Body, left: Iterable[Use], path: str) -> None:
        """What nothing needs of a graph: it may be meant to be needed. A block may pass its input on, and go whole."""
        dropped_layers(body, left, path, self.trace)
        names = {use.name for use in left}
        for use in body.firsts():
            inner = use.content
            if use.name in names or isinstance(inner, Applied) or id(inner) in self.seen:
                continue
            if any(isinstance(origin, int) for origin in inner.outputs.values()):
                self.seen.add(id(inner))
                inside = f"{path}.{use.name}" if path else use.name
                with self._inside(use, inside):
                    self.rest(inner, (), inside)

    def _inside(self, use: Use, path: str) -> AbstractContextManager[None]:
        content = use.content
        if isinstance(content, Body) and content.kind == "block":
            return self.trace.inside(Frame(use.step.key, path, content.template))
        return nullcontext()
