"""PyTorch's side of the law of the ops: raw calls that take arguments as users write them, and what we emit, run."""

from __future__ import annotations

import copy
import functools
import itertools
import math
import operator
from collections.abc import Callable
from math import prod
from typing import Any

import pytest

from archspec.ops.facts import Batch, Function, Held, Module, Operand
from archspec.ops.op import Op
from archspec.ops.tensor import Places, Shape, Shapes

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.func import functional_call  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.utils import parametrizations  # noqa: E402

from archspec.pytorch.layers.avg_pool1d_same import AvgPool1dSame  # noqa: E402
from archspec.pytorch.layers.avg_pool2d_same import AvgPool2dSame  # noqa: E402
from archspec.pytorch.layers.avg_pool3d_same import AvgPool3dSame  # noqa: E402
from archspec.pytorch.layers.batch_stochastic_depth import BatchStochasticDepth  # noqa: E402
from archspec.pytorch.layers.blur_pool2d import BlurPool2d  # noqa: E402
from archspec.pytorch.layers.conv1d_same import Conv1dSame  # noqa: E402
from archspec.pytorch.layers.conv2d_same import Conv2dSame  # noqa: E402
from archspec.pytorch.layers.conv3d_same import Conv3dSame  # noqa: E402
from archspec.pytorch.layers.coordinates import coordinates  # noqa: E402
from archspec.pytorch.layers.global_response_norm import GlobalResponseNorm  # noqa: E402
from archspec.pytorch.layers.layer_norm_along import LayerNormAlong  # noqa: E402
from archspec.pytorch.layers.layer_scale import LayerScale  # noqa: E402
from archspec.pytorch.layers.local_conv1d import LocalConv1d  # noqa: E402
from archspec.pytorch.layers.local_conv2d import LocalConv2d  # noqa: E402
from archspec.pytorch.layers.local_response_norm3d import LocalResponseNorm3d  # noqa: E402
from archspec.pytorch.layers.max_pool1d_same import MaxPool1dSame  # noqa: E402
from archspec.pytorch.layers.max_pool2d_same import MaxPool2dSame  # noqa: E402
from archspec.pytorch.layers.max_pool3d_same import MaxPool3dSame  # noqa: E402
from archspec.pytorch.layers.multihead_attention import MultiheadAttention  # noqa: E402
from archspec.pytorch.layers.relative_position_bias import relative_position_bias  # noqa: E402
from archspec.pytorch.layers.relative_position_bias3d import relative_position_bias3d  # noqa: E402
from archspec.pytorch.layers.scaled_dot_product_attention import ScaledDotProductAttention  # noqa: E402
from archspec.pytorch.layers.shifted_window_mask import shifted_window_mask  # noqa: E402
from archspec.pytorch.layers.shifted_window_mask3d import shifted_window_mask3d  # noqa: E402
from archspec.pytorch.layers.std_conv1d import StdConv1d  # noqa: E402
from archspec.pytorch.layers.std_conv1d_same import StdConv1dSame  # noqa: E402
from archspec.pytorch.layers.std_conv2d import StdConv2d  # noqa: E402
from archspec.pytorch.layers.std_conv2d_same import StdConv2dSame  # noqa: E402
from archspec.pytorch.layers.std_conv3d import StdConv3d  # noqa: E402
from archspec.pytorch.layers.std_conv3d_same import StdConv3dSame  # noqa: E402
from archspec.pytorch.layers.std_linear import StdLinear  # noqa: E402
from archspec.pytorch.layers.stochastic_depth import StochasticDepth  # noqa: E402

torch.set_num_threads(1)

Args = dict[str, Any]


class Refused(Exception):  # noqa: N818
    """One of the two sides does not take a case."""


def need(condition: bool) -> None:
    if not condition:
        raise Refused


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


def tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def pairs(args: Args) -> Args:
    """PyTorch's kernels take other numbers of sizes than two, and read what is not there."""
    need(all(not isinstance(value, list) or len(value) == 2 for value in args.values()))
    return {name: tupled(value) for name, value in args.items()}


def lone(value: Any) -> Any:
    """``[3]`` is ``3`` in one dimension, where LPPool1d takes no list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def layer(template: str, *lead: Callable[[Shape], Any], ranks: tuple[int, ...] = (1, 2, 3)) -> Any:
    """A layer of PyTorch, its class named by the number of spatial dimensions, some arguments taken from the shape."""

    def make(args: Args, shapes: Shapes) -> Any:
        rank = len(shapes[0]) - 1
        need("{}" not in template or rank in ranks)
        given = {key: tupled(value) for key, value in args.items()}
        return getattr(nn, template.format(max(rank, 1)))(*(take(shapes[0]) for take in lead), **given)

    return make


def call(function: Callable[..., Any]) -> Any:
    """A function of the operands and the arguments."""
    return lambda args, shapes: lambda *operands: function(*operands, **args)


class PaddedFirst(nn.Module):
    """A layer behind the padding with which its window fits as often as the stride goes; its weights are its own."""

    def __init__(self, args, shapes, make, fill=0.0):
        super().__init__()
        self.side = args["padding"]
        need("ceil_mode" not in args or not args["ceil_mode"])  # it would have no effect
        need(args.get("padding_mode", "zeros") == "zeros")
        self.fill = fill
        self.makes = [make({key: value for key, value in args.items() if key != "padding"}, shapes)]
        for name, parameter in self.makes[0].named_parameters(recurse=False):
            self.register_parameter(name, parameter)
        for name, child in self.makes[0].named_children():
            self.add_module(name, child)

    def pads(self, x):
        layer, rank = self.makes[0], x.dim() - 2
        kernel, step, gap = (
            value if isinstance(value, tuple | list) else (value,) * rank
            for value in (layer.kernel_size, layer.stride, getattr(layer, "dilation", 1))
        )
        for size, reach, stride, dilation in zip(x.shape[2:], kernel, step, gap, strict=True):
            total = max((-(-size // stride) - 1) * stride + dilation * (reach - 1) + 1 - size, 0)
            halves = (total // 2, total - total // 2)
            yield halves if self.side == "same_upper" else halves[::-1]

    def padded(self, x):
        pads = [pad for pair in reversed(list(self.pads(x))) for pad in pair]
        return F.pad(x, pads, value=self.fill)

    def forward(self, x):
        layer = self.makes[0]
        out = layer(self.padded(x))
        if getattr(layer, "count_include_pad", True) or getattr(layer, "divisor_override", None):
            return out
        shares = layer(self.padded(torch.ones(1, *x.shape[1:])))
        return out / shares


def or_padded_first(make: Any, fill: float = 0.0) -> Any:
    """A layer of PyTorch, whose padding may be `same_upper` or `same_lower`, which it does not have."""
    named = ("same_upper", "same_lower")
    return lambda args, shapes: (
        PaddedFirst(args, shapes, make, fill) if args.get("padding") in named else make(args, shapes)
    )


def or_parametrized(make: Any, standardize: bool = True) -> Any:
    """A layer whose weight may be parametrised."""

    def made(args: Args, shapes: Shapes) -> Any:
        given = dict(args)
        kind, eps = given.pop("parametrize", None), given.pop("eps", 1e-6)
        need(eps > 0 and (eps == 1e-6 or kind == "standardize"))  # it would have no effect
        found = make(given, shapes)
        if kind == "standardize":
            need(standardize and args.get("padding_mode", "zeros") == "zeros")  # timm has no other
            return standardizing(found, eps)
        if kind is None:
            return found
        need(kind in ("weight_norm", "spectral_norm"))
        return getattr(parametrizations, kind)(found)

    return made


def standardizing(layer: Any, eps: float) -> Any:
    """A layer that is called with its weights standardised as timm does it: two that are nearly equal are rounded."""
    need(layer.weight[0].numel() > 1)  # exception 10
    plain = copy.deepcopy(layer)

    def forward(x):
        rows = layer.weight.reshape(1, len(layer.weight), -1)
        weight = F.batch_norm(rows, None, None, training=True, momentum=0.0, eps=eps)
        return functional_call(plain, {**dict(layer.named_parameters()), "weight": weight.view_as(layer.weight)}, x)

    layer.forward = forward
    return layer


def channels(shape: Shape) -> int:
    need(len(shape) > 0)
    return shape[0]


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


def chain(function: Callable[..., Any]) -> Any:
    def run(*operands: Any) -> Any:
        need(len(operands) > 1)
        return functools.reduce(function, operands)

    return call(run)


def with_number(function: Callable[..., Any], most: int = 99) -> Any:
    """Operands in a chain, or one and a number."""

    def make(args: Args, shapes: Shapes) -> Any:
        number = args.get("value")
        need((len(shapes) == 1) == (number is not None) and len(shapes) <= most)
        return lambda *operands: functools.reduce(function, [*operands, *([] if number is None else [number])])

    return make


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


class HeldLayer(nn.Module):
    """Gives each sample a tensor of its own."""

    def __init__(self, tensor, trained):
        super().__init__()
        if trained:
            self.weight = nn.Parameter(tensor)
        else:
            self.register_buffer("weight", tensor, persistent=False)

    def forward(self, x):
        sizes = [x.shape[0]] + list(self.weight.shape)  # noqa: RUF005 - TorchScript
        return self.weight.expand(sizes).clone()  # FLOPs are not counted of modules that give a view


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


RAW: dict[str, Callable[[Args, Shapes], Any]] = {
    "conv": or_padded_first(or_parametrized(layer("Conv{}d", channels))),
    "conv_transpose": or_parametrized(layer("ConvTranspose{}d", channels), standardize=False),
    "local_conv": lambda args, shapes: RawLocalConv(shapes[0][0], shapes[0][1:], **args),
    "linear": or_parametrized(layer("Linear", lambda shape: shape[-1])),
    "batch_norm": layer("BatchNorm{}d", channels, ranks=(0, 1, 2, 3)),
    "layer_norm": raw_layer_norm,
    "rms_norm": raw_rms_norm,
    "global_response_norm": RawResponseNorm,
    "group_norm": lambda args, shapes: nn.GroupNorm(num_channels=channels(shapes[0]), **args),
    "instance_norm": layer("InstanceNorm{}d", channels),
    "local_response_norm": layer("LocalResponseNorm"),
    "max_pool": or_padded_first(layer("MaxPool{}d"), float("-inf")),
    "max_unpool": raw_max_unpool,
    "avg_pool": or_padded_first(layer("AvgPool{}d")),
    "blur_pool": RawBlur,
    "lp_pool": lambda args, shapes: layer("LPPool{}d")({key: lone(value) for key, value in args.items()}, shapes),
    "adaptive_avg_pool": layer("AdaptiveAvgPool{}d"),
    "adaptive_max_pool": layer("AdaptiveMaxPool{}d"),
    "global_avg_pool": global_pool("Avg"),
    "global_max_pool": global_pool("Max"),
    "dropout": layer("Dropout"),
    "dropout2d": layer("Dropout{}d"),
    "stochastic_depth": raw_stochastic_depth,
    "flatten": lambda args, shapes: nn.Flatten(**args),
    "reshape": call(lambda x, shape: x.reshape(x.shape[0], *shape)),
    "permute": call(lambda x, dims: x.permute(0, *dims)),
    "split": call(lambda x, chunks, index, dim=1: x.chunk(chunks, dim)[index]),
    "slice": call(raw_slice),
    "pad": call(lambda x, padding, mode="constant", value=None: F.pad(x, padding, mode, value)),
    "channel_shuffle": layer("ChannelShuffle"),
    "pixel_shuffle": raw_pixel_shuffle,
    "upsample": layer("Upsample"),
    "add": with_number(torch.add),
    "sub": with_number(torch.sub, 2),
    "mul": with_number(torch.mul),
    "div": with_number(torch.div, 2),
    "maximum": chain(torch.maximum),
    "minimum": chain(torch.minimum),
    "pow": call(torch.pow),
    "clamp": call(torch.clamp),
    "matmul": call(torch.matmul),
    "scaled_dot_product_attention": raw_attention,
    "multi_head_attention": RawAttention,
    "concat": call(lambda *operands, dim=1: torch.cat(operands, dim)),
    "stack": call(lambda *operands, dim=1: torch.stack(operands, dim)),
    "unfold": lambda args, shapes: nn.Unfold(**pairs(args)) if need(len(shapes[0]) == 3) is None else None,
    "fold": lambda args, shapes: nn.Fold(**pairs(args)) if need(len(shapes[0]) == 2) is None else None,
    "layer_scale": raw_layer_scale,
    "mean": call(torch.mean),
    "sum": call(torch.sum),
    "amax": call(torch.amax),
    "amin": call(torch.amin),
    "vector_norm": call(torch.linalg.vector_norm),
    "expand": call(raw_expand),
    "normalize": call(F.normalize),
    "flip": call(lambda x, dims: torch.flip(x, dims if isinstance(dims, list) else [dims])),
    "roll": call(raw_roll),
    "squeeze": call(raw_squeeze),
    "unsqueeze": call(torch.unsqueeze),
    "pixel_unshuffle": raw_pixel_unshuffle,
    "parameter": raw_parameter,
    "constant": raw_numbers(raw_constant),
    "linspace": raw_numbers(torch.linspace),
    "coordinates": raw_numbers(raw_coordinates),
    "relative_position_bias": call(raw_position_bias),
    "shifted_window_mask": call(raw_window_mask),
} | {name: call(getattr(torch, name)) for name in "abs cos exp log neg rsqrt sign sin sqrt".split()} | {
    name: layer(kind)
    for name, kind in {
        "relu": "ReLU", "relu6": "ReLU6", "leaky_relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU", "gelu": "GELU",
        "silu": "SiLU", "sigmoid": "Sigmoid", "tanh": "Tanh", "hardswish": "Hardswish", "hardsigmoid": "Hardsigmoid",
        "hardtanh": "Hardtanh", "softplus": "Softplus", "mish": "Mish", "softmax": "Softmax",
        "log_softmax": "LogSoftmax", "identity": "Identity",
    }.items()
}  # fmt: skip


OURS = {
    kind.__name__: kind
    for kind in (
        *(AvgPool1dSame, AvgPool2dSame, AvgPool3dSame, Conv1dSame, Conv2dSame, Conv3dSame),
        *(BlurPool2d, GlobalResponseNorm, LayerNormAlong, LayerScale, LocalConv1d, LocalConv2d, LocalResponseNorm3d),
        *(MaxPool1dSame, MaxPool2dSame, MaxPool3dSame, MultiheadAttention, StochasticDepth, BatchStochasticDepth),
        *(coordinates, relative_position_bias, relative_position_bias3d),
        *(shifted_window_mask, shifted_window_mask3d),
        ScaledDotProductAttention,
        *(StdConv1d, StdConv2d, StdConv3d, StdConv1dSame, StdConv2dSame, StdConv3dSame, StdLinear),
    )
}
SPACES = {
    "nn.utils.parametrizations": parametrizations,
    "torch": torch,
    "torch.linalg": torch.linalg,
    "F": F,
    "nn": nn,
    "operator": operator,
}


def resolve(target: str) -> Any:
    space, _, name = target.rpartition(".")
    return getattr(SPACES[space], name) if space else OURS[name]


def value(node: Any, operands: tuple[Any, ...]) -> Any:
    """The value of an argument of an emitted call."""
    match node:
        case Function():
            function = functools.partial(resolve(node.target), **node.kwargs)
            arguments = [value(arg, operands) for arg in node.args]
            return functools.reduce(function, arguments) if node.folds else function(*arguments)
        case Operand():
            return operands[node.index]
        case Batch():
            return operands[node.index].shape[0]
        case tuple():
            return tuple(value(item, operands) for item in node)
    return node


def build(node: Module | Function, weights: dict[str, Any] | None = None) -> nn.Module:
    """What an op emits, as a layer in training mode, with the given state_dict if there is one."""
    if isinstance(node, Function):
        return Call(node)
    made = resolve(node.target)(*node.args, **node.kwargs)
    made = resolve(node.within)(made) if node.within else made
    layer = HeldLayer(made, node.trained) if isinstance(node, Held) else made
    if weights is not None:
        layer.load_state_dict(weights)
    return layer


def build_op(op: Op, shapes: Shapes, weights: dict[str, Any] | None = None) -> nn.Module:
    """What an op emits, as a layer with one output, in training mode."""
    layer = build(op.torch(shapes), weights)
    is_part = getattr(layer, "return_indices", False)
    return OnePart(layer, isinstance(op.infer(shapes), Places)) if is_part else layer


class OnePart(nn.Module):
    """One of the outputs of a layer of one operand."""

    def __init__(self, layer, number):
        super().__init__()
        self.layer, self.number = layer, number

    def forward(self, x, *others):
        return self.layer(x)[self.number]


class Call(nn.Module):
    """A call without weights, as a layer."""

    def __init__(self, node):
        super().__init__()
        self.node = node

    def forward(self, *operands):
        return value(self.node, operands)


def kept_bytes(layer: nn.Module, operands: list[Any]) -> int:
    """The bytes of the storages that autograd keeps for the backward pass, without those of weights and buffers."""
    storages = {}

    def pack(tensor: Any) -> Any:
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = layer(*operands)
    own = {tensor.untyped_storage().data_ptr() for tensor in (*layer.parameters(), *layer.buffers())}
    assert output is not None  # alive until here, so that no storage is counted twice
    return sum(size for place, size in storages.items() if place not in own)
