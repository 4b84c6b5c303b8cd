"""Arguments that fit: for each op, and each block of the library, a draw for a given input shape.

Arguments that a spec must give come first. `fit` drops the last one until the op takes the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import gcd

import hypothesis.strategies as st
from pydantic import ValidationError
from random_draws import Args, Pick

from archspec.errors import RuleError
from archspec.language.loader import library_block
from archspec.ops.op import Op
from archspec.ops.registry import get
from archspec.ops.tensor import Shape, Shapes, elements, spatial_rank

MOST = 12 * 12 * 16
"""Elements of the largest tensor drawn."""


def fit(name: str, args: Args, shapes: Shapes) -> tuple[Args, Shape] | None:
    """As many of the arguments as the op takes, and its output; None where it takes none of them."""
    while True:
        output = infer(name, args, shapes)
        if output is not None:
            return args, output
        if not args:
            return None
        args = dict(list(args.items())[:-1])


def infer(name: str, args: Args, shapes: Shapes) -> Shape | None:
    """The shape that an op gives, or None where it refuses, or gives more than is wanted here."""
    rank = spatial_rank(shapes[0])
    if not takes(name, len(shapes)) or rank not in (get(name).spatial_ranks or {rank}):
        return None
    try:
        op: Op = get(name).model_validate(args, context={"spatial_rank": rank})
        output = op.infer(shapes)
    except (ValidationError, RuleError):
        return None
    return output if wanted(name, output) else None


def wanted(name: str, output: Shape) -> bool:
    """Whether a random network can have such a node: it is small, and PyTorch runs it.

    PyTorch's local_response_norm cannot view three spatial dimensions that a permute has left in another order.
    """
    small = elements(output) <= MOST and 0 < len(output) <= 5
    return small and not (name == "local_response_norm" and len(output) > 3)


def takes(name: str, operands: int) -> bool:
    """Whether an op takes so many operands."""
    least, most = get(name).arity
    return least <= operands <= (most or operands)


@cache
def unary(rank: int) -> tuple[str, ...]:
    """The ops that take one operand, of so many spatial dimensions; the plain ones first."""
    kinds = {name: get(name) for name in ARGUMENTS}
    takers = {name: kind for name, kind in kinds.items() if kind.arity == (1, 1) and not kind.takes_nothing}
    ranks = {name: kind.spatial_ranks or {rank} for name, kind in takers.items()}
    return tuple(sorted((name for name in ranks if rank in ranks[name]), key=lambda name: name not in _FIRST))


_FIRST = ("relu", "conv", "linear")


def _divisors(*numbers: int) -> list[int]:
    common = gcd(*numbers)
    return [n for n in range(1, common + 1) if common % n == 0]


def _window(pick: Pick, shape: Shape, most: int = 3) -> int | list[int]:
    """A kernel that fits without padding: one number, or one for each dimension."""
    sizes = shape[1:]
    if pick.chance(4):
        return [pick.int(1, min(size, most)) for size in sizes]
    return pick.int(1, min(*sizes, most))


def _each(pick: Pick, shape: Shape, *options: int) -> int | list[int]:
    """One of the options, or one for each spatial dimension."""
    return [pick.of(*options) for _ in shape[1:]] if pick.chance(4) else pick.of(*options)


def _dim(pick: Pick, shape: Shape) -> int:
    """A dimension besides the batch, counted from either end."""
    return pick.of(*range(1, len(shape) + 1), *range(-len(shape), 0))


def _broadcast(pick: Pick, shape: Shape) -> list[int]:
    """A shape that broadcasts with another."""
    return [pick.of(size, 1) for size in shape]


def _channels(pick: Pick, shape: Shape) -> int:
    return pick.of(4, 8, 6, 3, 2, 1, 16, min(shape[0], 16))


def _conv(pick: Pick, shape: Shape) -> Args:
    out = _channels(pick, shape)
    side = pick.int(0, 1)
    kernel = 2 * side + 1 if pick.chance(2) else _window(pick, shape)
    args = {"out_channels": out, "kernel_size": kernel}
    return args | pick.some(
        bias=lambda: False,
        padding=lambda: pick.of(side, "same", 1, "valid", 2, "same_upper", "same_lower"),
        stride=lambda: _each(pick, shape, 2, 1),
        groups=lambda: pick.of(*_divisors(shape[0], out)),
        dilation=lambda: _each(pick, shape, 2, 1),
        padding_mode=lambda: pick.of("reflect", "replicate", "circular", "zeros"),
        parametrize=lambda: pick.of("weight_norm", "spectral_norm", "standardize"),
    )


def _conv_transpose(pick: Pick, shape: Shape) -> Args:
    out = _channels(pick, shape)
    return {"out_channels": out, "kernel_size": pick.int(1, 3)} | pick.some(
        stride=lambda: _each(pick, shape, 2, 1),
        output_padding=lambda: 1,
        padding=lambda: 1,
        groups=lambda: pick.of(*_divisors(shape[0], out)),
        bias=lambda: False,
        dilation=lambda: 2,
        parametrize=lambda: pick.of("spectral_norm", "weight_norm"),
    )


def _local_conv(pick: Pick, shape: Shape) -> Args:
    out = _channels(pick, shape)
    return {"out_channels": out, "kernel_size": _window(pick, shape)} | pick.some(
        bias=lambda: False,
        padding=lambda: 1,
        stride=lambda: _each(pick, shape, 2, 1),
        groups=lambda: pick.of(*_divisors(shape[0], out)),
        dilation=lambda: 2,
    )


def _pool(pick: Pick, shape: Shape) -> Args:
    return {"kernel_size": _window(pick, shape)} | pick.some(
        stride=lambda: pick.of(None, 1, _each(pick, shape, 2, 1)),
        ceil_mode=lambda: True,
        padding=lambda: pick.of(1, "same_upper", "same_lower"),
    )


def _lp_pool(pick: Pick, shape: Shape) -> Args:
    args = _pool(pick, shape)
    args.pop("padding", None)
    return {"norm_type": pick.of(2, 1, 2.0), **args}


def _adaptive(pick: Pick, shape: Shape) -> Args:
    each = [pick.of(n, 2, None) for n in shape[1:]]
    return {"output_size": each if len(each) > 1 and pick.chance(3) else pick.int(1, 4)}


def _reshape(pick: Pick, shape: Shape) -> Args:
    wanted = list(shape)
    while len(wanted) > 1 and pick.chance(2):
        wanted = [wanted[0] * wanted[1], *wanted[2:]]
    if pick.chance(3):
        wanted.reverse()
    if pick.chance(3) and wanted[0] % 2 == 0:
        wanted = [2, wanted[0] // 2, *wanted[1:]]
    if pick.chance(3):
        wanted[pick.int(0, len(wanted) - 1)] = -1
    return {"shape": wanted}


def _permute(pick: Pick, shape: Shape) -> Args:
    order = list(pick.draw(st.permutations(range(1, len(shape) + 1))))
    return {"dims": [dim - len(shape) - 1 for dim in order] if pick.chance(3) else order}


def _split(pick: Pick, shape: Shape) -> Args:
    dim = _dim(pick, shape)
    size = (0, *shape)[dim]
    chunks = pick.int(1, min(size, 4))
    parts = -(-size // -(-size // chunks))
    args = {"chunks": chunks, "index": pick.int(-parts, parts - 1)}
    return args if dim == 1 else args | {"dim": dim}


def _slice(pick: Pick, shape: Shape) -> Args:
    dim = _dim(pick, shape)
    size = (0, *shape)[dim]
    start = pick.int(0, size - 1)
    args = {} if dim == 1 else {"dim": dim}
    return args | pick.some(
        start=lambda: pick.of(start, start - size), stop=lambda: pick.of(None, start + 1, size + 3), step=lambda: 2
    )


def _pad(pick: Pick, shape: Shape) -> Args:
    rank = len(shape) - 1
    if 1 <= rank <= 3 and pick.chance(2):
        mode = pick.of("reflect", "replicate", "circular")
        return {"padding": [pick.int(0, 1) for _ in range(2 * rank)], "mode": mode}
    axes = pick.int(1, len(shape))
    return {"padding": [pick.of(1, 0, 2, -1) for _ in range(2 * axes)]} | pick.some(value=lambda: pick.of(0.5, -1))


def _upsample(pick: Pick, shape: Shape) -> Args:
    mode = pick.of("nearest", ("linear", "bilinear", "trilinear")[len(shape) - 2], *["bicubic"] * (len(shape) == 3))
    size, factor = _each(pick, shape, 4, 3), _each(pick, shape, 2, 1)
    args = pick.of(*({"scale_factor": each} for each in (factor, 0.5, 1.5)), {"size": size})
    args |= {} if mode == "nearest" else {"mode": mode}
    return args if mode == "nearest" else args | pick.some(align_corners=lambda: pick.of(True, False))


def _layer_norm(pick: Pick, shape: Shape) -> Args:
    return pick.some(
        normalized_shape=lambda: list(shape[pick.int(0, len(shape) - 1) :]),
        eps=lambda: 1e-3,
        elementwise_affine=lambda: False,
        bias=lambda: False,
        dim=lambda: _dim(pick, shape),
    )


def _statistics(pick: Pick, shape: Shape) -> Args:
    return pick.some(
        eps=lambda: pick.of(1e-3, 0.1),
        momentum=lambda: pick.of(0.2, None),
        affine=lambda: pick.of(True, False),
        track_running_stats=lambda: pick.of(True, False),
    )


def _reduction(pick: Pick, shape: Shape) -> Args:
    dims = pick.draw(st.lists(st.integers(1, len(shape)), unique=True, min_size=1, max_size=max(1, len(shape) - 1)))
    return {"dim": dims[0] if len(dims) == 1 and pick.chance(2) else dims} | pick.some(keepdim=lambda: True)


def _flatten(pick: Pick, shape: Shape) -> Args:
    return pick.some(start_dim=lambda: pick.int(1, len(shape)), end_dim=lambda: pick.of(-1, len(shape)))


PLAIN = """
    relu relu6 silu sigmoid tanh hardswish hardsigmoid mish identity global_avg_pool global_max_pool
    abs cos exp log neg rsqrt sin sqrt maximum minimum
""".split()

WITH_NUMBER = ("add", "sub", "mul", "div")
"""Ops whose second operand may be a number."""

ARGUMENTS: dict[str, Callable[[Pick, Shape], Args]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "local_conv": _local_conv,
    "linear": lambda pick, shape: (
        {"out_features": pick.of(5, 1, 10, 16)}
        | pick.some(bias=lambda: False, parametrize=lambda: pick.of("weight_norm", "spectral_norm", "standardize"))
    ),
    "batch_norm": _statistics,
    "layer_norm": _layer_norm,
    "rms_norm": lambda pick, shape: {
        key: value for key, value in _layer_norm(pick, shape).items() if key not in ("bias", "dim")
    },
    "global_response_norm": lambda pick, shape: pick.some(dim=lambda: _dim(pick, shape), eps=lambda: 1e-3),
    "group_norm": lambda pick, shape: (
        {"num_groups": pick.of(*_divisors(shape[0]))} | pick.some(eps=lambda: 0.01, affine=lambda: False)
    ),
    "instance_norm": lambda pick, shape: {
        key: value for key, value in _statistics(pick, shape).items() if value is not None
    },
    "local_response_norm": lambda pick, shape: (
        {"size": pick.int(1, 5)} | pick.some(alpha=lambda: 0.01, beta=lambda: 0.5, k=lambda: pick.of(2, 2.5))
    ),
    "leaky_relu": lambda pick, shape: pick.some(negative_slope=lambda: pick.of(0.2, 1e-3, -0.5)),
    "prelu": lambda pick, shape: pick.some(num_parameters=lambda: pick.of(shape[0], 1), init=lambda: 0.1),
    "elu": lambda pick, shape: pick.some(alpha=lambda: pick.of(0.5, 2)),
    "gelu": lambda pick, shape: pick.some(approximate=lambda: pick.of("tanh", "none")),
    "hardtanh": lambda pick, shape: pick.some(min_val=lambda: pick.of(-2, -0.5), max_val=lambda: pick.of(2, 0.5)),
    "softplus": lambda pick, shape: pick.some(beta=lambda: pick.of(2, 0.5), threshold=lambda: 10),
    "softmax": lambda pick, shape: {"dim": _dim(pick, shape)},
    "log_softmax": lambda pick, shape: {"dim": _dim(pick, shape)},
    "sign": lambda pick, shape: {},
    "relative_position_bias": lambda pick, shape: {"window_size": pick.of(1, 2, [1, 2, 1])},
    "shifted_window_mask": lambda pick, shape: pick.of(
        {"size": 4, "window_size": 2, "shift_size": pick.int(0, 1)},
        {"size": [2, 4, 2], "window_size": [1, 2, 2], "shift_size": [0, pick.int(0, 1), 0]},
    ),
    "max_pool": lambda pick, shape: _pool(pick, shape) | pick.some(dilation=lambda: 2),
    "avg_pool": lambda pick, shape: (
        _pool(pick, shape) | pick.some(count_include_pad=lambda: False, divisor_override=lambda: pick.of(3, 1))
    ),
    "lp_pool": _lp_pool,
    "blur_pool": lambda pick, shape: pick.some(kernel_size=lambda: pick.of(4, 2, 1), stride=lambda: pick.of(1, 3)),
    "adaptive_avg_pool": _adaptive,
    "adaptive_max_pool": _adaptive,
    "dropout": lambda pick, shape: pick.some(p=lambda: pick.of(0.1, 0, 0.0, 1)),
    "dropout2d": lambda pick, shape: pick.some(p=lambda: pick.of(0.1, 0)),
    "stochastic_depth": lambda pick, shape: {"p": pick.of(0, 0.1, 0.5), "mode": pick.of("row", "batch")},
    "flatten": _flatten,
    "reshape": _reshape,
    "permute": _permute,
    "split": _split,
    "slice": _slice,
    "pad": _pad,
    "channel_shuffle": lambda pick, shape: {"groups": pick.of(*_divisors(shape[0]))},
    "pixel_shuffle": lambda pick, shape: {"upscale_factor": 1 if len(shape) < 3 or shape[-3] % 4 else 2},
    "upsample": _upsample,
    "layer_scale": lambda pick, shape: pick.some(init_value=lambda: pick.of(0.5, 1), dim=lambda: _dim(pick, shape)),
    **dict.fromkeys(("mean", "sum", "amax", "amin"), _reduction),
    "normalize": lambda pick, shape: pick.some(dim=lambda: _dim(pick, shape), eps=lambda: 0.01),
    "vector_norm": lambda pick, shape: _reduction(pick, shape) | pick.some(ord=lambda: pick.of(1, 3)),
    "expand": lambda pick, shape: {"shape": [pick.of(4, 3) if size == 1 else pick.of(-1, size) for size in shape]},
    "flip": lambda pick, shape: {"dims": _dim(pick, shape)},
    "roll": lambda pick, shape: {"shifts": pick.of(1, -1, 3), "dims": _dim(pick, shape)},
    "squeeze": lambda pick, shape: {"dim": pick.of(*[dim for dim, size in enumerate(shape, 1) if size == 1], 1)},
    "unsqueeze": lambda pick, shape: {"dim": pick.of(-1, *range(1, len(shape) + 2))},
    "pixel_unshuffle": lambda pick, shape: {"downscale_factor": pick.of(2, 1)},
    "parameter": lambda pick, shape: {"shape": _broadcast(pick, shape)} | pick.some(value=lambda: pick.of(0.5, 1)),
    "constant": lambda pick, shape: {"shape": _broadcast(pick, shape), "value": pick.of(0.5, 1)},
    "coordinates": lambda pick, shape: (
        {"start": pick.of(-1, 0.5), "end": pick.of(1, 0.5), "steps": list(shape[:-1]) or [1]}
    ),
    "linspace": lambda pick, shape: {"start": pick.of(-1, 0.5), "end": pick.of(1, 0.5), "steps": shape[-1]},
    "add": lambda pick, shape: {},
    "sub": lambda pick, shape: {},
    "mul": lambda pick, shape: {},
    "div": lambda pick, shape: {},
    "pow": lambda pick, shape: {"exponent": pick.of(2, 3, 0.5, -1)},
    "clamp": lambda pick, shape: {"min": pick.of(-1, 0.5, None), "max": pick.of(1, 2)},
    "matmul": lambda pick, shape: {},
    "multi_head_attention": lambda pick, shape: (
        {"num_heads": pick.of(*_divisors(shape[-1]))}
        | pick.some(bias=lambda: False, is_causal=lambda: True, dropout=lambda: 0.1)
    ),
    "scaled_dot_product_attention": lambda pick, shape: pick.some(
        scale=lambda: 0.5, is_causal=lambda: True, dropout_p=lambda: 0.1
    ),
    "max_unpool": lambda pick, shape: {},
    "unfold": lambda pick, shape: (
        {"kernel_size": _window(pick, shape)} | pick.some(padding=lambda: 1, stride=lambda: 2)
    ),
    "fold": lambda pick, shape: {},  # of the columns of an `unfold` alone
    "stack": lambda pick, shape: {"dim": pick.int(1, len(shape) + 1)} if pick.chance(2) else {},
    "concat": lambda pick, shape: {"dim": _dim(pick, shape)} if pick.chance(2) else {},
} | dict.fromkeys(PLAIN, lambda pick, shape: {})
"""For each op, a draw of arguments for the shape of its first operand."""


def _conv_block(pick: Pick, shape: Shape) -> Args:
    return {"out_channels": _channels(pick, shape)} | pick.some(
        kernel_size=lambda: pick.of(1, 3, [1, 3]), stride=lambda: pick.of(2, 1), dilation=lambda: 2,
        padding=lambda: pick.int(0, 2), groups=lambda: pick.of(*_divisors(shape[0])),
    )  # fmt: skip


def _residual(pick: Pick, shape: Shape) -> Args:
    return {"channels": pick.of(min(shape[0], 16), 4, 8)} | pick.some(stride=lambda: pick.of(2, 1))


def _inception(pick: Pick, shape: Shape) -> Args:
    return {name: pick.int(1, 4) for name in ("ch1x1", "ch3x3red", "ch3x3", "ch5x5red", "ch5x5", "pool_proj")}


def _inverted(pick: Pick, shape: Shape) -> Args:
    return _residual(pick, shape) | {"expansion": pick.of(2, 1)}


def _shuffle(pick: Pick, shape: Shape) -> Args:
    stride = pick.of(1, 2)
    groups = pick.of(*_divisors(shape[0])[:4])
    channels = shape[0] if stride == 1 else shape[0] + 4 * groups
    return {"channels": channels, "groups": groups, "stride": stride, "groups_first": 1, "hidden": 2 * groups}


def _windows(pick: Pick, shape: Shape) -> Args:
    heads, window = pick.of(*_divisors(shape[-1])), pick.of(2, 3, 4)
    return {"dim": shape[-1], "size": shape[0], "heads": heads, "window": window} | pick.some(shift=lambda: 1)


ACTIVATIONS = ("silu", "relu", {"op": "leaky_relu", "negative_slope": 0.2}, {"op": "elu", "alpha": 0.5}, "gelu")
NORMS = ({"op": "group_norm", "num_groups": 1}, "instance_norm", {"op": "batch_norm", "eps": 0.01})
UNITS = ("conv_bn_relu", "conv_norm_act")
"""Values of parameters that are ops or blocks, any of which does in place of another."""


def chosen_ops(pick: Pick, block: str) -> Args:
    """Some ops and blocks for the parameters of a library block that are such."""
    params = library_block(block).params if not block.endswith(".yaml") else {}
    found: Args = {}
    for name, param in params.items():
        if param.names_one and pick.chance(3):
            values = {"norm": NORMS, "unit": UNITS}.get(name, ACTIVATIONS)
            found[name] = pick.of(*values, *[None] * param.nullable)
    return found


LIBRARY: dict[str, Callable[[Pick, Shape], Args]] = {
    "bn_relu_conv": _conv_block,
    "bottleneck": lambda pick, shape: (
        _residual(pick, shape)
        | {"expansion": pick.of(1, 2)}
        | pick.some(dilation=lambda: 2, groups=lambda: 2, stride_in_1x1=lambda: True)
    ),
    "c2f": lambda pick, shape: (
        {"channels": pick.of(4, 8)} | pick.some(n=lambda: 2, shortcut=lambda: True, hidden=lambda: 3)
    ),
    "conv_bn": _conv_block,
    "conv_bn_relu": _conv_block,
    "conv_bn_relu6": _conv_block,
    "conv_bn_silu": _conv_block,
    "conv_norm_act": _conv_block,
    "conv_relu": _conv_block,
    "convnext_block": lambda pick, shape: (
        {"kernel_size": pick.of(3, 1), "expansion": pick.int(1, 2)}
        | pick.some(layer_scale=lambda: 0.5, drop_path=lambda: pick.of(0.1, 0.0))
    ),
    "decoupled_head": lambda pick, shape: (
        {"num_classes": pick.int(1, 4), "box_channels": 4} | pick.some(class_channels=lambda: 3, distances=lambda: 2)
    ),
    "dense_layer": lambda pick, shape: (
        {"growth_rate": pick.int(1, 4), "bn_size": pick.int(1, 2)} | pick.some(drop_rate=lambda: pick.of(0.0, 0.2))
    ),
    "depthwise_separable": lambda pick, shape: (
        {"out_channels": _channels(pick, shape)} | pick.some(stride=lambda: pick.of(2, 1))
    ),
    "encoder_block": lambda pick, shape: {"heads": pick.of(*_divisors(shape[-1])), "hidden": pick.of(4, 8)},
    "fcn_head": lambda pick, shape: {"num_classes": pick.int(1, 4), "channels": pick.of(4, 2)},
    "fire": lambda pick, shape: (
        {"squeeze_channels": 2, "expand1x1_channels": pick.of(4, 2)} | pick.some(expand3x3_channels=lambda: 3)
    ),
    "fused_mbconv": lambda pick, shape: (
        {"channels": pick.of(shape[0], 4)}
        | pick.some(stride=lambda: 2, expansion=lambda: pick.int(1, 2), drop_path=lambda: pick.of(0.0, 0.1))
    ),
    "inception": _inception,
    "inception_a": lambda pick, shape: {"pool_features": pick.int(1, 4)},
    "inception_b": lambda pick, shape: {},
    "inception_c": lambda pick, shape: {"channels": pick.int(1, 4)},
    "inception_d": lambda pick, shape: {},
    "inception_e": lambda pick, shape: {},
    "inception_bn": _inception,
    "inception_naive": lambda pick, shape: {name: pick.int(1, 4) for name in ("ch1x1", "ch3x3", "ch5x5")},
    "inverted_residual": _inverted,
    "mbconv": lambda pick, shape: _inverted(pick, shape) | pick.some(drop_path=lambda: pick.of(0.0, 0.1)),
    "maxvit_block": lambda pick, shape: (
        {"channels": 4, "heads": pick.of(1, 2), "window": pick.of(*_divisors(shape[-1]))}
        | pick.some(drop_path=lambda: pick.of(0.0, 0.1), size=lambda: shape[-1])
    ),
    "mbconv_first": lambda pick, shape: (
        {"channels": pick.of(shape[0], 4)} | pick.some(stride=lambda: 2, drop_path=lambda: pick.of(0.0, 0.1))
    ),
    "mlp_block": lambda pick, shape: {"hidden": pick.of(4, 8)} | pick.some(dropout=lambda: pick.of(0.1, 0.0)),
    "nin_block": lambda pick, shape: {"channels": pick.of(4, 8)} | pick.some(mlp1=lambda: 2, kernel_size=lambda: 1),
    **dict.fromkeys(("patch_merging", "patch_merging_v2"), lambda pick, shape: {"dim": shape[-1]}),
    "plain_basic": _residual,
    "preact_basic": _residual,
    "preact_bottleneck": lambda pick, shape: _residual(pick, shape) | {"expansion": pick.int(1, 2)},
    "residual_basic": lambda pick, shape: (
        {"channels": pick.of(shape[0], shape[0] + 3, 4)}
        | pick.some(stride=lambda: 2, shortcut=lambda: pick.of("pad", "projection"), dilation=lambda: 2)
    ),
    "shuffle_unit": _shuffle,
    "shuffle_unit_v2": lambda pick, shape: {"channels": shape[0], "stride": pick.of(1, 2)},
    "sppf": lambda pick, shape: {"hidden": pick.int(1, 4)} | pick.some(kernel_size=lambda: 3, channels=lambda: 4),
    "squeeze_excite": lambda pick, shape: pick.some(
        reduction=lambda: 2, activation=lambda: "silu", gate=lambda: "hardsigmoid"
    ),
    **dict.fromkeys(("swin_block", "swin_block_v2"), _windows),
    "transition": lambda pick, shape: pick.some(compression=lambda: pick.of(1.0, 0.5)),
    "vgg_block": lambda pick, shape: (
        {"channels": pick.of(4, 8)} | pick.some(convs=lambda: pick.int(1, 3), batch_norm=lambda: True)
    ),
    **dict.fromkeys(("window_attention", "window_attention_v2"), _windows),
    "xy_block": lambda pick, shape: (
        {"w": pick.of(shape[0], 4), "g": 1} | pick.some(stride=lambda: 2, se=lambda: pick.of(0.0, 0.5))
    ),
    "./lenet.yaml": lambda pick, shape: (
        {"num_classes": pick.of(10, 3)} | pick.some(sigmoid=lambda: False, kernel_size=lambda: 3)
    ),
}
"""For each block of the library, a draw of arguments for the shape of its input, an image; and a network as a block."""
