"""Rules of ``init:``: which tensors they are about, and how those begin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import ValidationError

from archspec.compiler.rule_reader import RuleReader, left_out
from archspec.compiler.trace import Failed
from archspec.errors import ArgumentError, Help, RuleError, did_you_mean, listed, nearest
from archspec.language import patterns
from archspec.language.definition import Definition
from archspec.language.expr import is_expression
from archspec.language.initialisation import (
    FAMILIES,
    FUNCTIONS,
    UNSHARED,
    Function,
    Initialiser,
    InitRule,
    has_weights,
    in_family,
)
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Value
from archspec.language.usage import names_in
from archspec.language.values import Unknown, kind
from archspec.language.wording import expectation, found, hint
from archspec.network import Applied
from archspec.ops import registry
from archspec.ops.op import Op
from archspec.ops.tensor import show

Problem = Any
"""One of pydantic's, as a dictionary."""
_USUAL_TENSORS = ("weight", "bias")
_EXAMPLE = "for example `kaiming_normal`, `{normal: 0.01}` or `{weight: {normal: 0.01}, bias: zeros}`"

_PLACES_AS_CHANNELS = "each place has a weight of its own, and PyTorch would take places for channels"


class _Stated(NamedTuple):
    """A tensor's initialiser as written: where, and its arguments checked."""

    value: Value
    initialiser: Initialiser
    function: Function
    places: Mapping[str, Value]


class InitReader(RuleReader):
    """Reads the rules of ``init:``; what was read before and asks for no parameter is in ``read``."""

    def __init__(self, definition: Definition, read: dict[int, _Stated], *common: Any) -> None:
        super().__init__(*common)
        self.read = read
        self.names = {step.name: step for step in definition.graph.steps}

    @cached_property
    def tensors(self) -> set[str]:
        """What tensors are called in their nodes."""
        different = (applied for group in self.by_op.values() for applied in group.values())
        return {*_USUAL_TENSORS, *(name for applied in different for name in applied.weights)}

    @cached_property
    def by_path(self) -> dict[str, Applied]:
        """The nodes with tensors by their paths."""
        return dict(self.nodes())

    @property
    def by_op(self) -> Mapping[str, Mapping[int, Applied]]:
        """The different nodes with tensors, by their ops and by identity."""
        return self.network.blocks.content.with_tensors if self.network else {}

    def rules(self, value: MappingValue | None) -> tuple[InitRule, ...]:
        """The rules that are right; errors are reported."""
        if value is None:
            return ()
        rules = [self._rule(value.keys[name], entry) for name, entry in value.entries.items()]
        return tuple(rule for rule in rules if rule is not None)

    def _rule(self, key: Scalar, value: Value) -> InitRule | None:
        selection = self._selection(key)
        tensors = {name: self._stated(entry) for name, entry in self._tensors(value).items()}
        stated = {name: entry for name, entry in tensors.items() if entry is not None}
        if selection is None:
            return None
        rule = InitRule(*selection, {name: entry.initialiser for name, entry in stated.items()})
        if self.known:
            self._check(rule, key, stated)
        return rule

    def _selection(self, key: Scalar) -> tuple[tuple[str, ...], str] | None:
        """The ops or the paths that a rule is about."""
        selector = str(key.value)
        if "." in selector or patterns.is_pattern(selector):
            return ((), selector) if self.is_pattern(key, "paths") else None
        if selector in FAMILIES:
            ops = tuple(sorted(name for name in self.by_op if in_family(name, selector)))
            return (ops, "") if ops else None
        cls = registry.find(selector)
        if cls is not None:
            return ((selector,), "") if self._has_weights(cls, key) else None
        if selector in self.names:
            return (), selector
        message = f"`{selector}` is no op, no family of ops and no node of this graph"
        weighted = [name for name, cls in registry.ops().items() if has_weights(cls)]
        help = did_you_mean(selector, [*weighted, *FAMILIES, *self.names])
        self.report("unknown-op", message, key, help=help or f"ops with weights: {listed(weighted)}")
        return None

    def _has_weights(self, cls: type[Op], key: Scalar) -> bool:
        if not has_weights(cls):
            there = sorted({name for name, group in self.by_op.items() if any(each.weights for each in group.values())})
            help = f"ops of this network that have some: {listed(there)}" if there else ""
            self.report("invalid-value", f"{cls.name} has no weights to initialise", key, help=help)
        return has_weights(cls)

    def _tensors(self, value: Value) -> dict[str, Value]:
        """The values that name initialisers, by tensor: one alone is the weight's."""
        if not isinstance(value, MappingValue) or value.entries.keys() & FUNCTIONS.keys():
            return {"weight": value}
        if not value.entries:
            self.report("invalid-value", "the rule names no initialiser", value, help=_EXAMPLE)
        return {name: entry for name, entry in value.entries.items() if self._is_tensor(name, value.keys[name])}

    def _is_tensor(self, name: str, key: Scalar) -> bool:
        if name in _USUAL_TENSORS or name in self.tensors:
            return True
        near = nearest(name, [*self.tensors, *FUNCTIONS])
        if not self.known and not near:
            return True
        message = f"`{name}` is neither a tensor of this network nor an initialiser"
        help = Help.instead(f"did you mean `{near}`?", near) if near else f"initialisers are {listed(FUNCTIONS)}"
        self.report("unknown-key", message, key, help=help)
        return False

    def _stated(self, value: Value) -> _Stated | None:
        """The initialiser that a value names, or None where it is wrong."""
        stated = self.read.get(id(value))
        if stated is None:
            stated = self._initialiser(value)
            if stated is None:
                return None
            if not any(names_in(value)):
                self.read[id(value)] = stated  # which keeps the value, and so its id
        own = replace(stated.initialiser, arguments=dict(stated.initialiser.arguments))  # the network's
        return stated._replace(initialiser=own)

    def _initialiser(self, value: Value) -> _Stated | None:
        name, places = self._named(value)
        if name is None:
            return None
        try:
            given = {keyword: self.plain(place) for keyword, place in places.items()}
        except (Failed, Unknown):
            return None
        cls = FUNCTIONS[name]
        try:
            function = cls.model_validate(given)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=False):
                self._wrong_argument(name, problem, value, places, given)
            return None
        try:
            function.check()
        except RuleError as error:
            self._rule_error(error, value, places)
            return None
        written = tuple(
            (keyword, str(place.value))
            for keyword, place in places.items()
            if isinstance(place, Scalar) and is_expression(place.value)
        )
        return _Stated(value, Initialiser(name, given, written), function, places)

    def _named(self, value: Value) -> tuple[str | None, dict[str, Value]]:
        """The name of an initialiser, None where there is none, and the values of its keywords."""
        name, body = value, None
        if isinstance(value, MappingValue):
            if len(value.entries) != 1:
                message, expected = "an initialiser is one function of torch.nn.init", "one name, with its arguments"
                self.report(
                    "invalid-value", message, value, expected=expected, found=listed(value.entries), help=_EXAMPLE
                )
                return None, {}
            (key,) = value.keys
            name, body = value.keys[key], value.entries[key]
        try:
            plain = self.plain(name)
        except (Failed, Unknown):
            return None, {}
        if isinstance(plain, str):
            if plain in FUNCTIONS:
                return plain, self._keywords(plain, body)
            help = did_you_mean(plain, FUNCTIONS)
            self.report("invalid-value", f"no initialiser is called `{plain}`", name, help=help)
        else:
            expected = "the name of an initialiser, or a mapping"
            self.report(
                "invalid-value", "this is no initialiser", value, expected=expected, found=kind(plain), help=_EXAMPLE
            )
        return None, {}

    def _keywords(self, name: str, body: Value | None) -> dict[str, Value]:
        """The values of an initialiser's keywords; one value alone is that of its main one."""
        if isinstance(body, MappingValue):
            return dict(body.entries)
        if body is None or (isinstance(body, Scalar) and body.value is None):
            return {}
        return {FUNCTIONS[name].main: body}

    def _wrong_argument(
        self, name: str, problem: Problem, value: Value, places: Mapping[str, Value], given: Mapping[str, Any]
    ) -> None:
        keyword, fields = str(problem["loc"][0]), list(FUNCTIONS[name].model_fields)
        if problem["type"] == "missing":
            help = f"for example `{{{name}: 0.01}}`"
            self.report("missing-argument", f"{name} needs the argument `{keyword}`", value, help=help)
        elif not keyword:
            help = f"write `{{{name}: {{{', '.join(f'{field}: ...' for field in fields)}}}}}`" if fields else ""
            takes = f"its arguments by name: {listed(fields)}" if fields else "no arguments"
            self.report(
                "unknown-argument",
                f"{name} takes {takes}",
                places[keyword],
                help=help or Help.instead(f"write `{name}`", name),
            )
        elif problem["type"] == "extra_forbidden":
            help = did_you_mean(keyword, fields) if fields else Help.removal(f"{name} takes no arguments")
            place = places[keyword]
            self.report(
                "unknown-argument", f"{name} has no argument `{keyword}`", _key(value, keyword, place), help=help
            )
        else:
            place, expected, plain = places[keyword], expectation(problem), given[keyword]
            help = hint(place, plain, expected, self.arguments)
            message = f"`{keyword}` of {name} has the wrong value"
            self.report("invalid-argument", message, place, expected=expected, found=found(plain), help=help)

    def _rule_error(self, error: RuleError, value: Value, places: Mapping[str, Value], about: str = "") -> None:
        place = places.get(error.argument, value) if isinstance(error, ArgumentError) else value
        self.report(error.code, about + error.message, place, help=error.help)

    def _check(self, rule: InitRule, key: Scalar, stated: Mapping[str, _Stated]) -> None:
        """Report a rule that speaks of nothing, and initialisers that do not fit the tensors they are for."""
        if not self.must_speak(key) and all(entry.function.takes_any_shape() for entry in stated.values()):
            return
        selected = self._selected(rule)
        if not selected and rule.pattern and self.must_speak(key):
            self._no_node(rule.pattern, key)
            return
        distinct = {id(applied): applied for applied in selected}.values()
        for name, entry in stated.items():
            having = [applied for applied in distinct if name in applied.weights]
            if selected and not having and (rule.pattern or _is_computed(name, selected[0])) and self.must_speak(key):
                path = self._path(rule, selected[0])
                message = f"`{path}` has no tensor `{name}`"
                if len(selected) > 1:
                    message = f"none of the {len(selected)} nodes of `{key.value}` has a tensor `{name}`"
                self.report("unknown-key", message, entry.value, help=_has(path, selected[0]))
            unfit = self._unfit(name, entry, having)
            if unfit is not None:
                applied, error = unfit
                tensor = f"`{self._path(rule, applied)}.{name}` of shape {show(applied.weights[name])}"
                about = f"{entry.initialiser.function} cannot fill {tensor}: "
                self._rule_error(error, entry.value, entry.places, about)

    def _selected(self, rule: InitRule) -> list[Applied]:
        """The nodes with tensors that a rule is about; of a rule on ops the different ones."""
        if rule.ops:
            return [applied for name, group in self.by_op.items() if name in rule.ops for applied in group.values()]
        if patterns.is_pattern(rule.pattern):
            return [self.by_path[path] for path in patterns.selected(rule.pattern, self.by_path)]
        return [self.by_path[rule.pattern]] if rule.pattern in self.by_path else []

    def _path(self, rule: InitRule, applied: Applied) -> str:
        """The path of the first of the nodes that a rule is about which is an op on these operands."""
        if rule.ops:
            assert self.network is not None
            return self.network.blocks.content.path_of(applied)
        return next(path for path in patterns.selected(rule.pattern, self.by_path) if self.by_path[path] is applied)

    @staticmethod
    def _unfit(name: str, entry: _Stated, nodes: Iterable[Applied]) -> tuple[Applied, RuleError] | None:
        """The first node whose tensor an initialiser cannot fill, and why; None where it can fill all."""
        if entry.function.takes_any_shape():
            return None
        for applied in nodes:
            try:
                if entry.function.fans and applied.op.name in UNSHARED and name == "weight":
                    raise RuleError(_PLACES_AS_CHANNELS, help="state a standard deviation: `{normal: 0.01}`")
                entry.function.check_shape(applied.weights[name])
            except RuleError as error:
                return applied, error
        return None

    def _no_node(self, pattern: str, key: Scalar) -> None:
        paths = list(self.by_path)
        inside = next((path for path in paths if patterns.begins(pattern, path)), "")
        help = f"it is the path of a block; a node inside is `{inside}`" if inside else did_you_mean(pattern, paths)
        absent = left_out(self.network, pattern) if self.network else ""
        help = self.shared_help(pattern) or absent or help or self.there_help(pattern)
        self.report("unknown-node", f"no node with weights has the path `{pattern}`", key, help=help)


def _key(value: Value, keyword: str, place: Value) -> Value:
    """The key of an initialiser's argument, or the argument itself."""
    body = next(iter(value.entries.values())) if isinstance(value, MappingValue) else None
    return body.keys.get(keyword, place) if isinstance(body, MappingValue) else place


def _is_computed(tensor: str, applied: Applied) -> bool:
    """Whether a node computes a tensor of others, and has none of that name to be initialised."""
    return any(name.startswith(f"parametrizations.{tensor}.") for name in applied.weights)


def _has(path: str, applied: Applied) -> str:
    return f"`{path}` has {listed(applied.weights)}" if applied.weights else f"{applied.op.name} has no weights here"
