"""``init_weights`` of a network: the rules of its ``init:`` as loops over layers and parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from archspec.language import patterns
from archspec.language.algebra import Code, literal, name, names, substituted
from archspec.language.expr import read
from archspec.language.initialisation import Initialiser, InitRule, effective
from archspec.network import Network, Node
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat, laid_out, quoted
from archspec.pytorch.emitter.instances import as_layer
from archspec.pytorch.emitter.model import Class
from archspec.pytorch.emitter.registry import Registry
from archspec.pytorch.emitter.scope import free_attribute
from archspec.pytorch.emitter.translation import Names

Initialisers = dict[str, Initialiser]
Chosen = tuple[str, Initialisers, frozenset[str]]
"""A class of modules, how its tensors begin, and which of them some modules lack."""


class _Computed(NamedTuple):
    """Stands for an argument that follows from parameters of the network: the expression over its attributes."""

    code: str


def attributes(network: Network, root: Class) -> dict[str, str]:
    """The attributes that hold what rules compute from, by the parameters of the network's class."""
    taken = {member.name for member in root.members}
    stated = (each for rule in network.init for each in rule.weights.values())
    asked = {variable for each in stated for code in _codes(each, root).values() for variable in names(code)}
    held = (parameter.name for parameter in root.signature if parameter.name in asked)
    return {parameter: free_attribute(parameter, taken) for parameter in held}


def _codes(initialiser: Initialiser, root: Class) -> dict[str, Code]:
    """The arguments that follow from parameters of the network's class, as expressions over these."""
    offered = {parameter.name for parameter in root.signature}
    declared = {name for name, code in root.scope.known.items() if isinstance(code, ast.Name) and code.id in offered}
    written = ((keyword, read(text)) for keyword, text in initialiser.written)
    known = Names(root.scope)
    return {keyword: known.translated(each.tree) for keyword, each in written if not declared.isdisjoint(each.names)}


def init_weights(network: Network, registry: Registry) -> Iterator[str]:
    """The lines of the method; none where the spec states no rule."""
    if not network.init:
        return
    root = registry.made[-1]
    held: dict[str, Code] = {
        variable: ast.Attribute(name("self"), attribute, ast.Load())
        for variable, attribute in attributes(network, root).items()
    }
    computed = [rule._replace(weights=_over_attributes(rule.weights, root, held)) for rule in network.init]
    yield "    def init_weights(self) -> None:"
    for on_ops, rules in groupby(computed, key=lambda rule: bool(rule.ops)):
        run = list(rules)
        yield from _on_ops(network, registry, run) if on_ops else _over_parameters(_by_path(network, run))


def _over_attributes(weights: Mapping[str, Initialiser], root: Class, held: Mapping[str, Code]) -> Initialisers:
    """Initialisers whose arguments are computed where they follow from what the network's class takes."""
    found = {}
    for tensor, each in weights.items():
        codes = _codes(each, root)
        computed = {keyword: _Computed(ast.unparse(substituted(code, held))) for keyword, code in codes.items()}
        found[tensor] = replace(each, arguments={**each.arguments, **computed})
    return found


def _on_ops(network: Network, registry: Registry, rules: list[InitRule]) -> Iterator[str]:
    """A loop over the modules, and the parameters of the network's own graph."""
    held = list(_held(registry, rules))
    yield from _over_modules([*_of_layers(network, rules), *_of_classes(held)])
    for owner, tensor, each in held:
        if not owner:
            yield from laid_out("", _call(each, name(f"self.{tensor}")), "", 8)


def _of_layers(network: Network, rules: list[InitRule]) -> Iterator[Chosen]:
    """The layers that rules speak of; a tensor that several do begins as the last of them says."""
    nodes: dict[str, list[Node]] = {}
    for node in {id(node.applied): node for node in network}.values():
        layer = as_layer(node)
        if layer is not None:
            nodes.setdefault(layer.target, []).append(node)
    # A pasted layer may be one of PyTorch's too, whose tensors are others: it is asked for first.
    for target, group in sorted(nodes.items(), key=lambda item: "." in item[0]):
        merged: Initialisers = {}
        for rule in rules:
            if group[0].op.name in rule.ops:
                merged |= {tensor: each for tensor, each in rule.weights.items() if _has(group, tensor)}
        if merged:
            yield target, merged, frozenset(tensor for tensor in merged if _is_optional(target, tensor, group))


def _held(registry: Registry, rules: list[InitRule]) -> Iterator[tuple[str, str, Initialiser]]:
    """The parameters that rules are about: the class that has one, none for the network's, its name, and its rule."""
    root = registry.made[-1]
    found: dict[tuple[str, str], Initialiser] = {}
    for made in registry.made:
        children = (child for instance in made.instances for child in instance.block.children)
        for node in (child for child in children if isinstance(child, Node) and child.op.takes_nothing):
            for each in effective(rules, node.op.name, node.path, node.weights).values():
                found["" if made is root else made.name, node.name] = each
    yield from ((made, tensor, each) for (made, tensor), each in found.items())


def _of_classes(held: list[tuple[str, str, Initialiser]]) -> Iterator[Chosen]:
    """The classes that have such parameters."""
    merged: dict[str, Initialisers] = {}
    for made, tensor, each in held:
        if made:
            merged.setdefault(made, {})[tensor] = each
    yield from ((made, each, frozenset()) for made, each in merged.items())


def _over_modules(modules: list[Chosen]) -> Iterator[str]:
    """A loop in which modules that begin alike are one branch."""
    alike: dict[str, tuple[Initialisers, frozenset[str], list[str]]] = {}
    for target, merged, optional in modules:
        alike.setdefault(repr((merged, sorted(optional))), (merged, optional, []))[2].append(target)
    yield from ["        for module in self.modules():"] if alike else []
    word = "if"
    for merged, optional, targets in alike.values():
        kinds = tuple(map(name, targets))
        condition = Call(
            "isinstance", (("", name("module")), ("", kinds[0] if len(kinds) == 1 else Listed(kinds, "()")))
        )
        alone = len(merged) == len(optional) == 1
        yield from _branch(word, condition, f"and {_present(next(iter(optional)))}" if alone else "")
        for tensor, each in merged.items():
            guarded = tensor in optional and not alone
            if guarded:
                yield f"                if {_present(tensor)}:"
            yield from laid_out("", _call(each, name(f"module.{tensor}")), "", 20 if guarded else 16)
        word = "elif"


def _has(group: Iterable[Node], tensor: str) -> bool:
    return any(tensor in node.applied.weights for node in group)


def _present(tensor: str) -> str:
    """The condition that a layer has a tensor; one that is not parametrised has no attribute for those of such."""
    if tensor.startswith("parametrizations."):
        return f"{quoted(tensor)} in dict(module.named_parameters())"
    return f"module.{tensor} is not None"


def _is_optional(target: str, tensor: str, group: list[Node]) -> bool:
    """Whether some layers lack the tensor, or its type says that they may."""
    return any(tensor not in node.applied.weights for node in group) or ("Conv" in target and tensor == "bias")


def _by_path(network: Network, rules: Iterable[InitRule]) -> Iterator[tuple[str, Initialiser]]:
    """The names, or patterns of them, that rules on paths are about."""
    own = [node.path for node in network if node.op.takes_nothing]
    for rule in rules:
        for tensor, each in rule.weights.items():
            alone = tensor == "weight" and any(patterns.matches(rule.pattern, path) for path in own)
            if alone:
                yield rule.pattern, each
            if not alone or patterns.is_pattern(rule.pattern):
                yield f"{rule.pattern}.{tensor}", each


def _over_parameters(rules: Iterable[tuple[str, Initialiser]]) -> Iterator[str]:
    rules = list(rules)
    yield from ["        for name, parameter in self.named_parameters():"] if rules else []
    for path, initialiser in rules:
        if patterns.is_pattern(path):
            pattern = name(f'r"{patterns.regex_without_groups(path)}"')
            yield from _branch("if", Call("re.fullmatch", (("", pattern), ("", name("name")))))
        else:
            yield from _branch("if", name("name"), f"== {quoted(path)}")
        yield from laid_out("", _call(initialiser, name("parameter")), "", 16)


def _branch(word: str, first: Part, rest: str = "") -> Iterator[str]:
    """The line ``if first rest:`` in a loop; broken as ruff breaks it, in parentheses where more follows the first."""
    condition = f"{flat(first)} {rest}"
    if not rest:
        yield from laid_out(f"{word} ", first, ":", 12)
    elif 12 + len(f"{word} {condition}:") <= WIDTH:
        yield f"            {word} {condition}:"
    else:
        fits = 16 + len(condition) <= WIDTH
        inner = [f"                {condition}"] if fits else [*laid_out("", first, "", 16), f"                {rest}"]
        yield from [f"            {word} (", *inner, "            ):"]


def _call(initialiser: Initialiser, tensor: Code) -> Call:
    keywords = tuple((key, _argument(value)) for key, value in initialiser.arguments.items())
    return Call(f"nn.init.{initialiser.function}_", (("", tensor), *keywords))


def _argument(value: Any) -> Code:
    return ast.parse(value.code, mode="eval").body if isinstance(value, _Computed) else literal(value)
