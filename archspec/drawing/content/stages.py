"""The stages of a network: its layers by the size of the maps that they give, as tables of papers list them.

What makes no map of its own is left out: normalisation, activations, dropout, reshapes. A block is opened where it is
a chain that holds other blocks, copies, or pooling; another is one entry.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, external, outputs_of
from archspec.drawing.content.summary import block_lines, is_unit, layers
from archspec.drawing.content.symbols import SymbolicNetwork
from archspec.errors import UsageError
from archspec.network import Block, Network, Node, PartialNetwork, one_op

_ELSE = "draw it with `--style cards` or `--style volumes`"
_MOST_LAYERS = 6
"""Layers of a block that are told one by one."""


class Entry(NamedTuple):
    """A layer or a block, and how often it stands there in a row.

    Attributes:
        lines: The layers on its main path, kernels and channels; or what it is in a line.
        copies: How many stand in a row.
        is_block: Whether it is a block, which is written in brackets.
    """

    lines: tuple[str, ...]
    copies: int = 1
    is_block: bool = False

    @property
    def times_text(self) -> str:
        """`` ×3``; empty for one."""
        return f" ×{self.copies}" if self.copies > 1 else ""


class Stage(NamedTuple):
    """Entries in a row that give maps of one size.

    Attributes:
        size: Height and width of the maps, as ``56×56``; ``1×1`` for vectors.
        path: The path of the part that holds the most parameters.
        entries: The entries.
    """

    size: str
    path: str
    entries: tuple[Entry, ...]


class _Item(NamedTuple):
    """A part of the chain, and the repeat that it is a copy in, or itself."""

    part: Part
    home: str


def stages(network: Network) -> tuple[Stage, ...]:
    """The stages of a network, from its input to its output.

    Raises:
        UsageError: It is no chain: a part does not take what the one before it gives, or it has several outputs.
    """
    items = list(_items(network, network.blocks))
    _check(network, items)
    named = _named(items)
    found = []
    for size, row in groupby(zip(_sizes(network, items), items, strict=True), key=lambda pair: pair[0]):
        members = [item for _, item in row]
        entries = tuple(_merged(_entries(members, _before(items), named)))
        if entries:
            heaviest = max(members, key=lambda item: item.part.params)
            found.append(Stage(size, heaviest.part.path, entries))
    return _joined(found)


def _joined(found: Iterable[Stage]) -> tuple[Stage, ...]:
    """Stages, neighbours of one size as one: what stood between was left out."""
    stages: list[Stage] = []
    for stage in found:
        if stages and stages[-1].size == stage.size:
            last = stages[-1]
            stages[-1] = last._replace(entries=tuple(_merged((*last.entries, *stage.entries))))
        else:
            stages.append(stage)
    return tuple(stages)


# The chain


def _items(network: Network, block: Block, home: str = "") -> Iterator[_Item]:
    """The parts of a block, those of what it holds where that is told one by one."""
    for child in block.children:
        if not child.content.totals.nodes or network.is_training_only(child.path):
            continue
        if isinstance(child, Block) and one_op(child) is None and not is_unit(child) and _opens(child):
            copies = child.kind == "repeat" and child.step is not None and child.step.each is None
            yield from _items(network, child, child.path if copies else "")
        else:
            yield _Item(child, home or child.path)


def _opens(block: Block) -> bool:
    """Whether the layers of a block are told one by one."""
    children = [child for child in block.children if child.content.totals.nodes]
    return _is_chain(block, children) and (block.kind != "block" or any(map(_is_stage, children)))


def _is_stage(part: Part) -> bool:
    """Whether a part makes the block around it more than one thing: it is copies, or pools to another size."""
    node = one_op(part)
    if node is not None:
        return labels.family(node.op) == "pool" and node.shape[1:] != node.input_shapes[0][1:]
    return isinstance(part, Block) and part.kind == "repeat"


def _is_chain(block: Block, children: Sequence[Part]) -> bool:
    """Whether each part takes only what the one before gives, or a constant, and the block gives what the last does."""
    given, constants = set(external(block)), set[str]()
    for child in children:
        if _takes_nothing(child):
            constants.update(outputs_of(child))
            continue
        if not external(child) <= given | constants or external(child) <= constants:
            return False
        given = set(outputs_of(child))
    return bool(given & set(outputs_of(block)))


def _check(network: Network, items: Sequence[_Item]) -> None:
    """Refuse what cannot be read from the top down."""
    if isinstance(network, SymbolicNetwork):
        raise UsageError("a block by itself is no table of stages: draw it with `--style cards`")
    if isinstance(network, PartialNetwork):
        raise UsageError("a table shows a network that compiles: draw what compiles of this one with `--style cards`")
    ends = [name for name, output in network.outputs.items() if not output.training_only]
    if len(ends) > 1:
        raise UsageError(f"`{network.name}` has {len(ends)} outputs, and a table shows a chain of stages; {_ELSE}")
    given, before = set(network.inputs), "the input"
    for item in items:
        if not external(item.part) & given and not _takes_nothing(item.part):
            raise UsageError(
                f"`{network.name}` is no chain of stages: `{item.part.path}` does not take what {before} gives; {_ELSE}"
            )
        if not _takes_nothing(item.part):
            given, before = set(outputs_of(item.part)), f"`{item.part.path}`, before it,"


def _takes_nothing(part: Part) -> bool:
    return isinstance(part, Node) and part.op.takes_nothing


# Sizes


def _sizes(network: Network, items: Iterable[_Item]) -> Iterator[str]:
    """The size of what each item gives, without its channels."""
    rank = max((len(shape) - 1 for shape in network.inputs.values()), default=1)
    last = channels_last(network)
    for item in items:
        path = next(iter(outputs_of(item.part)))
        shape = network.shape(path)
        places = shape[:-1] if path in last else shape[1:]
        yield labels.times(places or (1,) * max(rank, 1))


def channels_last(network: Network) -> frozenset[str]:
    """The tensors whose channels are the last axis: those behind a permutation that moves them there, until another."""
    found: set[str] = set()
    for node in network:
        is_last, dims = not found.isdisjoint(node.operands), getattr(node.op, "dims", None)
        if node.op.name == "permute" and dims:
            axis = len(dims) if is_last else 1
            is_last = dims[-1] == axis or (is_last and dims[0] != axis)
        if is_last:
            found.add(node.path)
    return frozenset(found)


# Entries


def _entries(members: Sequence[_Item], before: Mapping[str, set[str]], named: Collection[str]) -> Iterator[Entry]:
    """The entries of a row.

    Args:
        members: What the row holds.
        before: What needs no word where a part joins it.
        named: The kinds of blocks that are told by their arguments.
    """
    for _, group in groupby(members, key=lambda item: (item.home, labels.kind_of(item.part))):
        copies = [item.part for item in group]
        blocks = [copy for copy in copies if isinstance(copy, Block) and labels.kind_of(copy) in named]
        if blocks:
            yield _common(blocks)
        else:
            yield from filter(None, (_entry(copy, before[copy.path]) for copy in copies))


def _named(items: Sequence[_Item]) -> frozenset[str]:
    """The kinds of blocks of which copies in a row differ, which arguments tell in fewer words than layers."""
    found: set[str] = set()
    for (_, kind), group in groupby(items, key=lambda item: (item.home, labels.kind_of(item.part))):
        copies = [item.part for item in group]
        blocks = [copy for copy in copies if isinstance(copy, Block) and one_op(copy) is None and not is_unit(copy)]
        if len({_entry(block, set()) for block in blocks}) > 1:
            found.add(kind)
    return frozenset(found)


def _before(items: Sequence[_Item]) -> dict[str, set[str]]:
    """For each part the tensors that need no word where it joins them: those of the part before it, and constants."""
    found: dict[str, set[str]] = {}
    given, constants = set[str](), set[str]()
    for item in items:
        found[item.part.path] = given | constants
        if _takes_nothing(item.part):
            constants.update(outputs_of(item.part))
        else:
            given = set(outputs_of(item.part))
    return found


def _entry(part: Part, before: set[str]) -> Entry | None:
    """What is told of a part; None for nothing."""
    node = one_op(part)
    if node is not None:
        return _op_entry(node, before)
    assert isinstance(part, Block)
    if is_unit(part):
        return _op_entry(next(part.nodes()), before)
    lines = layers(part)
    lines = lines if len(lines) <= _MOST_LAYERS else block_lines(part)
    written = tuple(_in_block(_as_papers(line)) for line in lines)
    return Entry(written, is_block=True) if written else _alone(part)


def _op_entry(node: Node, before: set[str]) -> Entry | None:
    if labels.glyph(node.op):
        others = [path for path in dict.fromkeys(node.operands) if path not in before]
        return Entry((f"{labels.word(node.op)} {', '.join(others)}",)) if others else None
    if labels.family(node.op) in labels.LIGHT or keeps_size(node):
        return None
    return Entry((_as_papers(f"{labels.word(node.op, node.input_shapes)} {_essentials(node)}"),))


def _essentials(node: Node) -> str:
    return labels.essentials(node.op, node.input_shapes)


def keeps_size(node: Node) -> bool:
    """Whether an adaptive pooling is to the size that is there."""
    return node.op.name.startswith("adaptive") and node.shape == node.input_shapes[0]


def _alone(block: Block) -> Entry:
    """A block by its name, and the channels that it concatenates or else its arguments."""
    channels = labels.branch_channels(block)
    return Entry((", ".join([_word(block), *([channels] if channels else _arguments(block))]),), is_block=True)


def _common(copies: Sequence[Block]) -> Entry:
    """Copies of a block by its name and the arguments that all have."""
    first, *others = map(_arguments, copies)
    shared = [text for text in first if all(text in other for other in others)]
    return Entry((", ".join([_word(copies[0]), *shared]),), len(copies), is_block=True)


def _word(block: Block) -> str:
    return labels.definition_word(block) or labels.group_word(block.name)


def _arguments(block: Block) -> list[str]:
    """The numbers that a block was given, but for its stride, which is seen from its size."""
    given = {name: value for name, value in block.arguments.items() if name in block.written and name != "stride"}
    return labels.written({name: value for name, value in given.items() if _is_told(value)})


def _is_told(value: object) -> bool:
    """Whether it says how large a block is; a fraction is a probability or part of one."""
    return isinstance(value, int | tuple | list) and value is not False


def _merged(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Equal entries in a row as one."""
    for (lines, is_block), same in groupby(entries, key=lambda entry: (entry.lines, entry.is_block)):
        yield Entry(lines, sum(entry.copies for entry in same), is_block)


_LAYER = re.compile(r"(?P<word>\D*?) (?P<window>\d+(?:×\d+)+)(?P<rest>, .*)?")
_STRIDE = re.compile(r", /(\d+(?:×\d+)*)")
_DEPTHWISE = re.compile(r"(\S+ depthwise) conv, \d+")


def _as_papers(text: str) -> str:
    """A layer as tables of papers write it.

    >>> _as_papers("conv 7×7, 64, /2"), _as_papers("max pool 3×3, /2"), _as_papers("linear 1000")
    ('7×7, 64, stride 2', '3×3 max pool, stride 2', '1000-d fc')
    """
    text = _STRIDE.sub(r", stride \1", text.strip())
    if text.startswith("linear "):
        width, comma, rest = text.removeprefix("linear ").partition(", ")
        return f"{width}-d fc{comma}{rest}"
    layer = _LAYER.fullmatch(text)
    if layer is None or layer["word"].endswith(" to"):
        return text
    word = "" if layer["word"] == "conv" else f" {layer['word']}"
    return f"{layer['window']}{word}{layer['rest'] or ''}"


def _in_block(text: str) -> str:
    """A layer of a block: its stride is seen from the sizes, and the channels of a depthwise one from its neighbours.

    >>> _in_block("3×3 depthwise conv, 64, stride 2")
    '3×3 depthwise'
    """
    return _DEPTHWISE.sub(r"\1", re.sub(r", stride \S+?(?=,|$)", "", text))
