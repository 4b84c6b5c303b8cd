"""Ops that a class takes as arguments: where the uses of a block differ in an op, its class is given what makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archspec.language.definition import Step
from archspec.language.expr import is_expression, read
from archspec.language.source import Scalar, Value
from archspec.network import Applied, Body
from archspec.pytorch.emitter.code import Factory
from archspec.pytorch.emitter.instances import layer_of_op

IDENTITY = Factory("nn.Identity")
"""What stands for no op: it takes any arguments, and gives what it is given."""


def parameter_of(step: Step | None) -> str:
    """The parameter that the op of a node is, ``op: $act`` without arguments of the node's own; empty for another."""
    if step is None or step.target is None or step.kind != "op" or step.arguments or step.first or step.last:
        return ""
    return _parameter(step.target)


def _parameter(value: Value) -> str:
    """The name of ``$name``; empty for any other value."""
    if not isinstance(value, Scalar) or not is_expression(value.value):
        return ""
    text = read(str(value.value)).text.strip()
    return text if text.isidentifier() else ""


def factory(applied: Applied) -> Factory | None:
    """What makes the layer of an op from nothing, or from the channels of what it takes; None where neither does."""
    layer, op = layer_of_op(applied), applied.op
    if layer is None or layer.within:
        return None
    named = [key for key in layer.kwargs if key in op.inferred]
    placed = [key for key in op.inferred if key not in layer.kwargs][: len(layer.args)]
    if not named and not placed:
        return Factory(layer.target, layer.args, tuple(layer.kwargs.items()))
    channels = applied.input_shapes[0][:1]
    if placed and not named and layer.args == channels:
        return Factory(layer.target, (), tuple(layer.kwargs.items()), True)
    if named == list(layer.kwargs)[1:2] and not layer.args and (layer.kwargs[named[0]],) == channels:
        (_, first), _, *others = layer.kwargs.items()  # nn.GroupNorm(num_groups, num_channels)
        return Factory(layer.target, (first,), tuple(others), True)
    return None


class Factories:
    """What makes the ops that parameters are, found once for each body and parameter."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, str], Factory | None] = {}

    def of(self, body: Body, arguments: Mapping[str, Any], parameter: str) -> Factory | None:
        """What makes the op that a parameter is in a block or group.

        None where no layer inside is made by it, or where what makes them differs.

        Args:
            body: What the block or group holds.
            arguments: The values of the parameters that it sees.
            parameter: One of them.
        """
        if arguments[parameter] is None:
            return IDENTITY
        key = (id(body), parameter)
        if key not in self._known:
            found = list(self._found(body, parameter))
            self._known[key] = found[0] if found and all(each == found[0] for each in found) else None
        return self._known[key]

    def _found(self, body: Body, parameter: str) -> Iterator[Factory | None]:
        for use in body.firsts():
            inner = use.content
            if isinstance(inner, Applied):
                if parameter_of(use.step) == parameter:
                    yield factory(inner)
            elif inner.kind == "block":
                handed = [name for name, entry in use.written.items() if _parameter(entry.value) == parameter]
                yield from (self.of(inner, inner.arguments, name) for name in handed)
            else:
                yield from self._found(inner, parameter)
