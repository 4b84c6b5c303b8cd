"""Arithmetic of tensors and numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from archspec.importers.module.draft import Node, Wire
from archspec.importers.module.functions.calls import Bound, Rule, listed, one_of, rule, said, window_of
from archspec.importers.module.functions.dimensions import dimension, dimensions, sample
from archspec.importers.module.numbers import FEW_NUMBERS
from archspec.importers.module.patterns import shifted_windows
from archspec.importers.module.runs import Held, UnrecordableError, Value
from archspec.pytorch.weights.tensors import fits


def _two(op: str) -> Rule:
    def function(b: Bound) -> Wire:
        if b["rounding_mode"]:
            raise UnrecordableError(f"{b.call.function} with rounding_mode")
        one, other = b["input"], b["other"]
        if isinstance(one, Value | Held) and isinstance(other, Value | Held):
            return (_masked(b, one, other) if op == "add" else None) or _of_two(b, op, one, other)
        if isinstance(other, Value | Held):
            return _of_number(b, op, b.number("input"), scaled(b, b.place.wire(other), b.number("alpha", 1)))
        return _with_number(b, op, b.place.wire(b.first), b.number("other") * b.number("alpha", 1))

    return function


_NEUTRAL = {"add": 0, "sub": 0, "mul": 1, "div": 1}
"""The numbers with which arithmetic changes nothing."""


def _with_number(b: Bound, op: str, wire: Wire, number: float) -> Wire:
    """A tensor and a number; sums that begin with 0 are the tensor."""
    return wire if number == _NEUTRAL[op] else b.place.node(op, [wire], value=number)


def _of_number(b: Bound, op: str, number: float, wire: Wire) -> Wire:
    """A number and a tensor."""
    if op == "sub":
        return b.place.node("add", [b.place.node("neg", [wire])], value=number)
    if op == "div":
        return scaled(b, b.place.node("pow", [wire], exponent=-1), number)
    return _with_number(b, op, wire, number)


def _of_two(b: Bound, op: str, one: Value | Held, other: Value | Held) -> Wire:
    """Two tensors, the second of which is taken `alpha` times."""
    first, second = aligned(b, one, other)
    return b.place.node(op, [first, scaled(b, second, b.number("alpha", 1))])


def scaled(b: Bound, wire: Wire, factor: float) -> Wire:
    """A tensor times a number."""
    return wire if factor == 1 else b.place.node("mul", [wire], value=factor)


def aligned(b: Bound, *operands: Value | Held) -> list[Wire]:
    """What an elementwise op takes: tensors of one rank."""
    return [of_rank(b, operand, len(sample(b.output))) for operand in operands]


def of_rank(b: Bound, operand: Value | Held, rank: int) -> Wire:
    """A tensor with sizes of 1 in front."""
    own = sample(operand) or [1] * isinstance(operand, Held)  # a parameter has a dimension
    missing = rank - len(own)
    if missing <= 0:
        return b.place.wire(operand)
    if operand.fixed is not None and operand.fixed.numel() <= FEW_NUMBERS:
        return b.place.constant(operand.fixed.reshape([1] * missing + own))
    if isinstance(operand, Held) and fits(shape := (*[1] * missing, *own), operand.shape):
        return b.place.wire(replace(operand, shape=(1, *shape)))  # whose first size stands for the batch
    wire = b.place.wire(operand)
    if isinstance(operand, Held) or wire.node is None or missing > 1:
        return b.place.node("reshape", [wire], shape=[1] * missing + own)
    return b.place.node("unsqueeze", [wire], dim=1)


def _masked(b: Bound, one: Value | Held, other: Value | Held) -> Wire | None:
    """Scores and the mask of shifted windows; None where they are not that."""
    scores, mask = (one, other) if other.fixed is not None else (other, one)
    if mask.fixed is None or scores.fixed is not None or len(sample(b.output)) != 4:
        return None
    found = shifted_windows(mask.fixed)
    if found is None:
        return None
    size, window, shift = map(window_of, found)
    wire = of_rank(b, scores, 4)
    return b.place.node("shifted_window_mask", [wire], size=size, window_size=window, shift_size=shift)


for _name in ("add", "mul", "sub", "div"):
    rule(_name, "input other alpha")(_two(_name))


@rule("rsub", "input other alpha")
def _rsub(b: Bound) -> Wire:
    if isinstance(b["other"], Value | Held):
        own, other = aligned(b, b.operand("input"), b.operand("other"))
        return b.place.node("sub", [other, scaled(b, own, b.number("alpha", 1))])
    return _of_number(b, "sub", b.number("other"), scaled(b, b.place.wire(b.first), b.number("alpha", 1)))


@rule("rdiv rtruediv", "input other")
def _rdiv(b: Bound) -> Wire:
    """A number over a tensor: two tensors are a `div`."""
    return _of_number(b, "div", b.number("other"), b.place.wire(b.first))


@rule("maximum", "input other")
def _maximum(b: Bound) -> Wire:
    return b.place.node("maximum", aligned(b, b.operand("input"), b.operand("other")))


@rule("minimum", "input other")
def _minimum(b: Bound) -> Wire:
    return b.place.node("minimum", aligned(b, b.operand("input"), b.operand("other")))


@rule("max min", "input dim keepdim")
def _max(b: Bound) -> Wire | list[Wire]:
    """The extreme of a dimension, whose place nothing may take; or of two tensors."""
    kind = b.function
    if isinstance(b["dim"], Value | Held):
        return b.place.node(f"{kind}imum", aligned(b, b.operand("input"), b.operand("dim")))
    if not isinstance(b["dim"], int):
        raise UnrecordableError(f"{kind} over all dimensions mixes samples")
    wire = b.node(f"a{kind}", dim=dimension(b.first, b["dim"]), keepdim=b.get("keepdim", False))
    return [wire, Wire(Node("", f"the places of {kind}"))]


@rule("pow", "input exponent")
def _pow(b: Bound) -> Wire:
    if isinstance(b["exponent"], Value | Held) and not isinstance(b["input"], Value | Held):
        return _power_of(b, b.number("input"), b.place.wire(b["exponent"]))
    return b.node("pow", exponent=b["exponent"])


def _power_of(b: Bound, base: float, wire: Wire) -> Wire:
    """A number to the power of a tensor."""
    if base <= 0:
        raise UnrecordableError(f"a power of {base}")
    return b.place.node("exp", [scaled(b, wire, math.log(base))])


@rule("rpow", "input base")
def _rpow(b: Bound) -> Wire:
    return _power_of(b, b.number("base"), b.place.wire(b.first))


@rule("zero", "input")
def _zero(b: Bound) -> Wire:
    return b.place.constant(torch.zeros(sample(b.output)))


@rule("fill", "input value")
def _fill(b: Bound) -> Wire:
    return b.place.constant(torch.full(sample(b.output), float(b.number("value"))))


@rule("aminmax", "input dim keepdim")
def _aminmax(b: Bound) -> list[Wire]:
    return [b.node(op, dim=dimension(b.first, b["dim"]), keepdim=b.get("keepdim", False)) for op in ("amin", "amax")]


@rule("addcmul addcdiv", "input tensor1 tensor2 value")
def _addcmul(b: Bound) -> Wire:
    found = b.place.node(b.function.removeprefix("addc"), aligned(b, b.operand("tensor1"), b.operand("tensor2")))
    of_all = of_rank(b, b.operand("input"), len(sample(b.output)))
    return b.place.node("add", [of_all, scaled(b, found, b.number("value", 1))])


@rule("clamp_min", "input min")
def _clamp_min(b: Bound) -> Wire:
    return b.node("clamp", min=b["min"])


@rule("clamp_max", "input max")
def _clamp_max(b: Bound) -> Wire:
    return b.node("clamp", max=b["max"])


@rule("lerp", "input end weight")
def _lerp(b: Bound) -> Wire:
    """From one tensor to another, by a share that is a number or a tensor."""
    one, other = aligned(b, b.operand("input"), b.operand("end"))
    way = b.place.node("sub", [other, one])
    if isinstance(b["weight"], Value | Held):
        way = b.place.node("mul", [way, *aligned(b, b.operand("weight"))])
    else:
        way = scaled(b, way, b["weight"])
    return b.place.node("add", [one, way])


@rule("hypot", "input other")
def _hypot(b: Bound) -> Wire:
    squares = [b.place.node("pow", [wire], exponent=2) for wire in aligned(b, b.operand("input"), b.operand("other"))]
    return b.place.node("sqrt", [b.place.node("add", squares)])


@rule("var", "input dim correction keepdim unbiased")
def _var(b: Bound) -> Wire:
    return _spread(b)[0]


@rule("std", "input dim correction keepdim unbiased")
def _std(b: Bound) -> Wire:
    return b.place.node("sqrt", [_spread(b)[0]])


@rule("var_mean std_mean", "input dim correction keepdim unbiased")
def _with_mean(b: Bound) -> list[Wire]:
    found, mean = _spread(b)
    found = b.place.node("sqrt", [found]) if b.function == "std_mean" else found
    if b.get("keepdim", False):
        return [found, mean]
    return [found, b.node("mean", dim=dimensions(b.first, b["dim"]))]


def _spread(b: Bound) -> tuple[Wire, Wire]:
    """The mean square of what is left without the mean, times n / (n - correction); and the mean, of one rank."""
    if b["dim"] is None:
        raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
    dims, shape = listed(dimensions(b.first, b["dim"])), sample(b.first)
    wire = b.place.wire(b.first)
    mean = b.place.node("mean", [wire], dim=one_of(dims), keepdim=True)
    square = b.place.node("pow", [b.place.node("sub", [wire, mean])], exponent=2)
    found = b.place.node("mean", [square], dim=one_of(dims), keepdim=bool(b.get("keepdim", False)))
    count = math.prod(shape[dim - 1] for dim in dims)
    given = b.get("unbiased", b["correction"])
    correction = 1 if given is None else given
    if count <= correction:
        raise UnrecordableError(f"{b.call.function} of {count} and a correction of {correction}, which is no number")
    return scaled(b, found, count / (count - correction)), mean


@rule("norm vector_norm", "input p dim keepdim")
def _norm(b: Bound) -> Wire:
    """The p-norm along dimensions."""
    if b["dim"] is None:
        raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
    order = b.get("ord", b.get("p", 2))
    is_of_matrix = b.call.function == "linalg_norm" and order not in (None, "fro") and len(listed(b["dim"])) == 2
    if is_of_matrix or order == "nuc":
        raise UnrecordableError(f"{b.call.function} of matrices with ord = {said(order)}")
    order = 2.0 if order in (None, "fro") else float(order)
    return b.node("vector_norm", ord=order, dim=dimensions(b.first, b["dim"]),
                  keepdim=b.get("keepdim", False))  # fmt: skip


@rule("pairwise_distance", "x1 x2 p eps keepdim")
def _pairwise_distance(b: Bound) -> Wire:
    """The p-norm of differences along the last dimension, to each of which PyTorch adds a little."""
    operands = b.operand("x1"), b.operand("x2")
    rank = max(len(sample(each)) for each in operands)
    wire = b.place.node("sub", [of_rank(b, each, rank) for each in operands])
    if eps := b.get("eps", 1e-6):
        wire = b.place.node("add", [wire], value=eps)
    order = float(b.number("p", 2))
    return b.place.node("vector_norm", [wire], ord=order, dim=rank, keepdim=bool(b.get("keepdim", False)))


@rule("cosine_similarity", "x1 x2 dim eps")
def _cosine_similarity(b: Bound) -> Wire:
    """The sum of the products of what has length 1."""
    operands = b.operand("x1"), b.operand("x2")
    longer = max(operands, key=lambda each: len(sample(each)))
    dim, rank = dimension(longer, b.get("dim", 1)), len(sample(longer))
    wires = [b.place.node("normalize", [of_rank(b, each, rank)], dim=dim, eps=b.get("eps", 1e-8)) for each in operands]
    return b.place.node("sum", [b.place.node("mul", wires)], dim=dim)


@rule("vecdot", "input other dim")
def _vecdot(b: Bound) -> Wire:
    wires = [b.place.wire(b.operand(name)) for name in ("input", "other")]
    return b.place.node("sum", [b.place.node("mul", wires)], dim=dimension(b.first, b.get("dim", -1)))


@rule("softmax log_softmax softmin", "input dim")
def _softmax(b: Bound) -> Wire:
    """Without a dimension, PyTorch takes the batch of 1 and 3 dimensions, and the first after it of others."""
    unsaid = 0 if len(sample(b.first)) in (0, 2) else 1
    dim = dimension(b.first, unsaid if b["dim"] is None else b["dim"])
    return b.place.node("softmax", [b.node("neg")], dim=dim) if b.function == "softmin" else b.node(b.function, dim=dim)
