"""Which names the expressions of a file ask for, and the parameters that none of them does."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from archspec.errors import Diagnostic, nearest
from archspec.language.expr import is_expression, read
from archspec.language.source import Mapping, Scalar, Sequence, Value, keyed
from archspec.language.values import ExpressionError

_ELSEWHERE = ("blocks", "doc", "example", "expect", "variants")
"""Keys of a file whose values do not see its parameters."""
_MOST_COMPARED = 100
"""Parameters for which a name like theirs is looked for, among all."""


def names_in(value: Value) -> Iterator[str]:
    """The names that the expressions of a value ask for; of an expression that cannot be read, none."""
    if isinstance(value, Sequence):
        for item in value.items:
            yield from names_in(item)
    elif isinstance(value, Mapping):
        for item in value.entries.values():
            yield from names_in(item)
    elif isinstance(value, Scalar) and is_expression(value.value):
        try:
            yield from read(str(value.value)).names
        except ExpressionError:  # reported when it is evaluated
            return


def unused_parameters(value: Mapping) -> Iterator[Diagnostic]:
    """An error for each parameter of a network or block that nothing asks for.

    Those that only a file has which this one extends are no mistake of this one: it may have replaced what asked.
    """
    seeing = [part for key, part in value.entries.items() if key not in _ELSEWHERE]
    asked = {name for part in seeing for name in names_in(part)}
    declared = keyed(value.entries.get("params"))
    own = ((name, key) for name, (key, _) in declared.items() if key.source is value.source)
    unused = [(name, key) for name, key in own if name not in asked]
    for number, (name, key) in enumerate(unused):
        message = f"nothing asks for the parameter `{name}`"
        help = _help(name, declared if number < _MOST_COMPARED else ())
        yield Diagnostic("unused-parameter", message, key.span, help=help)


def _help(name: str, declared: Collection[str]) -> str:
    near = nearest(name, [other for other in declared if other != name])
    return f"did you mean `{near}`?" if near else f"write `${name}` where its value belongs, or remove it"
