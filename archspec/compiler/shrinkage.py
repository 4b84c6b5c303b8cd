"""Where operands that should have one size came to differ: windows without padding that cut the border off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from archspec.compiler.tensors import Scope, Tensor
from archspec.compiler.walk import Site
from archspec.errors import Change, Help, listed
from archspec.language.definition import Step
from archspec.ops.arguments import compact
from archspec.ops.tensor import Shape

_LONGEST_CHAIN = 100


def padding_help(site: Site) -> str:
    """The padding with which the operands of a node would agree; empty where that is not what they lack."""
    shapes = [shape for shape in site.shapes if shape is not None]
    sizes = [shape[1:] for shape in shapes]
    if len(shapes) < len(site.shapes) or len({len(shape) for shape in shapes}) != 1 or len(set(sizes)) != 2:
        return ""
    wanted = max(sizes)
    if any(small > large for small, large in zip(min(sizes), wanted, strict=True)):
        return ""
    steps = {step.name: step for step in site.scope.graph.steps}
    lacking: dict[str, Padding] = {}
    for reference, shape in zip(site.scope.expanded(site.step.operands or ()), shapes, strict=False):
        if shape[1:] != wanted:
            step = None if reference.copy else steps.get(reference.name)
            found = _lacking(step, wanted, steps, site.scope)
            if found is None:
                return ""
            lacking |= found
    words, channels = _words(lacking), {shape[0] for shape in shapes} - {1}
    changes = [Change("set", f"padding: {padding}", steps[name].key.span) for name, padding in lacking.items()]
    if words and len(channels) > 1 and site.step.target is not None and site.target.value != "concat":
        return f"{words}; the channels differ too, which a 1x1 convolution mends"
    return Help(words, *changes)


Padding = int | list[int]


def _words(lacking: Mapping[str, Padding]) -> str:
    if not lacking:
        return ""
    paddings = {str(padding) for padding in lacking.values()}
    if len(paddings) == 1:
        return f"write `padding: {paddings.pop()}` at {listed(lacking)}, so that the size is kept"
    return f"keep the size: {', '.join(f'`padding: {padding}` at `{name}`' for name, padding in lacking.items())}"


def _lacking(step: Step | None, wanted: Shape, steps: Mapping[str, Step], scope: Scope) -> dict[str, Padding] | None:
    """The paddings that the nodes above a tensor lack, by the names of the nodes; None where something else differs."""
    lacking: dict[str, Padding] = {}
    for node, before, after in islice(_chain(step, steps, scope), _LONGEST_CHAIN):
        if before == after:
            continue
        padding = _padding(node, before, after)
        if padding is None:
            return None
        lacking[node.name] = padding
        if before == wanted:
            return lacking
    return None


def _chain(step: Step | None, steps: Mapping[str, Step], scope: Scope) -> Iterator[tuple[Step, Shape, Shape]]:
    """A node and those above it that take one tensor, each with the sizes of what it takes and gives."""
    while step is not None and step.operands is not None and len(step.operands) == 1:
        (taken,) = step.operands
        if taken.copy:
            return
        before, after = (_sizes(scope.tensors.get(name)) for name in (taken.name, step.name))
        if before is None or after is None or len(before) != len(after):
            return
        yield step, before, after
        step = steps.get(taken.name)


def _sizes(tensor: object) -> Shape | None:
    return tensor.shape[1:] if isinstance(tensor, Tensor) and tensor.shape is not None else None


def _padding(step: Step, before: Shape, after: Shape) -> Padding | None:
    """The padding that keeps the sizes of an op with windows; None where it cannot be had so."""
    lost = [(old - new) for old, new in zip(before, after, strict=True)]
    given = step.arguments.get("padding")
    padding = given.value.plain() if given else 0
    strides = {"stride"} & step.arguments.keys()
    if step.kind != "op" or strides or "kernel_size" not in step.arguments or type(padding) is not int:
        return None
    if any(each < 0 or each % 2 for each in lost):
        return None
    wanted = compact(tuple(padding + each // 2 for each in lost))
    return list(wanted) if isinstance(wanted, tuple) else int(wanted)
