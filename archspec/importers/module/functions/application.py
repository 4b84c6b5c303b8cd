"""A call as nodes: by what its op says of it, else by a rule of its own."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

from archspec.importers.module.draft import Place, Wire
from archspec.importers.module.functions.calls import RULES, Bound, Rule, as_list
from archspec.importers.module.functions.dimensions import dimensions
from archspec.importers.module.runs import Call, Held, UnrecordableError, Value
from archspec.ops import registry
from archspec.ops.op import Op

for _family in "activations arithmetic elementary indexing layers parts pooling products shapes".split():
    import_module(f"{__package__}.{_family}")  # which registers its rules


def apply(call: Call, place: Place) -> list[Wire]:
    """The wires of what a call gives.

    Raises:
        UnrecordableError: The language has nothing for it.
    """
    name = _plain(call.function)
    known = RULES.get(name) or _stated().get(name)
    if known is None:
        raise UnrecordableError(f"there is no op for torch's `{call.function}`")
    if not name.startswith("max_unpool") and any(value.pooled is not None for value in call.operands):
        raise UnrecordableError("the places of maxima are an operand, which only max_unpool takes")
    parameters, function = known
    given = dict(zip(parameters, call.args, strict=False))
    if len(call.args) > len(parameters):  # x.permute(0, 2, 3, 1), where a list may stand
        given[parameters[-1]] = call.args[len(parameters) - 1 :]
    given |= {_NUMPY.get(key, key): value for key, value in call.kwargs.items()}
    named = {key: _known(given[key]) for key in dict.fromkeys((*parameters, *given)) if key in given}
    result = function(Bound(call, place, named, name))
    return result if isinstance(result, list) else [result]


@cache
def _stated() -> dict[str, tuple[tuple[str, ...], Rule]]:
    """The functions that ops say they are."""
    found: dict[str, tuple[tuple[str, ...], Rule]] = {}
    for cls in registry.ops().values():
        for signature in cls.functions:
            name, _, parameters = signature.partition("(")
            found[name] = (tuple(re.findall(r"\w+", parameters)), _rule_of(cls))
    return found


def _rule_of(cls: type[Op]) -> Rule:
    """The rule for functions that an op is: their arguments are those of the same names."""

    def function(b: Bound) -> Wire:
        arguments: dict[str, Any] = {}
        for name, declared in cls.model_fields.items():
            value = as_list(b[name])
            if value is not None:
                arguments[name] = dimensions(b.first, value) if name in ("dim", "dims") else value
            elif declared.is_required() and name == "dim":
                raise UnrecordableError(f"{b.call.function} over all dimensions mixes samples")
            elif declared.is_required():
                raise UnrecordableError(f"{b.call.function} without {name}")
        return b.node(cls.name, **arguments)

    return function


def _known(value: Any) -> Any:
    """The number that a tensor of one is, where it is known."""
    if isinstance(value, Value | Held) and value.fixed is not None and value.fixed.dim() == 0:
        return value.fixed.item()
    return value


def _plain(name: str) -> str:
    """The name of the function that a method, an operator or a call in place is."""
    bare = name.strip("_") if name.startswith("_") else name.rstrip("_")
    for prefix in ("special_", "linalg_", "unsafe_"):
        bare = bare.removeprefix(prefix)
    bare = bare.removesuffix("_with_indices")
    return _SAME.get(bare, bare)


_SAME = {
    other: name
    for name, *others in map(
        str.split,
        """
        abs absolute
        add iadd radd
        cat concat concatenate
        div idiv itruediv divide true_divide truediv
        matmul imatmul
        maximum fmax
        minimum fmin
        mul imul rmul multiply
        narrow narrow_copy
        neg negative
        pow ipow
        sigmoid expit
        sign sgn
        sub isub subtract
        transpose swapaxes swapdims
        """.strip().splitlines(),
    )
    for other in others
}
"""The names of functions that are others, after these."""

_NUMPY = {"axis": "dim", "keepdims": "keepdim"}
"""What NumPy calls parameters, whose names torch takes too."""
