"""From graphs of nodes to a spec: a block for each class of modules, repeats, and parameters for what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from archspec.importers.module.draft import Graph, Node, Wire
from archspec.language.names import block_name_problem, parameter_name_problem

Spec = dict[str, Any]
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class Unlike(Exception):
    """Uses of a class that are not one block with parameters."""


def folded(root: Graph, name: str, inputs: Mapping[str, Sequence[int]]) -> Spec:
    """The spec of a network.

    Args:
        root: Its graph.
        name: Its name.
        inputs: The shapes of its inputs, without the batch.
    """
    folding = _Folding(root)
    scope = _Scope([root])
    nodes = folding.nodes([root], scope, list(inputs))
    outputs = {port: _reference(wire, root) for port, wire in root.outputs.items()}
    spec: Spec = {"archspec": 1, "name": name, "inputs": {key: list(shape) for key, shape in inputs.items()}}
    used = folding.definitions()
    if used:
        spec["blocks"] = used
    spec["graph"] = nodes
    if list(outputs) != ["output"]:
        spec["outputs"] = outputs
    elif outputs["output"] != next(reversed(nodes)):
        spec["output"] = outputs["output"]
    return spec


@dataclass
class _Block:
    """A block that uses of a class have in common.

    Attributes:
        name: Its name.
        definition: What the spec says of it.
        values: The values of its parameters, for each use.
        outputs: The names of its outputs; None for a single one.
    """

    name: str
    definition: Spec
    values: dict[int, dict[str, Any]]
    outputs: list[str] | None


@dataclass
class _Scope:
    """The parameters of a block that is being made, with their values for each use.

    Attributes:
        uses: The graphs that are to be one block.
        params: Their values by name, one for each use.
    """

    uses: list[Graph]
    params: dict[str, list[Any]] = field(default_factory=dict)

    def express(self, values: Sequence[Any], wanted: str) -> Any:
        """What gives a value for each use; None stands for one that does not matter."""
        stated = [value for value in values if value is not _ANY]
        if not stated or all(_same(value, stated[0]) for value in stated):
            return stated[0] if stated else None
        if all(type(value) is int for value in stated) and (text := self._computed(values)):
            return text
        for name, known in self.params.items():
            if _fits(known, values):
                return f"${name}"
        name = self._free(self._attribute(values) or wanted)
        common = Counter(map(repr, stated)).most_common(1)[0][0]
        usual = next(value for value in stated if repr(value) == common)
        self.params[name] = [usual if value is _ANY else value for value in values]
        return f"${name}"

    def _computed(self, values: Sequence[Any]) -> str:
        """An expression over the channels of the input or a parameter; empty where none gives the values."""
        known = {name: vector for name, vector in self.params.items() if all(type(value) is int for value in vector)}
        for name, vector in known.items():
            if _fits(vector, values):
                return f"${name}"
        sources = {**known, **self._channels()}
        for name, vector in sources.items():
            for sign, ratio in (("*", lambda a, b: a / b), ("//", lambda a, b: b / a)):
                ratios = {ratio(value, base) for value, base in zip(values, vector, strict=True) if value is not _ANY}
                (number,) = ratios if len(ratios) == 1 else (0.0,)
                if number == 1:
                    return f"$({name})"
                if float(number).is_integer() and number > 1:
                    return f"$({name} {sign} {int(number)})"
        return ""

    def _channels(self) -> dict[str, list[int]]:
        shapes = [[wire.shape for wire, _ in use.inputs] for use in self.uses]
        if any(len(inputs) != 1 or not inputs[0] for inputs in shapes):
            return {}
        part = {1: "features", 2: "channels", 3: "channels", 4: "channels"}
        ranks = {len(inputs[0]) for inputs in shapes}
        if len(ranks) != 1 or (rank := ranks.pop()) not in part:
            return {}
        if rank == 2:  # tokens: places, then features
            return {"input.shape[-1]": [inputs[0][-1] for inputs in shapes]}
        return {f"input.{part[rank]}": [inputs[0][0] for inputs in shapes]}

    def _attribute(self, values: Sequence[Any]) -> str:
        """The attribute of the modules that has these values; empty where none does."""
        first = vars(self.uses[0].module)
        for name, value in first.items():
            if name.startswith("_") or not isinstance(value, int | float | tuple):
                continue
            found = [vars(use.module).get(name) for use in self.uses]
            found = [list(each) if isinstance(each, tuple) else each for each in found]
            if _fits(found, values):
                return name
        return ""

    def _free(self, wanted: str) -> str:
        """A name that no parameter has, and none of the graph's nodes."""
        taken = {*self.params, *(node.name for use in self.uses for graph in use.walk() for node in graph.nodes)}
        wanted = wanted if not parameter_name_problem(wanted) else f"{wanted}_"
        if wanted not in taken:
            return wanted
        return next(name for n in range(2, 10**6) if (name := f"{wanted}{n}") not in taken)


class _Anything:
    pass


_ANY: Any = _Anything()
"""Stands for the value of a use that lacks the node."""


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _fits(known: Sequence[Any], values: Sequence[Any]) -> bool:
    return all(value is _ANY or _same(value, each) for each, value in zip(known, values, strict=True))


class _Folding:
    def __init__(self, root: Graph) -> None:
        self.root = root
        self.blocks: dict[int, _Block] = {}
        self.made: dict[str, _Block] = {}
        self.classes: dict[type, list[Graph]] = {}
        for graph in root.walk():
            if graph is not root and not isinstance(graph.module, _CONTAINERS):
                self.classes.setdefault(type(graph.module), []).append(graph)
        self.tried: set[type] = set()

    def definitions(self) -> Spec:
        """The blocks that are made."""
        return {block.name: block.definition for block in self.made.values()}

    def block(self, graph: Graph) -> _Block | None:
        """The block that a graph is; None for one that stands as a group."""
        cls = type(graph.module)
        uses = self.classes.get(cls, [])
        if len(uses) < 2 or isinstance(graph.module, _CONTAINERS) or graph is self.root:
            return None
        if cls not in self.tried:
            self.tried.add(cls)
            for group in _alike(uses):
                self._make(cls, group)
        return self.blocks.get(id(graph))

    def _make(self, cls: type, uses: list[Graph]) -> None:
        if len(uses) < 2:
            return
        scope = _Scope(uses)
        counts = {len(use.inputs) for use in uses}
        if len(counts) != 1:
            return self._apart(cls, uses)
        names = ["input"] if counts == {1} else [f"input{i + 1}" for i in range(counts.pop())]
        try:
            graph = self.nodes(uses, scope, names)
            outputs = _outputs(uses, graph)
        except Unlike:
            return self._apart(cls, uses)
        definition: Spec = {"params": {name: _declared(values) for name, values in scope.params.items()}}
        if names != ["input"]:
            definition["inputs"] = names
        definition["graph"] = graph
        definition |= outputs
        if not definition["params"]:
            del definition["params"]
        name = self._free(cls.__name__)
        values = {id(use): {key: vector[i] for key, vector in scope.params.items()} for i, use in enumerate(uses)}
        ports = list(outputs.get("outputs", ())) or None
        block = _Block(name, definition, values, ports)
        self.made[name] = block
        self.blocks.update({id(use): block for use in uses})
        return None

    def _apart(self, cls: type, uses: list[Graph]) -> None:
        """Those of the same structure as blocks of their own."""
        groups: dict[str, list[Graph]] = {}
        for use in uses:
            groups.setdefault(_likeness(use), []).append(use)
        if len(groups) > 1:
            for group in groups.values():
                self._make(cls, group)

    def _free(self, class_name: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name.lstrip("_")).lower()
        name = words if not block_name_problem(words) else f"{words}_block"
        return name if name not in self.made else next(
            other for n in range(2, 10**6) if (other := f"{name}{n}") not in self.made
        )  # fmt: skip

    # Graphs

    def nodes(self, graphs: Sequence[Graph | None], scope: _Scope, inputs: list[str]) -> Spec:
        """The nodes that graphs have in common, one graph for each use; None where a use lacks it.

        Raises:
            Unlike: They are not one graph with parameters.
        """
        merged = _merged_names([[node.name for node in graph.nodes] for graph in graphs if graph])
        columns = {
            name: [_find(graph, name) if graph else None for graph in graphs] for name in merged
        }
        made: Spec = {}
        references: dict[str, list[str]] = {}
        for name, column in columns.items():
            references[name] = _operands(name, column, graphs, columns, references, inputs)
            made[name] = self.node(name, column, graphs, scope)
            _with_operands(made, name, references[name], inputs)
        return {name: _bare(node) for name, node in made.items()}

    def node(self, name: str, column: Sequence[Node | None], graphs: Sequence[Graph | None], scope: _Scope) -> Spec:
        """What the nodes of a name are in common."""
        present = [node for node in column if node is not None]
        if len({(node.op, node.graph is None) for node in present}) != 1:
            raise Unlike
        made: Spec
        if present[0].graph is None:
            made = {"op": present[0].op} | self._arguments(
                [node.arguments if node else None for node in column], scope, name, present[0].op
            )
        else:
            made = self._group([node.graph if node else None for node in column], scope, name)
        missing = [graph is not None and node is None for graph, node in zip(graphs, column, strict=True)]
        if any(missing):
            states = [
                _ANY if graph is None else node is not None for graph, node in zip(graphs, column, strict=True)
            ]
            made["when"] = scope.express(states, name if name not in scope.params else f"has_{name}")
        return made

    def _arguments(
        self, columns: Sequence[Mapping[str, Any] | None], scope: _Scope, node: str, op: str
    ) -> Spec:
        names = list(dict.fromkeys(name for given in columns if given for name in given))
        made = {}
        for name in names:
            values = [given.get(name, _default(op, name)) if given is not None else _ANY for given in columns]
            made[name] = scope.express(values, name)
        return made

    def _group(self, graphs: Sequence[Graph | None], scope: _Scope, name: str) -> Spec:
        present = [graph for graph in graphs if graph is not None]
        blocks = {id(block): block for graph in present if (block := self.block(graph))}
        if len(blocks) == 1 and all(self.block(graph) for graph in present):
            (block,) = blocks.values()
            return {"block": block.name} | self._block_arguments(block, graphs, scope, name)
        if blocks:
            raise Unlike
        if all(_is_chain(graph) for graph in present):
            return self._chain(graphs, scope, name)
        inputs = _input_names(present)
        made: Spec = {}
        if inputs != ["input"]:
            made["inputs"] = inputs
        made["graph"] = nodes = self.nodes(graphs, scope, inputs)
        if any(key.isdecimal() for key in nodes):
            if [*nodes] != [str(i) for i in range(len(nodes))] or any("from" in node for node in nodes.values() if isinstance(node, dict)):
                raise Unlike
            made["graph"] = list(nodes.values())
        return made | _outputs(present, nodes)

    def _block_arguments(
        self, block: _Block, graphs: Sequence[Graph | None], scope: _Scope, name: str
    ) -> Spec:
        made = {}
        for param, declared in block.definition.get("params", {}).items():
            values = [block.values[id(graph)][param] if graph else _ANY for graph in graphs]
            given = scope.express(values, param)
            if not (isinstance(declared, dict) and "default" not in declared) and _same(given, _default_of(declared)):
                continue
            made[param] = given
        return made

    # Chains: lists of modules, each of which takes the one before

    def _chain(self, graphs: Sequence[Graph | None], scope: _Scope, name: str) -> Spec:
        rows = [graph.nodes if graph else None for graph in graphs]
        present = [row for row in rows if row is not None]
        items = [node for row in present for node in row]
        blocks = {id(block): block for node in items if node.graph and (block := self.block(node.graph))}
        if len(blocks) == 1 and all(node.graph and self.block(node.graph) for node in items):
            (block,) = blocks.values()
            return self._repeat(block, rows, scope, name)
        if len({len(row) for row in present}) != 1:
            raise Unlike
        nodes: Spec = {}
        for i in range(len(present[0])):
            column = [row[i] if row else None for row in rows]
            nodes[str(i)] = _bare(self.node(f"{name}_{i}", column, graphs, scope))
        return {"graph": list(nodes.values())}

    def _repeat(self, block: _Block, rows: Sequence[list[Node] | None], scope: _Scope, name: str) -> Spec:
        """Copies of a block, of which the first may differ; else a table."""
        values = [[block.values[id(node.graph)] for node in row] if row else None for row in rows]
        first, rest = {}, {}
        for param in block.definition.get("params", {}):
            columns = [[each[param] for each in row] if row else None for row in values]
            if any(row and not all(_same(value, row[-1]) for value in row[1:]) for row in columns):
                return self._table(block, rows, scope)
            last = [_ANY if row is None or len(row) == 1 else row[-1] for row in columns]
            heads = [_ANY if row is None else row[0] for row in columns]
            if all(row is None or _same(row[0], row[-1]) for row in columns):
                rest[param] = heads
            elif all(value is _ANY for value in last):
                rest[param] = heads
            else:
                first[param], rest[param] = heads, last
        made: Spec = {"block": block.name}
        defaults = block.definition.get("params", {})
        for param, column in rest.items():
            given = scope.express(column, param)
            if "default" in _as_mapping(defaults[param]) and _same(given, _default_of(defaults[param])):
                continue
            made[param] = given
        counts = [_ANY if row is None else len(row) for row in rows]
        made["repeat"] = scope.express(counts, "depth")
        if first:
            made["first"] = {param: scope.express(column, param) for param, column in first.items()}
        return made

    def _table(self, block: _Block, rows: Sequence[list[Node] | None], scope: _Scope) -> Spec:
        """A row for each copy, of what differs among them."""
        if len(rows) != 1 or rows[0] is None:
            raise Unlike
        given = [block.values[id(node.graph)] for node in rows[0]]
        differing = [name for name in given[0] if not all(_same(each[name], given[0][name]) for each in given)]
        defaults = block.definition.get("params", {})
        made: Spec = {"each": [[each[name] for name in differing] for each in given], "as": [*differing]}
        if len(differing) == 1:
            made = {"each": [each[differing[0]] for each in given], "as": differing[0]}
        made["block"] = block.name
        for name, value in given[0].items():
            if name in differing:
                made[name] = f"${name}"
            elif not ("default" in _as_mapping(defaults[name]) and _same(value, _default_of(defaults[name]))):
                made[name] = value
        return made


# References between nodes


def _operands(
    name: str,
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    inputs: list[str],
) -> list[str]:
    """What nodes of a name take, by name: the same for all uses, where a node that a use lacks hands its first on."""
    stated: list[list[str]] = []
    for node, graph in zip(column, graphs, strict=True):
        if node is None or graph is None:
            continue
        stated.append([_reference(wire, graph, inputs) for wire in _taken(node)])
    if len({len(taken) for taken in stated}) != 1:
        raise Unlike
    whole = max(stated, key=lambda taken: sum(ref.partition(".")[0] in columns for ref in taken))
    for node, graph, i in zip(column, graphs, range(len(graphs)), strict=True):
        if node is None or graph is None:
            continue
        own = [_reference(wire, graph, inputs) for wire in _taken(node)]
        passed = [_passed(ref, i, columns, references) for ref in whole]
        if own != passed:
            raise Unlike
    return whole


def _passed(ref: str, use: int, columns: Mapping[str, Sequence[Node | None]], references: Mapping[str, list[str]]) -> str:
    """What a reference stands for in a use that may lack the node."""
    while (name := ref.partition(".")[0]) in columns and columns[name][use] is None and references.get(name):
        ref = references[name][0]
    return ref


def _taken(node: Node) -> list[Wire]:
    return node.operands if node.graph is None else [outer for _, outer in node.graph.inputs]


def _reference(wire: Wire, graph: Graph, inputs: Sequence[str] = ()) -> str:
    """How a node of a graph names a wire."""
    if wire.node is None:
        own = [each for each, _ in graph.inputs]
        if wire in own and len(inputs) == len(own):
            return inputs[own.index(wire)]
        return wire.port
    if wire.node.graph is None:
        return wire.node.name
    inner = wire.node.graph
    if _is_chain(inner):
        last = inner.outputs[wire.port].node
        assert last is not None
        return wire.node.name if last is inner.nodes[-1] else f"{wire.node.name}.{last.name}"
    return wire.node.name if len(inner.outputs) == 1 else f"{wire.node.name}.{wire.port}"


def _with_operands(made: Spec, name: str, taken: list[str], inputs: list[str]) -> None:
    """State what a node takes, where that is not the node above."""
    node = made[name]
    above = [key for key in made if key != name]
    usual = [above[-1]] if above else ([inputs[0]] if len(inputs) == 1 else [])
    if not taken or (taken == usual and node.get("op") != "parameter"):
        return
    kind = next(iter(node))
    rest = {key: value for key, value in node.items() if key != kind}
    made[name] = {kind: node[kind], "from": taken[0] if len(taken) == 1 else taken, **rest}


def _outputs(graphs: Sequence[Graph], nodes: Spec) -> Spec:
    """What graphs give in common.

    Raises:
        Unlike: They give different things.
    """
    ports = {tuple((port, _reference(wire, graph)) for port, wire in graph.outputs.items()) for graph in graphs}
    if len({tuple(sorted(each)) for each in ports}) != 1:
        raise Unlike
    (first, *_) = ports
    if len(first) == 1:
        (_, reference), = first
        return {} if reference == next(reversed(nodes)) else {"output": reference}
    return {"outputs": dict(first)}


def _input_names(graphs: Sequence[Graph]) -> list[str]:
    (count, *others) = {len(graph.inputs) for graph in graphs}
    if others:
        raise Unlike
    return ["input"] if count == 1 else [f"input{i + 1}" for i in range(count)]


def _is_chain(graph: Graph) -> bool:
    """Whether it is a list of nodes numbered from 0, each of which takes the one before, and gives the last."""
    if len(graph.inputs) != 1 or not graph.nodes:
        return False
    before: Node | None = None
    for i, node in enumerate(graph.nodes):
        taken = _taken(node)
        if node.name != str(i) or len(taken) != 1 or taken[0].node is not before:
            return False
        if node.graph is not None and len(node.graph.outputs) != 1:
            return False
        before = node
    return all(wire.node is not None and wire.node.name.isdecimal() for wire in graph.outputs.values())


def _find(graph: Graph, name: str) -> Node | None:
    return next((node for node in graph.nodes if node.name == name), None)


def _merged_names(lists: Sequence[list[str]]) -> list[str]:
    """The names of all lists, each in the order of its list.

    Raises:
        Unlike: There is no such order.
    """
    merged = list(max(lists, key=len))
    for names in lists:
        at = 0
        for name in names:
            if name in merged:
                if merged.index(name) < at:
                    raise Unlike
                at = merged.index(name) + 1
            else:
                merged.insert(at, name)
                at += 1
    return merged


def _alike(uses: list[Graph]) -> list[list[Graph]]:
    """All uses together: `_Folding` takes them apart where they are not one block."""
    return [uses]


def _likeness(graph: Graph) -> str:
    """The structure of a graph, without numbers."""
    parts = []
    for node in graph.nodes:
        taken = [_reference(wire, graph) for wire in _taken(node)]
        inner = _likeness(node.graph) if node.graph else f"{node.op}{sorted(node.arguments)}"
        parts.append(f"{node.name}({','.join(taken)})={inner}")
    return ";".join(parts)


def _declared(values: Sequence[Any]) -> Any:
    """The declaration of a parameter: the usual value as its default, where one is usual."""
    common, count = Counter(map(repr, values)).most_common(1)[0]
    usual = next(value for value in values if repr(value) == common)
    if count * 2 > len(values) or isinstance(usual, bool):
        return usual
    kinds = {bool: "bool", int: "int", float: "float", list: "list", str: "str"}
    types = {type(value) for value in values}
    return {"type": kinds[types.pop()]} if len(types) == 1 else usual


def _as_mapping(declared: Any) -> Mapping[str, Any]:
    return declared if isinstance(declared, dict) else {"default": declared}


def _default_of(declared: Any) -> Any:
    return _as_mapping(declared).get("default")


def _default(op: str, name: str) -> Any:
    from archspec.ops import registry
    from archspec.ops.arguments import compact

    cls = registry.find(op)
    assert cls is not None
    value = compact(cls.model_fields[name].default)
    return list(value) if isinstance(value, tuple) else value


def _bare(node: Any) -> Any:
    return node["op"] if isinstance(node, dict) and list(node) == ["op"] else node


def _walk(graph: Graph) -> Iterator[Node]:
    for each in graph.walk():
        yield from each.nodes
