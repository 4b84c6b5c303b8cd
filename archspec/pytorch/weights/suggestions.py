"""What the problems of a matching may come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from archspec.ops.tensor import Shape, show
from archspec.pytorch.weights.matching import Matching
from archspec.pytorch.weights.mismatches import Misshapen, likely_pairs
from archspec.pytorch.weights.tensors import fits, module_of


def with_suggestions(matching: Matching) -> Matching:
    """The matching, with what its problems may come from."""
    if matching.ok:
        return matching
    pairs = likely_pairs(matching.missing, matching.unexpected)
    back = {key: name for name, key in pairs.items()}
    shapes = {tensor.key: tensor.shape for tensor in matching.unexpected}
    return replace(
        matching,
        missing=tuple(replace(m, suggestion=_same(pairs.get(m.name), m.shape, shapes)) for m in matching.missing),
        unexpected=tuple(
            replace(u, suggestion=f"is it `{back[u.key]}`?" if u.key in back else u.suggestion)
            for u in matching.unexpected
        ),
        misshapen=tuple(_misshapen(matching.misshapen)),
    )


def _same(key: str | None, shape: Shape, shapes: Mapping[str, Shape]) -> str:
    if key is None:
        return ""
    return f"is it `{key}`" + ("?" if fits(shape, shapes[key]) else f", which is {show(shapes[key])}?")


def _misshapen(tensors: tuple[Misshapen, ...]) -> Iterator[Misshapen]:
    shapes = {(tensor.expected, tensor.found): tensor for tensor in reversed(tensors)}
    classifier = _classifier(tensors)
    for tensor in tensors:
        other = shapes.get((tensor.found, tensor.expected))
        if other:
            yield replace(
                tensor, suggestion=f"the shapes of this and `{other.key}` are each other's: are they swapped?"
            )
        else:
            yield replace(tensor, suggestion=classifier)


def _classifier(tensors: tuple[Misshapen, ...]) -> str:
    """What to do where one layer alone has another number of outputs."""
    sizes = {(tensor.expected[:1], tensor.found[:1]) for tensor in tensors if tensor.expected[1:] == tensor.found[1:]}
    if len({module_of(tensor.name) for tensor in tensors}) > 1 or len(sizes) != 1:
        return ""
    ((_, found),) = sizes
    return f"the checkpoint has {show(found)} outputs here: a network with as many takes it (`--set num_classes=...`)"
