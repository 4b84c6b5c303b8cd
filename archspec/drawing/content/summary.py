"""What is inside a block, in a few lines: the layers on its main path, as the tables of papers list them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from archspec.drawing.content import labels
from archspec.drawing.content.folding import Part, external, nodes_of, outputs_of
from archspec.network import Block, Node, kept_inside, one_op

_MOST = 4
"""Lines; a block of more says its arguments instead."""


@kept_inside
def is_unit(block: Block) -> bool:
    """Whether a block is a chain of one op and others that finish it, such as convolution, normalisation, ReLU.

    A learned tensor that is added, or a factor, finishes it too.
    """
    if one_op(block) is not None:
        return False
    nodes = [node for node in block.inner_nodes if not _is_learned(node)]
    learned = {node.path for node in block.inner_nodes if _is_learned(node)}
    chained = all({*node.operands} - learned == {before.path} for before, node in pairwise(nodes))
    if not nodes or nodes[0] is not block.inner_nodes[0]:
        return False
    return _is_heavy(nodes[0]) and chained and all(map(_finishes, pairwise(nodes)))


def _is_learned(node: Node) -> bool:
    """Whether it is a tensor that is learned or fixed."""
    return not node.operands and labels.family(node.op) == "constant"


def _finishes(pair: tuple[Node, Node]) -> bool:
    """Whether an op does little to what the one before gives."""
    before, node = pair
    joins = bool(labels.glyph(node.op)) and set(node.operands) != {before.path} and node.shape == before.shape
    return labels.family(node.op) in labels.LIGHT or joins


def head(part: Part) -> tuple[Node, tuple[str, ...]]:
    """The op that a unit is about, and what those are called that finish it."""
    first, *others = nodes_of(part)
    learned = {node.path: labels.word(node.op) for node in others if _is_learned(node)}
    return first, tuple(_called(node, learned) for node in others if node.path not in learned)


def _called(node: Node, learned: Mapping[str, str]) -> str:
    """What an op is called that finishes another: with the learned tensor that it takes."""
    taken = [learned[path] for path in node.operands if path in learned]
    return " ".join((labels.glyph(node.op), *taken)) if taken else labels.word(node.op)


def block_lines(block: Block) -> tuple[str, ...]:
    """The layers on the main path of a block, a line each; none where they are many.

    Of branches side by side only their number is told, and nothing where no layer comes behind them.

    >>> import archspec
    >>> block_lines(archspec.compile("specs/resnet50.yaml")["layer1.1"])
    ('conv 1×1, 64', 'conv 3×3, 64', 'conv 1×1, 256')
    """
    return tuple(text if count == 1 else f"{count}× {text}" for text, count in _counted(layers(block)))


@kept_inside
def layers(block: Block) -> tuple[str, ...]:
    """The layers on the main path of a block, one by one; none where `block_lines` has none.

    >>> import archspec
    >>> layers(archspec.compile("specs/resnet18.yaml")["layer1.1"])
    ('conv 3×3, 64', 'conv 3×3, 64')
    """
    found = tuple(_lines(block))
    return found if len(list(_counted(found))) <= _MOST and all(found) else ()


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
        yield from _told(child)


def _told(part: Part) -> Iterator[str]:
    """The lines of one part of a block; none for what finishes others."""
    node = one_op(part)
    if node is not None:
        if _is_heavy(node):
            yield f"{labels.word(node.op, node.input_shapes)} {labels.essentials(node.op, node.input_shapes)}"
    elif isinstance(part, Block) and part.kind == "block" and not is_unit(part):
        yield labels.definition_word(part)
    elif isinstance(part, Block):
        yield from _lines(part)


def has_streams(block: Block) -> bool:
    """Whether a block takes several tensors and gives several, so that no path through it is the main one."""
    return len(block.inputs) > 1 and len(outputs_of(block)) > 1


def held_lines(block: Block) -> tuple[str, ...]:
    """The kinds of layers and blocks in a block, each with how many there are; none where they are many.

    >>> import archspec
    >>> held_lines(archspec.compile("specs/retinanet.yaml")["backbone"])
    ('resnet50', '3× conv 1×1, 256', '2× top down', '3× conv 3×3, 256')
    """
    return _held(block, _told) or _held(block, _named)


def _held(block: Block, tell: Callable[[Part], Iterable[str]]) -> tuple[str, ...]:
    """What is told of each part of a block, with how often it is; nothing where that is much."""
    copies = [
        part
        for child in block.children
        for part in (child.children if isinstance(child, Block) and child.kind == "repeat" else (child,))
    ]
    found = Counter(text for part in copies for text in tell(part))
    if len(found) > _MOST or not all(found):
        return ()
    return tuple(f"{count}× {text}" if count > 1 else text for text, count in found.items())


def kind_lines(block: Block) -> tuple[str, ...]:
    """The layers and blocks in a block of any size, each with how many there are; their kinds where they are many.

    Of many kinds these are the most frequent.

    >>> import archspec
    >>> kind_lines(archspec.compile("specs/inception_v3.yaml", variant="training")["aux"])
    ('avg pool', '2× conv', 'global avg pool', 'linear')
    """
    if held := _held(block, _told):
        return held
    found = Counter(_kinds(block))
    told = {text for text, _ in found.most_common(_MOST - 1)} if len(found) > _MOST else found.keys()
    lines = [f"{count}× {text}" if count > 1 else text for text, count in found.items() if text in told]
    return (*lines, *(("…",) if len(told) < len(found) else ()))


def _kinds(block: Block) -> Iterator[str]:
    """What each layer or block in a block is called."""
    for child in block.children:
        node = one_op(child)
        if node is not None or (isinstance(child, Block) and child.kind == "block" and is_unit(child)):
            node = node or head(child)[0]
            yield from (labels.word(node.op, node.input_shapes),) * _is_heavy(node)
        elif isinstance(child, Block) and child.kind == "block":
            yield labels.definition_word(child)
        elif isinstance(child, Block):
            yield from _kinds(child)


def branch_lines(block: Block) -> tuple[str, ...]:
    """The layers of a block whose parts stand beside each other, each giving an output, by the names of these.

    >>> import archspec
    >>> branch_lines(archspec.compile("specs/retinanet.yaml")["heads3"])
    ('classes: 4× conv 3×3, 256', 'conv 3×3, 720', 'boxes: 4× conv 3×3, 256', 'conv 3×3, 36')
    """
    giver = {path: child for child in block.children for path in outputs_of(child)}
    taken = {path for child in block.children for path in external(child)}
    outputs = [(name, giver[path]) for name, path in block.outputs.items() if path in giver]
    if len({child.path for _, child in outputs}) < len(block.children) or not taken.isdisjoint(giver):
        return ()
    branches = [
        (name, block_lines(child) if isinstance(child, Block) else tuple(_told(child))) for name, child in outputs
    ]
    if not all(lines for _, lines in branches):
        return ()
    found = tuple(line for name, (first, *more) in branches for line in (f"{name}: {first}", *more))
    return found if len(found) <= 2 * _MOST else ()


def _named(part: Part) -> Iterator[str]:
    """What a part is called, blocks by their names."""
    if isinstance(part, Block) and part.kind == "block" and one_op(part) is None:
        yield labels.definition_word(part)
    else:
        yield from _told(part)


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
    """The children on the path through a block that holds the most nodes, in order.

    It leads past what is made of learned or fixed tensors alone, where there is another way.
    """
    giver = {path: child for child in block.children for path in outputs_of(child)}
    made = {child.path for child in _made(block)}
    best: dict[str, tuple[int, Part | None]] = {}
    for child in block.children:
        before = [giver[path] for path in sorted(external(child)) if path in giver and giver[path] is not child]
        longest = max(before, key=lambda part: (part.path in made, best[part.path][0]), default=None)
        length = best[longest.path][0] if longest is not None else 0
        best[child.path] = (length + len(nodes_of(child)), longest)
    ends = [giver[path] for path in outputs_of(block) if path in giver]
    step: Part | None = max(ends, key=lambda part: best[part.path][0], default=None)
    path: list[Part] = []
    while step is not None:
        path.append(step)
        step = best[step.path][1]
    return path[::-1]


@kept_inside
def has_shortcut(block: Block) -> bool:
    """Whether what a block takes is added again to what it makes of it, perhaps projected."""
    if has_streams(block):
        return False
    taken, made = external(block), _made(block)
    sums = [node for node in block.inner_nodes if labels.glyph(node.op) == "+"]
    if any(taken.intersection(node.inputs) for node in sums):
        return True
    told = {child.path for child in main_path(block)}
    return any(_is_shortcut(block, child, told) for child in made if child.path not in told)


def _made(block: Block) -> list[Part]:
    """The children that are made of what a block takes: not what is learned or fixed, and what is made of that."""
    known, found = set(external(block)), []
    for child in block.children:
        if not known.isdisjoint(external(child)):
            known.update(outputs_of(child))
            found.append(child)
    return found


def _is_shortcut(block: Block, child: Part, told: Collection[str]) -> bool:
    """Whether a child's output goes into a sum with the main path, ``told``, and nowhere else."""
    given = set(outputs_of(child))
    takers = [other for other in block.children if other is not child and external(other) & given]
    return bool(takers) and all(
        _is_sum(taker) or (taker.path not in told and _is_shortcut(block, taker, told)) for taker in takers
    )


def _is_sum(part: Part) -> bool:
    return isinstance(part, Node) and labels.glyph(part.op) == "+"
