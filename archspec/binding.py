"""Values of parameters: those that are given, defaults, and those computed from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archspec.definition import Definition
from archspec.errors import did_you_mean
from archspec.expr import ExpressionError, TensorView, UnknownShape, is_expression, kind, read
from archspec.source import Entry, Scalar, Sequence, Value
from archspec.source import Mapping as MappingValue
from archspec.trace import Failed, Trace


@dataclass(frozen=True, slots=True)
class Argument:
    """A value given for a parameter, and where; not known where an error kept it from being computed."""

    value: Any
    entry: Entry
    known: bool = True


def evaluate(value: Value, names: Mapping[str, Any], trace: Trace, path: str) -> Any:
    """The plain value, its expressions computed.

    Raises:
        Failed: An expression is wrong; the error has been reported.
        UnknownShape: An expression asks for a shape that an earlier error left unknown.
    """
    if isinstance(value, Scalar):
        plain = value.value
        if is_expression(plain):
            return _computed(value, names, trace, path)
        return plain[1:] if isinstance(plain, str) and plain.startswith("$$") else plain
    if isinstance(value, Sequence):
        return [evaluate(item, names, trace, path) for item in value.items]
    assert isinstance(value, MappingValue)
    return {key: evaluate(item, names, trace, path) for key, item in value.entries.items()}


def _computed(value: Scalar, names: Mapping[str, Any], trace: Trace, path: str) -> Any:
    text = str(value.value)
    try:
        result = read(text).evaluate(names)
    except ExpressionError as error:
        place = _part(value, text, error)
        trace.report(error.code, error.message, place, path=path, help=error.help)
        raise Failed from None
    if isinstance(result, TensorView):
        message = f"`{text}` is a tensor; an argument is a number, text, a boolean or a list"
        trace.report(
            "invalid-expression", message, value, path=path, help="its sizes are `.channels`, `.height`, `.shape` …"
        )
        raise Failed
    return result


def _part(value: Scalar, text: str, error: ExpressionError) -> Value:
    """The part of an expression that an error speaks of, where it can be found in the file."""
    body = text[2:-1] if text.startswith("$(") else text[1:]
    written = value.source.text[value.start : value.end]
    start = written.find(body) if body else -1
    if start < 0 or error.end <= error.start:
        return value
    return Scalar(
        value.source, value.start + start + error.start, min(value.start + start + error.end, value.end), text
    )


def bind(
    definition: Definition,
    given: Mapping[str, Argument],
    inputs: Mapping[str, Any],
    trace: Trace,
    path: str,
    user: Value,
) -> dict[str, Any] | None:
    """The values of a definition's parameters, or None where one is wrong or not known.

    Args:
        definition: The network or block.
        given: Values by the parameter's name.
        inputs: The tensors that defaults can ask the shapes of, by name.
        trace: Where errors go.
        path: The path of the block, for errors.
        user: The node that uses the block; errors about missing parameters stand there.
    """
    binding = _Binding(definition, given, inputs, trace, path)
    before = len(trace.found)
    for name, argument in given.items():
        if name not in definition.params:
            known = list(definition.params)
            help = did_you_mean(name, known) if known else f"`{definition.name}` has no parameters"
            message = f"`{definition.name}` has no parameter `{name}`"
            trace.report_outside("unknown-argument", message, argument.entry.key, help=help)
    for name, param in definition.params.items():
        if param.required and name not in given:
            doc = f": {param.doc}" if param.doc else ""
            message = f"`{definition.name}` needs the parameter `{name}`"
            trace.report_outside(
                "missing-argument", message, user, help=f"`{name}` is {param.kind or 'any value'}{doc}"
            )
    if len(trace.found) > before:
        return None
    return binding.values()


class _Binding(Mapping[str, Any]):
    """Parameters by name, each computed when another asks for it."""

    def __init__(
        self, definition: Definition, given: Mapping[str, Argument], inputs: Mapping[str, Any], trace: Trace, path: str
    ) -> None:
        self.definition = definition
        self.given = given
        self.inputs = inputs
        self.trace = trace
        self.path = path
        self.known: dict[str, Any] = {}
        self.pending: list[str] = []

    def values(self) -> dict[str, Any] | None:  # type: ignore[override]
        complete = True
        for name in self.definition.params:
            try:
                self[name]
            except (Failed, UnknownShape):
                complete = False
        return {name: self.known[name] for name in self.definition.params} if complete else None

    def __iter__(self) -> Iterator[str]:
        yield from self.definition.params
        yield from self.inputs

    def __len__(self) -> int:
        return len(self.definition.params) + len(self.inputs)

    def __contains__(self, name: object) -> bool:
        return name in self.definition.params or name in self.inputs

    def __getitem__(self, name: str) -> Any:
        if name in self.known:
            return self.known[name]
        if name not in self.definition.params:
            return self.inputs[name]
        if name in self.pending:
            cycle = " -> ".join([*self.pending[self.pending.index(name) :], name])
            place = self.definition.param_value(name)
            self.trace.report(
                "cyclic-parameter", f"a parameter is computed from itself: {cycle}", place, path=self.path
            )
            raise Failed
        self.pending.append(name)
        try:
            self.known[name] = self._value(name)
        finally:
            self.pending.pop()
        return self.known[name]

    def _value(self, name: str) -> Any:
        param = self.definition.params[name]
        argument = self.given.get(name)
        if argument is not None and not argument.known:
            raise Failed
        place = argument.entry.value if argument else self.definition.param_value(name)
        value = argument.value if argument else evaluate(place, self, self.trace, self.path)
        expected = param.problem(value)
        if not expected:
            return value
        message = f"`{name}` of `{self.definition.name}` has the wrong value"
        report = self.trace.report_outside if argument else self.trace.report
        found = str(value) if isinstance(value, list) else kind(value)
        report("invalid-argument", message, place, expected=expected, found=found)
        raise Failed
