"""Tiles: how far they must overlap for inference on each of them to give what inference on the whole image gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, lcm
from typing import NamedTuple

from archspec.analysis.reading import reads, statistics
from archspec.analysis.sight import Walk
from archspec.analysis.sights import Axis, Sights, unbounded
from archspec.errors import RuleError, UsageError
from archspec.network import Applied, Network, Node, ReceptiveField
from archspec.ops.facts import Along, Reads, Taps
from archspec.ops.tensor import Shape, Shapes, show

MOST_WORK = 2**20
"""Places of all periods, and 32 for each node, of the largest network that is measured."""

MOST_TRIES = 5
"""How often the tile on which the overlap is measured is made larger."""


class Tiling(NamedTuple):
    """The overlap of tiles, for each spatial dimension of the input.

    With a and b multiples of `step`, the outputs that stand at the input's places from a to b come out right from the
    tile from a - ``overlap[0]`` to b + ``overlap[1]``, or to where the image ends. (A place stands at the
    input's places from its index times the stride of its `ReceptiveField`.) A tile at an end of the image has as many
    places as ``before``, ``after`` and `step` together, or is the whole image: a shorter one begins earlier.

    Attributes:
        before: Places of the input that a tile must have before the places for which its outputs are used.
        after: Places that it must have behind them.
        step: What the places at which a tile begins and ends are multiples of, unless the image ends there.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    step: tuple[int, ...]

    @property
    def overlap(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """``before`` and ``after`` as multiples of the step."""
        before, after = (
            tuple(-(-places // step) * step for places, step in zip(side, self.step, strict=True))
            for side in (self.before, self.after)
        )
        return before, after


def tiling(network: Network) -> Tiling:
    """How far tiles must overlap for the outputs in evaluation to be those of the whole image.

    All inputs are cut alike. The figures hold for images of any size that the built network takes.

    Raises:
        UsageError: No overlap serves. The message names the node: it sees the whole input, takes statistics over
            places, or takes no input of another size; or the network is too large.
    """
    sizes = {shape[1:] for shape in network.inputs.values()}
    if len(sizes) > 1 or sizes == {()}:
        raise UsageError(f"the inputs of {network.name} are not maps of one size, which tiles could be cut of")
    (size,) = sizes
    _check_work(network, 32 * len(network))
    nodes = _needed(network)
    for node in nodes:
        _check_steps(node, network.receptive_fields[node.path], size)
        if reads(node.applied) == "reshaped" and node.input_shapes != (node.shape,):
            raise UsageError(f"no tiles serve: `{node.path}` gives the one shape {show(node.shape)}")
    walks = _walks(nodes, unbounded(network.inputs, network))
    _check_work(network, 32 * len(nodes) + sum(walk.period for found in walks.values() for walk in found.values()))
    dims = range(1, len(size) + 1)
    step = tuple(lcm(*(walk.advance for walk in _along(walks, dim))) for dim in dims)
    tile = tuple(by * _steps(by, list(_along(walks, dim))) for dim, by in zip(dims, step, strict=True))
    for _ in range(MOST_TRIES):
        found = _measured(network, nodes, walks, step, tile)
        if found is not None:
            return Tiling(*found, step)
        tile = tuple(2 * size for size in tile)
    raise UsageError(f"no tile of {network.name} was found that is large enough for its margins")


Walks = Mapping[str, Mapping[Axis, Walk]]
"""What each tensor's places see of each dimension of the inputs, by path."""


def _needed(network: Network) -> list[Node]:
    """The nodes of the outputs in evaluation."""
    wanted = {output.path for output in network.outputs.values() if not output.training_only}
    nodes = []
    for node in reversed(network.nodes):
        if node.path in wanted:
            nodes.append(node)
            wanted.update(node.inputs)
    return nodes[::-1]


def _check_work(network: Network, work: int) -> None:
    if work > MOST_WORK:
        raise UsageError(f"{network.name} is too large for the overlap of its tiles to be measured")


def _check_steps(node: Node, field: ReceptiveField | None, size: Shape) -> None:
    """Whether what a node's places see moves on with them."""
    if field is None or 0 in field.stride:
        whole = field is not None and field.size == field.least == size
        what = "sees the whole input" if whole else "does not see the input in even steps"
        raise UsageError(f"no overlap of tiles serves: `{node.path}` {what}")


def _walks(nodes: list[Node], sights: Mapping[str, Sights]) -> dict[str, dict[Axis, Walk]]:
    found: dict[str, dict[Axis, Walk]] = {}
    for path in dict.fromkeys(path for node in nodes for path in (*node.inputs, node.path)):
        found[path] = {axis: sight for axis, sight in sights[path].items() if isinstance(sight, Walk)}
    taken = {id(node.applied): statistics(node.applied) for node in {id(node.applied): node for node in nodes}.values()}
    for node in nodes:
        if any(walk.dim in taken[id(node.applied)] for path in node.inputs for walk in found[path].values()):
            raise UsageError(f"no overlap of tiles serves: `{node.path}` takes statistics over places")
    return found


def _along(walks: Walks, dim: int) -> Iterator[Walk]:
    """All walks along a dimension of the inputs."""
    return (walk for found in walks.values() for (_, seen), walk in found.items() if seen == dim)


def _steps(step: int, walks: list[Walk]) -> int:
    """The steps of a tile that is wider than what a place sees."""
    widest = max(span[1] - span[0] + 1 for walk in walks for span in walk.spans if span is not None)
    return 2 + 2 * ceil(widest / step)


class _Margin(NamedTuple):
    """The places at either end of a tile's tensor that are not those of the whole image.

    Attributes:
        first: How many at the start.
        last: How many at the end.
    """

    first: int = 0
    last: int = 0


def _measured(
    network: Network, nodes: list[Node], walks: Walks, step: tuple[int, ...], tile: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The places needed before and after, found on a tile of a size; None where the tile is too small."""
    applied = _applied(network, nodes, tile)
    _check_grows(applied, _applied(network, nodes, tuple(map(sum, zip(tile, step, strict=True)))), walks, step)
    ways = {id(each): _ways(each) for each in {id(each): each for each in applied.values()}.values()}
    margins: dict[tuple[str, int], _Margin] = {}
    for node in nodes:
        for dim in range(1, len(tile) + 1):
            seen = [margins.get((path, dim), _Margin()) for path in node.inputs]
            margin = _margin(node, applied[node.path], ways[id(applied[node.path])], walks, dim, seen)
            if margin is None:
                return None
            margins[node.path, dim] = margin
    before, after = [], []
    for dim, size in enumerate(tile, 1):
        sides = [
            (margin.first * stride, size - (applied[path].shape[walk.dim] - margin.last) * stride)
            for path in {output.path for output in network.outputs.values()} & applied.keys()
            for margin in [margins[path, dim]]
            for (_, seen), walk in walks[path].items()
            for stride in [Fraction(walk.advance, walk.period)]
            if seen == dim
        ]
        before.append(max((ceil(first) for first, _ in sides), default=0))
        after.append(max((ceil(last) for _, last in sides), default=0))
    return tuple(before), tuple(after)


def _applied(network: Network, nodes: list[Node], sizes: tuple[int, ...]) -> dict[str, Applied]:
    """The ops on an input of other sizes."""
    shapes: dict[str, Shape] = {name: (shape[0], *sizes) for name, shape in network.inputs.items()}
    known: dict[tuple[int, Shapes], Applied] = {}
    found = {}
    for node in nodes:
        inputs = tuple(shapes[path] for path in node.inputs)
        key = id(node.applied), inputs
        applied = known.get(key) or known.setdefault(key, _resized(node, inputs))
        found[node.path] = applied
        shapes[node.path] = applied.shape
    return found


def _resized(node: Node, inputs: Shapes) -> Applied:
    """A node's op on operands of other sizes."""
    try:
        shape = node.op.infer(inputs)
    except RuleError as error:
        raise UsageError(f"no tiles serve: `{node.path}` takes no operand of another size: {error}") from None
    if node.op.weights(inputs) != node.applied.weights:
        raise UsageError(f"no tiles serve: the weights of `{node.path}` fit one size of the input")
    return Applied(node.op, inputs, shape, {}, {}, None)


def _check_grows(
    small: Mapping[str, Applied], large: Mapping[str, Applied], walks: Walks, step: tuple[int, ...]
) -> None:
    """Each op reads a larger tile as it does a smaller one, and gives more places for it."""
    alike: dict[tuple[int, int], bool] = {}
    for path, applied in small.items():
        grown = all(
            large[path].shape[walk.dim] - applied.shape[walk.dim] == step[dim - 1] * walk.period // walk.advance
            for (_, dim), walk in walks[path].items()
        )
        pair = id(applied), id(large[path])
        if pair not in alike:
            alike[pair] = reads(applied) == reads(large[path])
        if not grown or not alike[pair]:
            raise UsageError(f"no overlap of tiles serves: `{path}` fits its step to the size of the input")


def _margin(node: Node, applied: Applied, ways: Reads, walks: Walks, dim: int, seen: list[_Margin]) -> _Margin | None:
    """The margin of what a node gives, from those of what it takes; None where no place is right."""
    first, last, size = 0, 0, 1
    for path, margin, shape, way in zip(node.inputs, seen, applied.input_shapes, ways, strict=True):
        walk = next((walk for (_, each), walk in walks[path].items() if each == dim), None)
        if walk is None:
            continue
        along = way[walk.dim]
        size = applied.shape[along.dim or 0]
        begin, end = _wrong(along.taps, size, shape[walk.dim], margin)
        if (begin or end) and along.taps.beyond == "circular":
            raise UsageError(f"no overlap of tiles serves: `{node.path}` sees the other end of the input")
        first, last = max(first, begin), max(last, end)
    return _Margin(first, last) if first + last < size else None


def _ways(applied: Applied) -> Reads:
    """How the operands are read; a reshape to the same shape is read as it stands."""
    ways = reads(applied)
    return ways if isinstance(ways, tuple) else (tuple(map(Along.same, range(len(applied.shape)))),)


def _wrong(taps: Taps, count: int, size: int, margin: _Margin) -> _Margin:
    """The places of the output, at either end, that read what is not there, or not right."""
    first, last = 0, count
    for place, places in enumerate(taps.places):
        if places:
            before = -(-(margin.first - places[0]) // taps.advance)  # how often the period comes before all is right
            first = max(first, place + (before - 1) * taps.period + 1 if before > 0 else 0)
            behind = -(-(size - margin.last - places[-1]) // taps.advance)
            last = min(last, place + max(behind, 0) * taps.period)
    return _Margin(first, count - last)
