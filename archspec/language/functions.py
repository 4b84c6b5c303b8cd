"""Functions that a spec defines, with what they know where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from typing_extensions import override

from archspec.language.expr import read
from archspec.language.values import Function
from archspec.language.work import count_call


@dataclass(frozen=True, slots=True)
class Nearer(Mapping[str, Any]):
    """Names of which the nearer ones hide those further away."""

    near: Mapping[str, Any]
    far: Mapping[str, Any]

    @override
    def __getitem__(self, name: str) -> Any:
        return self.near[name] if name in self.near else self.far[name]

    @override
    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self.near, *self.far])

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LetFunction(Function):
    """A function of ``let:``.

    Attributes:
        name: Its name.
        parameters: The names of its parameters.
        text: The expression that gives its value, as written.
        scope: What else the expression can ask for.
        place: What decides that besides parameters and values of ``let``, as part of a key.
    """

    name: str
    parameters: tuple[str, ...]
    text: str
    scope: Mapping[str, Any]
    place: str

    @override
    def value(self, operands: list[Any]) -> Any:
        expression = read(self.text)
        count_call(expression.parts)
        return expression.evaluate(Nearer(dict(zip(self.parameters, operands, strict=True)), self.scope))

    def within(self, scope: Mapping[str, Any]) -> LetFunction:
        """The function where some names have other values."""
        return replace(self, scope=Nearer(scope, self.scope))

    @override
    def __repr__(self) -> str:
        return self.name


def places(values: Iterable[Any]) -> str:
    """What the functions among some values follow from besides other values, as part of a key."""
    return "".join(sorted({value.place for value in values if isinstance(value, LetFunction)}))
