"""Which names the expressions of a file ask for, and the names of the file that none of them does."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from archspec.errors import Diagnostic, Help, nearest
from archspec.language.expr import is_expression, read
from archspec.language.names import let_form
from archspec.language.source import Mapping, Scalar, Sequence, Value, entries, keyed
from archspec.language.values import ExpressionError

_ELSEWHERE = ("blocks", "doc", "example", "expect", "paper", "variants")
"""Keys of a file whose values do not see its parameters."""
_MOST_COMPARED = 100
"""Parameters for which a name like theirs is looked for, among all."""


def names_in(value: Value) -> list[str]:
    """The names that the expressions of a value ask for, in each; of an expression that cannot be read, none."""
    if isinstance(value, Sequence):
        return [name for item in value.items for name in names_in(item)]
    if isinstance(value, Mapping):
        return [name for item in value.entries.values() for name in names_in(item)]
    if not (isinstance(value, Scalar) and is_expression(value.value)):
        return []
    try:
        return list(read(str(value.value)).names)
    except ExpressionError:  # reported when it is evaluated
        return []


def names_of_defaults(value: Mapping) -> dict[str, frozenset[str]]:
    """The parameters of a network or block that only the defaults of others ask for, each with those others."""
    seeing = [part for key, part in value.entries.items() if key not in (*_ELSEWHERE, "params")]
    declared = keyed(value.entries.get("params"))
    inside = {name for part in seeing for name in names_in(part)}
    asking: dict[str, set[str]] = {}
    for name, (_, param) in declared.items():
        for asked in names_in(param):
            asking.setdefault(asked, set()).add(name)
    return {name: frozenset(others) for name, others in asking.items() if name in declared and name not in inside}


def unused_names(value: Mapping) -> Iterator[Diagnostic]:
    """An error for each parameter, value and function of a network or block that nothing asks for.

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
    yield from _unused_lets(value, value)


def _unused_lets(graph: Mapping, file: Mapping) -> Iterator[Diagnostic]:
    """The same for what a graph, and the groups inside, define."""
    seeing = [part for key in ("let", "graph", "output", "outputs") if (part := graph.entries.get(key))]
    declared = keyed(graph.entries.get("let"))
    asked = {name for part in seeing for name in names_in(part)} if declared else ()
    for form, (key, _) in declared.items():
        name, parameters = let_form(form)
        if name not in asked and key.source is file.source:
            what, written = ("value", f"${name}") if parameters is None else ("function", f"$({form})")
            help = Help.removal(f"write `{written}` where its value belongs, or remove it")
            yield Diagnostic("unused-parameter", f"nothing asks for the {what} `{name}`", key.span, help=help)
    for node in entries(graph.entries.get("graph")).values():
        if isinstance(node, Mapping) and "graph" in node.entries:
            yield from _unused_lets(node, file)


def _help(name: str, declared: Collection[str]) -> str:
    near = nearest(name, [other for other in declared if other != name])
    if near:
        return Help.instead(f"did you mean `{near}`?", near)
    return Help.removal(f"write `${name}` where its value belongs, or remove it")
