"""From graphs of nodes to blocks, one for each class of modules, with repeats, and parameters for what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from archspec.importers.module.draft import Graph, Node
from archspec.importers.module.folding.copies import repeated, stages_of, state_argument
from archspec.importers.module.folding.params import arguments, declared
from archspec.importers.module.folding.scope import (
    ANY,
    Block,
    Scope,
    Spec,
    UnlikeError,
    choice_of,
    shapes_of,
)
from archspec.importers.module.folding.stages import gathered
from archspec.importers.module.folding.wiring import (
    CONTAINERS,
    check_taken,
    find_node,
    gives_last,
    input_names,
    is_chain,
    is_row,
    last_name,
    likeness,
    merged_names,
    name_numbered,
    operands_of,
    outputs_of,
    state_operands,
    taken_by,
)
from archspec.language.names import block_name_problem


class Folding:
    """Graphs as blocks and nodes, which are found as they are asked for.

    Attributes:
        root: The graph of the network.
        blocks: The block that a graph is, by the graph's identity.
        made: The blocks by name.
        classes: The graphs of each class of modules.
        tried: The classes whose blocks were made, or could not be.
        stages: Graphs that are rows of a table of stages.
        seen: Graphs in a list of which more is taken than the last.
    """

    def __init__(self, root: Graph) -> None:
        self.root = root
        self.blocks: dict[int, Block] = {}
        self.made: dict[str, Block] = {}
        self.classes: dict[type, list[Graph]] = {}
        self.seen: set[Graph | None] = set()
        for graph in root.walk():
            if len(graph.outputs) > 1 and is_chain(graph):
                self.seen.update(node.graph for node in graph.nodes)
            if graph is not root and type(graph.module) not in CONTAINERS:
                self.classes.setdefault(type(graph.module), []).append(graph)
        self.tried: set[type] = set()
        self.stages: set[Graph | None] = set()

    def definitions(self) -> Spec:
        """The blocks that are made."""
        return {block.name: block.definition for block in self.made.values()}

    def block(self, graph: Graph) -> Block | None:
        """The block that a graph is; None for one that stands as a group."""
        cls = type(graph.module)
        uses = self.classes.get(cls, [])
        if len(uses) < 2 or type(graph.module) in CONTAINERS or graph is self.root:
            return None
        if cls not in self.tried:
            self.tried.add(cls)
            self._make(cls, uses)
        return self.blocks.get(id(graph))

    def _make(self, cls: type, uses: list[Graph]) -> None:
        if len(uses) < 2 or (self.seen.isdisjoint(uses) and all(self._are_copies(use) for use in uses)):
            return None
        scope = Scope(uses)
        try:
            contents = self._contents(uses, scope)
        except UnlikeError:
            return self._apart(cls, uses)
        params = {name: declared(values) for name, values in scope.params.items()}
        definition: Spec = ({"params": params} if params else {}) | contents
        outputs = contents
        name = self._free(cls.__name__)
        values = {id(use): {key: vector[i] for key, vector in scope.params.items()} for i, use in enumerate(uses)}
        ports = list(outputs.get("outputs", ())) or None
        block = Block(name, definition, values, ports)
        self.made[name] = block
        self.blocks.update({id(use): block for use in uses})
        return None

    def _are_copies(self, graph: Graph) -> bool:
        """Whether a graph is a row of one block, which says itself in a line."""
        blocks = {id(node.graph and self.block(node.graph)) for node in graph.nodes}
        return len(graph.nodes) > 1 and is_chain(graph) and blocks.isdisjoint({id(None)}) and len(blocks) == 1

    def _apart(self, cls: type, uses: list[Graph]) -> None:
        """As few blocks as hold them all: those of one structure are one, and those that can be."""
        likes: dict[str, list[Graph]] = {}
        for use in uses:
            likes.setdefault(likeness(use), []).append(use)
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
            self._contents(uses, Scope(uses))
        except UnlikeError:
            return False
        return True

    def _free(self, class_name: str) -> str:
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", class_name.lstrip("_")).lower()
        name = words if not block_name_problem(words) else f"{words}_block"
        return name if name not in self.made else next(
            other for n in range(2, 10**6) if (other := f"{name}{n}") not in self.made
        )  # fmt: skip

    def nodes(self, graphs: Sequence[Graph | None], scope: Scope, inputs: list[str]) -> Spec:
        """The nodes that graphs have in common, one graph for each use; None where a use lacks it.

        Raises:
            UnlikeError: They are not one graph with parameters.
        """
        merged = merged_names([[node.name for node in graph.nodes] for graph in graphs if graph])
        sizes = [graph.size for graph in graphs if graph]
        if any(2 * size < max(sizes) for size in sizes):
            raise UnlikeError  # they have little in common
        columns = {name: [find_node(graph, name) if graph else None for graph in graphs] for name in merged}
        made: Spec = {}
        references: dict[str, list[str]] = {}
        around = shapes_of(
            "input", [graph.inputs[0][0].shape if graph and len(graph.inputs) == 1 else ANY for graph in graphs]
        )
        for name, column in columns.items():
            references[name] = operands_of(column, graphs, columns, references, inputs)
            made[name] = self.node(name, column, graphs, scope, around)
            state_operands(made, name, references[name], inputs)
        return {name: _bare(node) for name, node in made.items()}

    def node(
        self,
        name: str,
        column: Sequence[Node | None],
        graphs: Sequence[Graph | None],
        scope: Scope,
        around: Mapping[str, Sequence[Any]],
    ) -> Spec:
        """What the nodes of a name are in common."""
        present = [node for node in column if node is not None]
        reused = {node.reused.name if node.reused else "" for node in present}
        if reused != {""}:
            (first, *others) = reused
            if others or len(present) != len(column):
                raise UnlikeError
            for node in present:
                _write_alike(node)
            return {"reuse": first}
        if len({(node.op, node.graph is None) for node in present}) != 1:
            return {
                "op": scope.express([choice_of(node, graph) for node, graph in zip(column, graphs, strict=True)], "act")
            }
        made: Spec
        operand = shapes_of("operand", [taken_by(node)[0].shape if node and taken_by(node) else ANY for node in column])
        if present[0].graph is None:
            given = [node.arguments if node else None for node in column]
            made = {"op": present[0].op} | arguments(given, scope, present[0].op, {**operand, **around})
        else:
            made = self._group([node.graph if node else None for node in column], scope, {**around, **operand})
        missing = [graph is not None and node is None for graph, node in zip(graphs, column, strict=True)]
        if any(missing) and name.isdecimal() and present[0].graph is None and not present[0].held:
            choices = [choice_of(node, graph) for node, graph in zip(column, graphs, strict=True)]
            return {"op": scope.express(choices, "act")}
        if any(missing):
            states = [ANY if graph is None else node is not None for graph, node in zip(graphs, column, strict=True)]
            wanted = f"with_{present[0].op or 'block'}" if name.isdecimal() else f"with_{name}"
            made["when"] = scope.express(states, wanted, {**around, **operand})
        return made

    def _group(self, graphs: Sequence[Graph | None], scope: Scope, shapes: Mapping[str, Sequence[Any]]) -> Spec:
        present = [graph for graph in graphs if graph is not None]
        for graph in present:
            graph.is_copies = False
        blocks = {id(block): block for graph in present if (block := self.block(graph))}
        if len(blocks) == 1 and all(self.block(graph) for graph in present):
            (block,) = blocks.values()
            return {"block": block.name} | self._block_arguments(block, graphs, scope, shapes)
        if blocks:
            raise UnlikeError
        if len(graphs) == 1 and all(node.graph in self.stages for node in present[0].nodes):
            return stages_of(self._of_stages(present[0]), present[0], scope)
        if all(is_chain(graph) for graph in present) or all(is_row(graph) for graph in present):
            if made := self._copies(graphs, scope):
                for graph in present:
                    graph.is_copies = True
                return made
            for graph in present:
                if not is_chain(graph):
                    name_numbered(graph)
        return self._contents(graphs, scope)

    def _contents(self, graphs: Sequence[Graph | None], scope: Scope) -> Spec:
        """The graph, inputs and outputs of a group or block."""
        present = [graph for graph in graphs if graph is not None]
        if len(graphs) == 1:
            self._gather(present[0])
        if all(is_chain(graph) for graph in present):
            listed = self.chain(graphs, scope)
            full = [graph for graph in present if len(graph.nodes) == len(listed)]
            if len(full) < len(present) and not all(map(gives_last, present)):
                raise UnlikeError
            return {"graph": listed} | outputs_of(full, {last_name(listed): None})
        inputs = input_names(present)
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
        outputs = outputs_of(present, nodes)
        if len(present) > 1:
            check_taken(made["graph"], outputs)
        return made | outputs

    def _block_arguments(
        self, block: Block, graphs: Sequence[Graph | None], scope: Scope, shapes: Mapping[str, Sequence[Any]]
    ) -> Spec:
        made: Spec = {}
        for param in block.definition.get("params", {}):
            values = [block.values[id(graph)][param] if graph else ANY for graph in graphs]
            state_argument(made, block, param, values, scope, shapes)
        return made

    def _copies(self, graphs: Sequence[Graph | None], scope: Scope) -> Spec | None:
        """A repeat or table of one block; None where the lists are not that."""
        rows = [graph.nodes if graph else None for graph in graphs]
        items = [node for row in rows for node in row or ()]
        blocks = {id(block): block for node in items if node.graph and (block := self.block(node.graph))}
        if len(blocks) != 1 or len(items) < 2 or not all(node.graph and self.block(node.graph) for node in items):
            return None
        (block,) = blocks.values()
        return repeated(block, rows, scope)

    def chain(self, graphs: Sequence[Graph | None], scope: Scope) -> list[Any]:
        """The nodes of a list."""
        rows = [graph.nodes if graph else None for graph in graphs]
        present = [row for row in rows if row is not None]
        longest = max(map(len, present))
        if any(len(row) < longest - 1 for row in present):
            raise UnlikeError
        around = shapes_of("input", [graph.inputs[0][0].shape if graph else ANY for graph in graphs])
        columns = ([row[i] if row and i < len(row) else None for row in rows] for i in range(longest))
        return [_bare(self.node(str(i), column, graphs, scope, around)) for i, column in enumerate(columns)]

    def _of_stages(self, table: Graph) -> Block:
        """The block whose copies the rows of a table of stages are."""
        (first, *_) = [node for stage in table.nodes if stage.graph for node in stage.graph.nodes]
        block = self.block(first.graph) if first.graph else None
        assert block is not None
        return block

    def _gather(self, graph: Graph) -> None:
        """Put stages of one block that are in a list into a node of their own."""
        if is_chain(graph) and gives_last(graph):
            blocks = [self.block(node.graph) if node.graph else None for node in graph.nodes]
            self.stages.update(gathered(graph, blocks))


def _write_alike(node: Node) -> None:
    """Take outputs of a node that reuses another as those of that one are taken."""
    if node.graph is not None and node.reused is not None and node.reused.graph is not None:
        node.graph.is_copies = node.reused.graph.is_copies


def _bare(node: Any) -> Any:
    return node["op"] if isinstance(node, dict) and list(node) == ["op"] else node
