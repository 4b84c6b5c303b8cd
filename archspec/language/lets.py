"""``let:`` as written: names for values, and functions, of one graph, in an order in which they can be computed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from graphlib import CycleError, TopologicalSorter

from archspec.errors import Help, Note
from archspec.language.checking import Checker
from archspec.language.definition import Let
from archspec.language.expr import is_expression, read
from archspec.language.names import let_form, let_name_problem, similar_name
from archspec.language.rewiring import other_name
from archspec.language.source import Mapping, Scalar, Value, keyed
from archspec.language.usage import names_in
from archspec.language.values import ExpressionError, kind
from archspec.language.wiring import Wiring

_MOST_PARAMETERS = 2
_MAX_DEPTH = 32


class LetReader:
    """Reads ``let:``. Errors are collected."""

    def __init__(self, checker: Checker) -> None:
        self.checker = checker

    def lets(self, owner: Mapping, wiring: Wiring) -> tuple[Let, ...]:
        """The values and functions that a graph defines, each after those that it asks for.

        What is wrong has no value: nothing more is said of it where it is asked for. Their names are added to those
        that the graph and the groups inside know.
        """
        lets: dict[str, Let] = {}
        written = keyed(owner.entries.get("let"))
        own = {let_form(form)[0] for form in written}
        for key, value in written.values():
            let = self._let(key, value, wiring, own)
            first = lets.get(let.name)
            if first is not None:
                notes = (Note("first here", first.key.span),)
                message = f"`{let.name}` stands twice"
                help = Help.removal("")
                self.checker.report("duplicate-key", message, key.span, path=wiring.path, notes=notes, help=help)
            lets[let.name] = let if first is None and self._is_new(let, wiring) else let._replace(value=None)
        ordered = self._ordered(lets, wiring.path)
        self._add_depths(ordered, wiring)
        return ordered

    def _let(self, key: Scalar, value: Value, wiring: Wiring, own: Collection[str]) -> Let:
        name, parameters = let_form(str(key.value))
        problem = let_name_problem(name)
        if parameters is not None:
            problem = problem or self._parameters_problem(parameters, wiring, own)
        if problem:
            message = f"`{key.value}` cannot stand here: {problem}"
            help = "write `name: value`, or a function: `name(x): $(…)`, `name(x, y): $(…)`"
            if meant := similar_name(name, let_name_problem) if not parameters else "":
                help = Help.instead(help, meant)
            self.checker.report("invalid-name", message, key.span, path=wiring.path, help=help)
            return Let(name, key, (), None)
        let = Let(name, key, parameters or (), value)
        fits = self._is_function(let, value, wiring) if parameters else self._is_value(name, value, wiring)
        return let if fits else let._replace(value=None)

    @staticmethod
    def _parameters_problem(parameters: tuple[str, ...], wiring: Wiring, own: Collection[str]) -> str:
        if not 1 <= len(parameters) <= _MOST_PARAMETERS:
            return "a function has one parameter or two"
        if len(set(parameters)) < len(parameters):
            return "its parameters have one name"
        problem = next((text for each in parameters if (text := let_name_problem(each))), "")
        taken = next((each for each in parameters if each in own or wiring.is_known(each)), None)
        return problem or (f"`{taken}` has a meaning already" if taken else "")

    def _is_value(self, name: str, value: Value, wiring: Wiring) -> bool:
        if not isinstance(value, Mapping):
            return True
        message, expected = f"`{name}` is no value", "a number, text, true, false, null, a list or an expression"
        found = kind(value.plain())
        self.checker.report("invalid-value", message, value.span, path=wiring.path, expected=expected, found=found)
        return False

    def _is_function(self, let: Let, value: Value, wiring: Wiring) -> bool:
        if not isinstance(value, Scalar) or not is_expression(value.value):
            message, expected = f"the function `{let.name}` has no expression", "an expression"
            found = kind(value.plain())
            self.checker.report("invalid-value", message, value.span, path=wiring.path, expected=expected, found=found)
            return False
        try:
            asked = read(str(value.value)).names
        except ExpressionError:  # reported where the graph is compiled
            return True
        unused = next((each for each in let.parameters if each not in asked), None)
        if unused is not None:
            message = f"the function `{let.name}` does not ask for its parameter `{unused}`"
            help = f"write `${unused}` where its value belongs, or remove it"
            self.checker.report("unused-parameter", message, let.key.span, path=wiring.path, help=help)
        return unused is None

    def _is_new(self, let: Let, wiring: Wiring) -> bool:
        """Whether the name means nothing else; that it does is reported."""
        meaning = wiring.meaning(let.name)
        if meaning:
            message = f"`{let.name}` cannot be a name here: it is {meaning}"
            help = "" if let.parameters else other_name(let.name, let_name_problem, wiring.meaning)
            self.checker.report("invalid-name", message, let.key.span, path=wiring.path, help=help)
        return not meaning

    def _ordered(self, lets: dict[str, Let], path: str) -> tuple[Let, ...]:
        asked = {name: [each for each in _asked(let) if each in lets] for name, let in lets.items()}
        try:
            return tuple(lets[name] for name in TopologicalSorter(asked).static_order())
        except CycleError as error:
            circle = error.args[1][::-1]
        start = min(circle[1:], key=list(lets).index)
        turned = circle[circle.index(start) : -1] + circle[: circle.index(start)] + [start]
        message = f"a value of `let` is computed from itself: {' -> '.join(turned)}"
        place = lets[start].value
        assert place is not None
        self.checker.report("circular-definition", message, place.span, path=path)
        return tuple(let._replace(value=None) for let in lets.values())

    def _add_depths(self, lets: tuple[Let, ...], wiring: Wiring) -> None:
        """Note how deep the functions call each other; too deep is an error."""
        told = False
        for let in lets:
            inner = max((wiring.lets.get(each, 0) for each in _asked(let)), default=0)
            wiring.lets[let.name] = inner + 1 if let.parameters else 0
            if wiring.lets[let.name] > _MAX_DEPTH and not told:
                told = True
                message = f"more than {_MAX_DEPTH} functions call each other"
                self.checker.report("limit-exceeded", message, let.key.span, path=wiring.path)


def _asked(let: Let) -> Iterator[str]:
    """The names that a value or function asks for."""
    if let.value is not None:
        yield from (name for name in names_in(let.value) if name not in let.parameters)
