"""The variables of a class, and the search for an expression over them that gives the values seen."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.language.algebra import Code, binary, copied, evaluator, literal, name, names, same
from archspec.language.evaluation import FUNCTIONS
from archspec.language.names import MODULE_ATTRIBUTES, OWN_METHOD
from archspec.language.values import ExpressionError
from archspec.ops.tensor import Shape

INDEX = "i"
"""The variable of a loop over copies."""
RESERVED = frozenset(
    {
        *keyword.kwlist,
        INDEX,
        *"self torch nn F Tensor OrderedDict NamedTuple Callable partial math operator re super range tuple".split(),
        *"ceil floor make_divisible".split(),
    }
)
"""Names that the emitted source uses itself."""


def free_attribute(wanted: str, taken: Iterable[str]) -> str:
    """A name for an attribute that holds a value: it shadows nothing that modules have, and none of those taken."""
    held = {*MODULE_ATTRIBUTES, OWN_METHOD, *taken}
    while wanted in held:
        wanted += "_"
    return wanted


REQUIRED: Any = object()
"""Stands for the default of a parameter that has none."""

Spot = tuple[int, int | None]
"""Where a value was seen: the number of the instance, and the index of the copy in a repeat."""
Values = Mapping[Spot, Any]


class Mismatch(Exception):  # noqa: N818 - a signal, not an error
    """Instances do not fit one class."""


@dataclass(slots=True)
class Parameter:
    """A parameter of a class: its value in each instance, and its default in the signature."""

    name: str
    values: list[Any]
    doc: str = ""
    default: Any = REQUIRED


@dataclass(slots=True)
class Local:
    """A tensor inside of a class.

    Attributes:
        paths: The path of the tensor in each instance where it exists.
        shapes: Its shape there.
        channels: Its first dimension as an expression; None where none was found.
    """

    paths: dict[int, str]
    shapes: dict[int, Shape]
    channels: Code | None = None


@dataclass
class Scope:
    """The variables of a class, each with its values in the instances.

    Attributes:
        count: How many instances there are.
        parameters: Those of the constructor.
        locals: Variables computed from them, in order.
        known: What stands for each parameter of the definition: a variable, or its value.
        frozen: Whether no parameter can be added.
        classes: Names of classes, which no variable can have.
        has_columns: Whether its instances are the copies of a table, and its parameters the columns of that.
        declared: For each parameter that is one of the definition, the name of that.
        inputs: For each parameter that is the first dimension of an input, the input's number in each instance.
        tied: For each parameter, those that are no parameters any more since they are so many times it.
        factories: For each parameter of the definition that is an op and differs, the parameter that makes its layers.
        defaults: Parameters of the definition that are given as constants, but just what their default computes.
        index: What the index of the nearest repeat is.
    """

    count: int
    parameters: dict[str, Parameter] = field(default_factory=dict)
    locals: dict[str, tuple[Code, list[Any]]] = field(default_factory=dict)
    known: dict[str, Code] = field(default_factory=dict)
    frozen: bool = False
    classes: frozenset[str] = frozenset()
    has_columns: bool = False
    declared: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, list[int]] = field(default_factory=dict)
    tied: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    factories: dict[str, str] = field(default_factory=dict)
    defaults: set[str] = field(default_factory=set)
    index: Code = field(default_factory=lambda: name(INDEX))

    def variables(self) -> Iterator[tuple[str, list[Any]]]:
        """The variables and their values in the instances."""
        yield from ((parameter.name, parameter.values) for parameter in self.parameters.values())
        yield from ((each, values) for each, (_, values) in self.locals.items())

    def of_copies(self, copies: Sequence[int]) -> Scope:
        """The scope in which each copy of a table is an instance of its own; what is added there is a column of it.

        Args:
            copies: The number of the instance that each copy stands in.
        """
        around = {each: (name(each), [seen[number] for number in copies]) for each, seen in self.variables()}
        return Scope(len(copies), locals=around, known=dict(self.known), classes=self.classes, has_columns=True)

    def unique(self, wanted: str) -> str:
        """A name that no variable has yet."""
        taken = RESERVED | self.classes | self.parameters.keys() | self.locals.keys() | FUNCTIONS.keys()
        wanted = wanted.lstrip("_")
        while wanted in taken:
            wanted += "_"
        return wanted

    def add(self, wanted: str, values: list[Any], doc: str = "", default: Any = REQUIRED) -> ast.Name:
        """A parameter more."""
        parameter = Parameter(self.unique(wanted), values, doc, default)
        self.parameters[parameter.name] = parameter
        return ast.Name(parameter.name, ast.Load())

    def evaluated(self, code: Code, spots: Iterable[Spot]) -> Iterator[Any]:
        """The values of an expression at some spots.

        Raises:
            ExpressionError: It has none at one of them.
        """
        evaluate, wanted = evaluator(code), names(code)
        columns = {each: seen for each, seen in self.variables() if each in wanted}
        for instance, index in spots:
            values = {each: seen[instance] for each, seen in columns.items()}
            yield evaluate(values if index is None else {**values, INDEX: index})

    def gives(self, code: Code, values: Values) -> bool:
        """Whether an expression has the values seen."""
        try:
            return all(map(same, self.evaluated(code, values), values.values()))
        except ExpressionError:
            return False

    def find(self, values: Values, hints: Sequence[Code | None]) -> Code | None:
        """An expression with these values: a hint, a constant, a variable, or a line in the index of the copy."""
        for hint in hints:
            if hint is None:
                continue
            if not (self.has_columns and _is_looked_up(hint)):
                if self.gives(hint, values):
                    return hint
            elif not self.frozen and self._depends_on_place(hint) and self.gives(hint, values):
                looked_up: Code = _Columns(self).visit(copied(hint))
                return looked_up
        first = next(iter(values.values()))
        if all(same(value, first) for value in values.values()):
            return literal(first)
        for each, seen in self.variables():
            if all(same(seen[instance], value) for (instance, _), value in values.items()):
                return name(each)
        return self._items(values, hints) if isinstance(first, tuple) else self._line(values, hints)

    def _depends_on_place(self, hint: Code) -> bool:
        """Whether the index of a copy is in an expression, or may have been, where a copy stands apart."""
        return INDEX in names(hint) or (INDEX not in names(self.index) and not _Columns.takes(hint))

    def _items(self, values: Values, hints: Sequence[Code | None]) -> Code | None:
        """A tuple of expressions."""
        if len({len(value) if isinstance(value, tuple) else None for value in values.values()}) != 1:
            return None
        length = len(next(iter(values.values())))
        items = [self.find({spot: value[i] for spot, value in values.items()}, hints) for i in range(length)]
        known = [item for item in items if item is not None]
        return ast.Tuple(known, ast.Load()) if len(known) == length else None

    def _line(self, values: Values, hints: Sequence[Code | None]) -> Code | None:
        """``start + step * i`` for integers that grow with the copies."""
        series: dict[int, dict[int, int]] = {}
        for (instance, index), value in values.items():
            if index is None or type(value) is not int:
                return None
            series.setdefault(instance, {})[index] = value
        starts: dict[Spot, int] = {}
        steps: dict[Spot, int] = {}
        for instance, seen in series.items():
            (first, value), *rest = sorted(seen.items())
            step = (rest[0][1] - value) // (rest[0][0] - first) if rest else 0
            if len(seen) < 3 or any(other != value + step * (index - first) for index, other in rest):
                return None
            starts[instance, None], steps[instance, None] = value - step * first, step
        start, step_code = self.find(starts, hints), self.find(steps, ())
        if start is None or step_code is None:
            return None
        return binary(start, ast.Add, binary(step_code, ast.Mult, name(INDEX)))

    def resolve(self, values: Values, hints: Sequence[Code | None], label: str, usual: Any = REQUIRED) -> Code:
        """An expression with these values; where none is found, a parameter more, whose default is a usual one.

        Raises:
            Mismatch: The values change from copy to copy in no way that can be written.
        """
        found = self.find(values, hints)
        if found is not None:
            return found
        by_instance: dict[int, Any] = {}
        for (instance, _), value in values.items():
            if not same(by_instance.setdefault(instance, value), value):
                raise Mismatch
        if self.frozen:
            raise Mismatch
        some = next(iter(by_instance.values()))
        return self.add(label, [by_instance.get(instance, some) for instance in range(self.count)], default=usual)


def _is_looked_up(code: Code) -> bool:
    """Whether an expression is an item of numbers or a rounded one, which a table has as a column."""
    functions = ("make_divisible", "ceil", "floor", "round")
    for node in ast.walk(code):
        match node:
            case ast.Subscript(ast.Tuple()):
                return True
            case ast.Call(ast.Name(function)) if function in functions:
                return True
    return False


class _Columns(ast.NodeTransformer):
    """A column in place of each of the largest parts of an expression that look something up, and have no index."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @staticmethod
    def takes(code: Code) -> bool:
        """Whether an expression is itself such a part."""
        looked_up = isinstance(code, ast.Subscript | ast.Call) and _is_looked_up(code)
        return looked_up and INDEX not in names(code)

    def visit(self, node: ast.AST) -> Any:
        if not isinstance(node, ast.expr) or not self.takes(node):
            return self.generic_visit(node)
        spots: list[Spot] = [(instance, None) for instance in range(self.scope.count)]
        values = dict(zip(spots, self.scope.evaluated(node, spots), strict=True))
        return self.scope.resolve(values, [], "offset")
