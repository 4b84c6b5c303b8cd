"""A network put together from what was elaborated, without the nodes that no output needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Generic, NamedTuple, TypeGuard, TypeVar

from archspec.network import (
    Applied,
    Block,
    Body,
    Content,
    Copies,
    Network,
    NetworkOutput,
    Origin,
    PartialNetwork,
    Run,
)
from archspec.ops.tensor import Shape

T = TypeVar("T")
C = TypeVar("C", bound=Content)


def assembled(body: Body, inputs: Mapping[str, Shape | None], problems: Mapping[str, str] | None) -> Network:
    """The network, without nodes that no output needs; with all of them where there were problems.

    Args:
        body: What it holds.
        inputs: The shapes of its inputs by name; None for one that an error left unknown.
        problems: What is wrong by path; None where nothing is.
    """
    definition = body.template
    training = {output.name for output in definition.graph.outputs if output.training_only}
    if problems is None:
        assert None not in inputs.values(), "an unknown shape without an error"
        body = _without_unused(body)
    tree = Block("", body, tuple(inputs), None, {})
    outputs = {name: NetworkOutput(path, body.shapes[name], name in training) for name, path in tree.outputs.items()}
    known = {name: shape for name, shape in inputs.items() if shape is not None}
    network = Network(definition.name, definition.doc, body.arguments, known, outputs, tree)
    return network if problems is None else partial(network, problems)


def partial(network: Network, problems: Mapping[str, str], unplaced: tuple[str, ...] = ()) -> PartialNetwork:
    """A network with what is wrong with it, over what was known of that."""
    known = network.problems if isinstance(network, PartialNetwork) else {}
    parts = {field.name: getattr(network, field.name) for field in fields(Network)}
    return PartialNetwork(**parts, problems={**known, **problems}, unplaced=unplaced)


def _without_unused(body: Body) -> Body:
    pruned = _Pruning().body(body, frozenset(filter(_is_path, body.outputs.values())))
    return replace(body, uses=()) if pruned is None else pruned.content


def _is_path(origin: Origin) -> TypeGuard[str]:
    return isinstance(origin, str)


class _Pruned(NamedTuple, Generic[C]):
    """What is left of a content, and the inputs that it needs."""

    content: C
    inputs: frozenset[int]


class _Needed:
    """The tensors of a graph that are needed, as what stands in it knows them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.inputs: set[int] = set()
        self._inside: dict[str, set[str]] = {}
        for path in paths:
            self.add(path)

    def add(self, origin: Origin) -> None:
        """A tensor more."""
        if isinstance(origin, int):
            self.inputs.add(origin)
        else:
            name, _, rest = origin.partition(".")
            self._inside.setdefault(name, set()).add(rest)

    def inside(self, name: str) -> frozenset[str]:
        """Those that what stands there by a name gives, by their paths in it; an op's has none."""
        return frozenset(self._inside.get(name, ()))


class _Pruning:
    """Takes out the nodes that nothing needs; once for all uses of a content of which the same is needed."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, frozenset[str]], _Pruned[Body] | None] = {}

    def content(self, content: Content, needed: frozenset[str]) -> _Pruned[Content] | None:
        """What is left of a content of which some tensors are needed; None where that is nothing."""
        if not needed:
            return None
        if isinstance(content, Applied):
            return _Pruned(content, frozenset(range(len(content.input_shapes))))
        key = (id(content), needed)
        if key not in self.known:
            self.known[key] = self.body(content, needed)
        return self.known[key]  # type: ignore[return-value]

    def body(self, body: Body, needed: frozenset[str]) -> _Pruned[Body] | None:
        """What is left of a body."""
        if isinstance(body.uses, Copies):
            return self._repeat(body, body.uses)
        wanted, kept = _Needed(needed), []
        for use in reversed(body.uses):
            pruned = self.content(use.content, wanted.inside(use.name))
            if pruned is not None:
                kept.append(use if pruned.content is use.content else use._replace(content=pruned.content))
                for number in pruned.inputs:
                    wanted.add(use.inputs[number])
        if not kept:
            return None
        uses = _in_order(kept, body.uses)
        return _Pruned(body if uses is None else replace(body, uses=uses), frozenset(wanted.inputs))

    def _repeat(self, body: Body, copies: Copies) -> _Pruned[Body] | None:
        """A repeat of which the last copy is needed, and of the others those whose outcome the next one takes."""
        kept: list[Run] = []
        inputs = {0}
        for run in reversed(copies.runs):
            pruned = self.content(run.content, _given(run.content))
            if pruned is None:
                continue
            inputs |= pruned.inputs
            if 0 not in pruned.inputs:
                last = run.stop - 1
                kept.append(Run(last, 1, pruned.content, run.operand(last), run.written))
                inputs.remove(0)
                break
            kept.append(run if pruned.content is run.content else run._replace(content=pruned.content))
        if not kept:
            return None
        runs = _in_order(kept, copies.runs)
        if runs is not None:
            body = replace(body, uses=Copies(runs, copies.step, copies.others))
        return _Pruned(body, frozenset(inputs))


def _in_order(kept: list[T], parts: Sequence[T]) -> tuple[T, ...] | None:
    """What was kept, the last first, in order; None where nothing was changed."""
    kept.reverse()
    unchanged = len(kept) == len(parts) and all(one is other for one, other in zip(kept, parts, strict=True))
    return None if unchanged else tuple(kept)


def _given(content: Content) -> frozenset[str]:
    """The tensors that a copy gives, as it knows them."""
    return frozenset({""}) if isinstance(content, Applied) else frozenset(filter(_is_path, content.outputs.values()))
