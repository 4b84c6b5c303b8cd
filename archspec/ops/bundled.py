"""Which file of this folder defines each bundled op. It is imported when one of its ops is first used."""

from __future__ import annotations

_FILES = {
    "activation.piecewise": "hardsigmoid hardswish hardtanh leaky_relu prelu relu relu6",
    "activation.smooth": "elu gelu log_softmax mish sigmoid silu softmax softplus tanh",
    "arithmetic": "abs clamp cos exp log neg pow rsqrt sign sin sqrt",
    "attention.products": "multi_head_attention scaled_dot_product_attention",
    "attention.window": "relative_position_bias shifted_window_mask",
    "constant": "constant coordinates linspace parameter",
    "conv": "conv conv_transpose",
    "dropout": "dropout dropout2d stochastic_depth",
    "linear": "linear",
    "local": "local_conv",
    "merge.elementwise": "add div maximum minimum mul sub",
    "merge.joining": "concat stack",
    "merge.product": "matmul",
    "misc": "identity layer_scale",
    "norm.batch": "batch_norm",
    "norm.groups": "group_norm instance_norm",
    "norm.layer": "layer_norm rms_norm",
    "norm.response": "global_response_norm local_response_norm normalize",
    "pool.adaptive": "adaptive_avg_pool adaptive_max_pool global_avg_pool global_max_pool",
    "pool.blur": "blur_pool",
    "pool.unpool": "max_unpool",
    "pool.window": "avg_pool lp_pool max_pool",
    "reduction": "amax amin mean sum vector_norm",
    "resample": "pixel_shuffle pixel_unshuffle upsample",
    "reshape.arrangement": "channel_shuffle flatten permute reshape",
    "reshape.columns": "fold unfold",
    "reshape.dimension": "expand squeeze unsqueeze",
    "reshape.order": "flip roll",
    "reshape.pad": "pad",
    "reshape.part": "slice split",
}

BUNDLED = {name: f"archspec.ops.{file}" for file, names in _FILES.items() for name in names.split()}
"""The module of each bundled op, by its name."""


def family(module: str) -> str:
    """The family whose file, or folder of files, a module is, such as ``pool``; empty for one from elsewhere."""
    package, _, file = module.partition("archspec.ops.")
    return "" if package else file.partition(".")[0]
