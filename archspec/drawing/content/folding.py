"""Which parts of a network are equal in structure, and which parts in a row are copies of one.

Names do not count: a part is what its ops are, the shapes they take, and how they are wired. Nor do the probabilities
of dropout inside a block, which grow from copy to copy with stochastic depth.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from typing_extensions import override

from archspec.drawing.content.labels import argument, block_arguments, essentials, family, glyph, kind_of, shape_text
from archspec.network import Applied, Block, Network, Node, kept, kept_inside, one_op
from archspec.ops.op import Op

Part = Block | Node


class Run(NamedTuple):
    """Parts in a row, each of which takes what the one before gives, that are equal to each other.

    Attributes:
        parts: The parts, in order.
        difference: How the first differs from the others; empty where it does not.
    """

    parts: tuple[Part, ...]
    difference: str = ""

    @property
    def typical(self) -> Part:
        """The part that the others are like."""
        return self.parts[-1]


@dataclass
class Structure:
    """The contents of a network's parts, and who takes what."""

    network: Network
    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _contents: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.consumers: Mapping[str, frozenset[str]] = _consumers(self.network)

    def content(self, part: Part, *, sizes: bool = True) -> int:
        """A number that is the same for parts of equal content; without ``sizes``, on inputs of other sizes too."""
        key = (id(part.content), tuple(map(part.inputs.index, part.inputs)), _reused(part), sizes)
        if key not in self._contents:
            canonical = _form(part, sizes=sizes)
            self._contents[key] = self._numbers.setdefault((_reused(part), canonical), len(self._numbers))
        return self._contents[key]

    def follows(self, part: Part, before: Part) -> bool:
        """Whether a part takes only what the one before gives, and nothing else takes that."""
        given, inside = outputs_of(before), frozenset((part.path,)) if isinstance(part, Node) else part.inner_paths
        if not inside or not external(part) <= frozenset(given):
            return False
        return all(self.consumers.get(path, frozenset()) <= inside for path in given)


class _Form:
    """What a part is in structure: ops, for sizes with the shapes they take, and whose tensors they use, by positions.

    It is compared often and hashed once.
    """

    __slots__ = ("_hash", "_parts")

    def __init__(self, part: Part, *, sizes: bool) -> None:
        places: dict[str, Hashable] = {}
        holders: dict[str, int] = {}
        entries: list[Hashable] = []
        exact = one_op(part) is not None
        for index, node in enumerate(nodes_of(part)):
            sources = tuple([places.setdefault(path, ("outside", len(places))) for path in node.operands])
            op = node.op if exact else _undropped(node.applied)
            shapes = node.input_shapes if sizes else ()
            entries.append((op, shapes, sources, holders.setdefault(node.shares or node.path, index)))
            places[node.path] = index
        self._parts = (tuple(entries), tuple([places[path] for path in outputs_of(part) if path in places]))
        self._hash = hash(self._parts)

    @override
    def __hash__(self) -> int:
        return self._hash

    @override
    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, _Form) and self._hash == other._hash and self._parts == other._parts


def _form(part: Part, *, sizes: bool) -> _Form:
    if isinstance(part, Node):
        return _Form(part, sizes=sizes)
    return _sized_form(part) if sizes else _unsized_form(part)


@kept_inside
def _sized_form(block: Block) -> _Form:
    return _Form(block, sizes=True)


@kept_inside
def _unsized_form(block: Block) -> _Form:
    return _Form(block, sizes=False)


@kept
def _undropped(applied: Applied) -> Op:
    return without_probability(applied.op)


def without_probability(op: Op) -> Op:
    """An op; one of dropout as if it dropped nothing."""
    return op.model_copy(update={"p": 0.0}) if family(op) == "dropout" and hasattr(op, "p") else op


def _reused(part: Part) -> str:
    """What a part reuses itself; empty for what stands in another that does, so that it looks as there."""
    reused = part.step.reused if part.step else None
    copy_of_its_own = reused is not None and reused.is_repeat and part.name.isdecimal()
    return part.shares if reused is not None and not copy_of_its_own else ""


def _consumers(network: Network) -> dict[str, frozenset[str]]:
    taken: dict[str, set[str]] = {}
    for node in network:
        for path in node.operands:
            taken.setdefault(path, set()).add(node.path)
    for name, output in network.outputs.items():
        taken.setdefault(output.path, set()).add(f"output {name}")
    return {path: frozenset(paths) for path, paths in taken.items()}


def nodes_of(part: Part) -> tuple[Node, ...]:
    """The nodes of a part, in order."""
    return (part,) if isinstance(part, Node) else part.inner_nodes


def outputs_of(part: Part) -> tuple[str, ...]:
    """The paths of the tensors that a part gives, each once; not of those that it passes on, or that are left out."""
    if isinstance(part, Node):
        return (part.path,)
    inside = f"{part.path}." if part.path else ""
    paths = dict.fromkeys(part.outputs.values())
    return tuple(path for path in paths if path.startswith(inside) and part.find(path.removeprefix(inside)))


def external(part: Part) -> frozenset[str]:
    """The paths of the tensors that a part takes from outside."""
    return frozenset(part.operands) if isinstance(part, Node) else part.taken


def runs(structure: Structure, parts: Sequence[Part], *, copies: bool) -> Iterator[Run]:
    """Parts in runs of equal ones, in order.

    Args:
        structure: The network's.
        parts: Parts of one block.
        copies: Whether they are the copies of a repeat, of which the first may differ from the others.
    """
    start = 0
    while start < len(parts):
        if copies and start == 0 and _first_differs(structure, parts):
            end = max(_equal_until(structure, parts, 1), _equal_until(structure, parts, 0, sizes=False))
            yield Run(tuple(parts[:end]), difference(structure.network, parts[0], parts[1]))
        else:
            end = _equal_until(structure, parts, start)
            yield Run(tuple(parts[start:end]))
        start = end


def _equal_until(structure: Structure, parts: Sequence[Part], start: int, *, sizes: bool = True) -> int:
    """The end of the run that begins at ``start``; without ``sizes``, of parts on inputs of any sizes."""
    end = start + 1
    while (
        end < len(parts)
        and structure.content(parts[end], sizes=sizes) == structure.content(parts[start], sizes=sizes)
        and structure.follows(parts[end], parts[end - 1])
    ):
        end += 1
    return end


def _first_differs(structure: Structure, parts: Sequence[Part]) -> bool:
    """Whether the first copy is another one of the same kind; a change inside can make it another op or block."""
    return (
        len(parts) > 1
        and kind_of(parts[0]) == kind_of(parts[1])
        and structure.content(parts[0]) != structure.content(parts[1])
        and structure.follows(parts[1], parts[0])
    )


def difference(network: Network, first: Part, other: Part) -> str:
    """How the first copy of a repeat differs from another, in words.

    >>> import archspec
    >>> layer2 = archspec.compile("specs/resnet50.yaml")["layer2"]
    >>> difference(archspec.compile("specs/resnet50.yaml"), layer2.children[0], layer2.children[1])
    'stride 2, with downsample'
    """
    texts = [*_different_arguments(first, other), *_different_widths(first, other)]
    structure = different_structure(first, other)
    texts += [structure] if structure else []
    if not texts:
        shapes = [shape_text(network.shape(path)) for path in sorted(external(first))]
        texts = [f"from {', '.join(shapes)}"]
    return ", ".join(texts)


def different_structure(first: Part, other: Part) -> str:
    """What one copy of a repeat holds and the other does not; empty where they hold the same, or are of two kinds."""
    if not isinstance(first, Block) or not isinstance(other, Block) or kind_of(first) != kind_of(other):
        return ""
    own, others = ({child.name: child for child in block.children} for block in (first, other))
    texts = [f"with {_called(own[name])}" for name in own if name not in others]
    texts += [f"no {_called(others[name])}" for name in others if name not in own]
    return ", ".join(texts)


def _called(part: Part) -> str:
    return "shortcut" if isinstance(part, Node) and glyph(part.op) == "+" else part.name


def _different_widths(first: Part, other: Part) -> list[str]:
    """Channels of layers in which copies differ, where no argument says so: ``expand and depthwise 96``."""
    if not isinstance(first, Block) or not isinstance(other, Block):
        return []
    usual = dict(_widths(other))
    told = [value for name, value in block_arguments(first).items() if value != other.arguments.get(name)]
    layers: dict[int, dict[str, None]] = {}
    for path, width in _widths(first):
        if usual.get(path, width) != width and width not in told:
            layers.setdefault(width, {})[path.rpartition(".")[0] or path] = None
    return [f"{' and '.join(names)} {width}" for width, names in layers.items()]


def _widths(block: Block) -> Iterator[tuple[str, int]]:
    """The channels that the layers of a block give, by their paths in it."""
    for node in block.inner_nodes:
        width = getattr(node.op, "out_channels", getattr(node.op, "out_features", None))
        if width is not None:
            yield node.path.removeprefix(f"{block.path}."), width


def _different_arguments(first: Part, other: Part) -> list[str]:
    if isinstance(first, Node) and isinstance(other, Node):
        own, usual = (essentials(node.op, node.input_shapes).split(", ") for node in (first, other))
        return [text for text in own if text and text not in usual]
    if not isinstance(first, Block) or not isinstance(other, Block):
        return []
    names = dict.fromkeys([*block_arguments(first), *block_arguments(other)])
    return [
        argument(name, first.arguments[name]) for name in names if first.arguments[name] != other.arguments.get(name)
    ]
