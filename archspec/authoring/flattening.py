"""From a network to one file that holds all of it: no parameters, no expressions, no other files, no changes.

It is made of what the network holds, not of how its files say it, so that it is right for whatever these are. Equal
blocks are one entry of ``blocks:``; copies that differ are a table of the ops or blocks that they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from archspec.authoring.rules import rules
from archspec.authoring.tensors import INPUT, OUTPUT, NoFlatError, Tensors
from archspec.importers.writing import write
from archspec.language.names import block_name_problem, similar_name
from archspec.network import Body, Network
from archspec.network.content import Applied, Content, Copies, Origin, Run, Use
from archspec.ops.arguments import compact, is_per_axis
from archspec.ops.op import Op

_UNIT, _COUNT, _IS_THERE = "unit", "n", "is_there"
"""What a table calls the op or block of a row, the number of its copies, and whether it holds something."""


def flattened(network: Network) -> str:
    """The text of a spec that compiles by itself to the same network.

    Its nodes have the paths, shapes and tensors of the network's, its outputs their names; rules of ``init:``,
    ``weights:`` and ``freeze:`` are those that speak of something, and the contract those that hold for the values of
    the parameters.

    Raises:
        NoFlatError: The language cannot say it in this form: copies that differ take or hand on more than one tensor
            and are copies of copies, some are ops and some blocks, or it does not need one of its inputs.
    """
    return write(_Flattening(network).spec())


class _Flattening:
    """The structure of a spec, as `archspec.importers.writing` takes it."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._tensors = Tensors()
        self._blocks: dict[str, dict[str, Any]] = {}
        self._known: dict[str, str] = {}

    def spec(self) -> dict[str, Any]:
        """All of it."""
        network = self._network
        body = network.blocks.content
        names = tuple(network.inputs)
        graph = self._graph(body, names)
        spec: dict[str, Any] = {"archspec": 1, "name": network.name}
        if network.doc:
            spec["doc"] = network.doc
        if network.paper is not None:
            spec["paper"] = network.paper.model_dump(exclude_none=True)
        spec["inputs"] = {name: list(shape) for name, shape in network.inputs.items()}
        if self._blocks:
            spec["blocks"] = self._blocks
        spec["graph"] = graph
        return spec | self._network_outputs(body, names) | rules(network)

    def _network_outputs(self, body: Body, names: Sequence[str]) -> dict[str, Any]:
        """The outputs of the network, each with its name."""
        references = self._references(body, names)
        kept = self._network.outputs
        outputs: dict[str, Any] = {
            name: {"from": reference, "training_only": True} if kept[name].training_only else reference
            for name, reference in references.items()
        }
        if list(outputs) == [OUTPUT] and not kept[OUTPUT].training_only:
            return self._stated_outputs(body, names)
        return {"outputs": outputs}

    # Graphs

    def _graph(self, body: Body, names: Sequence[str]) -> Any:
        """The nodes of a network, block or group.

        Args:
            body: What it holds.
            names: What its inputs are called.
        """
        self._tensors.refuse_unused(body)
        nodes: dict[str, Any] = {}
        above = names[0] if len(names) == 1 else ""
        for use in body.uses:
            node = self._node(use)
            operands = [self._reference(body, names, origin) for origin in self._tensors.operands(use)]
            if operands and operands != [above]:
                node["from"] = operands[0] if len(operands) == 1 else operands
            nodes[use.name] = node["op"] if list(node) == ["op"] else node
            above = use.name if self._tensors.has_one_output(use.content) else ""
        if body.graph is None or not body.graph.is_list:
            return nodes
        numbers = range(1 + max(map(int, nodes), default=-1))
        return [nodes.get(str(number), {"op": "identity", "when": False}) for number in numbers]

    def _reference(self, body: Body, names: Sequence[str], origin: Origin) -> str:
        """A tensor as nodes of a graph name it."""
        if isinstance(origin, int):
            return names[self._tensors.inputs(body).index(origin)]
        name, _, rest = origin.partition(".")
        use = body.use(name)
        assert use is not None
        return self._tensors.named(name, use.content, rest)

    def _references(self, body: Body, names: Sequence[str]) -> dict[str, str]:
        """The outputs of a graph by name, as its nodes name them."""
        return {name: self._reference(body, names, origin) for name, origin in self._tensors.outputs(body).items()}

    def _stated_outputs(self, body: Body, names: Sequence[str]) -> dict[str, Any]:
        """The outputs of a graph; its last node's need not be said."""
        references = self._references(body, names)
        if len(references) > 1:
            return {"outputs": references}
        (reference,) = references.values()
        last = body.uses[-1]
        return {} if reference == last.name and self._tensors.has_one_output(last.content) else {"output": reference}

    # Nodes

    def _node(self, use: Use) -> dict[str, Any]:
        """A node without what it takes."""
        reused = use.step.reused
        if reused is not None:
            copies = use.content.copies if isinstance(use.content, Body) and use.step.copies_reuse else 0
            return {"reuse": use.shares, **({"repeat": copies} if copies else {})}
        content = use.content
        if isinstance(content, Body) and content.kind == "repeat":
            return self._repeat(use.name, content)
        if isinstance(content, Body) and content.kind == "group":
            return self._definition(content)
        return self._target(use.name, content)

    def _target(self, name: str, content: Content) -> dict[str, Any]:
        """An op with its arguments, or a block."""
        if isinstance(content, Body) and content.kind != "op":
            return {"block": self._block(content.definition or name, self._definition(content))}
        applied = content if isinstance(content, Applied) else content.uses[0].content
        assert isinstance(applied, Applied)
        return {"op": applied.op.name, **_arguments(applied.op)}

    def _definition(self, content: Body) -> dict[str, Any]:
        """What a group, or a block of the file's own, is made of."""
        names = self._tensors.names(content)
        inputs = {"inputs": list(names)} if names != (INPUT,) else {}
        return {**inputs, "graph": self._graph(content, names), **self._stated_outputs(content, names)}

    def _block(self, name: str, definition: dict[str, Any]) -> str:
        """The name of a block, which is new where no other is equal."""
        name = similar_name(name, block_name_problem)
        written = json.dumps([name, definition])
        if written not in self._known:
            taken = name
            number = 1
            while taken in self._blocks:
                number += 1
                taken = f"{name}_{number}"
            self._blocks[taken] = definition
            self._known[written] = taken
        return self._known[written]

    # Copies

    def _repeat(self, name: str, body: Body) -> dict[str, Any]:
        """A node with copies: one that repeats, or a table of what the copies are."""
        assert isinstance(body.uses, Copies)
        runs = body.uses.runs
        if not any(isinstance(run.content, Body) and run.content.kind == "repeat" for run in runs):
            targets = [(run, self._target(name, run.content)) for run in runs]
            if all(target == targets[0][1] for _, target in targets) and _are_all(runs):
                return {**targets[0][1], "repeat": runs[-1].stop}
            return self._table([target for _, target in targets], runs)
        rows = [self._target_of_copies(name, run.content) for run in runs]
        if all(row is not None for row in rows):
            counts = [run.content.copies if isinstance(run.content, Body) else 1 for run in runs]
            return self._table([row for row in rows if row is not None], runs, counts)
        return self._table([self._chain(name, run.content) for run in runs], runs)

    def _target_of_copies(self, name: str, content: Content) -> dict[str, Any] | None:
        """What all copies of a repeat are; None where they differ."""
        assert isinstance(content, Body)
        node = self._repeat(name, content)
        return None if "each" in node else {key: value for key, value in node.items() if key != "repeat"}

    def _chain(self, name: str, content: Content) -> dict[str, Any]:
        """A block whose nodes are called by numbers, as copies are."""
        assert isinstance(content, Body)
        assert isinstance(content.uses, Copies)
        runs = content.uses.runs
        if content.uses.others or not _are_all(runs) or len(self._tensors.outputs(content)) > 1:
            raise NoFlatError(f"copies of `{name}` have copies that differ, and take more than one tensor")
        nodes = [self._target(name, run.content) for run in runs for _ in range(run.length)]
        graph = [node["op"] if list(node) == ["op"] else node for node in nodes]
        return {"block": self._block(name, {"graph": graph})}

    def _table(
        self, targets: Sequence[dict[str, Any]], runs: Sequence[Run], counts: Sequence[int] = ()
    ) -> dict[str, Any]:
        """A table of ops or blocks, with the number of copies of each; a copy that holds nothing has its number."""
        unit, count, is_there = map(self._free, (_UNIT, _COUNT, _IS_THERE))
        kind = "block" if "block" in targets[0] else "op"
        if not all(kind in target for target in targets):
            raise NoFlatError("of the copies of a repeat some are ops and some are blocks")
        node: dict[str, Any] = {"each": [], "as": [unit, *([count] if counts else [])], kind: f"${unit}"}
        if counts:
            node["repeat"] = f"${count}"
        if not _are_all(runs):
            node["as"].append(is_there)
            node["when"] = f"${is_there}"
        for number, (target, run) in enumerate(zip(targets, runs, strict=True)):
            row = [target[kind] if len(target) == 1 else target, *([counts[number]] if counts else [])]
            for index in range(len(node["each"]), run.stop):
                node["each"].append(row if _are_all(runs) else [*row, index >= run.start])
        if len(node["as"]) == 1:
            node |= {"as": unit, "each": [row for (row,) in node["each"]]}
        return node

    def _free(self, name: str) -> str:
        """A name that nothing in the network has."""
        while name in self._names:
            name += "_"
        return name

    @cached_property
    def _names(self) -> frozenset[str]:
        found = {INPUT, *self._network.inputs}
        bodies, seen = [self._network.blocks.content], set[int]()
        while bodies:
            body = bodies.pop()
            if id(body) in seen:
                continue
            seen.add(id(body))
            found.update(body.graph.inputs if body.graph else ())
            for use in body.firsts():
                found.add(use.name)
                if isinstance(use.content, Body):
                    bodies.append(use.content)
        return frozenset(found)


def _are_all(runs: Sequence[Run]) -> bool:
    """Whether no copy holds nothing."""
    return [run.start for run in runs] == [0, *(run.stop for run in runs[:-1])]


def _arguments(op: Op) -> dict[str, Any]:
    """The arguments of an op that are not the defaults, as a person writes them."""
    fields = type(op).model_fields
    values = {name: getattr(op, name) for name in op.changed()}
    return {name: _listed(compact(value) if is_per_axis(fields[name]) else value) for name, value in values.items()}


def _listed(value: Any) -> Any:
    return list(map(_listed, value)) if isinstance(value, tuple) else value
