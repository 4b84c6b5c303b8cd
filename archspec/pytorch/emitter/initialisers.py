"""``init_weights`` of a network: the rules of its ``init:`` as loops over layers and parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from archspec.language import patterns
from archspec.language.algebra import Code, literal, name
from archspec.language.initialisation import Initialiser, InitRule, effective
from archspec.network import Network, Node
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat, laid_out, quoted
from archspec.pytorch.emitter.instances import as_layer

Initialisers = dict[str, Initialiser]


def init_weights(network: Network) -> Iterator[str]:
    """The lines of the method; none where the spec states no rule."""
    if not network.init:
        return
    yield "    def init_weights(self) -> None:"
    yield '        """Initialise the weights."""'
    for on_ops, rules in groupby(network.init, key=lambda rule: bool(rule.ops)):
        run = list(rules)
        yield from _over_layers(network, run) if on_ops else _over_parameters(_by_path(network, run))
        yield from _over_parameters(_held(network, run)) if on_ops else ()


def _over_layers(network: Network, rules: list[InitRule]) -> Iterator[str]:
    """A loop over the layers; a tensor that several rules speak of begins as the last of them says."""
    nodes: dict[str, list[Node]] = {}
    for node in {id(node.applied): node for node in network}.values():
        layer = as_layer(node)
        if layer is not None:
            nodes.setdefault(layer.target, []).append(node)
    chosen: dict[tuple[tuple[str, str], ...], tuple[Initialisers, list[str]]] = {}
    # A pasted layer may be one of PyTorch's too, whose tensors are others: it is asked for first.
    for target, group in sorted(nodes.items(), key=lambda item: "." in item[0]):
        merged: Initialisers = {}
        for rule in rules:
            if group[0].op.name in rule.ops:
                merged |= {tensor: each for tensor, each in rule.weights.items() if _has(group, tensor)}
        if merged:
            key = tuple((tensor, repr(each)) for tensor, each in merged.items())
            guards = tuple((tensor, "guard") for tensor in merged if _is_optional(target, tensor, group))
            chosen.setdefault((*key, *guards), (merged, []))[1].append(target)
    if not chosen:
        return
    yield "        for module in self.modules():"
    word = "if"
    for key, (merged, targets) in chosen.items():
        kinds = tuple(map(name, targets))
        guarded = [tensor for tensor in merged if (tensor, "guard") in key]
        condition = Call(
            "isinstance", (("", name("module")), ("", kinds[0] if len(kinds) == 1 else Listed(kinds, "()")))
        )
        rest = ""
        if len(merged) == len(guarded) == 1:
            rest, guarded = f"and {_present(guarded[0])}", []
        yield from _branch(word, condition, rest)
        for tensor, each in merged.items():
            if tensor in guarded:
                yield f"                if {_present(tensor)}:"
            yield from laid_out("", _call(each, name(f"module.{tensor}")), "", 20 if tensor in guarded else 16)
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


def _held(network: Network, rules: Iterable[InitRule]) -> Iterator[tuple[str, Initialiser]]:
    """The names of the parameters that rules on ops are about; those that differ in the index of a copy as one."""
    chosen: dict[str, Initialiser] = {}
    for node in network:
        found = effective(rules, node.op.name, node.path, node.weights) if node.op.takes_nothing else {}
        for each in found.values():
            chosen[".".join("*" if part.isdigit() else part for part in node.path.split("."))] = each
    yield from chosen.items()


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
    keywords = tuple((key, literal(value)) for key, value in initialiser.arguments.items())
    return Call(f"nn.init.{initialiser.function}_", (("", tensor), *keywords))
