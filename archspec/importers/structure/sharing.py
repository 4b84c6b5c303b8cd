"""Blocks of the file's own, for parts that come again, with parameters for what differs between them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from archspec.importers.draft import Shape
from archspec.importers.structure.units import Graph, Unit, is_conv, nodes_of
from archspec.language.names import parameter_name_problem

_ONES = ("stride", "dilation", "groups")
"""Arguments of a convolution that are 1 where they are left out."""


def _filled(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node with the arguments that are 1 where they are left out."""
    return (dict.fromkeys(_ONES, 1) if is_conv(node) else {}) | dict(node)


def _is_number(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_number, value))
    return isinstance(value, int) and not isinstance(value, bool)


def skeleton(unit: Unit) -> Any:
    """What a group is, whatever its numbers are; two groups of one skeleton are one block."""
    parts = []
    for each in unit.inner or ():
        node = _filled(each.node)
        values = tuple(sorted((key, "#" if _is_number(value) else repr(value)) for key, value in node.items()))
        parts.append((each.name, values, tuple(each.inputs)))
    return tuple(parts)


def share(graph: Graph) -> None:
    """Make a block of groups that differ in numbers alone, and leave others as they are."""
    shapes = dict(graph.inputs) | {unit.name: unit.shape for unit in graph.units}
    alike: dict[Any, list[Unit]] = defaultdict(list)
    for unit in graph.units:
        if unit.inner is not None:
            alike[skeleton(unit)].append(unit)
    for uses in alike.values():
        if len(uses) > 1:
            name = _block_name(uses, graph.blocks)
            _Sharing(uses, [shapes[unit.inputs[0]] for unit in uses]).into(graph.blocks, name)


def _block_name(uses: Sequence[Unit], taken: Iterable[str]) -> str:
    stem = uses[0].word or re.sub(r"[\d_]*\d[a-z]?$", "", uses[0].name).rstrip("_") or "part"
    number, name = 2, stem
    while name in taken or name in ("conv", "pool"):
        name, number = f"{stem}_{number}", number + 1
    return name


class _Sharing:
    """One block of several groups: what differs between them, and how it is said."""

    def __init__(self, uses: Sequence[Unit], entries: Sequence[Shape]) -> None:
        self.uses = uses
        self.entries = entries
        self.params: dict[str, list[Any]] = {}

    def into(self, blocks: dict[str, dict[str, Any]], name: str) -> None:
        """Add the block, and let each use name it."""
        inner = [self._said(number) for number in range(len(self.uses[0].inner or ()))]
        block: dict[str, Any] = {}
        if self.params:
            block["params"] = {each: _declared(values) for each, values in self.params.items()}
        blocks[name] = block | {"graph": nodes_of(inner, ["input"])}
        for number, unit in enumerate(self.uses):
            given = {each: values[number] for each, values in self.params.items()}
            given = {each: value for each, value in given.items() if each not in _ONES or value != 1}
            unit.node, unit.inner = {"block": name, **given}, None

    def _said(self, number: int) -> Unit:
        """A node of the block."""
        units = [(use.inner or [])[number] for use in self.uses]
        nodes = [_filled(unit.node) for unit in units]
        node = {}
        for key in nodes[0]:
            values = [each[key] for each in nodes]
            if any(value != values[0] for value in values):
                node[key] = self._expression(units[0], number, key, values)
            elif key in units[0].node or values[0] != 1:
                node[key] = values[0]
        order = [*units[0].node, *(key for key in node if key not in units[0].node)]
        return replace(units[0], node={key: node[key] for key in order if key in node})

    def _expression(self, unit: Unit, number: int, key: str, values: list[Any]) -> str:
        """What gives values that differ: channels that are there, another parameter, or one of their own."""
        if key in ("groups", "out_channels", "channels") and all(isinstance(value, int) for value in values):
            for word, channels in self._channels(unit, number):
                ratio = _ratio(values, channels)
                if ratio is not None and (word == "input" or ratio == ""):
                    return f"$({word}.channels{ratio})"
            for name, others in self.params.items():
                ratio = _ratio(values, others) if all(isinstance(each, int) for each in others) else None
                if ratio is not None and name not in _ONES:
                    return f"$({name}{ratio})" if ratio else f"${name}"
        for name, others in self.params.items():
            if others == values:
                return f"${name}"
        name = self._name(unit, key)
        self.params[name] = values
        return f"${name}"

    def _channels(self, unit: Unit, number: int) -> list[tuple[str, list[int]]]:
        """Channels that an expression of a node can name: those of what it takes, and of what the block takes."""
        found = [("input", [shape[0] for shape in self.entries])] if all(self.entries) else []
        before = {each.name: at for at, each in enumerate(self.uses[0].inner or ()) if at < number}
        at = before.get(unit.inputs[0]) if unit.inputs else None
        if at is not None:
            found.insert(0, ("operand", [(use.inner or [])[at].shape[0] for use in self.uses]))
        return found

    def _name(self, unit: Unit, key: str) -> str:
        plain = "channels" if key in ("out_channels", "out_features") else key
        for name in (plain, f"{unit.name}_{plain}", f"{unit.name}_{key}"):
            if name not in self.params and not parameter_name_problem(name):
                return name
        return f"{unit.name}_{key}_{len(self.params)}"


def _ratio(values: Sequence[int], others: Sequence[int]) -> str | None:
    """How values follow from others, as ` * 2`; None where they do not."""
    if list(values) == list(others):
        return ""
    for sign, above, below in ((" * ", values, others), (" // ", others, values)):
        ratios = {a / b for a, b in zip(above, below, strict=True)} if all(below) else set()
        if len(ratios) == 1 and (ratio := ratios.pop()).is_integer() and 1 < ratio <= 16:
            return f"{sign}{int(ratio)}"
    return None


def _declared(values: Sequence[Any]) -> dict[str, Any] | int:
    """The declaration of a parameter: 1 is its default where it is among the values of a stride."""
    if any(isinstance(value, list) for value in values):
        return {"type": "size"}
    return 1 if 1 in values else {"type": "int", "min": min(1, *values)}
