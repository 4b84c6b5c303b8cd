"""Functions of numbers that are several ops."""

from __future__ import annotations

import math

from archspec.importers.module.draft import Wire
from archspec.importers.module.functions.arithmetic import aligned
from archspec.importers.module.functions.calls import Bound, Rule, listed, rule
from archspec.importers.module.functions.dimensions import dimensions


def _one_after_another(steps: str) -> Rule:
    """Ops that each take what the one before gives, some with a number."""

    def function(b: Bound) -> Wire:
        wire = b.place.wire(b.first)
        for step in steps.split(", "):
            op, _, number = step.partition(" ")
            given = {"exponent" if op == "pow" else "value": _CONSTANTS.get(number) or float(number)} if number else {}
            wire = b.place.node(op, [wire], **given)
        return wire

    return function


_CONSTANTS = {"ln2": math.log(2), "ln10": math.log(10), "degree": math.pi / 180}
_CHAINS = {
    "reciprocal": "pow -1",
    "square": "pow 2",
    "exp2": "mul ln2, exp",
    "expm1": "exp, sub 1",
    "log1p": "add 1, log",
    "log2": "log, div ln2",
    "log10": "log, div ln10",
    "deg2rad": "mul degree",
    "rad2deg": "div degree",
    "log_sigmoid": "neg, softplus, neg",
    "logsigmoid": "neg, softplus, neg",
}
for _name, _steps in _CHAINS.items():
    rule(_name, "input")(_one_after_another(_steps))


@rule("tan", "input")
def _tan(b: Bound) -> Wire:
    return b.place.node("div", [b.node("sin"), b.node("cos")])


@rule("sinh cosh", "input")
def _hyperbolic(b: Bound) -> Wire:
    """Half the difference, or half the sum, of two exponentials."""
    up, down = b.node("exp"), b.place.node("exp", [b.node("neg")])
    both = b.place.node("sub" if b.function == "sinh" else "add", [up, down])
    return b.place.node("div", [both], value=2)


@rule("logit", "input eps")
def _logit(b: Bound) -> Wire:
    wire = b.place.wire(b.first)
    if b["eps"] is not None:
        eps = b.number("eps")
        wire = b.place.node("clamp", [wire], min=eps, max=1 - eps)
    rest = b.place.node("add", [b.place.node("neg", [wire])], value=1)
    return b.place.node("log", [b.place.node("div", [wire, rest])])


@rule("logsumexp", "input dim keepdim")
def _logsumexp(b: Bound) -> Wire:
    """What a log softmax takes away, which is the same along its dimension."""
    wire, dims = b.place.wire(b.first), sorted(listed(dimensions(b.first, b["dim"])), reverse=True)
    for dim in dims:
        left = b.place.node("sub", [wire, b.place.node("log_softmax", [wire], dim=dim)])
        wire = b.place.node("amax", [left], dim=dim, keepdim=bool(b.get("keepdim", False)))
    return wire


@rule("logaddexp", "input other")
def _logaddexp(b: Bound) -> Wire:
    """The larger of two, and what the smaller adds to it."""
    operands = aligned(b, b.operand("input"), b.operand("other"))
    apart = b.place.node("abs", [b.place.node("sub", operands)])
    more = b.place.node("softplus", [b.place.node("neg", [apart])])
    return b.place.node("add", [b.place.node("maximum", operands), more])
