"""How much a spec may ask for. A spec is data: however it is written, a command ends soon and in little memory."""

from __future__ import annotations

from dataclasses import dataclass, fields

from typing_extensions import override

from archspec.errors import UsageError

VALUES_OF_A_STEP = 50
"""Operands, or values of arguments, that weigh as much as a node: what is told of each node has them all."""
VALUES_OF_A_PART = 10
"""Values of a list that take as long as a part of an expression."""
_MOST = {"depth": 128, "nesting": 50}
"""What Python's stack holds, with room for the program around."""


@dataclass(frozen=True, slots=True, repr=False)
class Limits:
    """Bounds on one compile, and on what is told of a network. What goes beyond one is an error that names it.

    Attributes:
        file_bytes: Size of one file, and of all files of a spec together.
        files: Files that one spec may draw in by `extends` and `block`, those of the library aside.
        values: YAML values (keys, scalars, lists, mappings) of one file, aliases expanded.
        depth: Nesting of values in one file, and of lists that expressions give; 128 at most.
        expression_chars: Length of one expression.
        list_values: Values of lists that expressions make or go through, those of lists in lists counted each time, and
            the parts of a function's expression at each call, each as `VALUES_OF_A_PART` values.
        nodes: Nodes of the whole network, counted through blocks, groups and repeats; `VALUES_OF_A_STEP`
            operands, or values of arguments, of one node count as one more.
        nesting: Blocks and groups inside each other; links in a chain of `extends`; 50 at most.
        parameters: Parameters of one network or block; values and functions of one `let`.
        variants: Variants of one spec.
        variant_nodes: Nodes of all variants that ``archspec check`` compiles, one after another, equal ones once.
        errors: Diagnostics reported at once.
        boxes: Boxes of one picture.
        edges: Edges of one picture, each counted for every row of boxes that it leads past.
        source_nodes: Different nodes that emitted source writes out: those of equal blocks once, and one of several
            operands as so many.
    """

    file_bytes: int = 8_000_000
    files: int = 1_000
    values: int = 500_000
    depth: int = 64
    expression_chars: int = 1_000
    list_values: int = 5_000_000
    nodes: int = 50_000
    nesting: int = 32
    parameters: int = 1_000
    variants: int = 1_000
    variant_nodes: int = 100_000
    errors: int = 100
    boxes: int = 5_000
    edges: int = 20_000
    source_nodes: int = 10_000

    def __post_init__(self) -> None:
        for name, most in _MOST.items():
            if getattr(self, name) > most:
                raise UsageError(f"the limit `{name}` is {most} at most: Python's stack holds no more")

    @override
    def __repr__(self) -> str:
        stated = ((each.name, getattr(self, each.name), each.default) for each in fields(self))
        return f"Limits({', '.join(f'{name}={value}' for name, value, default in stated if value != default)})"


def raise_limit(name: str) -> str:
    """How to ask for more than a limit allows."""
    return f"raise the limit with `--limit {name}=N` (Python: `Limits({name}=N)`)"
