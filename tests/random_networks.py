"""Random whole networks, as the text of a spec.

A network is drawn node by node while its shapes are followed, so that what is drawn is valid by construction. Ops are
asked for their shapes (`random_arguments.fit`); repeats and uses of blocks are compiled alone in a probe. A literal is
now and then written as an expression that has its value there, or becomes a parameter (`random_scope`).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis.strategies as st
from random_arguments import ARGUMENTS, LIBRARY, WITH_NUMBER, chosen_ops, fit, infer, unary, wanted
from random_draws import BLOCK_NAMES, LOOP_NAMES, NAMES, Args, Pick, write
from random_scope import Block, Definition, Node, Scope, declaration, without_unused

import archspec
from archspec.language.choice import plain
from archspec.language.expr import read
from archspec.language.functions import LetFunction
from archspec.ops.registry import ops
from archspec.ops.tensor import Shape, elements

SPECS = Path(__file__).parent.parent / "specs"
"""Where the blocks lie that are files."""

NODES = 40
"""Where a network has as many nodes, only single ops are added."""


def networks() -> st.SearchStrategy[str]:
    """Texts of specs."""
    return st.composite(lambda draw: write(_network(Pick(draw))))()


def compiled(text: str) -> archspec.Network:
    """The network of a text."""
    return archspec.compile_text(text, root=SPECS)


def _network(pick: Pick) -> Node:
    owner = Definition({}, set(), is_network=True)
    outside = Graph(pick, owner, {}, defines=False)
    name = pick.of("net", *BLOCK_NAMES)
    inputs = {pick.name(NAMES, "image", ()): _shape(pick)}
    while pick.chance(3) and len(inputs) < 3:
        inputs[pick.name(NAMES, "image", inputs)] = _shape(pick)
    written = {name: [outside.write(size) for size in shape] for name, shape in inputs.items()}
    graph = Graph(pick, owner, inputs)
    graph.listed = len(inputs) == 1 and pick.chance(8)
    graph.grow(pick.int(1, 12))
    ends = graph.close()
    spec: Node = {"archspec": 1, "name": name} | ({"doc": pick.remark()} if pick.chance(3) else {})
    spec |= {"params": owner.params, "inputs": written}
    spec |= {
        "blocks": {name: block.spec for name, block in owner.blocks.items()},
        "graph": graph.written_nodes(),
    } | ends
    if pick.chance(2):
        spec["override"] = _override(pick, spec, outside)
    spec |= {"let": graph.lets}
    if pick.chance(4):
        spec["init"] = _init(pick, spec, outside)
    if pick.chance(4):
        spec["freeze"] = _freeze(pick, spec)
    spec = without_unused(spec)
    return {key: value for key, value in spec.items() if value or key not in _MAY_BE_EMPTY}


_MAY_BE_EMPTY = ("params", "blocks", "override", "init", "freeze", "let")
"""Keys that are left out where they say nothing."""


def _shape(pick: Pick) -> Shape:
    """The shape of an input; an image more often than others."""
    sizes = {1: (8, 12, 5, 1), 2: (8, 12, 5, 4, 1), 3: (4, 2, 5)}
    rank = pick.of(2, 2, 2, 1, 0, 3)
    return (pick.of(3, 4, 8, 1, 6, 16), *(pick.of(*sizes[rank]) for _ in range(rank)))


def _made(spec: Node) -> list[archspec.Node]:
    """The nodes of a spec that may be wrong; none then."""
    spec = {key: value for key, value in spec.items() if value or key not in _MAY_BE_EMPTY}
    try:
        return list(compiled(write(without_unused(spec))))
    except archspec.SpecError:
        return []


def _override(pick: Pick, spec: Node, outside: Graph) -> Node:
    """Changes of nodes inside, as many of some as the network takes."""
    changes: Node = {}
    for _ in range(pick.int(1, 3)):
        nodes = _made(spec | {"override": changes})
        if not nodes:
            break
        node = pick.of(*nodes)
        names = node.path.split(".")
        cut = pick.int(0, len(names) - 1)
        wide = [".".join([*names[:cut], "*", *names[cut + 1 :]]), ".".join(["**", *names[cut:]])]
        wide += [".".join([*names[:-1], f"{names[-1][0]}*"])]
        pattern = pick.of(node.path, node.path, *wide, ".".join(names[: cut + 1]))
        change = pick.of(None, *_WORDS, *({name: outside.write(value)} for name, value in _CHANGED[node.op.name]))
        if _made(spec | {"override": {**changes, pattern: change}}):
            changes[pattern] = change
    return changes


_WORDS = ("silu", "relu", "identity", {"op": "leaky_relu", "negative_slope": 0.25}, {"when": False})
_CHANGED: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
"""Arguments of ops that leave the shape as it is."""
_CHANGED |= {
    "conv": [("bias", True), ("bias", False), ("out_channels", 4), ("padding_mode", "replicate")],
    "linear": [("bias", False), ("out_features", 3)],
    "batch_norm": [("eps", 0.5), ("affine", False)],
    "leaky_relu": [("negative_slope", 0.5)],
    "elu": [("alpha", 2.0)],
    "max_pool": [("stride", 1), ("ceil_mode", True)],
}


def _freeze(pick: Pick, spec: Node) -> list[str]:
    """Patterns of what does not train."""
    nodes = [node for node in _made(spec) if node.weights]
    found = []
    for _ in range(pick.int(1, 3) if nodes else 0):
        names = pick.of(*nodes).path.split(".")
        cut = pick.int(1, len(names))
        found.append(pick.of(".".join(names[:cut]), ".".join(["**", *names[cut - 1 :]]), f"{names[0][0]}*"))
    return found


def _init(pick: Pick, spec: Node, outside: Graph) -> Node:
    """Rules for how some weights begin, by op, by path and by pattern."""
    nodes = [node for node in _made(spec) if node.weights]
    rules: Node = {}
    for _ in range(pick.int(1, 3) if nodes else 0):
        node = pick.of(*nodes)
        first, _, rest = node.path.partition(".")
        exact = node.path if rest or first not in ops() else f"{first}*"
        patterns = [f"*.{rest}", f"**.{node.name}"] if rest else [f"**.{first}"]
        selector = pick.of(exact, *patterns, node.op.name, *["norm"] * node.op.name.endswith("_norm"))
        name = pick.of(*node.weights)
        fans = len(node.weights[name]) > 1 and node.op.name in ("conv", "linear") and "*" not in selector
        start = pick.of(*_STARTS, {"constant": outside.write(0.25)}, *(_FANS if fans else ()))
        rules[selector] = start if name == "weight" and pick.chance(2) else {name: start}
    return rules


ATTENTION = ("multi_head_attention", "scaled_dot_product_attention")
"""Ops of queries, keys and values."""

_STARTS = ("zeros", "ones", {"uniform": {"a": 2, "b": 3}}, {"normal": 0.1}, {"trunc_normal": {"std": 2}})
_FANS = ("kaiming_normal", {"xavier_uniform": 0.5}, {"kaiming_uniform": {"a": 1, "mode": "fan_out"}})


class Outcome(NamedTuple):
    """What a probe finds: how many nodes there are, and the shapes of the outputs by name."""

    nodes: int
    outputs: dict[str, Shape]


class Graph(Scope):
    """A graph that is being written.

    Attributes:
        nodes: Its nodes as written.
        free: Nodes and inputs that nothing takes.
        count: Nodes so far, those inside of blocks and repeats counted each.
        listed: Whether it is a list, whose nodes are numbers and take the one before.
        repeats: What the copies of repeats give, by the reference to all of them.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.nodes: dict[str, Any] = {}
        self.taken: dict[str, list[str]] = {}
        self.free = list(self.inputs)
        self.count = 0
        self.listed = False
        self.repeats: dict[str, list[Shape]] = {}

    def written_nodes(self) -> Any:
        """The nodes as the spec has them."""
        return list(self.nodes.values()) if self.listed else self.nodes

    def add(self, node: Node, operands: list[str], result: dict[str, Shape], plain: str, nodes: int = 1) -> str:
        """Write a node. ``result`` holds its outputs by name, an only one by ``""``."""
        pick = self.pick
        name = str(len(self.nodes)) if self.listed else pick.name(NAMES, plain, {*self.nodes, *self.inputs})
        above = self.last or (next(iter(self.inputs)) if len(self.inputs) == 1 else "")
        if operands and not self.listed and (operands != [above] or "." in above or pick.chance(6)):
            taken = [self.reference(operand) for operand in operands]
            node = {**node, "from": taken[0] if len(taken) == 1 and not pick.chance(8) else taken}
        if pick.chance(20):
            node["doc"] = pick.remark()
        self.owner.nodes.add(name)
        self.nodes[name] = node["op"] if node.keys() == {"op"} and pick.chance(2) else node
        self.taken[name] = operands
        used = {operand.partition(".")[0] for operand in operands}
        self.free = [*(name for name in self.free if name not in used), name]
        shapes = {f"{name}.{port}" if len(result) > 1 else name: shape for port, shape in result.items()}
        self.tensors |= shapes
        self.last = next(iter(shapes))
        self.count += nodes
        return name

    def reference(self, operand: str) -> str:
        alone = len(self.inputs) == 1 and operand in self.inputs
        return "input" if alone and self.pick.chance(2) else operand

    def operand(self) -> str:
        """The node above, or one that nothing takes yet, or any."""
        pick = self.pick
        if self.listed:
            return self.last or next(iter(self.inputs))
        if self.last and not pick.chance(3):
            return self.last
        free = [reference for reference in self.tensors if reference.partition(".")[0] in self.free]
        return str(pick.of(*(free if free and pick.chance(2) else list(self.tensors)[::-1])))

    def grow(self, steps: int) -> None:
        """Add so many nodes, groups and blocks, and one at least: some of them find nothing that fits."""
        for _ in range(steps):
            add = self.pick.of(*(_OF_LISTS if self.listed else _KINDS))
            full = self.count > NODES or self.depth + (add in (Graph.group, Graph.block)) > 3
            (Graph.op if full else add)(self)
        if not self.nodes:
            operand = self.operand()
            self.add({"op": "relu"}, [operand], {"": self.tensors[operand]}, "relu")

    def op(self) -> None:
        """An op of one operand."""
        self.layer(self.operand())

    def layer(self, operand: str) -> None:
        """An op of an operand, perhaps under a condition or repeated."""
        pick, shape = self.pick, self.tensors[operand]
        name = pick.of(*unary(len(shape) - 1))
        args, output = fit(name, ARGUMENTS[name](pick, shape), (shape,)) or ({}, None)
        name, output = ("relu", shape) if output is None else (name, output)
        self.taking = shape
        if pick.chance(7):
            self.repeated({"op": self.choice("op", name) if pick.chance(4) else name}, args, operand, name)
        else:
            self.conditional(self.chosen(name, args), [operand], {"": output}, name)
        self.taking = None

    def chosen(self, name: str, args: Args) -> Node:
        """A node of an op, which now and then is the value of a parameter, with some of the arguments."""
        if not self.pick.chance(5):
            return {"op": name} | self.written(args)
        inner = {key: value for key, value in args.items() if self.pick.chance(2)}
        outer = {key: value for key, value in args.items() if key not in inner}
        return {"op": self.choice("op", {"op": name, **inner} if inner else name)} | self.written(outer)

    def conditional(
        self, node: Node, operands: list[str], result: dict[str, Shape], plain: str, nodes: int = 1
    ) -> None:
        """A node, now and then with a `when`."""
        if self.pick.chance(7):
            node["when"], truth = self.condition()
            result = result if truth else {"": self.tensors[operands[0]]}
        self.add(node, operands, result, plain, nodes)

    def written(self, args: Args) -> Args:
        return {name: self.write(value) for name, value in args.items()}

    def repeated(self, node: Node, args: Args, operand: str, plain: str, params: Args | None = None) -> None:
        """An op or a block several times in a row, some of its arguments different in the first, last or each copy.

        ``params`` are those that can differ, with values; the arguments, where left out.
        """
        pick, shape, loops = self.pick, self.tensors[operand], self.loops
        params = args if params is None else params
        copies = self.copies(params, mappings="op" in node)
        self.copied = True
        plainly = node
        node = node | self.written(args) | copies
        for key in ("first", "last"):
            if params and pick.chance(3):
                name = pick.of(*params)
                node[key] = {name: self.write(pick.other(params[name]))}
        found = self.probe(node, [shape])
        self.copied, self.loops = False, loops
        if found is None:
            node = plainly | self.written(args) | {"repeat": 1}
            found = self.probe(node, [shape])
        if found is not None:
            name = self.add(node, [operand], found.outputs, plain, found.nodes)
            self.know_copies(name, node, [operand], found)

    def know_copies(self, name: str, node: Node, operands: list[str], found: Outcome) -> None:
        """Seldom, let others take what single copies of a repeat give."""
        times = len(self.literal(node["each"], ())) if "each" in node else self.literal(node["repeat"], ())
        ports = list(found.outputs)
        if self.listed or not times or not self.pick.chance(2):
            return
        copies = [f"{index}.{port}".rstrip(".") for index in range(times) for port in ports]
        outcome = self.probe(node, [self.tensors[operand] for operand in operands], copies)
        if outcome is None:
            return
        shapes = dict(zip(copies, list(outcome.outputs.values())[len(ports) :], strict=True))
        taken = self.pick.of("0", "-1", str(times // 2))
        for port in ports:
            reference = f"{name}.{taken}.{port}".rstrip(".")
            self.tensors[reference] = shapes[f"{int(taken) % times}.{port}".rstrip(".")]
        for port in ports:
            given = [shapes[f"{index}.{port}".rstrip(".")] for index in range(times)]
            self.repeats[f"{name}.*.{port}".rstrip(".")] = given

    def join_copies(self) -> None:
        """All that the copies of a repeat give, joined, perhaps with another tensor."""
        pick, first = self.pick, self.operand()
        if not self.repeats:
            return self.layer(first)
        repeat, name = pick.of(*self.repeats), pick.of("concat", "add", "maximum", "stack")
        args = ARGUMENTS[name](pick, self.repeats[repeat][0])
        for before in ([first], []):
            shapes = (*(self.tensors[each] for each in before), *self.repeats[repeat])
            output = infer(name, args, shapes) if len(shapes) > 1 or name == "concat" else None
            if output is not None:
                node = {"op": name} | self.written(args)
                return self.add(node, [*before, repeat], {"": output}, name)
        return self.layer(first)

    def copies(self, params: Args, mappings: bool) -> Node:
        """How often a node stands in a row: a number, or a table of some of its arguments; the names are known then."""
        pick = self.pick
        times = pick.of(2, 3, 1, 0, 5)
        if not params or not pick.chance(3):
            name = pick.name(LOOP_NAMES, "number", self.loops)
            named = pick.chance(4)
            self.loops = self.loops | ({name: 0} if named else {})
            return {"repeat": self.write(times)} | ({"as": name} if named else {})
        keys = list(dict.fromkeys(pick.of(*params) for _ in range(pick.int(1, 2))))
        table = [[params[key] if pick.chance(2) else pick.other(params[key]) for key in keys] for _ in range(times)]
        names: list[str] = []
        for key in keys:
            names.append(pick.name(LOOP_NAMES, f"{key}_of_row", {*self.loops, *names}))
        if repeated := pick.chance(3):
            names.append(pick.name(LOOP_NAMES, "times", {*self.loops, *names}))
            table = [[*row, pick.of(1, 2, 0, 3)] for row in table]
        if used := pick.chance(4):
            names.append(pick.name(LOOP_NAMES, "used", {*self.loops, *names}))
            table = [[*row, pick.of(True, False)] for row in table]
        columns = [*keys, *["times_"] * repeated, *["used_"] * used]
        if mappings and pick.chance(3):
            as_, rows = "row_", [dict(zip(columns, row, strict=True)) for row in table]
            asked = [f"$(row_.{column})" for column in columns]
        else:
            as_, rows = names, table
            asked = [f"${name}" for name in names]
            self.loops = self.loops | dict(zip(names, table[0] if table else (), strict=False))
        node: Node = {"each": self.parameter(rows) if pick.chance(3) else rows, "as": as_}
        node |= {"repeat": asked[len(keys)]} if repeated else {}
        node |= {"when": asked[-1]} if used else {}
        return node | dict(zip(keys, asked, strict=False))

    def merge(self) -> None:
        """An op of several operands, which may be one tensor twice, or of one and a number."""
        pick, first = self.pick, self.operand()
        name = pick.of("add", "concat", "mul", "sub", "matmul", "div", "maximum", "minimum", "stack", *ATTENTION)
        if name in ATTENTION:
            return self.attention(name, first)
        args = ARGUMENTS[name](pick, self.tensors[first])
        if name == "matmul" and pick.chance(2):
            first = self.transposed(first)
        operands = [first]
        if name in WITH_NUMBER and pick.chance(3):
            args = {"value": self.write(pick.of(2, 0.5, -1))}
            return self.conditional({"op": name} | args, [first], {"": self.tensors[first]}, name)
        for _ in range(pick.int(1, 1 if name in ("sub", "matmul", "div") else 3)):
            fitting = [other for other in self.tensors if self.merged(name, args, [*operands, other]) is not None]
            operands += [pick.of(*fitting[::-1])] if fitting else []
        operands = operands[::-1] if pick.chance(3) else operands
        output = self.merged(name, args, operands)
        if output is None or len(operands) == 1:
            return self.layer(first)
        return self.conditional({"op": name} | self.written(args), operands, {"": output}, name)

    def heads(self) -> None:
        """Attention of several heads."""
        self.attention("multi_head_attention", self.operand())

    def attention(self, name: str, queries: str) -> None:
        """Attention of one tensor to itself, or to another, which gives keys and values; seldom with a mask."""
        shape = self.tensors[queries]
        if name == "multi_head_attention" and len(shape) == 3 and elements(shape[1:]) <= 64:
            size = {"": (shape[0], elements(shape[1:]))}
            queries = self.add({"op": "flatten", "start_dim": 2}, [queries], size, "places")
        args = ARGUMENTS[name](self.pick, self.tensors[queries])
        ways = [[queries, other, other] for other in self.tensors]
        ways += [[queries, queries, queries, other] for other in self.tensors]
        ways += [[queries]] * self.pick.int(0, 1) + [[queries, other] for other in self.tensors]
        fitting = [operands for operands in ways if self.merged(name, args, operands) is not None]
        if not fitting:
            return self.layer(queries)
        operands = self.pick.of(*fitting)
        output = self.merged(name, args, operands)
        assert output is not None
        return self.conditional({"op": name} | self.written(args), operands, {"": output}, name)

    def merged(self, name: str, args: Args, operands: list[str]) -> Shape | None:
        return infer(name, args, tuple(self.tensors[operand] for operand in operands))

    def unpooled(self) -> None:
        """A max pooling, perhaps a layer, and its elements where the maxima stood."""
        pick, first = self.pick, self.operand()
        shape = self.tensors[first]
        fitting = fit("max_pool", ARGUMENTS["max_pool"](pick, shape), (shape,)) if 1 < len(shape) < 5 else None
        if fitting is None or self.listed or isinstance(fitting[0].get("padding"), str):
            return self.layer(first)
        args, output = fitting
        pool = last = self.add({"op": "max_pool"} | self.written(args), [first], {"": output}, "pool", 2)
        if pick.chance(2):
            last = self.add({"op": "sigmoid"}, [last], {"": output}, "sigmoid")
        self.add({"op": "max_unpool"}, [last, f"{pool}.indices"], {"": shape}, "unpool")
        return None

    def folded(self) -> None:
        """The windows of a map as columns, perhaps a layer, and their sums where they overlap."""
        pick, first = self.pick, self.operand()
        shape = self.tensors[first]
        fitting = fit("unfold", ARGUMENTS["unfold"](pick, shape), (shape,)) if len(shape) == 3 else None
        if fitting is None:
            return self.layer(first)
        args, columns = fitting
        last = self.add({"op": "unfold"} | self.written(args), [first], {"": columns}, "unfold")
        if pick.chance(2):
            last = self.add({"op": "sigmoid"}, [last], {"": columns}, "sigmoid")
        back = {"output_size": list(shape[1:]), **args}
        self.add({"op": "fold"} | self.written(back), [last], {"": shape}, "fold")
        return None

    def held(self) -> None:
        """A tensor that the network holds, and an op of it and another."""
        pick, operand = self.pick, self.operand()
        name = pick.of("parameter", "constant")
        args = ARGUMENTS[name](pick, self.tensors[operand])
        own = self.add({"op": name} | self.written(args), [], {"": tuple(args["shape"])}, name)
        operands, name = pick.of([operand, own], [own, operand]), pick.of("mul", "add", "concat", "maximum")
        output = self.merged(name, {}, operands)
        if output is not None:
            self.add({"op": name}, operands, {"": output}, name)

    def transposed(self, operand: str) -> str:
        """A tensor with its last two dimensions swapped, which fits it in a matmul."""
        *outer, last = self.tensors[operand]
        if not outer:
            return operand
        rank = len(outer) + 1
        dims = [*range(1, rank - 1), rank, rank - 1]
        return self.add({"op": "permute", "dims": dims}, [operand], {"": (*outer[:-1], last, outer[-1])}, "transposed")

    def residual(self) -> None:
        """A branch, and the sum of its end and its start, which is projected where the channels differ."""
        pick, start = self.pick, self.operand()
        shape = self.tensors[start]
        self.layer(start)
        self.grow(pick.int(0, 2))
        end, shortcut = self.last, start
        output = self.tensors[end]
        if len(output) == len(shape) == 3 and output[1:] == shape[1:] and output != shape:
            args = {"out_channels": output[0], "kernel_size": 1}
            shortcut = self.add({"op": "conv"} | self.written(args), [start], {"": output}, "shortcut")
        if self.merged("add", {}, [end, shortcut]) == output:
            self.add({"op": "add"}, [end, shortcut], {"": output}, "add")

    def group(self) -> None:
        """A graph inside, of one or several inputs."""
        pick = self.pick
        operands = [self.operand() for _ in range(1 if self.listed else pick.of(1, 1, 2, 3))]
        shapes = [self.tensors[operand] for operand in operands]
        names = self.input_names(len(operands))
        repeated = pick.chance(3)
        indexed = repeated or self.indexed
        inner = Graph(pick, self.owner, dict(zip(names, shapes, strict=True)), indexed, depth=self.depth + 1, own=False)
        inner.known |= self.known
        inner.listed = len(operands) == 1 and pick.chance(3)
        inner.loops = dict(self.loops)
        times, copies = pick.of(2, 3, 1, 0, 5), {}
        if repeated:
            known = {pick.name(LOOP_NAMES, f"item{n}", self.loops): pick.of(4, 1, 2, 8) for n in range(pick.of(1, 2))}
            rows = [list(known.values()), *([pick.of(*known.values(), 2) for _ in known] for _ in range(times - 1))]
            copies = {"each": rows[:times], "as": list(known)} if pick.chance(2) else {"repeat": self.write(times)}
            inner.loops |= known if "each" in copies else {}
        inner.grow(pick.int(1, 4))
        single = self.listed or (repeated and (len(operands) > 1 or pick.chance(2)))
        node = inner.close(single=single) | {"graph": inner.written_nodes()}
        node |= {"let": inner.lets} if inner.lets else {}
        node |= {} if names == ["input"] else {"inputs": names}
        result = inner.outputs(node)
        if not repeated:
            return self.conditional(node, operands, result, "group", inner.count)
        found = self.probe({**node, **copies}, shapes)
        if found is None and "each" in copies:
            copies = {**copies, "each": [[inner.loops[name] for name in copies["as"]]]}
        node |= {"repeat": 1} if found is None and "each" not in copies else copies
        count, result = (inner.count, result) if found is None else found
        name = self.add(node, operands, result, "group", count)
        if found is not None:
            self.know_copies(name, node, operands, found)
        return None

    def reuse(self) -> None:
        """A node above, or a copy of one, again: on other operands, under a condition of its own, or repeated."""
        pick = self.pick
        above = [name for name, node in self.nodes.items() if isinstance(node, str) or "reuse" not in node]
        above = [name for name in above if self.tensors.keys() >= set(self.taken[name])]  # none takes all copies
        if not above:
            return self.op()
        name = pick.of(*above[::-1])
        node = self.nodes[name] if isinstance(self.nodes[name], dict) else {"op": self.nodes[name]}
        operands = [self.like(self.tensors[operand]) for operand in self.taken[name]]
        copy = ("repeat" in node) != ("each" in node) and pick.chance(2)
        again: Node = {"reuse": f"{name}.{pick.of(0, 1, -1)}" if copy else name}
        alone = node.keys().isdisjoint(("repeat", "each")) and node.get("op") != "max_pool"  # whose places may be taken
        if (copy or alone) and pick.chance(3):
            again["repeat"] = self.write(pick.of(2, 3, 1, 0))
        found = self.probe_reuse(name, node, again, operands)
        if found is None:
            return self.op()
        return self.conditional(again, operands, found.outputs, f"again_{name}", found.nodes)

    def probe_reuse(self, name: str, node: Node, again: Node, operands: list[str]) -> Outcome | None:
        """A node that reuses another compiled with that alone; None where the compiler refuses it."""
        first = self.probe(node, [self.tensors[operand] for operand in self.taken[name]])
        if first is None:
            return None
        given = [self.tensors[operand] for operand in self.taken[name] + operands]
        names = [f"operand{n}" for n in range(len(given))]
        graph = {
            name: self.alone(node) | {"from": names[: len(self.taken[name])]},
            "probed": self.alone(again) | {"from": names[len(self.taken[name]) :]},
        }
        ports = list(first.outputs)
        outputs = {f"out{n}": f"probed.{port}" if port else "probed" for n, port in enumerate(ports)}
        outputs |= {f"first{n}": f"{name}.{port}" if port else name for n, port in enumerate(ports)}
        found = self.probed(given, graph, outputs)
        if found is None or self.count + found[0] > NODES:
            return None
        return Outcome(found[0] - first.nodes, dict(zip(ports, found[1][: len(ports)], strict=True)))

    def input_names(self, count: int) -> list[str]:
        """Names for the inputs of a group or block; ``input`` for an only one that has none."""
        if count == 1 and not self.pick.chance(3):
            return ["input"]
        names: list[str] = []
        for _ in range(count):
            names.append(self.pick.name(NAMES, "part", names))
        return names

    def library(self) -> None:
        """A block of the library, or a network as a block."""
        pick, operand = self.pick, self.operand()
        shape = self.tensors[operand]
        name = pick.of(*LIBRARY)
        if len(shape) != 3 or name in self.owner.blocks:
            return self.layer(operand)
        self.owner.library.add(name)
        args = LIBRARY[name](pick, shape) | chosen_ops(pick, name)
        node: Node = {"block": name}
        target = self.choice("block", name) if pick.chance(6) else name
        if name.endswith(".yaml") and not pick.chance(3):
            node["output"] = pick.of("pool1", "conv2")
        called = name.strip("./").removesuffix(".yaml")
        if pick.chance(4):
            return self.repeated(node, args, operand, called)
        while (found := self.probe(node | args, [shape])) is None and args:
            args = dict(list(args.items())[:-1])
        if found is None:
            return self.layer(operand)
        node = node | self.written(args) | {"block": target}
        return self.conditional(node, [operand], found.outputs, called, found.nodes)

    def block(self) -> None:
        """A block of the spec's own: one that there is, with other arguments, or a new one."""
        pick, blocks = self.pick, self.owner.blocks
        if blocks and not pick.chance(3):
            return self.use(pick.of(*blocks))
        operands = [self.operand() for _ in range(pick.of(1, 1, 2))]
        shapes = [self.tensors[operand] for operand in operands]
        names = self.input_names(len(operands))
        definition = Definition(blocks, self.owner.library)
        inner = Graph(pick, definition, dict(zip(names, shapes, strict=True)), depth=self.depth + 1)
        inner.listed = len(operands) == 1 and pick.chance(4)
        inner.grow(pick.int(1, 4))
        spec = inner.close() | {"graph": inner.written_nodes()}
        spec |= {"let": inner.lets} if inner.lets else {}
        ports = inner.ports_on_condition(spec)
        spec |= {} if names == ["input"] else {"inputs": names}
        spec |= {"params": definition.params} if definition.params else {}
        spec |= {"doc": pick.remark()} if pick.chance(3) else {}
        name = pick.name(BLOCK_NAMES, "unit", {*blocks, *self.owner.library})
        blocks[name] = Block(spec, tuple(shapes), definition.given, plain(definition.values), ports)
        return self.use(name, operands)

    def ports_on_condition(self, spec: Node) -> dict[str, str]:
        """The outputs of a block, each with the parameter that it needs: none, or perhaps one for the last."""
        ports = dict.fromkeys(spec.get("outputs", {"": ""}), "")
        if len(ports) > 1 and self.pick.chance(3):
            last, flag = list(ports)[-1], self.parameter(self.pick.of(True, False))
            ports[last] = flag[1:]
            spec["outputs"][last] = {"from": spec["outputs"][last], "when": flag}
        return ports

    def use(self, name: str, operands: list[str] | None = None) -> None:
        """A node of a block; its first use has the operands that the block was written for."""
        pick, block = self.pick, self.owner.blocks[name]
        args = dict(block.first)
        if operands is None:
            operands = [self.like(shape) for shape in block.inputs]
            args |= pick.some(**{key: lambda old=old: pick.other(old) for key, old in block.values.items()})
        shapes = [self.tensors[operand] for operand in operands]
        node: Node = {"block": name}
        if len(operands) == 1 and len(block.ports) == 1 and pick.chance(3) and self.probe(node | args, shapes):
            return self.repeated(node, args, operands[0], "unit", block.values)
        if len(operands) == len(block.ports) > 1 and not any(block.ports.values()) and pick.chance(2):
            repeated = node | {"repeat": pick.of(2, 3, 1, 5)}
            found = self.probe(repeated | args, shapes)
            if found is not None:
                added = self.add(repeated | self.written(args), operands, found.outputs, "unit", found.nodes)
                return self.know_copies(added, repeated | args, operands, found)
        node |= self.inner_outputs(block)
        for given in (args, dict(block.first), dict(block.values)):
            found = self.probe(node | given, shapes)
            if found is not None:
                node |= self.written(given)
                if not block.spec.get("params") and pick.chance(3):
                    node["block"] = self.choice("block", name)
                return self.conditional(node, operands, found.outputs, "unit", found.nodes)
        return self.layer(operands[0])

    def inner_outputs(self, block: Block) -> Node:
        """Seldom, other outputs than the block declares."""
        pick, nodes = self.pick, block.spec["graph"]
        nodes = list(map(str, range(len(nodes)))) if isinstance(nodes, list) else nodes
        if pick.chance(8):
            return {"output": pick.of(*nodes)}
        return {"outputs": {port: pick.of(*nodes) for port in ("one", "two")}} if pick.chance(12) else {}

    def like(self, shape: Shape) -> str:
        """A tensor of a shape, or of its rank, or any."""
        same = [reference for reference, other in self.tensors.items() if other == shape]
        near = [reference for reference, other in self.tensors.items() if len(other) == len(shape)]
        return str(self.pick.of(*(same or near or list(self.tensors))[::-1]))

    def probe(self, node: Node, shapes: list[Shape], copies: list[str] | None = None) -> Outcome | None:
        """A node compiled alone on operands of these shapes; None where the compiler refuses it, or it is large.

        ``copies`` are those of a repeat of which the outputs are wanted too.
        """
        ports = [*self.ports(node), *(copies or [])]
        graph = {"probed": self.alone(node) | {"from": [f"operand{n}" for n in range(len(shapes))]}}
        outputs = {f"out{n}": f"probed.{port}" if port else "probed" for n, port in enumerate(ports)}
        found = self.probed(shapes, graph, outputs)
        if found is None or self.count + found[0] > NODES:
            return None
        return Outcome(found[0], dict(zip(ports, found[1], strict=True)))

    def alone(self, node: Node) -> Node:
        """A node without names that only this graph knows, and without what it takes."""
        named = node.get("as", ())
        own = {"index", "operand"} if "repeat" in node or "each" in node else {"operand"}
        own |= {named} if isinstance(named, str) else set(named)
        return {
            key: value if key in _KEPT else self.literal(value, own) for key, value in node.items() if key != "from"
        }

    def probed(self, shapes: list[Shape], graph: Node, outputs: dict[str, str]) -> tuple[int, list[Shape]] | None:
        """How many nodes a graph has on operands of these shapes, and the shapes of its outputs."""
        spec = {
            "archspec": 1,
            "name": "probe",
            "params": {name: declaration(value) for name, value in self.owner.values.items()},
            "let": dict(self.defined()),
            "inputs": {f"operand{n}": list(shape) for n, shape in enumerate(shapes)},
            "blocks": {name: block.spec for name, block in self.owner.blocks.items()},
            "graph": graph,
            "outputs": outputs,
        }
        return _probed(json.dumps(without_unused(spec), ensure_ascii=False))

    def ports(self, node: Node) -> list[str]:
        """The names of the outputs of a node, those whose condition is false left out; ``""`` for an only one."""
        block = self.owner.blocks.get(node.get("block", ""))
        ports = list(node.get("outputs", ()))
        if block is not None and not {"output", "outputs"} & node.keys():
            declared = block.spec.get("params", {})
            defaults = {name: value for name, value in declared.items() if not isinstance(value, dict)}
            given = {name: value for name, value in node.items() if name in declared}
            values = block.values | defaults | given
            ports = [port for port, flag in block.ports.items() if not flag or values[flag] is True]
        return ports if len(ports) > 1 else [""]

    def literal(self, value: Any, own: Collection[str]) -> Any:
        """A value without names that only this graph knows; ``own`` are those of the copies of the node itself."""
        if isinstance(value, list):
            return [self.literal(item, own) for item in value]
        if isinstance(value, dict):
            return {key: self.literal(item, own) for key, item in value.items()}
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        expression = read(value)
        return plain(expression.evaluate(self.views())) if expression.names.isdisjoint(own) else value

    def defined(self) -> Iterator[tuple[str, Any]]:
        """The values and functions that are known here, as a `let`."""
        for name, value in self.known.items():
            if isinstance(value, LetFunction):
                yield f"{name}({', '.join(value.parameters)})", value.text
            else:
                yield name, value

    def outputs(self, ends: Node) -> dict[str, Shape]:
        """The shapes of what `close` has chosen."""
        taken = ends.get("outputs", {"": ends.get("output", self.last)})
        only = next(iter(self.inputs))
        shapes = {port: self.tensors[only if reference == "input" else reference] for port, reference in taken.items()}
        return shapes if len(shapes) > 1 else {"": next(iter(shapes.values()))}

    def close(self, single: bool = False) -> Node:
        """Join what nothing takes, or make outputs of it."""
        pick = self.pick
        ends = self.ends()
        single = single or not pick.chance(3 if self.depth else 2)
        while single and len(ends) > 1:
            self.join(ends[:2])
            ends = self.ends()
        if ends == [self.last] and "." not in self.last and not pick.chance(4):
            return {}
        if len(ends) == 1 and (single or not pick.chance(3)):
            return {"output": self.reference(ends[0])}
        if not single and pick.chance(2):
            ends += [pick.of(*self.tensors)]
        taken: dict[str, Any] = {}
        for end in ends:
            taken[pick.name(NAMES, "result", taken)] = self.reference(end)
        if self.depth == 0:
            taken |= {name: self.optional(taken[name]) for name in list(taken)[1:]}
        return {"outputs": taken}

    def optional(self, reference: str) -> Any:
        """An output of the network, perhaps in training only, or under a condition over the parameters."""
        pick = self.pick
        if pick.chance(2):
            return reference
        output = {"from": reference} | pick.some(training_only=lambda: True)
        return output | pick.some(when=lambda: self.parameter(pick.of(True, False)))

    def ends(self) -> list[str]:
        """A reference for each node and input that nothing takes."""
        first = {reference.partition(".")[0]: reference for reference in reversed(self.tensors)}
        return [first[name] for name in self.free]

    def join(self, pair: list[str]) -> None:
        """One tensor of two: their sum or concatenation, or else their elements in a row."""
        name = self.pick.of("concat", "add")
        output = self.merged(name, {}, pair)
        if output is None:
            name, pair = "concat", [self.flat(reference) for reference in pair]
            output = (sum(self.tensors[reference][0] for reference in pair),)
        self.add({"op": name}, pair, {"": output}, name)

    def flat(self, reference: str) -> str:
        shape = self.tensors[reference]
        size = {"": (elements(shape),)}
        return reference if len(shape) == 1 else self.add({"op": "flatten"}, [reference], size, "flatten")


_KINDS = [
    *[Graph.op] * 6, *[Graph.merge] * 2, Graph.held, Graph.residual, Graph.group, *[Graph.block] * 3, Graph.library,
    *[Graph.reuse] * 2, *[Graph.join_copies] * 2, Graph.unpooled, Graph.folded, Graph.heads,
]  # fmt: skip
_OF_LISTS = [*[Graph.op] * 5, Graph.group, Graph.library]
_KEPT = {"as", "op", "block", "graph", "reuse", "let", "outputs", "output", "inputs", "doc"}


@lru_cache(maxsize=1000)
def _probed(text: str) -> tuple[int, list[Shape]] | None:
    try:
        network = compiled(text)
    except archspec.SpecError:
        return None
    shapes = [output.shape for output in network.outputs.values()]
    return (len(network), shapes) if all(wanted(node.op.name, node.shape) for node in network) else None
