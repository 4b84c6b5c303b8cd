"""Parameters of a block: what gives a value in each of its uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archspec.importers.module.construction import arguments_of
from archspec.importers.module.draft import Graph, Node
from archspec.language.names import parameter_name_problem

Spec = dict[str, Any]


class UnlikeError(Exception):
    """Uses of a class that are not one block with parameters."""


@dataclass
class Block:
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
class Scope:
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
        """What gives a value for each use, which may be `ANY`.

        Args:
            values: The values.
            wanted: A name for a new parameter, where one is needed.
            shapes: What else expressions can ask for where the value stands: numbers for each use.
            rest: What may stand for one item of a list that nothing computes.
        """
        values = [rounded(value) if isinstance(value, float) else value for value in values]
        stated = [value for value in values if value is not ANY]
        if not stated or all(is_same(value, stated[0]) for value in stated):
            return as_yaml(stated[0]) if stated else None
        if all(type(value) is int for value in stated) and (text := self._computed(values, shapes or {})):
            return text
        lengths = {len(value) if isinstance(value, list) else -1 for value in stated}
        if len(lengths) == 1 and lengths.pop() > 0:
            columns = zip(*(value if value is not ANY else [ANY] * len(stated[0]) for value in values), strict=True)
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
        for name, vector in self.params.items():
            if _is_one(vector, values):
                self.params[name] = [value if one is ANY else one for one, value in zip(vector, values, strict=True)]
                return f"${name}"
        name = self.free(self._attribute(values) or _SHORT.get(wanted, wanted))
        self.params[name] = list(values)
        return f"${name}"

    def _known(self, values: Sequence[Any], shapes: Mapping[str, Sequence[Any]]) -> Any:
        """What gives values without a new parameter; None where nothing does."""
        stated = [value for value in values if value is not ANY]
        if all(is_same(value, stated[0]) for value in stated):
            return as_yaml(stated[0])
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
        single = {f"{name} == 1": [ANY if each is ANY else each == 1 for each in known] for name, known in ints.items()}
        for part in ("input.channels", "operand.channels"):
            for text, known in {**ints, **self.texts}.items():
                if part in shapes and part not in text:
                    single[f"{part} == {text}"] = [
                        ANY if ANY in pair else pair[0] == pair[1] for pair in zip(shapes[part], known, strict=True)
                    ]
        for text, found in single.items():
            if _decides(found, values):
                return f"$({text})"
            if _decides(list(map(opposite, found)), values):
                return f"$({text.replace('==', '!=')})"
        for one, other in ((one, other) for one in single for other in single if one != other and "==" in one):
            both = [ANY if ANY in pair else all(pair) for pair in zip(single[one], single[other], strict=True)]
            if _decides(both, values):
                return f"$({one} and {other})"
            if _decides(list(map(opposite, both)), values):
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
            pairs = [pair for pair in zip(values, vector, strict=True) if pair[0] is not ANY]
            if any(base is ANY for _, base in pairs) or len({base for _, base in pairs}) < 2:
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
            found = [rounded(each) if isinstance(each, float) else each for each in found]
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


ANY: Any = object()
"""Stands for the value of a use that lacks the node."""


class _OpName(str):
    """The name of an op that is the value of a parameter."""

    __slots__ = ()


class _OpMapping(dict[str, Any]):
    """An op with arguments that is the value of a parameter."""


def choice_of(node: Node | None, graph: Graph | None) -> Any:
    """The op of a node as the value of a parameter; None for one that a use lacks.

    Raises:
        UnlikeError: It is more than a function of one tensor.
    """
    if graph is None:
        return ANY
    if node is None:
        return None
    if node.graph is not None or node.held or len(node.operands) != 1:
        raise UnlikeError
    return _OpMapping(op=node.op, **node.arguments) if node.arguments else _OpName(node.op)


def is_choice(value: Any) -> bool:
    """Whether a value of a parameter is an op."""
    return isinstance(value, _OpName | _OpMapping)


def shapes_of(name: str, shapes: Sequence[Any]) -> dict[str, list[Any]]:
    """What expressions can ask of a tensor, with the numbers for each use."""
    ranks = {len(shape) for shape in shapes if shape is not ANY}
    if len(ranks) != 1 or 0 in ranks:
        return {}
    (rank,) = ranks
    names = {1: ["features"], 3: ["channels", "height", "width"], 4: ["channels", "depth", "height", "width"]}
    parts = names.get(rank) or [f"shape[{i}]" for i in range(rank)]
    return {f"{name}.{part}": [shape if shape is ANY else shape[i] for shape in shapes] for i, part in enumerate(parts)}


_OF_SIZES = frozenset("shape size output_size kernel_size window_size start stop".split())


def apt(wanted: str, shapes: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """The sizes that a number may follow from: heights and widths only where it is one of them.

    What is last, where channels are last, is the width of a tensor.
    """
    if wanted in _OF_SIZES:
        return dict(shapes)
    unfit = (".depth", ".height") if "features" in wanted else (".depth", ".height", ".width")
    return {name: values for name, values in shapes.items() if not name.endswith(unfit)}


def is_same(one: Any, other: Any) -> bool:
    """Whether values are equal and of one type: 1 is not true."""
    return type(one) is type(other) and bool(one == other)


def as_yaml(value: Any) -> Any:
    """A value as YAML holds it."""
    return str(value) if isinstance(value, _OpName) else dict(value) if isinstance(value, _OpMapping) else value


def _are_ints(values: Sequence[Any]) -> bool:
    return all(type(value) is int or value is ANY for value in values)


def opposite(value: Any) -> Any:
    """Not a value, where there is one."""
    return value if value is ANY else not value


def _is_one(known: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether values can be those of a parameter that is open in some uses: they agree where both are known, often."""
    both = [pair for pair in zip(known, values, strict=True) if ANY not in pair]
    return all(is_same(*pair) for pair in both) and len({repr(value) for value, _ in both}) >= _LEAST_AGREEING


_LEAST_AGREEING = 3
"""Values that agree for two parameters to be one."""


def _decides(found: Sequence[Any], values: Sequence[Any]) -> bool:
    """Whether a condition is what is wanted in every use, and known in each."""
    return all(value is ANY or (each is not ANY and each == value) for each, value in zip(found, values, strict=True))


def _fits(known: Sequence[Any], values: Sequence[Any]) -> bool:
    return all(value is ANY or is_same(value, each) for each, value in zip(known, values, strict=True))


def rounded(value: float) -> float:
    """A number without what is left of computing it."""
    return float(f"{value:.10g}")


def are_same(values: Sequence[Any]) -> bool:
    """Whether all uses that have a value have the same."""
    stated = [value for value in values if value is not ANY]
    return all(is_same(value, stated[0]) for value in stated)


def one_of(values: Sequence[Any]) -> Any:
    """A value that is stated; `ANY` where none is."""
    return next((value for value in values if value is not ANY), ANY)


_SHORT = {"out_channels": "channels", "out_features": "features", "normalized_shape": "features"}
"""What a parameter is called that is this argument of an op."""
