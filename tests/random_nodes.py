"""The nodes of a graph that is being drawn: what each takes and gives, its conditions, its copies."""

from __future__ import annotations

from typing import Any

from random_arguments import ARGUMENTS, fit, infer, unary
from random_draws import LOOP_NAMES, NAMES, Args
from random_probes import Outcome, Probes
from random_scope import Node

from archspec.ops.tensor import Shape, elements


class Nodes(Probes):
    """A graph to which single nodes are added.

    Attributes:
        nodes: Its nodes as written.
        taken: What each takes.
        free: Nodes and inputs that nothing takes.
        listed: Whether it is a list, whose nodes are numbers and take the one before.
        repeats: What the copies of repeats give, by the reference to all of them.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.nodes: dict[str, Any] = {}
        self.taken: dict[str, list[str]] = {}
        self.free = list(self.inputs)
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

    def like(self, shape: Shape) -> str:
        """A tensor of a shape, or of its rank, or any."""
        same = [reference for reference, other in self.tensors.items() if other == shape]
        near = [reference for reference, other in self.tensors.items() if len(other) == len(shape)]
        return str(self.pick.of(*(same or near or list(self.tensors))[::-1]))

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

    def merged(self, name: str, args: Args, operands: list[str]) -> Shape | None:
        return infer(name, args, tuple(self.tensors[operand] for operand in operands))

    def flat(self, reference: str) -> str:
        shape = self.tensors[reference]
        size = {"": (elements(shape),)}
        return reference if len(shape) == 1 else self.add({"op": "flatten"}, [reference], size, "flatten")
