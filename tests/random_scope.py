"""What a definition, and each of its graphs, knows while it is drawn: parameters, tensors, expressions over both."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from random_draws import LET_NAMES, PARAM_NAMES, Args, Pick

from archspec.language.choice import Choice, chosen
from archspec.language.expr import read
from archspec.language.functions import LetFunction
from archspec.language.source import Scalar, Source
from archspec.language.values import ExpressionError, Function, TensorView
from archspec.ops.tensor import Shape, Shapes

Node = dict[str, Any]

NOTHING = object()
"""What an expression gives that has no value here."""


@dataclass
class Block:
    """A block of the spec's own that has been written.

    ``first`` holds the arguments of its first use, and ``ports`` its outputs, each with the parameter that it needs.
    """

    spec: Node
    inputs: Shapes
    first: Args
    values: Args
    ports: dict[str, str]


@dataclass
class Definition:
    """The network, or a block, that is being written.

    Attributes:
        blocks: The blocks of the file, shared by all its definitions.
        library: The blocks of the library that they use, whose names are taken too.
        is_network: Whether its parameters have the values of their defaults.
        params: Its parameters as declared.
        values: Their values.
        given: Those that the use of a block gives.
        named: The names of values and functions in all its graphs.
        nodes: The names of nodes and inputs in all its graphs, which a parameter would hide.
    """

    blocks: dict[str, Block]
    library: set[str]
    is_network: bool = False
    params: Args = field(default_factory=dict)
    values: Args = field(default_factory=dict)
    given: Args = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)


@dataclass
class Scope:
    """What the nodes of one graph see: of the network, of a block, or of a group.

    Attributes:
        owner: The definition that it belongs to.
        inputs: Shapes of its inputs; the only one may be called ``input``.
        indexed: Whether ``index`` is known in all of it, which then is 0.
        copied: Whether it is known only to the node whose arguments are written; its `let` does not know it.
        depth: Graphs around it.
        own: Whether it is the definition's own, not that of a group.
        defines: Whether it is a graph, which can have a `let`.
        lets: Its own `let`.
        known: Values and functions of its own `let` and those around.
        taking: The shape of what the node takes first whose arguments are written.
        loops: What differs from copy to copy around it, with its values in the first.
        tensors: Shapes of what ``from:`` can name.
        last: What the node above gives; with the first of its outputs, where it has several.
    """

    pick: Pick
    owner: Definition
    inputs: dict[str, Shape]
    indexed: bool = False
    copied: bool = False
    depth: int = 0
    own: bool = True
    defines: bool = True
    lets: Args = field(default_factory=dict)
    known: Args = field(default_factory=dict)
    taking: Shape | None = None
    loops: Args = field(default_factory=dict)
    tensors: dict[str, Shape] = field(init=False)
    last: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.tensors = dict(self.inputs)
        self.owner.nodes.update(self.inputs)

    def views(self) -> dict[str, Any]:
        """What expressions know."""
        views: dict[str, Any] = {}
        for reference, shape in self.tensors.items():
            name, _, port = reference.partition(".")
            if port and port[0] in "-0123456789":
                continue  # a copy of a repeat
            if port:
                outputs = views[name].outputs if name in views else {}
                views[name] = TensorView(None, {**outputs, port: TensorView(shape)})
            else:
                views[name] = TensorView(shape)
        if len(self.inputs) == 1:
            views["input"] = TensorView(next(iter(self.inputs.values())))
        views |= self.owner.values | self.known | self.loops | ({"index": 0} if self.counts() else {})
        return views if self.taking is None else views | {"operand": TensorView(self.taking)}

    def counts(self) -> bool:
        """Whether expressions know the index of a copy: a node of that name hides it."""
        hidden = any(reference.partition(".")[0] == "index" for reference in self.tensors)
        return (self.indexed or self.copied) and not hidden

    def value(self, text: str) -> Any:
        """The value of an expression, or `NOTHING`."""
        try:
            return read(f"$({text})").evaluate(self.views())
        except ExpressionError:
            return NOTHING

    def sizes(self) -> Iterator[str]:
        """Expressions for sizes of inputs and of the last node."""
        ends = ["input"] if len(self.inputs) == 1 else list(self.inputs)
        ends += [] if self.taking is None else ["operand"]
        for name in (*ends, *([self.last] if self.last else [])):
            if name.partition(".")[0] in self.owner.values:
                continue
            for size in ("channels", "height", "width", "length", "features", "shape[0]", "shape[-1]"):
                yield from (f"{name}.{size}", f"{name}.{size} * 2", f"{name}.{size} // 2")
            yield f"{name}.rank"

    def computed(self) -> Iterator[str]:
        """Expressions that may serve as an argument."""
        for name, value in (self.owner.values | self.known | self.loops).items():
            if isinstance(value, Function):
                yield from (f"{name}({number})" for number in (1, 2, 3, 4, 8))
                continue
            yield name
            if isinstance(value, bool):
                yield from (f"not {name}", f"1 if {name} else 2")
            elif isinstance(value, int):
                yield from (template.replace("{}", name) for template in _COMPUTED)
            elif isinstance(value, list):
                yield from (f"{name}[0]", f"{name}[-1]", f"len({name})", f"sum({name})", f"sum({name}[1:])")
                yield from (f"{name}[:1]", f"{name}[::-1]", f"{name}[:]")
        yield from self.sizes()

    def write(self, value: Any) -> Any:
        """The value, or an expression that has it here."""
        if self.loops and type(value) is int and self.pick.chance(2):
            name = self.pick.of(*self.loops)
            if type(self.loops[name]) is int:
                return expression(f"{name} + {value - self.loops[name]}")
        if not self.pick.chance(3):
            return value
        if isinstance(value, list) and self.pick.chance(2):
            return [self.write(item) for item in value]
        if self.pick.chance(2):
            named = self.defines and not isinstance(value, dict) and self.pick.chance(2)
            return self.let(value) if named else self.parameter(value)
        texts = [text for text in self.computed() if _same(self.value(text), value)]
        if self.counts() and type(value) is int:
            texts += [f"{value} + index", f"{value} if index == 0 else {value + 1}", f"{value} * (index + 1)"]
        return expression(self.pick.of(*texts)) if texts else value

    def parameter(self, value: Any) -> str:
        """A new parameter of the definition with this value."""
        pick, owner = self.pick, self.owner
        name = pick.name(PARAM_NAMES, "param", {*owner.values, *owner.nodes})
        kind = _TYPES.get(type(value))
        form = pick.int(0, 4)
        declared: Any = {"default": None} if value is None else value
        if form == 1:
            declared = {"default": value} | ({"type": kind} if kind else {}) | {"doc": pick.remark()}
        elif form == 2 and kind:
            defaults = [expression(found) for found in self.defaults() if _same(self.value(found), value)]
            declared = {"type": kind, "default": pick.of(*defaults)} if defaults else value
        elif form > 2 and kind and not owner.is_network:
            declared = {"type": kind} if form == 3 else pick.other(value)
            owner.given[name] = value
        owner.params[name], owner.values[name] = declared, value
        return f"${name}"

    def choice(self, kind: str, value: Any) -> str:
        """A new parameter of the definition that is an op or a block, or an expression that gives it."""
        pick, owner = self.pick, self.owner
        name = pick.name(PARAM_NAMES, "act" if kind == "op" else "unit", {*owner.values, *owner.nodes})
        declared: Any = {"type": kind, "default": value}
        if isinstance(value, dict) and pick.chance(2):
            declared = value
        elif not owner.is_network and kind == "op" and pick.chance(2):
            declared = pick.of({"type": kind}, {"type": kind, "default": "tanh"}, {"type": kind, "default": None})
            owner.given[name] = value
        place = Scalar(Source("", ""), 0, 0, "")
        owner.params[name], owner.values[name] = declared, chosen(value, kind, place, None)
        return pick.of(f"${name}", f"$({name} if {name} != null else null)") if kind == "op" else f"${name}"

    def let(self, value: Any) -> str:
        """A new value or function of the graph, and the expression over it that has this value."""
        pick = self.pick
        name = pick.name(LET_NAMES, "value", self.owner.named)
        self.owner.named.add(name)
        if type(value) is int and pick.chance(3):
            return self.function(name, value)
        texts = [text for text in self.before() if _same(self.value(text), value)]
        texts += [f"{value} + index"] if self.indexed and self.counts() and type(value) is int and not self.own else []
        self.lets[name] = expression(pick.of(*texts)) if texts and pick.chance(2) else value
        self.known[name] = value
        return f"${name}"

    def function(self, name: str, value: int) -> str:
        """A new function of a number, and a call that gives a value."""
        pick = self.pick
        factors = {str(factor): factor for factor in (1, 2)}
        factors |= {each: found for each, found in (self.owner.values | self.known).items() if type(found) is int}
        word = pick.of(*(each for each, factor in factors.items() if factor and value % factor == 0))
        text, operand = f"$(number * {word})", str(value // factors[word])
        if pick.chance(3):
            text, operand = f"$(other + number * {word})", f"0, {operand}"
        parameters = ("other", "number") if "other" in text else ("number",)
        self.lets[f"{name}({', '.join(parameters)})"] = text
        self.known[name] = LetFunction(name, parameters, text, self.owner.values | self.known, "")
        return f"$({name}({operand}))"

    def before(self) -> Iterator[str]:
        """Expressions that a value of the graph can be."""
        for name, value in (self.owner.values | self.known).items():
            if not isinstance(value, Function):
                yield from (name, f"{name} * 2", f"{name} // 2") if type(value) is int else (name,)
        yield from (found for found in self.sizes() if found.partition(".")[0] in ("input", *self.inputs))

    def defaults(self) -> Iterator[str]:
        """Expressions that the default of a parameter may be: over the others, and in a block over its inputs."""
        for name, value in self.owner.values.items():
            yield from (name, f"{name} * 2", f"{name} // 2") if type(value) is int else (name,)
        if self.own and not self.owner.is_network:
            yield from (found for found in self.sizes() if found.partition(".")[0] in ("input", *self.inputs))

    def condition(self) -> tuple[str | bool, bool]:
        """An expression that is true or false, and which."""
        pick = self.pick
        if pick.chance(3):
            flag = pick.of(True, False)
            return (self.parameter(flag) if pick.chance(2) else flag), flag
        if pick.chance(6):
            word = pick.of("plain", "it's", 'a \\ "b"', "{x}", "")
            return self._compared(self.parameter(word)[1:], word)
        texts = [text for text in self._conditions() if isinstance(self.value(text), bool)]
        if not texts:
            return True, True
        text = pick.of(*texts)
        if pick.chance(4):
            text = pick.of("not ({})", "{} and true", "{} or input.channels > 4").format(text)
        truth = self.value(text)
        return (expression(text), truth) if isinstance(truth, bool) else (True, True)

    def _compared(self, name: str, word: str) -> tuple[str, bool]:
        """A parameter that is text, compared with a word."""
        other = self.pick.of("plain", "it's", "other")
        return f"$({name} == {json.dumps(other)})", word == other

    def _conditions(self) -> Iterator[str]:
        for name, value in self.owner.values.items():
            if isinstance(value, bool):
                yield from (name, f"not {name}")
            elif type(value) in (int, float):
                yield from (f"{name} > 2", f"{name} == {value}", f"{name} != {value}")
            elif isinstance(value, Choice):
                yield from (f"{name} != null", f"{name} == {json.dumps(value.name)}", f'{name} in ["relu", "tanh"]')
            elif isinstance(value, str) and value.isalnum():
                yield from (f'{name} == "{value}"', f'{name} != "{value}"')
        yield from (f"{size} > 4" for size in self.sizes())
        if self.last:
            yield from (f"input.shape == {self.last}.shape", f"input.shape != {self.last}.shape")
        if self.counts():
            yield from ("index > 0", "index == 0")


_COMPUTED = [
    *["{} * 2", "{} // 2", "{} + 1", "{} - 1", "max({}, 4)", "min({}, 3)", "make_divisible({}, 4)", "ceil({} / 2)"],
    *["round({} * 1.5)", "{} ** 2", "abs(-{})", "2 * ({} + 1)", "{} * {}", "4 if {} > 2 else 3"],
]
_TYPES = {int: "int", float: "float", bool: "bool", str: "str", list: "list"}


def _same(found: Any, wanted: Any) -> bool:
    return type(found) is type(wanted) and found == wanted


def declaration(value: Any) -> Node:
    """A parameter with a value as its default."""
    if isinstance(value, Choice):
        return {"type": value.kind, "default": value.plain()}
    return {"default": value}


def expression(text: str) -> str:
    """An expression as a spec writes it."""
    return f"${text}" if text.isidentifier() else f"$({text})"


def without_unused(spec: Node) -> Node:
    """A spec without the parameters, values and functions that nothing asks for: in a spec they are errors."""
    while True:
        spec = _with_used_lets(spec)
        blocks = spec.get("blocks", {})
        unused = {name: _unused(block) for name, block in blocks.items()}
        asked = spec["params"].keys() - _unused(spec) if "params" in spec else set()
        if not any(unused.values()) and asked == spec.get("params", {}).keys():
            named = {name: block | {"graph": _of_nodes(_with_asked, block["graph"])} for name, block in blocks.items()}
            own = {"graph": _of_nodes(_with_asked, spec["graph"])}
            return spec | own | ({"blocks": named} if "blocks" in spec else {})
        blocks = {name: _without(block, unused, unused[name]) for name, block in blocks.items()}
        spec = _without(spec, unused, spec.get("params", {}).keys() - asked) | {"blocks": blocks}


def _of_nodes(change: Callable[[Any], Any], graph: Any) -> Any:
    """A graph with its nodes changed, those that are more than a word."""
    if isinstance(graph, list):
        return [change(node) if isinstance(node, dict) else node for node in graph]
    return {name: change(node) if isinstance(node, dict) else node for name, node in graph.items()}


def _with_used_lets(graph: Node) -> Node:
    """A definition, or a group, without what it defines and nothing asks for."""
    if "graph" not in graph:
        return graph
    graph = graph | {"graph": _of_nodes(_with_used_lets, graph["graph"])}
    if "blocks" in graph:
        graph["blocks"] = {name: _with_used_lets(block) for name, block in graph["blocks"].items()}
    lets = graph.get("let", {})
    while True:
        asked = set(_names([lets, *(graph.get(key) for key in ("graph", "output", "outputs"))]))
        kept = {form: value for form, value in lets.items() if form.partition("(")[0] in asked}
        if kept == lets:
            rest = {key: value for key, value in graph.items() if key != "let"}
            return rest | ({"let": lets} if lets else {})
        lets = kept


def _with_asked(node: Node) -> Node:
    """A node without the names of `as` that nothing asks for: these are errors too."""
    node = node | {"graph": _of_nodes(_with_asked, node["graph"])} if "graph" in node else node
    unseen = ("each", "as", "when") if "each" in node else ("as", "when", "repeat")
    asked = set(_names({key: value for key, value in node.items() if key not in unseen}))
    match node.get("as"):
        case list(names):
            return node | {"as": [name if name in asked else "_" for name in names]}
        case str(name) if name not in asked:
            return {key: value for key, value in node.items() if key != "as"}
    return node


def _unused(definition: Node) -> set[str]:
    seeing = {key: value for key, value in definition.items() if key not in ("blocks", "doc")}
    return definition.get("params", {}).keys() - set(_names(seeing))


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _names(item)
    elif isinstance(value, str) and value.startswith("$"):
        yield from read(value).names


def _without(definition: Node, unused: dict[str, set[str]], own: Collection[str]) -> Node:
    """A definition without some parameters of its own, and without arguments for those of blocks."""
    params = {name: value for name, value in definition.get("params", {}).items() if name not in own}
    return (
        definition
        | {"graph": _stripped_nodes(definition["graph"], unused)}
        | ({"params": params} if "params" in definition else {})
    )


def _stripped_nodes(graph: Any, unused: dict[str, set[str]]) -> Any:
    if isinstance(graph, list):
        return [_stripped(node, unused) for node in graph]
    return {name: _stripped(node, unused) for name, node in graph.items()}


def _stripped(node: Any, unused: dict[str, set[str]]) -> Any:
    if not isinstance(node, dict):
        return node
    if "graph" in node:
        return node | {"graph": _stripped_nodes(node["graph"], unused)}
    gone = unused.get(node.get("block", ""), set())
    kept = {key: value for key, value in node.items() if key not in gone}
    for key in ("first", "last") if gone else ():
        if key in kept:
            kept[key] = {name: value for name, value in kept[key].items() if name not in gone}
    return {key: value for key, value in kept.items() if value != {} or key not in ("first", "last")}
