"""What a spec says of its tensors: how they begin (``init:``), and what other libraries call them (``weights:``).

The rules are read when the network is known, so that a rule that speaks of nothing is an error. Where the parameters
have other values than their defaults, nodes may be missing, and such a rule says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from archspec.compiler.binding import evaluate
from archspec.compiler.trace import Failed, Trace
from archspec.errors import ArgumentError, RuleError, did_you_mean, listed, nearest
from archspec.language import patterns
from archspec.language.definition import Definition
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
from archspec.language.names import spec_name_problem
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Value
from archspec.language.values import Unknown, kind
from archspec.language.wording import expectation, found, hint
from archspec.network import Network, Node
from archspec.ops import registry
from archspec.ops.op import Op
from archspec.ops.tensor import show

Problem = Any
"""One of pydantic's, as a dictionary."""
_MOST_PATTERNS = 100
_USUAL_TENSORS = ("weight", "bias")
_EXAMPLE = "for example `kaiming_normal`, `{normal: 0.01}` or `{weight: {normal: 0.01}, bias: zeros}`"
_NAME = re.compile(r"[A-Za-z_*0-9][A-Za-z0-9_*]*")


def with_tensor_rules(
    definition: Definition, arguments: Mapping[str, Any], network: Network | None, trace: Trace, usual: bool
) -> Network | None:
    """The network with the rules of its definition; errors go to ``trace``.

    Args:
        definition: What it was made of.
        arguments: The values of its parameters.
        network: The network, or None where an error kept it from being made: its rules are read all the same.
        trace: Where errors go.
        usual: Whether the parameters have their default values, so that every rule must speak of something.
    """
    if definition.init is None and definition.weights is None:
        return network
    init = _InitReader(definition, arguments, network, trace, usual).rules(definition.init)
    weights = _WeightsReader(arguments, network, trace, usual).sources(definition.weights)
    return None if network is None else replace(network, init=init, weights=weights)


@dataclass(frozen=True, slots=True)
class _Stated:
    """A tensor's initialiser as written: where, and its arguments checked."""

    value: Value
    initialiser: Initialiser
    function: Function
    places: Mapping[str, Value]


class _Reader:
    """Reads rules whose values may be expressions, and knows the nodes that they can speak of."""

    def __init__(self, arguments: Mapping[str, Any], network: Network | None, trace: Trace, usual: bool) -> None:
        self.arguments = arguments
        self.trace = trace
        self.network = network
        self.known = network is not None
        self.usual = usual
        self.count = 0

    @cached_property
    def nodes(self) -> list[Node]:
        """The nodes with tensors."""
        return [node for node in self.network or () if node.applied.weights or node.applied.buffers]

    def report(self, code: str, message: str, value: Value, **details: str) -> None:
        self.trace.report(code, message, value, **details)

    def plain(self, value: Value) -> Any:
        return evaluate(value, self.arguments, self.trace, "")

    def is_pattern(self, key: Scalar, what: str) -> bool:
        """Whether a key is a pattern, and not one too many: each is compared with every node."""
        text = str(key.value)
        wrong = patterns.problem(text)
        if wrong:
            self.report("invalid-value", f"`{text}` is no pattern of {what}: {wrong}", key)
            return False
        self.count += patterns.is_pattern(text)
        if self.count == _MOST_PATTERNS + 1 and patterns.is_pattern(text):
            self.report("limit-exceeded", f"more than {_MOST_PATTERNS} rules have a `*`", key)
        return self.count <= _MOST_PATTERNS or not patterns.is_pattern(text)


class _InitReader(_Reader):
    def __init__(self, definition: Definition, *common: Any) -> None:
        super().__init__(*common)
        self.names = {step.name: step for step in definition.graph.steps}

    @cached_property
    def tensors(self) -> set[str]:
        """What tensors are called in their nodes."""
        return {*_USUAL_TENSORS, *(name for node in self.nodes for name in node.weights)}

    @cached_property
    def by_path(self) -> dict[str, Node]:
        return {node.path: node for node in self.nodes}

    def rules(self, value: MappingValue | None) -> tuple[InitRule, ...]:
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
            ops = tuple(sorted({node.op.name for node in self.nodes if in_family(node.op.name, selector)}))
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
            self.report("invalid-value", f"{cls.name} has no weights to initialise", key)
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
        help = f"did you mean `{near}`?" if near else f"initialisers are {listed(FUNCTIONS)}"
        self.report("unknown-key", message, key, help=help)
        return False

    def _stated(self, value: Value) -> _Stated | None:
        """The initialiser that a value names, or None where it is wrong."""
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
        return _Stated(value, Initialiser(name, given), function, places)

    def _named(self, value: Value) -> tuple[str | None, dict[str, Value]]:
        """The name of an initialiser, None where there is none, and the values of its keywords."""
        name, body = value, None
        if isinstance(value, MappingValue):
            if len(value.entries) != 1:
                message, expected = "an initialiser is one function of torch.nn.init", "one name, with its arguments"
                self.report("invalid-value", message, value, expected=expected, found=listed(value.entries))
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
            self.report("unknown-argument", f"{name} takes {takes}", places[keyword], help=help or f"write `{name}`")
        elif problem["type"] == "extra_forbidden":
            help = did_you_mean(keyword, fields) if fields else f"{name} takes no arguments"
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
        selected = self._selected(rule)
        if not selected and rule.pattern and self.usual:
            self._no_node(rule.pattern, key)
            return
        distinct = {id(node.applied): node for node in reversed(selected)}
        for name, entry in stated.items():
            having = [node for node in reversed(distinct.values()) if name in node.weights]
            if selected and not having and self.usual and rule.pattern:
                message = f"`{selected[0].path}` has no tensor `{name}`"
                if len(selected) > 1:
                    message = f"none of the {len(selected)} nodes of `{rule.pattern}` has a tensor `{name}`"
                self.report("unknown-key", message, entry.value, help=_has(selected[0]))
            self._check_shapes(name, entry, having)

    def _selected(self, rule: InitRule) -> list[Node]:
        if rule.ops:
            return [node for node in self.nodes if node.op.name in rule.ops]
        if patterns.is_pattern(rule.pattern):
            return [self.by_path[path] for path in patterns.selected(rule.pattern, self.by_path)]
        return [self.by_path[rule.pattern]] if rule.pattern in self.by_path else []

    def _check_shapes(self, name: str, entry: _Stated, nodes: Iterable[Node]) -> None:
        """Report the first tensor that an initialiser cannot fill."""
        function = entry.initialiser.function
        for node in nodes:
            shape = node.weights[name]
            about = f"{function} cannot fill `{node.path}.{name}` of shape {show(shape)}: "
            if entry.function.fans and node.op.name in UNSHARED and name == "weight":
                message = f"{about}each place has a weight of its own, and PyTorch would take places for channels"
                help = "state a standard deviation: `{normal: 0.01}`"
                self.report("invalid-argument", message, entry.value, help=help)
                return
            try:
                entry.function.check_shape(shape)
            except RuleError as error:
                self._rule_error(error, entry.value, entry.places, about)
                return

    def _no_node(self, pattern: str, key: Scalar) -> None:
        paths = [node.path for node in self.nodes]
        inside = next((path for path in paths if patterns.begins(pattern, path)), "")
        help = f"it is the path of a block; a node inside is `{inside}`" if inside else did_you_mean(pattern, paths)
        self.report("unknown-node", f"no node with weights has the path `{pattern}`", key, help=help)


class _WeightsReader(_Reader):
    def sources(self, value: MappingValue | None) -> dict[str, dict[str, str | None]]:
        """The rules by source."""
        entries = value.entries.items() if value else ()
        for key in value.keys.values() if value else ():
            wrong = spec_name_problem(str(key.value))
            if wrong:
                self.report("invalid-name", f"`{key.value}` cannot be a name here: {wrong}", key)
        return {name: self._source(entry) for name, entry in entries if isinstance(entry, MappingValue)}

    def _source(self, value: MappingValue) -> dict[str, str | None]:
        rules: dict[str, str | None] = {}
        for theirs, entry in value.entries.items():
            key = value.keys[theirs]
            if not self.is_pattern(key, "a checkpoint's names"):
                continue
            try:
                ours = self.plain(entry)
            except (Failed, Unknown):
                continue
            if self._is_rule(theirs, ours, entry):
                rules[theirs] = ours
        return rules

    def _is_rule(self, theirs: str, ours: Any, place: Value) -> bool:
        if ours is None:
            return True
        if not isinstance(ours, str):
            message, expected = f"`{theirs}` is renamed to what is no name", "a path of this network, or null"
            self.report("invalid-value", message, place, expected=expected, found=kind(ours))
            return False
        wrong = _rename_problem(theirs, ours)
        if wrong:
            self.report("invalid-value", f"`{theirs}` cannot be renamed to `{ours}`: {wrong}", place)
            return False
        if self.known and self.usual and not self._exists(theirs, ours):
            what = "node with weights has the path" if "**" in theirs else "tensor has a name that begins with"
            message, known = f"no {what} `{ours}`", _prefixes(self._tensors())
            self.report("unknown-node", message, place, help=did_you_mean(ours, known))
            return False
        return True

    def _exists(self, theirs: str, ours: str) -> bool:
        """Whether some node, or tensor, is one that a rule leads to."""
        if "**" in theirs:
            return any(patterns.matches(ours, node.path) for node in self.nodes)
        if not patterns.is_pattern(ours):
            return ours in self.known_names
        return any(patterns.begins(ours, name) for name in self._tensors())

    def _tensors(self) -> Iterator[str]:
        return (f"{node.path}.{name}" for node in self.nodes for name in (*node.weights, *node.buffers))

    @cached_property
    def known_names(self) -> set[str]:
        """Names of tensors, and of the nodes and blocks around them."""
        return {*self._tensors(), *_prefixes(self._tensors())}


def _rename_problem(theirs: str, ours: str) -> str:
    """Why a rule of ``weights`` cannot be; empty where it can."""
    wrong = patterns.problem(ours)
    if wrong:
        return wrong
    if not all(_NAME.fullmatch(name) for name in ours.split(".")):
        return "names of nodes are made of letters, digits and `_`"
    if "**" in theirs:
        return ""
    if "**" in ours:
        return "`**` on the right needs one on the left, and pairs modules in order"
    if patterns.stars(ours) > patterns.stars(theirs):
        return "each `*` on the right stands for one on the left, which has fewer"
    return ""


def _prefixes(paths: Iterable[str]) -> list[str]:
    """Paths of the blocks around nodes, each once."""
    found: dict[str, None] = {}
    for path in paths:
        while path := path.rpartition(".")[0]:
            if path in found:
                break
            found[path] = None
    return list(found)


def _key(value: Value, keyword: str, place: Value) -> Value:
    """The key of an initialiser's argument, or the argument itself."""
    body = next(iter(value.entries.values())) if isinstance(value, MappingValue) else None
    return body.keys.get(keyword, place) if isinstance(body, MappingValue) else place


def _has(node: Node) -> str:
    return f"`{node.path}` has {listed(node.weights)}" if node.weights else f"{node.op.name} has no weights here"
