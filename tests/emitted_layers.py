"""What ops emit, run: each as a layer, and what it keeps for the backward pass."""

from __future__ import annotations

import functools
import operator
from typing import Any

import pytest

from archspec.ops.facts import Batch, Function, Held, Module, Operand
from archspec.ops.op import Op
from archspec.ops.tensor import Places, Shapes

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
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
