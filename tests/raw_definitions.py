"""Ops that PyTorch has in no layer or function of one call, by their definitions or their authors' code."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from math import prod
from typing import Any

import pytest
from emitted_layers import HeldLayer
from raw_layers import Args, need, tupled

from archspec.ops.tensor import Places, Shapes

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

from archspec.pytorch.layers.batch_stochastic_depth import BatchStochasticDepth  # noqa: E402
from archspec.pytorch.layers.layer_scale import LayerScale  # noqa: E402
from archspec.pytorch.layers.stochastic_depth import StochasticDepth  # noqa: E402


class RawLocalConv(nn.Module):
    """The same by its definition: at each place, a convolution of one window with that place's weights."""

    def __init__(self, channels, size, **args):
        super().__init__()
        self.conv = [self._layer(channels, len(size), args)]  # in a list: not a submodule
        out = self.conv[0](torch.zeros(1, channels, *size))
        outputs, inputs, *kernel = self.conv[0].weight.shape
        self.weight = nn.Parameter(torch.randn(*out.shape[2:], outputs, *kernel, inputs))
        self.bias = nn.Parameter(torch.randn(out.shape[1:])) if args.get("bias", True) else None

    @staticmethod
    def _layer(channels, rank, args):
        return getattr(nn, f"Conv{rank}d")(channels, **{key: tupled(value) for key, value in args.items()})

    def forward(self, x):
        layer = self.conv[0]
        x = F.pad(x, [p for pad in reversed(layer.padding) for p in (pad, pad)])
        places = list(itertools.product(*map(range, self.weight.shape[: len(layer.stride)])))
        out = [self._at(x, place) for place in places]
        out = torch.cat(out, -1).unflatten(-1, self.weight.shape[: len(layer.stride)])
        return out if self.bias is None else out + self.bias

    def _at(self, x, place):
        layer = self.conv[0]
        axes = zip(place, layer.stride, layer.dilation, layer.kernel_size, strict=True)
        for dim, (at, step, gap, size) in enumerate(axes, 2):
            x = x.narrow(dim, at * step, gap * (size - 1) + 1)
        function = F.conv1d if len(place) == 1 else F.conv2d
        weight = self.weight[place].movedim(-1, 1)
        return function(x, weight, dilation=layer.dilation, groups=layer.groups).flatten(2)


class RawChannelNorm(nn.LayerNorm):
    """A layer normalisation of a tensor whose dimension is the last for a while."""

    def __init__(self, dim, shape, **args):
        need(-len(shape) <= dim <= len(shape) and dim != 0)
        super().__init__((0, *shape)[dim] if dim > 0 else shape[dim], **args)
        self.dim = dim

    def forward(self, x):
        return super().forward(x.transpose(self.dim, -1)).transpose(self.dim, -1)


class RawBlur(nn.Module):
    """Downsample of the author's code, for any kernel: the blur of two neighbours, again and again."""

    def __init__(self, args, shapes):
        super().__init__()
        size, self.stride = args.get("kernel_size", 3), args.get("stride", 2)
        need(0 < size < 8 and self.stride > 0 and len(shapes[0]) == 3)  # sizes that the author's code knows
        taps = torch.ones(1)
        for _ in range(size - 1):
            taps = (F.pad(taps, (1, 0)) + F.pad(taps, (0, 1))) / 2
        self.register_buffer("filt", (taps[:, None] * taps).expand(shapes[0][0], 1, size, size).clone())
        self.pad = nn.ReflectionPad2d([(size - 1) // 2, -(-(size - 1) // 2)] * 2)

    def forward(self, x):
        return F.conv2d(self.pad(x), self.filt, stride=self.stride, groups=x.shape[1])


class RawResponseNorm(nn.Module):
    """Algorithm 1 of the paper."""

    def __init__(self, args, shapes):
        super().__init__()
        (shape,) = shapes
        self.dim, self.eps = args.get("dim", 1), args.get("eps", 1e-6)
        need(len(shape) > 1 and -len(shape) <= self.dim <= len(shape) and self.dim != 0)
        self.dim %= len(shape) + 1
        self.weight = nn.Parameter(torch.randn(shape[self.dim - 1]))
        self.bias = nn.Parameter(torch.randn(shape[self.dim - 1]))

    def forward(self, x):
        x = x.movedim(self.dim, -1)
        norms = x.flatten(1, -2).pow(2).sum(1).sqrt()
        norms = norms.view(x.shape[0], *[1] * (x.dim() - 2), -1)
        out = self.weight * (x * (norms / (norms.mean(-1, keepdim=True) + self.eps))) + self.bias + x
        return out.movedim(-1, self.dim)


def raw_layer_norm(args: Args, shapes: Shapes) -> Any:
    need(len(shapes[0]) > 0)
    given = dict(args)
    dim = given.pop("dim", None)
    if dim is not None:
        need(given.pop("normalized_shape", None) is None)
        return RawChannelNorm(dim, shapes[0], **given)
    wanted = given.pop("normalized_shape", None)
    return nn.LayerNorm(shapes[0][-1] if wanted is None else wanted, **given)


def raw_rms_norm(args: Args, shapes: Shapes) -> Any:
    need(len(shapes[0]) > 0)
    given = dict(args)
    wanted = given.pop("normalized_shape", None)
    return nn.RMSNorm(shapes[0][-1] if wanted is None else wanted, **given)


def raw_slice(x: Any, dim: int = 1, start: int = 0, stop: int | None = None, step: int = 1) -> Any:
    need(-x.dim() <= dim < x.dim())
    return x[(slice(None),) * (dim % x.dim()) + (slice(start, stop, step),)]


def raw_layer_scale(args: Args, shapes: Shapes) -> Any:
    dim, rank = args.get("dim", 1), len(shapes[0]) + 1
    need(-rank <= dim < rank and dim % rank > 0)
    size, *after = shapes[0][dim % rank - 1 :]
    return LayerScale((size, *(1 for _ in after)), args.get("init_value", 1e-6))


class RawAttention(nn.MultiheadAttention):
    """Operands as ours; in evaluation as in training, since the counter does not know the kernel that is faster."""

    def __init__(self, args, shapes):
        given = dict(args)
        self.causal = given.pop("is_causal", False)
        need(0 <= given.get("dropout", 0) <= 1)  # exception 5
        need(all(len(shape) == 2 for shape in shapes[:3]))  # exception 3
        need(all(len(shape) == 1 for shape in shapes[3:]))
        sizes = [shape[1] for shape in [*shapes, *shapes[-1:] * 2][:3]]
        super().__init__(sizes[0], kdim=sizes[1], vdim=sizes[2], batch_first=True, **given)

    def forward(self, *operands):
        need(0 < len(operands) < 5)
        mask = operands[3] if len(operands) > 3 else None
        operands = [*operands[:3], *operands[-1:] * 2][:3]
        torch.backends.mha.set_fastpath_enabled(False)
        hidden = None
        if self.causal:
            hidden = torch.ones(operands[0].shape[1], operands[1].shape[1], dtype=torch.bool).tril().logical_not()
        given = {"attn_mask": hidden, "key_padding_mask": mask}
        return super().forward(*operands, need_weights=False, **given)[0]


def raw_attention(args: Args, shapes: Shapes) -> Any:
    need(len({len(shape) for shape in shapes}) == 1 and len(shapes[0]) > 1 and len(shapes) > 2)  # exception 3
    need(shapes[1][-2] == shapes[2][-2])  # exception 8
    need((args.get("scale") or 0) >= 0)  # exception 9
    need(0 <= args.get("dropout_p", 0) <= 1)  # exception 5
    return AttentionWithDropout(args)


class AttentionWithDropout(nn.Module):
    """The function, and in evaluation without dropout."""

    def __init__(self, args):
        super().__init__()
        self.args = args

    def forward(self, *operands):
        given = self.args if self.training else {**self.args, "dropout_p": 0.0}
        return F.scaled_dot_product_attention(*operands, **given)


def raw_max_unpool(args: Args, shapes: Shapes) -> Any:
    """By its definition: a place for each element, and the sizes of what was pooled."""
    need(len(shapes) == 2 and isinstance(shapes[1], Places))
    pooled = shapes[1].pooled
    need(len(pooled) == len(shapes[0]))
    return lambda x, places: (
        x.new_zeros(*x.shape[:2], prod(pooled[1:]))
        .scatter(2, indices_fitting(x, places).flatten(2), x.flatten(2))
        .unflatten(2, pooled[1:])
    )


def indices_fitting(x: Any, places: Any) -> Any:
    need(x.shape == places.shape)
    return places


def places_of(shape: Places, maps: Any) -> Any:
    """Where in maps the maxima of windows stand."""
    window, rank = shape.window, len(shape) - 1
    kernel = [(reach - 1) // gap + 1 for reach, gap in zip(window.kernel, window.dilation, strict=True)]
    steps, padding = (tuple(map(int, each)) for each in (window.stride, window.padding))
    for ceil_mode in (True, False):
        pool = getattr(F, f"max_pool{rank}d")
        found = pool(maps, kernel, steps, padding, window.dilation, ceil_mode, return_indices=True)[1]
        if tuple(found.shape[1:]) == tuple(shape):
            break
    return found


def raw_roll(x: Any, shifts: Any, dims: Any) -> Any:
    shifts, dims = ([each] if isinstance(each, int) else each for each in (shifts, dims))
    need(len(shifts) == len(dims) > 0)
    need(len({dim % x.dim() for dim in dims}) == len(dims) and 0 not in [dim % x.dim() for dim in dims])
    return torch.roll(x, shifts, dims)


def raw_expand(x: Any, shape: list[int]) -> Any:
    need(len(shape) == x.dim() - 1)  # exception 3
    return x.expand(-1, *shape)


def raw_squeeze(x: Any, dim: int) -> Any:
    need(x.shape[dim] == 1)
    return torch.squeeze(x, dim)


def raw_parameter(args: Args, shapes: Shapes) -> Any:
    shape = args["shape"]
    need(len(shape) > 0 and min(shape) > 0)
    return HeldLayer(torch.full(shape, float(args.get("value", 0))), trained=True)


def raw_numbers(make: Callable[..., Any]) -> Any:
    """Numbers that do not depend on the operand; of a sum that does, so that there is a derivative."""
    return lambda args, shapes: lambda x: make(**args).expand(x.shape[0], *make(**args).shape) + 0 * x.sum()


def raw_constant(value: Any, shape: list[int] | None = None) -> Any:
    need(isinstance(value, list) == (shape is None))
    need(shape is None or (len(shape) > 0 and min(shape) > 0))
    return torch.tensor(value, dtype=torch.float) if shape is None else torch.full(shape, float(value))


def raw_coordinates(start: float, end: float, steps: list[int]) -> Any:
    need(len(steps) > 0 and min(steps) > 0)
    axes = [torch.linspace(start, end, size) for size in steps]
    shaped = [line.view([-1 if i == n else 1 for i in range(len(steps))]) for n, line in enumerate(axes)]
    return torch.stack([line.expand(steps) for line in shaped], -1)


def sides(value: Any) -> list[int]:
    """What is written as one number for height and width, or as a list of two or three."""
    found = value if isinstance(value, list) else [value] * 2
    need(len(found) in (2, 3))
    return found


def raw_position_bias(table: Any, window_size: Any) -> Any:
    """As the authors' code looks it up: an index for each pair."""
    window = sides(window_size)
    distances = [2 * side - 1 for side in window]
    need(table.dim() == 3 and min(window) > 0 and table.shape[1] == math.prod(distances))
    places = torch.cartesian_prod(*map(torch.arange, window))
    apart = places[:, None] - places + torch.tensor(window) - 1
    steps = torch.tensor([math.prod(distances[i + 1 :]) for i in range(len(window))])
    return table[:, (apart * steps).sum(-1)].permute(0, 3, 1, 2)


def raw_window_mask(scores: Any, size: Any, window_size: Any, shift_size: Any) -> Any:
    """As the authors' code does it: the map in up to three parts along each side, with a number for each part."""
    size, window, shift = sides(size), sides(window_size), sides(shift_size)
    need(len(size) == len(window) == len(shift))
    for places, each, by in zip(size, window, shift, strict=True):
        need(places > 0 and each > 0 and places % each == 0 and 0 <= by < each)
    parts = torch.zeros(size)
    ends = [(slice(0, -each), slice(-each, -by), slice(-by, None)) for each, by in zip(window, shift, strict=True)]
    for number, part in enumerate(itertools.product(*ends)):
        parts[part] = number
    for dim, each in enumerate(window):  # a place of a window is a dimension behind those of the windows
        parts = parts.unfold(dim, each, each)
    parts = parts.reshape(-1, 1, math.prod(window))
    mask = -100.0 * (parts[:, :, :, None] != parts[:, :, None])
    need(scores.dim() == 5 and mask.shape[2:] == scores.shape[3:] and scores.shape[1] in (1, len(mask)))
    return scores + mask


def raw_pixel_unshuffle(args: Args, shapes: Shapes) -> Any:
    need(len(shapes[0]) >= 3)  # exception 3
    return nn.PixelUnshuffle(**args)


def raw_pixel_shuffle(args: Args, shapes: Shapes) -> Any:
    need(len(shapes[0]) >= 3)  # exception 3
    return nn.PixelShuffle(**args)


def global_pool(name: str) -> Any:
    return lambda args, shapes: getattr(nn, f"Adaptive{name}Pool{len(shapes[0]) - 1}d")(1)


def raw_stochastic_depth(args: Args, shapes: Shapes) -> Any:
    need(args["mode"] in ("row", "batch"))
    return (StochasticDepth if args["mode"] == "row" else BatchStochasticDepth)(args["p"])
