"""Copies of a block in a row: a repeat, a table, or stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from archspec.importers.module.draft import Graph, Node
from archspec.importers.module.folding.scope import (
    ANY,
    Block,
    Scope,
    Spec,
    UnlikeError,
    apt,
    are_same,
    as_yaml,
    is_same,
    one_of,
    rounded,
)
from archspec.importers.module.folding.stages import LEAST_STAGED

_LEAST_ROWS = 5
"""Copies of a block that are a table, where neither a repeat nor an expression says what differs."""


def _progression(values: Sequence[Any]) -> tuple[float, float] | None:
    """The first number and the step of numbers that grow evenly; None for others."""
    known = [(i, value) for i, value in enumerate(values) if value is not ANY]
    if len(known) < 2 or not all(isinstance(value, float) for _, value in known):
        return None
    (i, one), (j, other) = known[0], known[-1]
    step = (other - one) / (j - i)
    start = one - step * i
    start = 0.0 if abs(start) < abs(step) * 1e-6 else start
    if any(abs(start + step * at - value) > 1e-9 for at, value in known):
        return None
    return rounded(start), rounded(step)


def _alternates(values: Sequence[Any]) -> str:
    """What gives booleans of which each is other than the one before; empty for others."""
    known = [value for value in values if value is not ANY]
    if len(known) < len(values) or len(values) < LEAST_STAGED or not all(isinstance(value, bool) for value in values):
        return ""
    if any(one == other for one, other in pairwise(values)):
        return ""
    return f"$(index % 2 == {0 if values[0] else 1})"


def as_mapping(declared: Any) -> Mapping[str, Any]:
    """The declaration of a parameter, whose default may stand for it."""
    return declared if isinstance(declared, dict) else {"default": declared}


def state_argument(
    made: Spec,
    block: Block,
    param: str,
    values: Sequence[Any],
    scope: Scope,
    shapes: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """State an argument of a block, where it is not the default."""
    declared = as_mapping(block.definition["params"][param])
    if all(value is ANY for value in values):
        if "default" not in declared:  # it matters to no node that there is
            made[param] = as_yaml(one_of([given[param] for given in block.values.values()]))
        return
    given = scope.express(values, param, apt(param, shapes or {}))
    if "default" not in declared or not is_same(given, declared["default"]):
        made[param] = given


def repeated(block: Block, rows: Sequence[list[Node] | None], scope: Scope) -> Spec | None:
    """Copies of a block, of which the first may differ; else a table."""
    values = [[block.values[id(node.graph)] for node in row] if row else None for row in rows]
    first, rest, growing, alternating = {}, {}, {}, {}
    for param in block.definition.get("params", {}):
        columns = [[each[param] for each in row] if row else None for row in values]
        if all(row is None or are_same(row) for row in columns):
            rest[param] = [ANY if row is None else one_of(row) for row in columns]
        elif all(row is None or are_same(row[1:]) for row in columns):
            first[param] = [ANY if row is None else row[0] for row in columns]
            rest[param] = [ANY if row is None or len(row) == 1 else one_of(row[1:]) for row in columns]
        elif all(row is None or _alternates(row) for row in columns):
            starts = {_alternates(row) for row in columns if row is not None}
            if len(starts) > 1:
                raise UnlikeError
            alternating[param] = starts.pop()
        elif all(row is None or _progression(row) for row in columns):
            growing[param] = [(ANY, ANY) if row is None else _progression(row) or () for row in columns]
        else:
            return tabled(block, rows, scope)
    made: Spec = {"block": block.name}
    for param, column in rest.items():
        state_argument(made, block, param, column, scope)
    for param, pairs in growing.items():
        start, step = (scope.express([pair[i] for pair in pairs], f"{param}_{('start', 'step')[i]}") for i in (0, 1))
        start, step = (text.removeprefix("$") if isinstance(text, str) else text for text in (start, step))
        made[param] = f"$({step} * index)" if start == 0 else f"$({start} + {step} * index)"
    made.update(alternating)
    counts = [ANY if row is None else len(row) for row in rows]
    made["repeat"] = scope.express(counts, "depth")
    if first:
        made["first"] = {param: scope.express(column, param) for param, column in first.items()}
    return made


def tabled(block: Block, rows: Sequence[list[Node] | None], scope: Scope) -> Spec | None:
    """A row for each copy, of what differs among them; None where a line for each is as short."""
    if len(rows) != 1 or rows[0] is None:
        raise UnlikeError
    if len(rows[0]) < _LEAST_ROWS:
        return None
    given = [block.values[id(node.graph)] for node in rows[0]]
    differing = [name for name in given[0] if not are_same([each[name] for each in given])]
    usual = {name: one_of([each[name] for each in given]) for name in given[0]}
    given = [{name: as_yaml(usual[name] if value is ANY else value) for name, value in each.items()} for each in given]
    made: Spec = {"each": [[each[name] for name in differing] for each in given], "as": [*differing]}
    if len(differing) == 1:
        made = {"each": [each[differing[0]] for each in given], "as": differing[0]}
    made["block"] = block.name
    for name, value in given[0].items():
        if name in differing:
            made[name] = f"${name}"
        else:
            state_argument(made, block, name, [value], scope)
    return made


def stages_of(block: Block, graph: Graph, scope: Scope) -> Spec:
    """A table of a block, with a row for each stage: what differs among them, how many copies, and their first."""
    rows = [stage.nodes for node in graph.nodes if (stage := node.graph)]
    firsts = [block.values[id(row[0].graph)] for row in rows]
    rests = [block.values[id(row[-1].graph)] for row in rows]
    declared = block.definition.get("params", {})
    own = [name for name in declared if any(not is_same(a[name], b[name]) for a, b in zip(firsts, rests, strict=True))]
    usual = {name: one_of([rest[name] for row, rest in zip(rows, rests, strict=True) if len(row) > 1]) for name in own}
    differing = [name for name in declared if name not in own and not are_same([rest[name] for rest in rests])]
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
            state_argument(made, block, name, [usual[name]], scope)
        else:
            state_argument(made, block, name, [one_of([rest[name] for rest in rests])], scope)
    made["repeat"] = f"${columns[len(differing)]}"
    if own:
        made["first"] = {name: f"${name}" for name in own}
    return made
