"""Who takes what in a graph, as the nodes of that graph see it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import NamedTuple

from archspec.language.definition import Step
from archspec.network import Applied, Body, Content, Origin, Use


class End(NamedTuple):
    """A tensor, as a graph knows it.

    Attributes:
        name: What gives it; empty for an input of the graph.
        port: Which of the tensors that gives; empty for an only one. Of an input its number.
    """

    name: str
    port: str


class Wiring:
    """The tensors that each node of a graph takes, and the outputs.

    Attributes:
        body: The graph.
        uses: Its nodes by name.
        taken: What each takes, in operand order.
        outputs: What the graph gives, in order.
    """

    def __init__(self, body: Body) -> None:
        self.body = body
        self.uses: Mapping[str, Use] = {use.name: use for use in body.uses}
        self._ports: dict[str, Mapping[str, str]] = {}
        self.taken = {use.name: tuple([self.end(origin) for origin in _operands(use)]) for use in body.uses}
        self.outputs = {name: self.end(origin) for name, origin in body.outputs.items()}

    def end(self, origin: Origin) -> End:
        """The tensor of an origin."""
        if isinstance(origin, int):
            return End("", str(origin))
        name, _, inside = origin.partition(".")
        return End(name, self._port(name, inside) if inside else "")

    def _port(self, name: str, inside: str) -> str:
        if name not in self._ports:
            use = self.uses.get(name)  # an output that nothing needs may name what was left out
            self._ports[name] = _ports(use.content) if use else {}
        return self._ports[name].get(inside, inside)

    @cached_property
    def steps(self) -> Mapping[str, Step]:
        """The nodes as the graph states them, those too that are not there, by name."""
        return {step.name: step for step in self.body.graph.steps} if self.body.graph else {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of its inputs; none for a single, unnamed one."""
        return self.body.graph.inputs if self.body.graph else ()

    def name(self, end: End) -> str:
        """What a spec calls a tensor."""
        if end.name:
            return f"{end.name}.{end.port}" if end.port else end.name
        number = int(end.port or 0)
        return self.inputs[number] if number < len(self.inputs) else "input"

    @cached_property
    def takers(self) -> Mapping[str, frozenset[str]]:
        """The names of the nodes that take something of each node; an output of the graph is ``-> its name``."""
        found: dict[str, set[str]] = {}
        for name, ends in [*self.taken.items(), *((f"-> {name}", (end,)) for name, end in self.outputs.items())]:
            for end in ends:
                found.setdefault(end.name, set()).add(name)
        return {name: frozenset(takers) for name, takers in found.items()}

    def without(self, left_out: Collection[str]) -> Mapping[End, End]:
        """For the tensors of nodes that are left out, what these take first, left out ones too.

        So a chain from which a node is taken goes on with what is before it.
        """
        found: dict[End, End] = {}
        for use in self.body.uses:
            if use.name not in left_out:
                continue
            first = next(iter(self.taken[use.name]), End("", ""))
            for end in ends_of(use):
                found[end] = found.get(first, first)
        return found


def ends_of(use: Use) -> Iterable[End]:
    """The tensors that a node gives."""
    if isinstance(use.content, Applied):
        return [End(use.name, "")]
    return [End(use.name, port) for port in dict.fromkeys([*_ports(use.content).values(), ""])]


def _operands(use: Use) -> tuple[Origin, ...]:
    """What a node takes; nothing for an op that only learns from its input how many samples there are."""
    return () if isinstance(use.content, Applied) and use.content.op.takes_nothing else use.inputs


def _ports(content: Content) -> Mapping[str, str]:
    """What the outputs of a content are called, by their origins inside; empty for an only one, and for an op's own."""
    if isinstance(content, Applied):
        return {}
    paths = {str(origin): name for name, origin in content.outputs.items() if isinstance(origin, str)}
    if len(content.outputs) == 1:
        return dict.fromkeys(paths, "")
    return {path: "" if content.kind == "op" and name == "output" else name for path, name in paths.items()}
