"""Graphs that are drawn: nodes, groups and blocks until they are large enough, and outputs at the end."""

from __future__ import annotations

from typing import Any

from random_arguments import LIBRARY, chosen_ops
from random_draws import BLOCK_NAMES, LOOP_NAMES, NAMES
from random_joints import Joints
from random_probes import NODES, Outcome
from random_scope import Block, Definition, Node

from archspec.language.choice import plain
from archspec.ops.tensor import Shape


class Graph(Joints):
    """A graph that is drawn as a whole."""

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


_KINDS = [
    *[Graph.op] * 6, *[Graph.merge] * 2, Graph.held, Graph.residual, Graph.group, *[Graph.block] * 3, Graph.library,
    *[Graph.reuse] * 2, *[Graph.join_copies] * 2, Graph.unpooled, Graph.folded, Graph.heads,
]  # fmt: skip
_OF_LISTS = [*[Graph.op] * 5, Graph.group, Graph.library]
