"""PyTorch's side of the law of the ops: for each a raw call that takes arguments as users write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from raw_definitions import (
    RawAttention,
    RawBlur,
    RawLocalConv,
    RawResponseNorm,
    global_pool,
    raw_attention,
    raw_constant,
    raw_coordinates,
    raw_expand,
    raw_layer_norm,
    raw_layer_scale,
    raw_max_unpool,
    raw_numbers,
    raw_parameter,
    raw_pixel_shuffle,
    raw_pixel_unshuffle,
    raw_position_bias,
    raw_rms_norm,
    raw_roll,
    raw_slice,
    raw_squeeze,
    raw_stochastic_depth,
    raw_window_mask,
)
from raw_layers import (
    Args,
    call,
    chain,
    channels,
    layer,
    lone,
    need,
    or_padded_first,
    or_parametrized,
    pairs,
    with_number,
)

from archspec.ops.tensor import Shapes

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812

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
