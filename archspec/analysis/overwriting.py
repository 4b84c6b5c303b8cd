"""Layers and sums that overwrite what they take: where nothing else needs it and autograd does not keep it.

What the emitted source writes and what memory counts are both this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from archspec.language.definition import Step
from archspec.network import Applied, Body, Network, Origin, Use, kept
from archspec.ops.facts import Function, Operand

_Place = tuple[int, str]
"""A step as written, and the op that it is."""
_ADD = Function("torch.add", (Operand(0), Operand(1)))


class Overwriting:
    """The nodes that write over their first operand: those of a step in all uses of its graph, or in none.

    In all of them one other step gives that operand, so that no value of a parameter puts the graph's input there.
    """

    def __init__(self, network: Network) -> None:
        graphs: dict[int, list[Body]] = {}
        for body in _bodies(network.blocks.content):
            if body.graph is not None:
                graphs.setdefault(id(body.graph), []).append(body)
        self._steps = frozenset(place for bodies in graphs.values() for place in _in_all(bodies))

    def holds(self, step: Step | None) -> bool:
        """Whether the nodes of a step write over their first operand."""
        return step is not None and _place(step) in self._steps

    def fits(self, body: Body) -> bool:
        """Whether in a graph that the network does not use so all that is to write over its first operand can."""
        able = {place for place, _ in _overwriting(body)}
        return all(_place(use.step) in able for use in body.uses if self.holds(use.step))


def _bodies(root: Body) -> Iterator[Body]:
    """What a network and the blocks in it hold, each once."""
    seen = {id(root)}
    waiting = [root]
    while waiting:
        body = waiting.pop()
        yield body
        for content, _ in body.parts():
            if isinstance(content, Body) and id(content) not in seen:
                seen.add(id(content))
                waiting.append(content)


def _place(step: Step) -> _Place:
    return id(step.key), str(step.target.value) if step.target else ""


def _in_all(bodies: list[Body]) -> Iterator[_Place]:
    """The steps that can write over what one step gives, in all uses of their graph where they are the same op."""
    holding = Counter(pair for body in bodies for pair in _overwriting(body))
    there = Counter(_place(use.step) for body in bodies for use in body.uses)
    of_step: Counter[int] = Counter()
    for (key, _), count in there.items():
        of_step[key] += count
    for (place, _), count in holding.items():
        others = of_step[place[0]] - there[place]
        if count + others == len(bodies):
            yield place


@kept
def _overwriting(body: Body) -> tuple[tuple[_Place, _Place], ...]:
    """The steps of a graph whose nodes can write over what the node before gives, each with that node's step."""
    return tuple(_pairs(body))


def _pairs(body: Body) -> Iterator[tuple[_Place, _Place]]:
    uses = Counter(origin for use in body.uses for origin in use.inputs) + Counter(body.outputs.values())
    reused = {use.step.reused.step.name for use in body.uses if use.step.reused is not None}
    held = _held(body)
    for use in body.uses:
        if use.name in reused or use.shares:
            continue  # one layer called in several places
        if held.issuperset(use.inputs[:1]) and not held.issuperset(use.inputs):
            continue  # what is held has no batch
        giver = body.use(use.inputs[0]) if use.inputs and isinstance(use.inputs[0], str) else None
        if giver is not None and uses[use.inputs[0]] == 1 and _is_overwritable(giver) and _overwrites(use):
            yield _place(use.step), _place(giver.step)


def _held(body: Body) -> set[Origin]:
    """The tensors of a graph that are the same for each sample: those that ops hold, and what is made of them alone."""
    held: set[Origin] = set()
    for use in body.uses:
        if isinstance(use.content, Applied) and (use.content.op.takes_nothing or held.issuperset(use.inputs)):
            held.add(use.name)
    return held


def _overwrites(use: Use) -> bool:
    """Whether an op can write over its first operand: a layer, or a sum of two of one shape."""
    content = use.content
    if not isinstance(content, Applied):
        return False
    sums = len(set(content.input_shapes)) == 1 and len(set(use.inputs)) == 2
    return content.op.in_place or (sums and content.op.torch(content.input_shapes) == _ADD)


def _is_overwritable(giver: Use) -> bool:
    """Whether what an op gives can be overwritten: autograd does not keep it, and it is no view."""
    content = giver.content
    if not isinstance(content, Applied) or not content.op.fresh:
        return False
    kept = content.op.keeps(content.input_shapes, content.shape, (True,) * len(content.input_shapes))
    return kept is not None and not kept.output
