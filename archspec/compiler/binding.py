"""Values of parameters: those that are given, defaults, and those computed from others."""

from __future__ import annotations

import ast
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, NoReturn

from archspec.compiler.leftovers import leftovers
from archspec.compiler.tensors import Names
from archspec.compiler.trace import Failed, Trace
from archspec.errors import Change, Help, SpecError, listed, removable
from archspec.language.choice import Choice, chosen, plain
from archspec.language.definition import Definition, GraphSteps, Let, Step
from archspec.language.evaluation import FUNCTIONS
from archspec.language.expr import Expression, is_expression, read
from archspec.language.functions import LetFunction
from archspec.language.limits import Limits, raise_limit
from archspec.language.source import Entry, Scalar, Sequence, Value, entries
from archspec.language.source import Mapping as MappingValue
from archspec.language.spec import Param
from archspec.language.usage import names_in
from archspec.language.values import UNKNOWN, ExpressionError, Function, TensorView, Unknown
from archspec.language.wording import found, hint
from archspec.language.work import count
from archspec.ops import registry
from archspec.ops.op import NODE_KEYS

_MAX_DEPTH = 32
_MOST_CHOICES = 1_000
"""Ops and blocks that one value may name."""


class Argument(NamedTuple):
    """A value given for a parameter, and where.

    Attributes:
        value: The value; `UNKNOWN` where an error kept it from being computed.
        entry: Where it is given.
        names: What an expression could ask for there, for hints.
        user: The definition that it is written in; None for that whose parameter it is.
    """

    value: Any
    entry: Entry
    names: Collection[str] = ()
    user: Definition | None = None


def evaluate(value: Value, names: Mapping[str, Any], trace: Trace, path: str) -> Any:
    """The plain value, its expressions computed.

    Raises:
        Failed: An expression is wrong; the error has been reported.
        Unknown: An expression asks for a shape that an earlier error left unknown.
    """
    if isinstance(value, Scalar):
        plain = value.value
        if type(plain) is not str or not plain.startswith("$"):
            return plain
        return plain[1:] if plain.startswith("$$") else _computed(plain, value, names, trace, path)
    if isinstance(value, Sequence):
        return [evaluate(item, names, trace, path) for item in value.items]
    assert isinstance(value, MappingValue)
    return {key: evaluate(item, names, trace, path) for key, item in value.entries.items()}


def _computed(text: str, value: Scalar, names: Mapping[str, Any], trace: Trace, path: str) -> Any:
    try:
        result = read(text).evaluate(names)
        if type(result) is list:
            count(result)
    except ExpressionError as error:
        _fail(error, value, trace, path)
    except RecursionError:
        _fail(ExpressionError("what this asks for nests too deep", code="limit-exceeded"), value, trace, path)
    except Unknown:
        _report_unknown_names(value, names, trace, path)
        raise
    if isinstance(result, TensorView):
        message = f"`{text}` is a tensor; an argument is a number, text, a boolean or a list"
        trace.report(
            "invalid-expression", message, value, path=path, help="its sizes are `.channels`, `.height`, `.shape` …"
        )
        raise Failed
    return result


def _fail(error: ExpressionError, value: Scalar, trace: Trace, path: str) -> NoReturn:
    place = _part(value, str(value.value), error)
    if error.code == "limit-exceeded":
        raise SpecError([trace.diagnostic(error.code, error.message, place, path=path, help=error.help)]) from None
    trace.report(error.code, error.message, place, same=error.message, path=path, help=error.help)
    raise Failed from None


def defined(graph: GraphSteps, names: Names, trace: Trace, path: str) -> Names:
    """The names that a graph knows before its first node, with what it defines; `UNKNOWN` for what is wrong of that.

    Args:
        graph: The graph.
        names: What it knows besides; what it defines itself is not computed where a value of that name is there.
        trace: Where errors go.
        path: The path of the graph, for errors.
    """
    lets = dict(names.lets)
    known = replace(names, tensors={}, lets=lets, operand=None, frozen=None)
    place = repr((names.inputs, names.index, names.loops)) if any(let.parameters for let in graph.lets) else ""
    for let in graph.lets:
        if let.name not in lets:
            try:
                lets[let.name] = _defined(let, known, place, trace, path)
            except (Failed, Unknown):
                lets[let.name] = UNKNOWN
    return known


def _defined(let: Let, names: Names, place: str, trace: Trace, path: str) -> Any:
    value = let.value
    if value is None:
        return UNKNOWN
    if not let.parameters:
        return evaluate(value, names, trace, path)
    assert isinstance(value, Scalar)
    try:
        read(str(value.value))
    except ExpressionError as error:
        _fail(error, value, trace, path)
    if _report_unknown_names(value, names, trace, path, let.parameters):
        raise Failed
    return LetFunction(let.name, let.parameters, str(value.value), names, place)


def _report_unknown_names(
    value: Scalar, names: Mapping[str, Any], trace: Trace, path: str, others: Collection[str] = ()
) -> bool:
    """Names that nobody knows, and that are not among some others, are errors also where nothing is computed."""
    text, found = str(value.value), False
    asked = read(text).names.difference(others)
    if all(name in names and not isinstance(names[name], Function) for name in asked):
        return False
    tree = read(text).tree
    functions = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id in others or node.id in FUNCTIONS:
            continue
        if id(node) in functions and node.id in names:
            continue
        try:
            Expression(text, functions.get(id(node), node)).evaluate(names)
        except ExpressionError as error:
            found = True
            place = _part(value, text, error)
            trace.report(error.code, error.message, place, same=error.message, path=path, help=error.help)
        except Unknown:
            continue
    return found


def no_op(name: str) -> str:
    """What is said where no op has a name."""
    return f"no op is called `{name}`"


def op_help(name: str, blocks: Collection[str]) -> str:
    """What may be meant by the name of an op that there is not, in a definition with some blocks of its own."""
    from archspec.language.unknown import name_help

    return name_help(name, "op", blocks) or "`archspec ops` lists them"


def of_expression(message: str, value: Value) -> Hashable:
    """What is equal for errors about the values of equal expressions; None for a value that is none."""
    is_computed = isinstance(value, Scalar) and is_expression(value.value)
    return (message, value.value) if isinstance(value, Scalar) and is_computed else None


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


def has_too_many(definition: Definition, limits: Limits, trace: Trace) -> bool:
    """Whether a definition has more parameters, or variants, than the limits allow; that is reported."""
    entries = [
        ("parameters", "params", len(definition.params), limits.parameters),
        ("variants", "variants", len(definition.variants), limits.variants),
    ]
    for limit, key, number, most in entries:
        if number > most:
            message, place = f"`{definition.name}` has more than {most:,} {limit}", definition.value.keys[key]
            trace.report("limit-exceeded", message, place, help=raise_limit(limit))
            return True
    return False


def bind(
    definition: Definition,
    given: Mapping[str, Argument],
    inputs: Mapping[str, Any],
    trace: Trace,
    path: str,
    user: Step | None = None,
) -> dict[str, Any]:
    """The values of a definition's parameters; `UNKNOWN` for those that are missing, wrong, or left open by an error.

    Args:
        definition: The network or block.
        given: Values by the parameter's name.
        inputs: The tensors that defaults can ask the shapes of, by name.
        trace: Where errors go.
        path: The path of the block, for errors.
        user: The node that uses the block; missing parameters are reported there.
    """
    unknown = [name for name in given if name not in definition.params]
    meant = _report_unknown_given(definition, unknown, given, trace, user) if unknown else set()
    missing = [name for name in definition.required if name not in given and name not in meant]
    if user is not None and missing:
        _report_missing(definition, missing, user.key, trace)
    values = _Binding(definition, given, inputs, trace, path).computed()
    return dict.fromkeys(values, UNKNOWN) if unknown else values


def stated(definition: Definition, arguments: Mapping[str, Any]) -> list[str]:
    """The parameters of a network whose values, plain ones, do not follow from their defaults and the other values."""
    given: dict[str, Argument] = {}
    for name in sorted(definition.params, key=lambda name: any(names_in(definition.param_value(name)))):
        if plain(bind(definition, given, {}, Trace(), "")[name]) != arguments[name]:
            place = Entry(definition.param_key(name), definition.param_key(name))
            given[name] = Argument(arguments[name], place)
    return [name for name in definition.params if name in given]


def check_values(definition: Definition, given: Mapping[str, Argument], trace: Trace) -> None:
    """Report values that no parameter of a network takes."""
    binding = _Binding(definition, given, {}, trace, "")
    for name, argument in given.items():
        if name in definition.params:
            binding[name]
        else:
            _report_unknown(definition, name, argument.entry.key, trace)


def _report_unknown_given(
    definition: Definition, unknown: Iterable[str], given: Mapping[str, Argument], trace: Trace, user: Step | None
) -> set[str]:
    """Report values of parameters that there are not; the parameters that these may stand for."""
    from archspec.ops.foreign import argument

    keys = {name: given[name].entry.key for name in unknown}
    left = _report_leftovers(definition, keys, trace, user)
    for name, key in keys.items():
        if name not in left:
            _report_unknown(definition, name, key, trace)
    return {argument(name, definition.params) for name in keys}


def _report_leftovers(
    definition: Definition, unknown: Mapping[str, Scalar], trace: Trace, user: Step | None
) -> set[str]:
    """Report what a node has left of what it was before it used this block; the names."""
    found = list(leftovers(unknown, user)) if user is not None and user.target is not None else []
    for left in found:
        assert user is not None
        assert user.target is not None
        message = left.message(f"`{definition.name}`", "parameter")
        same = None if definition.source.bundled else message
        trace.report_outside("unknown-argument", message, user.target, same=same, help=left.help)
    return {name for left in found for name in left.names}


def _report_unknown(definition: Definition, name: str, key: Scalar, trace: Trace) -> None:
    from archspec.ops.foreign import argument_hint

    known = list(definition.params)
    help = argument_hint(name, known, NODE_KEYS) if known else Help.removal(f"`{definition.name}` has no parameters")
    message = f"`{definition.name}` has no parameter `{name}`"
    same = None if definition.source.bundled else message  # the mistake may be that of the definition
    trace.report_outside("unknown-argument", message, key, same=same, help=help)


def _report_missing(definition: Definition, missing: list[str], user: Value, trace: Trace) -> None:
    message = f"`{definition.name}` needs the parameter{'s' * (len(missing) > 1)} {listed(missing)}"
    docs = [(name, definition.params[name]) for name in missing]
    words = [f"`{name}` is {param.expected}{f': {param.doc}' * bool(param.doc)}" for name, param in docs]
    same = None if definition.source.bundled else message
    example = entries(definition.example)
    given = "\n".join(f"{name}: {example[name].plain()}" for name in missing if name in example)
    help = Help("; ".join(words), *[Change("set", given)] * bool(given))
    trace.report_outside("missing-argument", message, user, same=same, help=help)


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

    def computed(self) -> dict[str, Any]:
        """The values of all parameters."""
        self.known.update(self.definition.constants)
        for name in self.given:
            self.known.pop(name, None)
        return {name: self.known[name] if name in self.known else self[name] for name in self.definition.params}

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
        if name in self.given:  # nothing to compute: it cannot ask for itself
            self.known[name] = self._checked(name, self.given[name].value)
            return self.known[name]
        if name in self.pending:
            cycle = " -> ".join([*self.pending[self.pending.index(name) :], name])
            self._fail("circular-definition", f"a parameter is computed from itself: {cycle}", name)
        if len(self.pending) == _MAX_DEPTH:
            self._fail("limit-exceeded", f"more than {_MAX_DEPTH} parameters are computed from each other", name)
        self.pending.append(name)
        try:
            self.known[name] = self._value(name)
        except (Failed, Unknown):
            self.known[name] = UNKNOWN
        finally:
            self.pending.pop()
        return self.known[name]

    def _fail(self, code: str, message: str, name: str) -> NoReturn:
        self.trace.report(code, message, self.definition.param_value(name), path=self.path)
        raise Failed

    def _value(self, name: str) -> Any:
        """The value of a default."""
        param = self.definition.params[name]
        if param.required or param.default is UNKNOWN:
            return UNKNOWN
        return self._checked(name, evaluate(self.definition.defaults[name], self, self.trace, self.path))

    def _checked(self, name: str, value: Any) -> Any:
        """A value that a parameter takes; `UNKNOWN` for another."""
        param, argument = self.definition.params[name], self.given.get(name)
        expected = "" if value is UNKNOWN else param.problem(value)
        if not expected and not param.names_one:
            return value
        place = argument.entry.value if argument else self.definition.param_value(name)
        if not expected:
            return self._chosen(value, param, place, argument)
        message = f"`{name}` of `{self.definition.name}` has the wrong value"
        report = self.trace.report_outside if argument else self.trace.report
        help = hint(place, value, expected, argument.names if argument else self)
        if value is None and not self.definition.source.bundled:
            help = help or "a parameter that may be null says `nullable: true`"
        help = removable(help) if argument and not param.required else help
        same = of_expression(message, place)
        report("invalid-argument", message, place, same=same, expected=expected, found=found(value), help=help)
        return UNKNOWN

    def _chosen(self, value: Any, param: Param, place: Value, argument: Argument | None) -> Any:
        """An op or a block that a parameter stands for; `UNKNOWN` where none has that name."""
        if value is None or value is UNKNOWN or isinstance(value, Choice):
            return value
        user = (argument and argument.user) or self.definition
        made = chosen(value, str(param.kind), place, user)
        if made.size > _MOST_CHOICES:
            message = f"the value names more than {_MOST_CHOICES:,} ops and blocks, those in arguments of others too"
            raise SpecError([self.trace.diagnostic("limit-exceeded", message, place, path=self.path)])
        if made.kind == "op" and registry.find(made.name) is None:
            report = self.trace.report_outside if argument else self.trace.report
            report("unknown-op", no_op(made.name), made.target, help=op_help(made.name, user.blocks))
            return UNKNOWN
        return made
