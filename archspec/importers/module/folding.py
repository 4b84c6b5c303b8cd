"""From graphs of nodes to a spec: a block for each class of modules, repeats, and parameters for what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from torch import nn

from archspec.importers.module.construction import arguments_of
from archspec.importers.module.draft import Graph, Node, Wire
from archspec.language.names import block_name_problem, parameter_name_problem
from archspec.ops import registry
from archspec.ops.arguments import compact

Spec = dict[str, Any]
_CONTAINERS = {nn.Sequential, nn.ModuleList, nn.ModuleDict}


_SOURCES = frozenset(["parameter", "constant", "coordinates", "linspace"])
"""Ops that take nothing."""
_SHORT = {"out_channels": "channels", "out_features": "features", "normalized_shape": "features"}
"""What a parameter is called that is this argument of an op."""


class UnlikeError(Exception):
    """Uses of a class that are not one block with parameters."""


def folded(root: Graph, name: str, inputs: Mapping[str, Sequence[int]], training_only: Collection[str] = ()) -> Spec:
    """The spec of a network.

    Args:
        root: Its graph.
        name: Its name.
        inputs: The shapes of its inputs, without the batch.
        training_only: The outputs that only training has.
    """
    folding = _Folding(root)
    scope = _Scope([root])
    nodes = folding.chain([root], scope) if _is_chain(root) else folding.nodes([root], scope, list(inputs))
    outputs: dict[str, Any] = {port: _reference(wire, root) for port, wire in root.outputs.items()}
    spec: Spec = {"archspec": 1, "name": name}
    if len(outputs) - len(training_only) == 1 and (count := _classes(nodes)) is not None:
        spec["params"] = {"num_classes": {"default": count, "min": 1, "doc": "Number of classes."}}
    spec["inputs"] = {key: list(shape) for key, shape in inputs.items()}
    used = folding.definitions()
    if used:
        spec["blocks"] = used
    spec["graph"] = nodes
    if list(outputs) != ["output"]:
        spec["outputs"] = {
            port: {"from": ref, "training_only": True} if port in training_only else ref
            for port, ref in outputs.items()
        }
    elif outputs["output"] != _last(nodes):
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
        texts: Expressions over them that nodes have, with their values.
    """

    uses: list[Graph]
    params: dict[str, list[Any]] = field(default_factory=dict)
    texts: dict[str, Sequence[Any]] = field(default_factory=dict)

    def express(
        self,
        values: Sequence[Any],
        wanted: str,
        shapes: Mapping[str, Sequence[Any]] | None = None,
        *,
        rest: int | None = None,
    ) -> Any:
        """What gives a value for each use, which may be `_ANY`.

        Args:
            values: The values.
            wanted: A name for a new parameter, where one is needed.
            shapes: What else expressions can ask for where the value stands: numbers for each use.
            rest: What may stand for one item of a list that nothing computes.
        """
        values = [_rounded(value) if isinstance(value, float) else value for value in values]
        stated = [value for value in values if value is not _ANY]
        if not stated or all(_same(value, stated[0]) for value in stated):
            return _plain(stated[0]) if stated else None
        if all(type(value) is int for value in stated) and (text := self._computed(values, shapes or {})):
            return text
        lengths = {len(value) if isinstance(value, list) else -1 for value in stated}
        if len(lengths) == 1 and lengths.pop() > 0:
            columns = zip(*(value if value is not _ANY else [_ANY] * len(stated[0]) for value in values), strict=True)
            items = []
            for column in columns:
                item = None if rest is None else self._known(column, shapes or {})
                items.append(
                    rest if rest is not None and item is None else item or self.express(column, wanted, shapes)
                )
                rest = None if items[-1] == rest else rest
            return items
        if (known := self._known(values, shapes or {})) is not None:
            return known
        name = self.free(self._attribute(values) or _SHORT.get(wanted, wanted))
        self.params[name] = list(values)
        return f"${name}"

    def _known(self, values: Sequence[Any], shapes: Mapping[str, Sequence[Any]]) -> Any:
        """What gives values without a new parameter; None where nothing does."""
        stated = [value for value in values if value is not _ANY]
        if all(_same(value, stated[0]) for value in stated):
            return _plain(stated[0])
        if all(type(value) is int for value in stated) and (text := self._computed(values, shapes)):
            return text
        for name, known in self.params.items():
            if _fits(known, values):
                return f"${name}"
        if all(isinstance(value, bool) for value in stated) and (text := self._condition(values, shapes)):
            return text
        return None

    def _condition(self, values: Sequence[Any], shapes: Mapping[str, Sequence[Any]]) -> str:
        """A comparison of numbers, or two of them, that is true where the values are; empty where none is."""
        ints = {name: known for name, known in self.params.items() if _are_ints(known)}
        single = {
            f"{name} == 1": [_ANY if each is _ANY else each == 1 for each in known] for name, known in ints.items()
        }
        for part in ("input.channels", "operand.channels"):
            for text, known in {**ints, **self.texts}.items():
                if part in shapes and part not in text:
                    single[f"{part} == {text}"] = [
                        _ANY if _ANY in pair else pair[0] == pair[1] for pair in zip(shapes[part], known, strict=True)
                    ]
        for text, found in single.items():
            if _decides(found, values):
                return f"$({text})"
            if _decides(list(map(_not, found)), values):
                return f"$({text.replace('==', '!=')})"
        for one, other in ((one, other) for one in single for other in single if one != other and "==" in one):
            both = [_ANY if _ANY in pair else all(pair) for pair in zip(single[one], single[other], strict=True)]
            if _decides(both, values):
                return f"$({one} and {other})"
            if _decides(list(map(_not, both)), values):
                return f"$({one.replace('==', '!=')} or {other.replace('==', '!=')})"
        return ""

    def _computed(self, values: Sequence[Any], shapes: Mapping[str, Sequence[Any]]) -> str:
        """An expression over a parameter or a shape; empty where none gives the values."""
        known = {name: vector for name, vector in self.params.items() if _are_ints(vector)}
        sources = {**known, **shapes}
        for name, vector in sources.items():
            if _fits(vector, values):
                return f"${name}" if name in known else f"$({name})"
        for name, vector in sources.items():
            pairs = [pair for pair in zip(values, vector, strict=True) if pair[0] is not _ANY]
            if any(base is _ANY for _, base in pairs) or len({base for _, base in pairs}) < 2:
                continue
            if all(value == base // 2 for value, base in pairs):
                return f"$({name} // 2)"
            if any(0 in pair for pair in pairs):
                continue
            for sign, ratios in (("*", {a / b for a, b in pairs}), ("//", {b / a for a, b in pairs})):
                ratio = next(iter(ratios))
                if len(ratios) == 1 and ratio > 1 and ratio == int(ratio):
                    text = f"{name} {sign} {int(ratio)}"
                    if name in known:
                        self.texts.setdefault(text, list(values))
                    return f"$({text})"
        return ""

    def _attribute(self, values: Sequence[Any]) -> str:
        """What the modules or their constructors call these values; empty where they do not."""
        known: list[Mapping[str, Any]] = [{**arguments_of(use.module), **vars(use.module)} for use in self.uses]
        for name, value in known[0].items():
            if name.startswith("_") or not isinstance(value, int | float | tuple | list):
                continue
            found: list[Any] = [each.get(name) for each in known]
            found = [list(each) if isinstance(each, tuple) else each for each in found]
            found = [_rounded(each) if isinstance(each, float) else each for each in found]
            if _fits(found, values):
                return name
        return ""

    def free(self, wanted: str) -> str:
        """A name that no parameter has, and none of the graph's nodes."""
        taken = {*self.params, *(node.name for use in self.uses for graph in use.walk() for node in graph.nodes)}
        wanted = wanted if not parameter_name_problem(wanted) else f"{wanted}_"
        if wanted not in taken:
            return wanted
        return next(name for n in range(2, 10**6) if (name := f"{wanted}{n}") not in taken)


_ANY: Any = object()
"""Stands for the value of a use that lacks the node."""


class _OpName(str):
    """The name of an op that is the value of a parameter."""

    __slots__ = ()


class _OpMapping(dict[str, Any]):
    """An op with arguments that is the value of a parameter."""


def _choice(node: Node | None, graph: Graph | None) -> Any:
    """The op of a node as the value of a parameter; None for one that a use lacks.

    Raises:
        UnlikeError: It is more than a function of one tensor.
    """
    if graph is None:
        return _ANY
    if node is None:
        return None
    if node.graph is not None or node.held or len(node.operands) != 1:
        raise UnlikeError
    return _OpMapping(op=node.op, **node.arguments) if node.arguments else _OpName(node.op)


def _is_choice(value: Any) -> bool:
    return isinstance(value, _OpName | _OpMapping)


def _shapes(name: str, shapes: Sequence[Any]) -> dict[str, list[Any]]:
    """What expressions can ask of a tensor, with the numbers for each use."""
    ranks = {len(shape) for shape in shapes if shape is not _ANY}
    if len(ranks) != 1 or 0 in ranks:
        return {}
    (rank,) = ranks
    names = {1: ["features"], 3: ["channels", "height", "width"], 4: ["channels", "depth", "height", "width"]}
    parts = names.get(rank) or [f"shape[{i}]" for i in range(rank)]
    return {
        f"{name}.{part}": [shape if shape is _ANY else shape[i] for shape in shapes] for i, part in enumerate(parts)
    }


_OF_SIZES = frozenset("shape size output_size kernel_size window_size start stop".split())


def _apt(wanted: str, shapes: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """The sizes that a number may follow from: heights and widths only where it is one of them.

    What is last, where channels are last, is the width of a tensor.
    """
    if wanted in _OF_SIZES:
        return dict(shapes)
    unfit = (".depth", ".height") if "features" in wanted else (".depth", ".height", ".width")
    return {name: values for name, values in shapes.items() if not name.endswith(unfit)}


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _plain(value: Any) -> Any:
    """A value as YAML holds it."""
    return str(value) if isinstance(value, _OpName) else dict(value) if isinstance(value, _OpMapping) else value


def _are_ints(values: Sequence[Any]) -> bool:
    return all(type(value) is int or value is _ANY for value in values)


def _not(value: Any) -> Any:
    return value if value is _ANY else not value


def _decides(found: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether a condition is what is wanted in every use, and known in each."""
    return all(value is _ANY or (each is not _ANY and each == value) for each, value in zip(found, values, strict=True))


def _fits(known: Sequence[Any], values: Sequence[Any]) -> bool:
    return all(value is _ANY or _same(value, each) for each, value in zip(known, values, strict=True))


class _Folding:
    def __init__(self, root: Graph) -> None:
        self.root = root
        self.blocks: dict[int, _Block] = {}
        self.made: dict[str, _Block] = {}
        self.classes: dict[type, list[Graph]] = {}
        for graph in root.walk():
            if graph is not root and type(graph.module) not in _CONTAINERS:
                self.classes.setdefault(type(graph.module), []).append(graph)
        self.tried: set[type] = set()
        self.stages: set[Graph | None] = set()

    def definitions(self) -> Spec:
        """The blocks that are made."""
        return {block.name: block.definition for block in self.made.values()}

    def block(self, graph: Graph) -> _Block | None:
        """The block that a graph is; None for one that stands as a group."""
        cls = type(graph.module)
        uses = self.classes.get(cls, [])
        if len(uses) < 2 or type(graph.module) in _CONTAINERS or graph is self.root:
            return None
        if cls not in self.tried:
            self.tried.add(cls)
            self._make(cls, uses)
        return self.blocks.get(id(graph))

    def _make(self, cls: type, uses: list[Graph]) -> None:
        if len(uses) < 2 or all(self._are_copies(use) for use in uses):
            return None
        scope = _Scope(uses)
        try:
            contents = self._contents(uses, scope)
        except UnlikeError:
            return self._apart(cls, uses)
        params = {name: _declared(values) for name, values in scope.params.items()}
        definition: Spec = ({"params": params} if params else {}) | contents
        outputs = contents
        name = self._free(cls.__name__)
        values = {id(use): {key: vector[i] for key, vector in scope.params.items()} for i, use in enumerate(uses)}
        ports = list(outputs.get("outputs", ())) or None
        block = _Block(name, definition, values, ports)
        self.made[name] = block
        self.blocks.update({id(use): block for use in uses})
        return None

    def _are_copies(self, graph: Graph) -> bool:
        """Whether a graph is a row of one block, which says itself in a line."""
        blocks = {id(node.graph and self.block(node.graph)) for node in graph.nodes}
        return len(graph.nodes) > 1 and _is_chain(graph) and blocks.isdisjoint({id(None)}) and len(blocks) == 1

    def _apart(self, cls: type, uses: list[Graph]) -> None:
        """As few blocks as hold them all: those of one structure are one, and those that can be."""
        likes: dict[str, list[Graph]] = {}
        for use in uses:
            likes.setdefault(_likeness(use), []).append(use)
        groups: list[list[Graph]] = []
        for like in likes.values():
            for group in groups:
                if self._fit(group + like):
                    group += like
                    break
            else:
                groups.append(like)
        if len(groups) > 1:
            for group in groups:
                self._make(cls, group)

    def _fit(self, uses: list[Graph]) -> bool:
        """Whether uses can be one block."""
        try:
            self._contents(uses, _Scope(uses))
        except UnlikeError:
            return False
        return True

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
            UnlikeError: They are not one graph with parameters.
        """
        merged = _merged_names([[node.name for node in graph.nodes] for graph in graphs if graph])
        sizes = [graph.size for graph in graphs if graph]
        if any(2 * size < max(sizes) for size in sizes):
            raise UnlikeError  # they have little in common
        columns = {name: [_find(graph, name) if graph else None for graph in graphs] for name in merged}
        made: Spec = {}
        references: dict[str, list[str]] = {}
        around = _shapes(
            "input", [graph.inputs[0][0].shape if graph and len(graph.inputs) == 1 else _ANY for graph in graphs]
        )
        for name, column in columns.items():
            references[name] = _operands(column, graphs, columns, references, inputs)
            made[name] = self.node(name, column, graphs, scope, around)
            _with_operands(made, name, references[name], inputs)
        return {name: _bare(node) for name, node in made.items()}

    def node(
        self,
        name: str,
        column: Sequence[Node | None],
        graphs: Sequence[Graph | None],
        scope: _Scope,
        around: Mapping[str, Sequence[Any]],
    ) -> Spec:
        """What the nodes of a name are in common."""
        present = [node for node in column if node is not None]
        reused = {node.reused.name if node.reused else "" for node in present}
        if reused != {""}:
            (first, *others) = reused
            if others or len(present) != len(column):
                raise UnlikeError
            return {"reuse": first}
        if len({(node.op, node.graph is None) for node in present}) != 1:
            return {
                "op": scope.express([_choice(node, graph) for node, graph in zip(column, graphs, strict=True)], "act")
            }
        made: Spec
        operand = _shapes("operand", [_taken(node)[0].shape if node and _taken(node) else _ANY for node in column])
        if present[0].graph is None:
            given = [node.arguments if node else None for node in column]
            made = {"op": present[0].op} | self._arguments(given, scope, present[0].op, {**operand, **around})
        else:
            made = self._group([node.graph if node else None for node in column], scope, {**around, **operand})
        missing = [graph is not None and node is None for graph, node in zip(graphs, column, strict=True)]
        if any(missing) and name.isdecimal() and present[0].graph is None and not present[0].held:
            choices = [_choice(node, graph) for node, graph in zip(column, graphs, strict=True)]
            return {"op": scope.express(choices, "act")}
        if any(missing):
            states = [_ANY if graph is None else node is not None for graph, node in zip(graphs, column, strict=True)]
            wanted = f"with_{present[0].op or 'block'}" if name.isdecimal() else f"with_{name}"
            made["when"] = scope.express(states, wanted, {**around, **operand})
        return made

    def _arguments(
        self, columns: Sequence[Mapping[str, Any] | None], scope: _Scope, op: str, shapes: Mapping[str, Sequence[Any]]
    ) -> Spec:
        stated = {name for given in columns if given for name in given}
        names = [name for name in _fields(op) if name in stated]
        made = {}
        for name in names:
            values = [given.get(name, _default(op, name)) if given is not None else _ANY for given in columns]
            made[name] = scope.express(
                values, name, _apt(name, shapes), rest=-1 if (op, name) == ("reshape", "shape") else None
            )
        return made

    def _group(self, graphs: Sequence[Graph | None], scope: _Scope, shapes: Mapping[str, Sequence[Any]]) -> Spec:
        present = [graph for graph in graphs if graph is not None]
        blocks = {id(block): block for graph in present if (block := self.block(graph))}
        if len(blocks) == 1 and all(self.block(graph) for graph in present):
            (block,) = blocks.values()
            return {"block": block.name} | self._block_arguments(block, graphs, scope, shapes)
        if blocks:
            raise UnlikeError
        if len(graphs) == 1 and all(node.graph in self.stages for node in present[0].nodes):
            return self._stages(present[0], scope)
        if all(_is_chain(graph) for graph in present) and (made := self._copies(graphs, scope)):
            return made
        return self._contents(graphs, scope)

    def _contents(self, graphs: Sequence[Graph | None], scope: _Scope) -> Spec:
        """The graph, inputs and outputs of a group or block."""
        present = [graph for graph in graphs if graph is not None]
        if len(graphs) == 1:
            self._gather(present[0])
        if all(_is_chain(graph) for graph in present):
            listed = self.chain(graphs, scope)
            full = [graph for graph in present if len(graph.nodes) == len(listed)]
            if len(full) < len(present) and not all(map(_gives_last, present)):
                raise UnlikeError
            return {"graph": listed} | _outputs(full, {_last(listed): None})
        inputs = _input_names(present)
        made: Spec = {}
        if inputs != ["input"]:
            made["inputs"] = inputs
        made["graph"] = nodes = self.nodes(graphs, scope, inputs)
        if any(key.isdecimal() for key in nodes):
            if [*nodes] != [str(i) for i in range(len(nodes))] or any(
                "from" in node for node in nodes.values() if isinstance(node, dict)
            ):
                raise UnlikeError
            made["graph"] = list(nodes.values())
        outputs = _outputs(present, nodes)
        if len(present) > 1:
            _check_taken(made["graph"], outputs)
        return made | outputs

    def _block_arguments(
        self, block: _Block, graphs: Sequence[Graph | None], scope: _Scope, shapes: Mapping[str, Sequence[Any]]
    ) -> Spec:
        made: Spec = {}
        for param in block.definition.get("params", {}):
            values = [block.values[id(graph)][param] if graph else _ANY for graph in graphs]
            self._argument(made, block, param, values, scope, shapes)
        return made

    @staticmethod
    def _argument(
        made: Spec,
        block: _Block,
        param: str,
        values: Sequence[Any],
        scope: _Scope,
        shapes: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        """State an argument of a block, where it is not the default."""
        declared = _as_mapping(block.definition["params"][param])
        if all(value is _ANY for value in values):
            if "default" not in declared:  # it matters to no node that there is
                made[param] = _plain(_one_of([given[param] for given in block.values.values()]))
            return
        given = scope.express(values, param, _apt(param, shapes or {}))
        if "default" not in declared or not _same(given, declared["default"]):
            made[param] = given

    # Chains: lists of modules, each of which takes the one before

    def _copies(self, graphs: Sequence[Graph | None], scope: _Scope) -> Spec | None:
        """A repeat or table of one block; None where the lists are not that."""
        rows = [graph.nodes if graph else None for graph in graphs]
        items = [node for row in rows for node in row or ()]
        blocks = {id(block): block for node in items if node.graph and (block := self.block(node.graph))}
        if len(blocks) != 1 or len(items) < 2 or not all(node.graph and self.block(node.graph) for node in items):
            return None
        (block,) = blocks.values()
        return self._repeat(block, rows, scope)

    def chain(self, graphs: Sequence[Graph | None], scope: _Scope) -> list[Any]:
        """The nodes of a list."""
        rows = [graph.nodes if graph else None for graph in graphs]
        present = [row for row in rows if row is not None]
        longest = max(map(len, present))
        if any(len(row) < longest - 1 for row in present):
            raise UnlikeError
        around = _shapes("input", [graph.inputs[0][0].shape if graph else _ANY for graph in graphs])
        columns = ([row[i] if row and i < len(row) else None for row in rows] for i in range(longest))
        return [_bare(self.node(str(i), column, graphs, scope, around)) for i, column in enumerate(columns)]

    def _gather(self, graph: Graph) -> None:
        """Put stages of one block that are in a list into a node of their own, and give names to the others."""
        if not _is_chain(graph) or not _gives_last(graph):
            return
        blocks = [self.block(node.graph) if node.graph else None for node in graph.nodes]
        start, end = max(_runs(blocks), key=lambda run: run[1] - run[0])
        block = blocks[start]
        if block is None or (start, end) == (0, len(blocks)):
            return
        rows = _rows(graph.nodes[start:end], block)
        if end - start < _LEAST_STAGED * min(2, len(rows)) or 2 * len(rows) > end - start:
            return
        stages = [_listed_graph(f"{graph.path}.{i}", row) for i, row in enumerate(rows)]
        table = stages[0]
        if len(stages) > 1:
            self.stages.update(stages)
            table = _listed_graph(graph.path, [Node("", graph=stage) for stage in stages])
        nodes = [*graph.nodes[:start], Node("", graph=table), *graph.nodes[end:]]
        names: set[str] = set()
        for node, known in zip(nodes, [*blocks[:start], block, *blocks[end:]], strict=True):
            stem = known.name if known else node.op or "group"
            node.name = next(name for n in range(1, 10**6) if (name := stem if n == 1 else f"{stem}{n}") not in names)
            names.add(node.name)
        for before, node in pairwise(nodes):
            wire = Wire(before, next(iter(before.graph.outputs)) if before.graph else "")
            if node.graph is None:
                node.operands = [wire]
            else:
                node.graph.inputs = [(own, wire) for own, _ in node.graph.inputs]
        graph.nodes = nodes
        graph.outputs = {
            port: Wire(nodes[-1], next(iter(nodes[-1].graph.outputs)) if nodes[-1].graph else "", wire.shape)
            for port, wire in graph.outputs.items()
        }

    def _stages(self, graph: Graph, scope: _Scope) -> Spec:
        """A table of a block, with a row for each stage: what differs among them, how many copies, and their first."""
        rows = [stage.nodes for node in graph.nodes if (stage := node.graph)]
        block = self.block(rows[0][0].graph) if rows[0][0].graph else None
        assert block is not None
        firsts = [block.values[id(row[0].graph)] for row in rows]
        rests = [block.values[id(row[-1].graph)] for row in rows]
        declared = block.definition.get("params", {})
        own = [
            name for name in declared if any(not _same(a[name], b[name]) for a, b in zip(firsts, rests, strict=True))
        ]
        usual = {
            name: _one_of([rest[name] for row, rest in zip(rows, rests, strict=True) if len(row) > 1]) for name in own
        }
        differing = [name for name in declared if name not in own and not _are_same([rest[name] for rest in rests])]
        columns = [*differing, scope.free("depth"), *own]
        made: Spec = {
            "each": [
                [*(rest[name] for name in differing), len(row), *(first[name] for name in own)]
                for row, first, rest in zip(rows, firsts, rests, strict=True)
            ],
            "as": columns,
            "block": block.name,
        }
        for name in declared:
            if name in differing:
                made[name] = f"${name}"
            elif name in own:
                self._argument(made, block, name, [usual[name]], scope)
            else:
                self._argument(made, block, name, [_one_of([rest[name] for rest in rests])], scope)
        made["repeat"] = f"${columns[len(differing)]}"
        if own:
            made["first"] = {name: f"${name}" for name in own}
        return made

    def _repeat(self, block: _Block, rows: Sequence[list[Node] | None], scope: _Scope) -> Spec | None:
        """Copies of a block, of which the first may differ; else a table."""
        values = [[block.values[id(node.graph)] for node in row] if row else None for row in rows]
        first, rest, growing, alternating = {}, {}, {}, {}
        for param in block.definition.get("params", {}):
            columns = [[each[param] for each in row] if row else None for row in values]
            if all(row is None or _are_same(row) for row in columns):
                rest[param] = [_ANY if row is None else _one_of(row) for row in columns]
            elif all(row is None or _are_same(row[1:]) for row in columns):
                first[param] = [_ANY if row is None else row[0] for row in columns]
                rest[param] = [_ANY if row is None or len(row) == 1 else _one_of(row[1:]) for row in columns]
            elif all(row is None or _alternates(row) for row in columns):
                starts = {_alternates(row) for row in columns if row is not None}
                if len(starts) > 1:
                    raise UnlikeError
                alternating[param] = starts.pop()
            elif all(row is None or _progression(row) for row in columns):
                growing[param] = [(_ANY, _ANY) if row is None else _progression(row) or () for row in columns]
            else:
                return self._table(block, rows, scope)
        made: Spec = {"block": block.name}
        for param, column in rest.items():
            self._argument(made, block, param, column, scope)
        for param, pairs in growing.items():
            start, step = (
                scope.express([pair[i] for pair in pairs], f"{param}_{('start', 'step')[i]}") for i in (0, 1)
            )
            start, step = (text.removeprefix("$") if isinstance(text, str) else text for text in (start, step))
            made[param] = f"$({step} * index)" if start == 0 else f"$({start} + {step} * index)"
        made.update(alternating)
        counts = [_ANY if row is None else len(row) for row in rows]
        made["repeat"] = scope.express(counts, "depth")
        if first:
            made["first"] = {param: scope.express(column, param) for param, column in first.items()}
        return made

    def _table(self, block: _Block, rows: Sequence[list[Node] | None], scope: _Scope) -> Spec | None:
        """A row for each copy, of what differs among them; None where a line for each is as short."""
        if len(rows) != 1 or rows[0] is None:
            raise UnlikeError
        if len(rows[0]) < _LEAST_ROWS:
            return None
        given = [block.values[id(node.graph)] for node in rows[0]]
        differing = [name for name in given[0] if not _are_same([each[name] for each in given])]
        usual = {name: _one_of([each[name] for each in given]) for name in given[0]}
        given = [
            {name: _plain(usual[name] if value is _ANY else value) for name, value in each.items()} for each in given
        ]
        made: Spec = {"each": [[each[name] for name in differing] for each in given], "as": [*differing]}
        if len(differing) == 1:
            made = {"each": [each[differing[0]] for each in given], "as": differing[0]}
        made["block"] = block.name
        for name, value in given[0].items():
            if name in differing:
                made[name] = f"${name}"
            else:
                self._argument(made, block, name, [value], scope)
        return made


_LEAST_ROWS = 5
"""Copies of a block that are a table, where neither a repeat nor an expression says what differs."""
_LEAST_STAGED = 3
"""Neighbours of one block in a list of others that become a repeat, and half of those that become a table of stages."""


def _runs(blocks: Sequence[_Block | None]) -> list[tuple[int, int]]:
    """Where neighbours of one block begin and end."""
    starts = [i for i, block in enumerate(blocks) if i == 0 or block is not blocks[i - 1]]
    return list(zip(starts, [*starts[1:], len(blocks)], strict=True))


def _rows(nodes: Sequence[Node], block: _Block) -> list[list[Node]]:
    """Nodes of a block as stages: the first of a stage may differ in its stride and in what it has."""
    rows: list[list[Node]] = []
    for node in nodes:
        values = block.values[id(node.graph)]
        before = block.values[id(rows[-1][-1].graph)] if rows else {}
        differing = {name for name in values if rows and not _same(values[name], before[name])}
        own = {name for name in differing if name == "stride" or isinstance(values[name], bool)}
        if not rows or differing - own or (differing and len(rows[-1]) > 1):
            rows.append([node])
        else:
            rows[-1].append(node)
    return rows


def _listed_graph(path: str, nodes: Sequence[Node]) -> Graph:
    """A list of nodes as the graph of a group, which takes what the first one does."""
    first, last = nodes[0], nodes[-1]
    assert first.graph is not None
    assert last.graph is not None
    (entry, outer), *_ = first.graph.inputs
    graph = Graph(path, None, list(nodes), [(Wire(None, "input1", entry.shape), outer)])
    for i, node in enumerate(nodes):
        node.name = str(i)
        assert node.graph is not None
        before = nodes[i - 1].graph if i else None
        wire = Wire(nodes[i - 1], next(iter(before.outputs))) if before else graph.inputs[0][0]
        node.graph.inputs = node.graph.inputs or [(Wire(None, "input1", entry.shape), outer)]
        node.graph.inputs = [(node.graph.inputs[0][0], wire)]
    ((port, wire),) = last.graph.outputs.items()
    graph.outputs = {port: Wire(last, port, wire.shape)}
    return graph


# References between nodes


def _operands(
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
        raise UnlikeError
    known = sorted(stated, key=lambda taken: -sum(ref.partition(".")[0] in columns for ref in taken))
    for whole in dict.fromkeys(map(tuple, known)):
        taken = list(whole)
        if len(taken) == 2 and _is_commutative(column):
            swapped = _hands_on_second(column, graphs, columns, references, taken, inputs)
            taken = taken[::-1] if swapped else taken
        if _serves(taken, column, graphs, columns, references, inputs):
            return taken
    raise UnlikeError


def _serves(
    taken: Sequence[str],
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    inputs: list[str],
) -> bool:
    """Whether what a node takes is right for all uses, where nodes that one lacks hand on what they take first."""
    for i, (node, graph) in enumerate(zip(column, graphs, strict=True)):
        if node is None or graph is None:
            continue
        own = [_reference(wire, graph, inputs) for wire in _taken(node)]
        passed = [_passed(ref, i, columns, references) for ref in taken]
        if own != passed and not (_is_commutative(column) and sorted(own) == sorted(passed)):
            return False
    return True


def _is_commutative(column: Sequence[Node | None]) -> bool:
    return {node.op for node in column if node is not None} <= {"add", "mul", "maximum", "minimum"}


def _hands_on_second(
    column: Sequence[Node | None],
    graphs: Sequence[Graph | None],
    columns: Mapping[str, Sequence[Node | None]],
    references: Mapping[str, list[str]],
    taken: list[str],
    inputs: list[str],
) -> bool:
    """Whether the uses that lack a node of two operands go on with the second one."""
    for i, (node, graph) in enumerate(zip(column, graphs, strict=True)):
        if node is None and graph is not None:
            one, other = (_passed(ref, i, columns, references) for ref in taken)
            given = {_reference(wire, graph, inputs) for wire in graph.outputs.values()}
            consumed = {_reference(wire, graph, inputs) for each in graph.nodes for wire in _taken(each)}
            if other in given or (one not in given and one in consumed and other not in consumed):
                return True
    return False


def _passed(
    ref: str, use: int, columns: Mapping[str, Sequence[Node | None]], references: Mapping[str, list[str]]
) -> str:
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
    if _is_chain(inner) and _can_be_copies(inner):
        last = inner.outputs[wire.port].node
        assert last is not None
        return wire.node.name if last is inner.nodes[-1] else f"{wire.node.name}.{last.name}"
    return wire.node.name if len(inner.outputs) == 1 else f"{wire.node.name}.{wire.port}"


def _can_be_copies(graph: Graph) -> bool:
    """Whether a list can be a repeat, whose copies are seen from outside; those of another list are its outputs."""
    classes = {type(node.graph.module) if node.graph else None for node in graph.nodes}
    return len(classes) == 1 and not classes & {None, *_CONTAINERS}


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
        UnlikeError: They give different things.
    """
    if all(len(graph.outputs) == 1 for graph in graphs):
        ends = {_reference(wire, graph) for graph in graphs for wire in graph.outputs.values()}
        last = next(reversed(nodes))
        full = [graph for graph in graphs if any(node.name == last for node in graph.nodes)]
        ends = (
            {_reference(wire, graph) for graph in full for wire in graph.outputs.values()}
            if full != list(graphs)
            else ends
        )
        if len(ends) != 1:
            raise UnlikeError
        (end,) = ends
        return {} if end == last else {"output": end}
    ports = [{port: _reference(wire, graph) for port, wire in graph.outputs.items()} for graph in graphs]
    if any(each != ports[0] for each in ports):
        raise UnlikeError
    return {"outputs": ports[0]}


def _check_taken(nodes: Any, outputs: Spec) -> None:
    """Look whether something takes each node of a graph that several uses have in common.

    Raises:
        UnlikeError: Nothing takes one.
    """
    if not isinstance(nodes, dict):
        return
    given = {outputs["output"]} if "output" in outputs else set(outputs.get("outputs", {}).values())
    names = list(nodes)
    taken = {ref.partition(".")[0] for ref in given or {names[-1]}}
    for before, (_, node) in zip(["", *names], nodes.items(), strict=False):
        stated = node.get("from", before) if isinstance(node, dict) else before
        if not (isinstance(node, dict) and node.get("op") in _SOURCES):
            taken |= {ref.partition(".")[0] for ref in ([stated] if isinstance(stated, str) else stated)}
    if not set(names) <= taken:
        raise UnlikeError


def _input_names(graphs: Sequence[Graph]) -> list[str]:
    (count, *others) = {len(graph.inputs) for graph in graphs}
    if others:
        raise UnlikeError
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
        UnlikeError: There is no such order.
    """
    merged = max(lists, key=lambda names: len(names)).copy()
    for names in lists:
        at = 0
        for name in names:
            if name in merged:
                if merged.index(name) < at:
                    raise UnlikeError
                at = merged.index(name) + 1
            else:
                merged.insert(at, name)
                at += 1
    return merged


def _likeness(graph: Graph) -> str:
    """The structure of a graph, without numbers."""
    parts = []
    for node in graph.nodes:
        taken = [_reference(wire, graph) for wire in _taken(node)]
        inner = _likeness(node.graph) if node.graph else f"{node.op}{sorted(node.arguments)}"
        parts.append(f"{node.name}({','.join(taken)})={inner}")
    return ";".join(parts)


def _are_same(values: Sequence[Any]) -> bool:
    stated = [value for value in values if value is not _ANY]
    return all(_same(value, stated[0]) for value in stated)


def _one_of(values: Sequence[Any]) -> Any:
    """A value that is stated; `_ANY` where none is."""
    return next((value for value in values if value is not _ANY), _ANY)


def _progression(values: Sequence[Any]) -> tuple[float, float] | None:
    """The first number and the step of numbers that grow evenly; None for others."""
    known = [(i, value) for i, value in enumerate(values) if value is not _ANY]
    if len(known) < 2 or not all(isinstance(value, float) for _, value in known):
        return None
    (i, one), (j, other) = known[0], known[-1]
    step = (other - one) / (j - i)
    start = one - step * i
    start = 0.0 if abs(start) < abs(step) * 1e-6 else start
    if any(abs(start + step * at - value) > 1e-9 for at, value in known):
        return None
    return _rounded(start), _rounded(step)


def _alternates(values: Sequence[Any]) -> str:
    """What gives booleans of which each is other than the one before; empty for others."""
    known = [value for value in values if value is not _ANY]
    if len(known) < len(values) or len(values) < _LEAST_STAGED or not all(isinstance(value, bool) for value in values):
        return ""
    if any(one == other for one, other in pairwise(values)):
        return ""
    return f"$(index % 2 == {0 if values[0] else 1})"


def _rounded(value: float) -> float:
    """A number without what is left of computing it."""
    return float(f"{value:.10g}")


def _declared(values: Sequence[Any]) -> Any:
    """The declaration of a parameter: the usual value as its default, where one is usual."""
    values = [value for value in values if value is not _ANY]
    common, count = Counter(map(repr, values)).most_common(1)[0]
    usual = next(value for value in values if repr(value) == common)
    if any(map(_is_choice, values)):
        nullable = {"nullable": True} if None in values else {}
        return {"type": "op"} | ({"default": _plain(usual)} if usual is not None else {"default": None}) | nullable
    if {type(value) for value in values} == {int, list}:
        return {"type": "size", "min": 0} | ({"default": usual} if count * 2 > len(values) else {})
    if count * 2 > len(values) or isinstance(usual, bool):
        return usual
    kinds = {bool: "bool", int: "int", float: "float", list: "list", str: "str"}
    types = {type(value) for value in values}
    return {"type": kinds[types.pop()]} if len(types) == 1 else usual


def _classes(nodes: Any) -> int | None:
    """The features of a linear layer at the end of a graph, which `$num_classes` takes the place of."""
    last = next(reversed(nodes.values() if isinstance(nodes, dict) else nodes))
    if not isinstance(last, dict):
        return None
    if "graph" in last:
        return _classes(last["graph"])
    count = last.get("out_features")
    if last.get("op") != "linear" or not isinstance(count, int):
        return None
    last["out_features"] = "$num_classes"
    return count


def _gives_last(graph: Graph) -> bool:
    """Whether all that a graph gives is its last node."""
    return [wire.node for wire in graph.outputs.values()] == [graph.nodes[-1]]


def _last(nodes: Any) -> str:
    """The name of the last node of a graph, which may be a list."""
    return str(len(nodes) - 1) if isinstance(nodes, list) else str(next(reversed(nodes)))


def _as_mapping(declared: Any) -> Mapping[str, Any]:
    return declared if isinstance(declared, dict) else {"default": declared}


def _default_of(declared: Any) -> Any:
    return _as_mapping(declared).get("default")


def _fields(op: str) -> list[str]:
    """The arguments of an op, in its order."""
    return list(registry.get(op).model_fields)


def _default(op: str, name: str) -> Any:
    value = compact(registry.get(op).model_fields[name].default)
    return list(value) if isinstance(value, tuple) else value


def _bare(node: Any) -> Any:
    return node["op"] if isinstance(node, dict) and list(node) == ["op"] else node
