"""What a spec states differently of a node, and what only has another value because of something else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from archspec.comparison.edits import Difference
from archspec.comparison.signatures import kind_of, op_of
from archspec.language.choice import plain
from archspec.language.definition import GraphSteps, Step
from archspec.language.expr import is_expression, read
from archspec.language.usage import names_in
from archspec.network import Body, Content, Use
from archspec.ops.arguments import compact
from archspec.ops.op import Op

WHAT = frozenset({"op", "block"})
"""Names of differences in what a node is; others are of its arguments."""


class Stated(NamedTuple):
    """How a node or a copy differs in what it is and in its arguments.

    Attributes:
        own: What its spec states differently.
        derived: What the same expression or default gives differently.
        of_shapes: Whether it is expressions over shapes of tensors that do, as far as can be told.
    """

    own: tuple[Difference, ...]
    derived: tuple[Difference, ...]
    of_shapes: bool


def stated(one: Use, other: Use, settled: Collection[str] = (), *, rows: bool = False) -> Stated:
    """How two nodes, or copies, differ in what they are and in their arguments.

    Args:
        one: The first.
        other: The second.
        settled: Names of what is told of the repeat whose copies they are, and not again of each.
        rows: Whether they are rows of tables that are written differently.
    """
    own: list[Difference] = []
    derived: list[Difference] = []
    for difference in _differences(core(one.content), core(other.content)):
        if difference.name not in settled:
            follows = _follows(one, other, difference.name, rows)
            (derived if follows else own).append(difference)
    of_shapes = bool(derived) and all(_asks_shapes(other, each.name) for each in derived)
    return Stated(tuple(own), tuple(derived), of_shapes)


def _differences(one: Content, other: Content) -> Iterator[Difference]:
    """What two contents are and their arguments, where they differ."""
    op, its_op = op_of(one), op_of(other)
    if op is None and its_op is None:
        if kind_of(one) != kind_of(other):
            yield Difference("block", described(one), described(other))
        yield from changes(_arguments(one), _arguments(other))
    elif op is None or its_op is None or op.name != its_op.name:
        yield Difference("op", described(one), described(other))
    else:
        if type(op) is not type(its_op):  # of one some outputs are taken by name
            yield Difference("outputs", *([*_outputs(content)] for content in (one, other)))
        for name in type(op).model_fields:
            before, after = getattr(op, name), getattr(its_op, name, None)
            if before != after:
                yield Difference(name, compact(before), compact(after))


def _outputs(content: Content) -> Iterable[str]:
    """The names of the outputs of an op that are taken."""
    return content.outputs if isinstance(content, Body) else ["output"]


def changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Difference]:
    """The values of two mappings that differ, of the names that both have."""
    for name in one:
        if name in other:
            before, after = plain(one[name]), plain(other[name])
            if before != after or type(before) is not type(after):
                yield Difference(name, before, after)


def core(content: Content) -> Content:
    """What a repeat has copies of: its first copy; another content itself."""
    while isinstance(content, Body) and content.kind == "repeat":
        content = next(iter(content.firsts())).content
    return content


def _arguments(content: Content) -> Mapping[str, Any]:
    return content.arguments if isinstance(content, Body) else {}


def _follows(one: Use, other: Use, name: str, rows: bool) -> bool:
    """Whether the spec states the same of both, and what it gives differs."""
    if name == "outputs":
        return False
    if name in WHAT:
        targets = _target(one.step), _target(other.step)
        return bool(targets[0] == targets[1]) and is_expression(targets[0])
    texts = _text(one, name), _text(other, name)
    if texts == (None, None):
        return bool(_default(core(one.content), name) == _default(core(other.content), name))
    return bool(texts[0] == texts[1]) and not rows


def _target(step: Step) -> Any:
    """What names the op or block of a node; None for a group."""
    return step.target.value if step.target is not None else None


def _text(use: Use, name: str) -> tuple[Any] | None:
    """An argument as it is written; None where the node does not write it, but the default or a chosen op gives it."""
    step = use.step
    entry = use.written.get(name)
    if entry is None or (is_expression(_target(step)) and not _writes(step, name)):
        return None
    return (plain(entry.value.plain()),)


def text(use: Use, name: str) -> Any:
    """An argument as it is written; None too where it is not."""
    found = _text(use, name)
    return found[0] if found else None


def _writes(step: Step, name: str) -> bool:
    return name in step.arguments or name in step.first or name in step.last


def _default(content: Content, name: str) -> Any:
    """The default of a block's parameter, as it is written."""
    param = content.template.params.get(name) if isinstance(content, Body) and content.kind == "block" else None
    return param and param.default


def _asks_shapes(use: Use, name: str) -> bool:
    """Whether what gives an argument, the node or a default, asks for the shapes of tensors, be it among others."""
    entry, content = use.written.get(name), core(use.content)
    if entry is not None and _text(use, name):
        return any(asked in ("operand", "input") for asked in names_in(entry.value))
    default = _default(content, name)
    if not is_expression(default) or not isinstance(content, Body):
        return False
    return not read(default).names.isdisjoint(content.graph.inputs or ("input",) if content.graph else ())


def defined(one: GraphSteps | None, other: GraphSteps | None) -> tuple[Difference, ...]:
    """What two graphs define differently, as it is written."""
    texts = [_texts_of_lets(graph) for graph in (one, other)]
    names = dict.fromkeys([*texts[0], *texts[1]])
    values = [(f"let {name}", texts[0].get(name), texts[1].get(name)) for name in names]
    return tuple([Difference(*each) for each in values if each[1] != each[2]])


def _texts_of_lets(graph: GraphSteps | None) -> dict[str, Any]:
    return {let.name: let.value.plain() if let.value else None for let in graph.lets} if graph else {}


def described(content: Content) -> str:
    """The name of a block, with the number of copies of a repeat, or an op with the arguments that are no defaults.

    >>> import archspec
    >>> described(archspec.compile("lenet")["conv1"].content)
    'conv out_channels=6 kernel_size=5 padding=2'
    """
    op = op_of(content)
    if op is not None:
        return with_arguments(op)
    assert isinstance(content, Body)
    inner = core(content)
    name = described(inner) if op_of(inner) is not None else kind_of(inner)
    return f"{name} ×{content.copies}" if content.kind == "repeat" else name


def with_arguments(op: Op) -> str:
    """An op with the arguments that are not its defaults."""
    return " ".join([op.name, *(f"{name}={written(value)}" for name, value in op.changed().items())])


def written(value: Any) -> str:
    """A value as a spec has it.

    >>> written({"op": "batch_norm", "eps": 0.001}), written([3, None])
    ('batch_norm {eps: 0.001}', '[3, null]')
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, dict):
        named = next((kind for kind in sorted(WHAT) if kind in value), "")
        rest = ", ".join(f"{name}: {written(item)}" for name, item in value.items() if name != named)
        return f"{value[named]} {{{rest}}}" if named else f"{{{rest}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(written, value))}]"
    return str(value)
