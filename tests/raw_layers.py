"""Layers and functions of PyTorch, made of arguments as users write them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

import pytest

from archspec.ops.tensor import Shape, Shapes

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.func import functional_call  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812
from torch.nn.utils import parametrizations  # noqa: E402

Args = dict[str, Any]


class Refused(Exception):  # noqa: N818
    """One of the two sides does not take a case."""


def need(condition: bool) -> None:
    if not condition:
        raise Refused


def tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def pairs(args: Args) -> Args:
    """PyTorch's kernels take other numbers of sizes than two, and read what is not there."""
    need(all(not isinstance(value, list) or len(value) == 2 for value in args.values()))
    return {name: tupled(value) for name, value in args.items()}


def lone(value: Any) -> Any:
    """``[3]`` is ``3`` in one dimension, where LPPool1d takes no list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def channels(shape: Shape) -> int:
    need(len(shape) > 0)
    return shape[0]


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
