"""What truly depends on what: forward-mode derivatives in double precision, of networks in which nothing cancels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import pytest

import archspec
from archspec.analysis.sight import hull
from archspec.ops.op import Op
from archspec.ops.tensor import Places, Shape, Shapes

torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # PyTorch's own call of `torch.jit.script`
    import torch._decomp.decompositions_for_jvp  # which the first dual tensor would import
import torch.autograd.forward_ad as forward  # noqa: E402
from emitted_layers import build  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402

LEAST = 1e-12
"""A smaller share of the largest derivative comes of rounding."""

Spans = dict[tuple[int, ...], tuple[int, int] | None]
"""For each element of an output, the first and last place on which it depends."""


def positive(layer: nn.Module) -> nn.Module:
    """A layer in evaluation, in double precision, with weights above 0."""
    numbers = torch.Generator().manual_seed(2)
    layer = layer.double().eval()
    with torch.no_grad():
        for tensor in layer.parameters():
            tensor.copy_(0.1 + torch.rand(tensor.shape, generator=numbers, dtype=torch.double))
    return layer


def slices(shape: Shape, dim: int) -> Any:
    """For each place along a dimension a tensor that has random numbers above 0 there, and zeros elsewhere."""
    numbers = torch.rand(shape, generator=torch.Generator().manual_seed(3), dtype=torch.double) + 0.5
    found = torch.zeros(shape[dim], *shape, dtype=torch.double)
    for place in range(shape[dim]):
        found[place].select(dim, place).copy_(numbers.select(dim, place))
    return found


def depends(tangent: Any) -> Any:
    """Where a derivative is not nothing."""
    size = tangent.nan_to_num(0, 0, 0).abs()
    return size > LEAST * size.max().clamp(min=1e-300)


def spans(dependent: Any) -> Spans:
    """From a mask of (place of the input, *element of the output): the hull for each element."""
    found: Spans = {}
    for index in product(*map(range, dependent.shape[1:])):
        places = dependent[(slice(None), *index)].nonzero().flatten().tolist()
        found[index] = hull((place, place) for place in places)
    return found


def op_spans(op: Op, shapes: Shapes, layer: nn.Module, operand: int, dim: int) -> Spans:
    """What each element of an op's output depends on along a dimension of an operand."""
    moved = slices(shapes[operand], dim)
    if op.name in ("max_pool", "adaptive_max_pool", "global_max_pool", "amax"):  # only the winner has a derivative
        return spans(layer(moved) > 0)
    if op.name == "amin":
        return spans(layer(-moved) < 0)
    if op.name == "max_unpool":
        places = shapes[1]
        assert isinstance(places, Places)
        return spans(torch.stack([unpooled(moved, each, places) > 0 for each in all_places(places)]).any(0))
    layer = positive(layer)
    masks = []
    for seed, (low, high) in enumerate([(0.5, 1.5), (-2.0, 2.0), (0.0, 0.1)]):
        numbers = torch.Generator().manual_seed(seed)
        draws = [low + (high - low) * torch.rand(shape, generator=numbers, dtype=torch.double) for shape in shapes]
        batch = [draw.expand(len(moved), *draw.shape).clone() for draw in draws]
        with forward.dual_level(), torch.no_grad(), sdpa_kernel(SDPBackend.MATH):  # the fused one has none
            batch[operand] = forward.make_dual(batch[operand], moved)
            tangent = forward.unpack_dual(layer(*batch)).tangent
        masks.append(torch.zeros(len(moved), *layer(*batch).shape[1:]) if tangent is None else tangent)
    return spans(torch.stack(list(map(depends, masks))).any(0))


def all_places(shape: Places) -> Iterator[Any]:
    """Places of maxima, in turn each of the windows'."""
    window, sizes = shape.window, shape.pooled[1:]
    axes = zip(shape[1:], sizes, window.kernel, window.stride, window.padding, window.dilation, strict=True)
    reads = [
        [
            [at for at in range(first, first + reach, gap) if 0 <= at < size]
            for first in (place * int(stride) - int(padding) for place in range(count))
        ]
        for count, size, reach, stride, padding, gap in axes
    ]
    for choice in product(*(range(max(map(len, each))) for each in reads)):
        found = torch.zeros(1, dtype=torch.long)
        for each, number, size in zip(reads, choice, sizes, strict=True):
            found = found[..., None] * size + torch.tensor([places[number % len(places)] for places in each])
        yield found.expand(1, *shape)


def unpooled(x: Any, found: Any, places: Places) -> Any:
    """Elements at their places, and the greatest of several at one."""
    flat = found.expand(x.shape).flatten(2)
    sizes = places.pooled[1:]
    return x.new_zeros(*x.shape[:2], prod(sizes)).scatter_reduce(2, flat, x.flatten(2), "amax").unflatten(2, sizes)


SURROGATES: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "max_pool": lambda op, operands: window_sums(op, operands[0]),
    "adaptive_max_pool": lambda op, operands: adaptive_means(op.output_size, operands[0]),
    "global_max_pool": lambda op, operands: adaptive_means(1, operands[0]),
    **dict.fromkeys(("add", "sub", "mul", "div", "maximum", "minimum"), lambda op, operands: sum(operands)),
    **dict.fromkeys(("amax", "amin", "vector_norm"), lambda op, operands: operands[0].sum(op.dim, op.keepdim)),
    "sign": lambda op, operands: operands[0],
    **dict.fromkeys(
        ("softmax", "log_softmax", "normalize"),
        lambda op, operands: operands[0] + operands[0].sum(op.dim, keepdim=True),
    ),
    "scaled_dot_product_attention": lambda op, operands: attended(op, *operands),
    "multi_head_attention": lambda op, operands: attended(op, *(x.sum(-1, keepdim=True) for x in operands)).expand(
        *operands[0].shape
    ),
    "local_response_norm": lambda op, operands: F.local_response_norm(operands[0], op.size, -0.1, 0.7, 2.0),
}
"""In place of ops whose derivative has zeros or two signs, others that read the same: positive for positive inputs."""


def attended(op: Any, queries: Any, keys: Any = None, values: Any = None, mask: Any = 0.0) -> Any:
    """The sums of what a query's place reads: its own, and of keys, values and mask all, or those up to its own."""
    keys = queries if keys is None else keys
    values = keys if values is None else values
    last = torch.full((queries.shape[-2],), keys.shape[-2] - 1)
    if op.is_causal:
        last = torch.minimum(last, torch.arange(queries.shape[-2]))
    seen = keys.sum(-1, keepdim=True).cumsum(-2)[..., last, :] + values.cumsum(-2)[..., last, :]
    return queries.sum(-1, keepdim=True) + seen + (mask if isinstance(mask, float) else mask.sum(-1, keepdim=True))


def adaptive_means(sizes: Any, x: Any) -> Any:
    return getattr(F, f"adaptive_avg_pool{x.dim() - 2}d")(x, sizes)


def window_sums(op: Any, x: Any) -> Any:
    """The sums of the windows of a max pooling."""
    rank = x.dim() - 2
    shapes = (tuple(x.shape[1:]),)
    counts, steps, starts = op.infer(shapes)[1:], op.steps, [before for before, _ in op.pads(shapes)]
    needed = [(count - 1) * step + window for count, step, window in zip(counts, steps, op.window, strict=True)]
    ends = [need - size - pad for need, size, pad in zip(needed, x.shape[2:], starts, strict=True)]
    x = F.pad(x, [each for pair in reversed(list(zip(starts, ends, strict=True))) for each in pair])
    weight = torch.ones(x.shape[1], 1, *op.kernel_size, dtype=x.dtype)
    return getattr(F, f"conv{rank}d")(x, weight, stride=steps, dilation=op.dilation, groups=x.shape[1])


def spread_sums(places: Any, x: Any) -> Any:
    """What a max unpooling may put at a place: the sum of all."""
    window, rank = places.window, len(places) - 1
    kernel = [(reach - 1) // gap + 1 for reach, gap in zip(window.kernel, window.dilation, strict=True)]
    steps, padding = (tuple(map(int, each)) for each in (window.stride, window.padding))
    weight = torch.ones(x.shape[1], 1, *kernel, dtype=x.dtype)
    function = getattr(F, f"conv_transpose{rank}d")
    x = function(x, weight, stride=steps, groups=x.shape[1], dilation=window.dilation)
    ends = [start + size for start, size in zip(padding, places.pooled[1:], strict=True)]
    x = F.pad(x, [n for end, size in zip(ends[::-1], x.shape[:1:-1], strict=True) for n in (0, max(end - size, 0))])
    return x[(..., *map(slice, padding, ends))]


POINTWISE = """
    batch_norm layer_norm rms_norm group_norm instance_norm global_response_norm
    dropout dropout2d stochastic_depth prelu
""".split()


def network_spans(network: archspec.Network, input: str, dim: int) -> dict[str, Any]:
    """For each node a mask of (place along a dimension of an input, *element): what depends on what."""
    numbers = torch.Generator().manual_seed(4)
    count = network.inputs[input][dim]
    tensors = {}
    with forward.dual_level(), torch.no_grad():
        for name, shape in network.inputs.items():
            value = (0.5 + torch.rand(shape, generator=numbers, dtype=torch.double)).expand(count, *shape).clone()
            tensors[name] = forward.make_dual(value, slices(shape, dim)) if name == input else value
        found = {}
        for node in network:
            given = _applied(node, [tensors[path] for path in node.inputs])
            value, tangent = forward.unpack_dual(given)
            mask = torch.zeros(value.shape, dtype=torch.bool) if tangent is None else depends(tangent)
            found[node.path] = mask
            # Other numbers that depend on the same, so that nothing cancels, overflows or is lost in rounding.
            fresh, factor = (0.5 + torch.rand(2, *value.shape[1:], generator=numbers, dtype=torch.double)).unbind()
            fresh = fresh.expand(value.shape).clone()
            tensors[node.path] = forward.make_dual(fresh, mask * factor) if mask.any() else fresh
    return found


def _applied(node: archspec.Node, operands: list[Any]) -> Any:
    op = node.op
    if op.name == "max_unpool":
        return spread_sums(node.input_shapes[1], sum(operands))
    if op.name in SURROGATES:
        return SURROGATES[op.name](op, operands)
    if op.name in POINTWISE or type(op).__module__.startswith(("archspec.ops.activation", "archspec.ops.arithmetic")):
        return operands[0]
    return positive(build(op.torch(node.input_shapes)))(*operands)
