"""Which file of this folder defines each bundled op. It is imported when one of its ops is first used."""

from __future__ import annotations

_FAMILIES = {
    "activation": "elu gelu hardsigmoid hardswish hardtanh leaky_relu mish prelu relu relu6 sigmoid silu softmax "
    "softplus tanh",
    "conv": "conv conv_transpose",
    "dropout": "dropout dropout2d stochastic_depth",
    "linear": "linear",
    "local": "local_conv",
    "merge": "add concat matmul mul sub",
    "misc": "identity layer_scale mean",
    "norm": "batch_norm group_norm instance_norm layer_norm local_response_norm",
    "pool": "adaptive_avg_pool adaptive_max_pool avg_pool global_avg_pool global_max_pool lp_pool max_pool",
    "resample": "pixel_shuffle upsample",
    "reshape": "channel_shuffle flatten pad permute reshape slice split",
}

BUNDLED = {name: f"archspec.ops.{family}" for family, names in _FAMILIES.items() for name in names.split()}
"""The module of each bundled op, by its name."""
