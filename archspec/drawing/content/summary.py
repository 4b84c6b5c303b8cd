"""What is inside a block, in a few lines: the layers on its main path, as the tables of papers list them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, external, nodes_of, outputs_of
from archspec.network import Block, Node, one_op

_MOST = 4
"""Lines; a block of more says its arguments instead."""


def is_unit(block: Block) -> bool:
    """Whether a block is a chain of one op and others that finish it, such as convolution, normalisation, ReLU."""
    if one_op(block) is not None:
        return False
    nodes = list(block.nodes())
    heavy = [node for node in nodes if labels.family(node.op) not in labels.LIGHT]
    chained = all(node.operands == (before.path,) for before, node in pairwise(nodes))
    return len(heavy) == 1 and nodes[0] is heavy[0] and chained and not labels.glyph(heavy[0].op)


def head(part: Part) -> tuple[Node, tuple[Node, ...]]:
    """The op that a unit is about, and those that finish it."""
    first, *others = nodes_of(part)
    return first, tuple(others)


def block_lines(block: Block) -> tuple[str, ...]:
    """The layers on the main path of a block, a line each; none where they are many.

    Of branches side by side only their number is told, and nothing where no layer comes behind them.

    >>> import archspec
    >>> block_lines(archspec.compile("specs/resnet50.yaml")["layer1.1"])
    ('conv 1×1, 64', 'conv 3×3, 64', 'conv 1×1, 256')
    """
    found = list(_lines(block))
    lines = [text if count == 1 else f"{count}× {text}" for text, count in _counted(found)]
    return tuple(lines) if len(lines) <= _MOST and all(found) else ()


def _counted(texts: Sequence[str]) -> Iterator[tuple[str, int]]:
    for text, same in groupby(texts):
        yield text, len(list(same))


def _lines(block: Block) -> Iterator[str]:
    """The lines of a block; an empty one stands for what cannot be told in a line."""
    path = main_path(block)
    told = {child.path for child in path}
    beside = [child for child in block.children if child.path not in told]
    branches = [child for child in beside if _is_heavy(child) and not _is_shortcut(block, child, told)]
    if branches:
        join = _join(block, path, branches)
        if join is None:
            yield ""
            return
        yield f"{len(join.operands)} branches"
        path = path[path.index(join) + 1 :]
        if not any(map(_is_heavy, path)):
            yield ""  # its arguments say more
    for child in path:
        node = one_op(child)
        if node is not None:
            if _is_heavy(node):
                yield f"{labels.word(node.op, node.input_shapes)} {labels.essentials(node.op, node.input_shapes)}"
        elif isinstance(child, Block) and child.kind == "block" and not is_unit(child):
            yield labels.definition_word(child)
        elif isinstance(child, Block):
            yield from _lines(child)


def _join(block: Block, path: Sequence[Part], branches: Iterable[Part]) -> Node | None:
    """The first concatenation on a path, where all branches beside it end there; else None."""
    join = next((child for child in path if isinstance(child, Node) and child.op.name == "concat"), None)
    giver = {output: child.path for child in block.children for output in outputs_of(child)}
    takers: dict[str, list[Part]] = {}
    for child in block.children:
        for origin in {giver[output] for output in external(child) if output in giver}:
            takers.setdefault(origin, []).append(child)
    ending: set[str] = set()
    for child in reversed(block.children):
        after = takers.get(child.path, [])
        if after and all(taker is join or taker.path in ending for taker in after):
            ending.add(child.path)
    return join if all(child.path in ending for child in branches) else None


def _is_heavy(part: Part) -> bool:
    return any(labels.family(node.op) not in labels.LIGHT and not labels.glyph(node.op) for node in nodes_of(part))


def main_path(block: Block) -> list[Part]:
    """The children on the path through a block that holds the most nodes, in order."""
    giver = {path: child for child in block.children for path in outputs_of(child)}
    best: dict[str, tuple[int, Part | None]] = {}
    for child in block.children:
        before = [giver[path] for path in sorted(external(child)) if path in giver and giver[path] is not child]
        longest = max(before, key=lambda part: best[part.path][0], default=None)
        length = best[longest.path][0] if longest is not None else 0
        best[child.path] = (length + sum(1 for _ in nodes_of(child)), longest)
    ends = [giver[path] for path in outputs_of(block) if path in giver]
    step: Part | None = max(ends, key=lambda part: best[part.path][0], default=None)
    path: list[Part] = []
    while step is not None:
        path.append(step)
        step = best[step.path][1]
    return path[::-1]


def has_shortcut(block: Block) -> bool:
    """Whether what a block takes is added again to what it makes of it, perhaps projected."""
    taken = external(block)
    sums = [node for node in block.nodes() if labels.glyph(node.op) == "+"]
    if any(taken.intersection(node.inputs) for node in sums):
        return True
    told = {child.path for child in main_path(block)}
    return any(_is_shortcut(block, child, told) for child in block.children if child.path not in told)


def _is_shortcut(block: Block, child: Part, told: Collection[str]) -> bool:
    """Whether a child's output goes into a sum with the main path, ``told``, and nowhere else."""
    given = set(outputs_of(child))
    takers = [other for other in block.children if other is not child and external(other) & given]
    return bool(takers) and all(
        _is_sum(taker) or (taker.path not in told and _is_shortcut(block, taker, told)) for taker in takers
    )


def _is_sum(part: Part) -> bool:
    return isinstance(part, Node) and labels.glyph(part.op) == "+"
