"""Activations that are several ops, each as its definition in PyTorch's documentation."""

from __future__ import annotations

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.calls import Bound, rule
from archspec.importers.module.functions.dimensions import dimension


@rule("celu", "input alpha inplace")
def _celu(b: Bound) -> Wire:
    return _stretched(b, b.number("alpha", 1.0))


def _stretched(b: Bound, alpha: float) -> Wire:
    """An ELU of a tensor that is divided before and multiplied after."""
    if alpha == 1:
        return b.node("elu")
    return b.place.node("mul", [b.place.node("elu", [b.node("div", value=alpha)])], value=alpha)


@rule("selu", "input inplace")
def _selu(b: Bound) -> Wire:
    """An ELU with the two numbers of Klambauer et al. (2017)."""
    elu = b.node("elu", alpha=1.6732632423543772)
    return b.place.node("mul", [elu], value=1.0507009873554805)


@rule("rrelu", "input lower upper training inplace")
def _rrelu(b: Bound) -> Wire:
    """In evaluation the slope is the mean of those that training draws."""
    return b.node("leaky_relu", negative_slope=(b.number("lower", 1 / 8) + b.number("upper", 1 / 3)) / 2)


@rule("glu", "input dim")
def _glu(b: Bound) -> Wire:
    """The first half of a dimension times the sigmoid of the second (Dauphin et al. 2017)."""
    dim = dimension(b.first, b.get("dim", -1))
    half, gate = (b.node("split", chunks=2, index=i, dim=dim) for i in range(2))
    return b.place.node("mul", [half, b.place.node("sigmoid", [gate])])


@rule("softsign", "input")
def _softsign(b: Bound) -> Wire:
    wire = b.place.wire(b.first)
    size = b.place.node("add", [b.place.node("abs", [wire])], value=1.0)
    return b.place.node("div", [wire, size])


@rule("tanhshrink", "input")
def _tanhshrink(b: Bound) -> Wire:
    wire = b.place.wire(b.first)
    return b.place.node("sub", [wire, b.place.node("tanh", [wire])])


@rule("softshrink", "input lambd")
def _softshrink(b: Bound) -> Wire:
    return _shrunk(b, float(b.number("lambd", 0.5)))


def _shrunk(b: Bound, bound: float) -> Wire:
    """What is left without the part that lies between two bounds."""
    wire = b.place.wire(b.first)
    if not bound:
        return wire
    return b.place.node("sub", [wire, b.place.node("hardtanh", [wire], min_val=-bound, max_val=bound)])


@rule("hardshrink", "input lambd")
def _hardshrink(b: Bound) -> Wire:
    """What a soft shrink leaves, with the bound put back on its side."""
    bound = float(b.number("lambd", 0.5))
    if bound <= 0:
        return b.place.wire(b.first)
    left = _shrunk(b, bound)
    return b.place.node("add", [left, b.place.node("mul", [b.place.node("sign", [left])], value=bound)])


@rule("threshold", "input threshold value inplace")
def _threshold(b: Bound) -> Wire:
    """Numbers above a bound, and another number in place of the rest: a difference times 1 or 0."""
    bound, value = float(b.number("threshold")), float(b.number("value"))
    if bound == value:
        return b.node("clamp", min=bound) if bound else b.node("relu")
    above = b.node("sub", value=bound) if bound else b.place.wire(b.first)
    step = b.place.node("relu", [b.place.node("sign", [above])])
    if not value:
        return b.place.node("mul", [b.place.wire(b.first), step])
    kept = b.place.node("mul", [b.node("sub", value=value), step])
    return b.place.node("add", [kept], value=value)
