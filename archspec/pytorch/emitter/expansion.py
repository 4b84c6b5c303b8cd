"""Tensors that a module holds: given to each sample, or as they are where no batch is needed.

What is computed of such tensors alone is the same for each sample too. It is computed once where its calls are the same
with a batch and without, and what takes it broadcasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from archspec.ops.facts import Batch, Function
from archspec.pytorch.emitter.code import Call, Part
from archspec.pytorch.emitter.model import Attribute, Key, Member, Statement

_BROADCASTING = frozenset(f"torch.{name}" for name in ("add", "sub", "mul", "div", "maximum", "minimum"))
_FUNCTIONS = _BROADCASTING | {
    *(f"torch.{name}" for name in ("abs", "clamp", "cos", "exp", "log", "neg", "pow", "rsqrt", "sign", "sin", "sqrt")),
    *("relative_position_bias", "relative_position_bias3d", "shifted_window_mask", "shifted_window_mask3d"),
}
"""Functions that do the same without a batch."""
_FROM_THE_END = frozenset({"torch.flatten", "torch.unsqueeze"})
"""Functions that do so where they count dimensions from the end."""
_LAYERS = frozenset(f"nn.{name}" for name in ("Linear", "ReLU", "GELU", "SiLU", "Sigmoid", "Tanh"))
"""Layers that do so."""


def expand(
    statements: Iterable[Statement], members: Iterable[Member], ranks: Mapping[Key, int], outputs: Iterable[Key]
) -> None:
    """Give the tensors that a class holds a batch, but for those that only meet what needs none.

    Args:
        statements: The lines of ``forward``.
        members: The attributes of the class.
        ranks: How many dimensions each tensor has, without the batch.
        outputs: The tensors that are returned.
    """
    statements, layers = list(statements), {member.name: member.part for member in members if member.condition is None}
    plain: set[Key] = set()
    for statement in statements:
        if isinstance(statement.call, Attribute) or (
            statement.takes and plain.issuperset(statement.takes) and _needs_no_batch(statement, layers)
        ):
            plain.update(statement.gives)
    plain -= {*outputs}
    for _ in statements:
        before = len(plain)
        for statement in statements:
            plain -= {*_refused(statement, plain)}
        if len(plain) == before:
            break
    for statement in statements:
        if not isinstance(statement.call, Attribute):
            continue
        if statement.gives[0] in plain:
            statement.takes = ()  # it asks for no number of samples
        else:
            statement.call = Function(".expand", (statement.call, Batch(0), *(-1,) * ranks[statement.gives[0]]))


def _refused(statement: Statement, plain: set[Key]) -> tuple[Key, ...]:
    """The tensors without a batch that a statement does not take so."""
    if isinstance(statement.call, Attribute) or plain.issuperset(statement.gives):
        return ()
    target = statement.call.target if isinstance(statement.call, Function) else ""
    if target in _BROADCASTING and not plain.issuperset(statement.takes):
        return ()
    if target == "F.scaled_dot_product_attention":
        return statement.takes[:3]
    return statement.takes


def _needs_no_batch(statement: Statement, layers: Mapping[str, Part]) -> bool:
    """Whether what a statement calls does the same without a batch."""
    call = statement.call
    if isinstance(call, str):
        return not statement.reuses and statement.loop is None and call in layers and _is_plain_layer(layers[call])
    if not isinstance(call, Function):
        return False
    if call.target in _FROM_THE_END:
        return all(type(dim) is int and dim < 0 for dim in call.kwargs.values())
    return call.target in _FUNCTIONS


def _is_plain_layer(part: Any) -> bool:
    if not isinstance(part, Call):
        return False
    if part.target == "nn.Sequential":
        return all(_is_plain_layer(layer) for _, layer in part.arguments)
    return part.target in _LAYERS or (
        part.target == "OrderedDict" and all(_is_plain_layer(layer) for _, layer in part.arguments)
    )
