"""What a picture says of an op or a block: its kind, the arguments that matter, its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from archspec.drawing.content.scene import Edge
from archspec.language.choice import kind_named
from archspec.network import Block, Node, NotCompiled, kept, kept_inside, one_op
from archspec.ops import bundled
from archspec.ops.arguments import compact
from archspec.ops.op import Op
from archspec.ops.registry import find
from archspec.ops.tensor import Places, Shape

FAMILIES = {
    "input": "input, output",
    "conv": "convolution",
    "local": "local convolution",
    "linear": "linear",
    "attention": "attention",
    "pool": "pooling",
    "norm": "normalisation",
    "activation": "activation",
    "merge": "sum, concatenation",
    "arithmetic": "arithmetic",
    "reduction": "reduction",
    "reshape": "reshape",
    "resample": "resampling",
    "dropout": "dropout",
    "constant": "learned or fixed tensor",
    "block": "block",
    "other": "other",
    "failed": "did not compile",
    "added": "added",
    "removed": "removed",
    "changed": "changed, renamed or moved",
}
"""What ops have in common, as the bundled ones are filed, or what became of them, and what a legend calls it."""

LIGHT = frozenset({"norm", "activation", "arithmetic", "reduction", "dropout", "reshape", "constant", "other"})
"""Families of ops that finish what another op does, so that an overview shows both as one."""

_WORDS = {
    "conv_transpose": "transposed conv",
    "local_conv": "local conv",
    "local_response_norm": "LRN",
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "leaky ReLU",
    "prelu": "PReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "silu": "SiLU",
}
"""Names of ops that the field writes in another way."""

_GLYPHS = {
    "add": "+",
    "sub": "−",
    "mul": "×",
    "div": "÷",
    "maximum": "max",
    "minimum": "min",
    "concat": "concat",
    "stack": "stack",
}
"""Signs of the ops that join tensors."""

_QUIET = frozenset(
    """
    padding output_padding padding_mode bias eps momentum affine elementwise_affine track_running_stats ceil_mode
    count_include_pad divisor_override start_dim end_dim dim keepdim align_corners inplace alpha beta k init
    num_parameters init_value approximate threshold
    """.split()
)
"""Arguments that say little at a glance."""


class OpSymbol(Op):
    """An op that a parameter stands for, in a block by itself."""

    text: str
    """The parameter."""
    family: str
    """The family of the op that it is in the block's use."""


def family(op: Op) -> str:
    """One of `FAMILIES`; for an op of a plugin that of the bundled op that it extends."""
    if isinstance(op, NotCompiled):
        return "failed"
    if isinstance(op, OpSymbol):
        return op.family
    if _number(op) is not None:
        return "arithmetic"
    return _filed(type(op))


@cache
def _filed(cls: type[Op]) -> str:
    families = (bundled.family(each.__module__) for each in cls.__mro__)
    return next((name for name in families if name in FAMILIES), "other")


def word(op: Op, inputs: tuple[Shape, ...] = ()) -> str:
    """What an op is called."""
    if isinstance(op, NotCompiled):
        return spoken(op.kind.rpartition("/")[2].partition(".")[0])
    if isinstance(op, OpSymbol):
        return spoken(op.text)
    if is_depthwise(op, inputs):
        return "depthwise conv"
    if _number(op) is not None:
        return f"{_GLYPHS[op.name]} {_plain(_number(op))}"
    if op.name == "normalize":
        return f"L{_plain(getattr(op, 'p', 2))} normalize"
    return _WORDS.get(op.name, op.name.replace("_", " "))


def glyph(op: Op) -> str:
    """The sign of an op that joins tensors; empty for others, such as a sum of one and a number."""
    return "" if _number(op) is not None else _GLYPHS.get(op.name, "")


def _number(op: Op) -> Any:
    """The number that an op of two operands takes in place of the second; None where it takes tensors."""
    return getattr(op, "value", None) if op.name in _GLYPHS else None


def is_depthwise(op: Op, inputs: tuple[Shape, ...]) -> bool:
    """Whether it convolves every channel by itself."""
    groups = vars(op).get("groups", 1) if op.name == "conv" else 1
    return groups != 1 and bool(inputs) and groups == inputs[0][0]


def essentials(op: Op, inputs: tuple[Shape, ...] = ()) -> str:
    """The arguments that matter, as papers write them: ``7×7, 64, /2``."""
    if isinstance(op, NotCompiled | OpSymbol):
        return ""
    values = {name: getattr(op, name) for name in type(op).model_fields}
    changed = op.changed()
    values.pop("groups" if is_depthwise(op, inputs) else _TOLD.get(op.name, ""), None)
    shown = {name: value for name, value in values.items() if name in _ALWAYS or name in changed}
    return ", ".join(written(shown))


def written(arguments: Mapping[str, Any]) -> list[str]:
    """Arguments as papers write them, the window first; those that say little are left out.

    >>> written({"out_channels": 64, "stride": (2, 2), "kernel_size": (7, 7), "eps": 1e-3, "ch1x1": 8})
    ['7×7', '64', 'ch1x1 8', '/2']
    """
    others = [name for name in arguments if name not in _WRITERS]
    order = [name for group in _ORDER for name in (others if group == "" else group.split())]
    texts = [_written(name, arguments[name]) for name in order if name in arguments]
    return [text for text in texts if text]


def _written(name: str, value: Any) -> str:
    if name in _QUIET or value is None:
        return ""
    if name in _WRITERS and _is_size(value):
        return _WRITERS[name](value)
    return argument(name, value)


def _is_size(value: Any) -> bool:
    """Whether a value is numbers or texts; a parameter of a block may be called `stride` and stand for an op."""
    items = value if isinstance(value, tuple | list) else (value,)
    return all(isinstance(item, int | float | str) and not isinstance(item, bool) for item in items)


def argument(name: str, value: Any) -> str:
    """Any argument by its name: ``expansion 6``; only that where a parameter of the same name stands for it."""
    words = spoken(name)
    if value is True or value == name:
        return words
    return f"no {words}" if value is False else f"{words} {_plain(value)}"


def spoken(name: str) -> str:
    """A name as words."""
    return name.replace("_", " ")


def without_number(name: str) -> str:
    """A name as words, without a number at its end."""
    return spoken(name).rstrip("0123456789 ")


def group_word(name: str) -> str:
    """What a group is called: by its name, which in a list is a number."""
    return f"group {name}" if name.isdecimal() else spoken(name)


def _plain(value: Any) -> str:
    value = compact(tuple(value) if isinstance(value, list) else value)
    if isinstance(value, float):
        return f"{value:g}"
    if named := kind_named(value):
        given = [argument(name, each) for name, each in value.items() if name != named and name not in _QUIET]
        return f"{value[named]} ({', '.join(given)})" if given else str(value[named])
    if isinstance(value, tuple):
        return "(" + ", ".join(map(str, value)) + ")"
    return printable(str(value))[:40]


def printable(text: str) -> str:
    """A text without characters that cannot be printed, in one line."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def times(sizes: Iterable[Any]) -> str:
    """``3×3``."""
    return "×".join(map(str, sizes))


def _window(value: Any) -> str:
    return times(value if isinstance(value, tuple | list) else (value, value))


def _unless_one(prefix: str) -> Callable[[Any], str]:
    def write(value: Any) -> str:
        sizes = tuple(value) if isinstance(value, tuple | list) else (value,)
        return "" if set(sizes) == {1} else prefix + times(sizes if len(set(sizes)) > 1 else sizes[:1])

    return write


_TOLD = {"add": "value", "sub": "value", "mul": "value", "div": "value", "normalize": "p"}
"""An argument that an op's word tells."""
_ALWAYS = frozenset({"kernel_size", "output_size", "out_channels", "out_features", "p", "stride"})
_WRITERS: dict[str, Callable[[Any], str]] = {
    "kernel_size": _window,
    "output_size": lambda value: f"to {_window(value)}",
    "out_channels": str,
    "out_features": str,
    "stride": _unless_one("/"),
    "dilation": _unless_one("dilation "),
    "groups": lambda value: "" if value == 1 else f"{value} groups",
    "p": lambda value: _plain(value),
    "scale_factor": lambda value: f"×{_plain(value)}",
    "upscale_factor": lambda value: f"×{value}",
    "downscale_factor": lambda value: f"/{value}",
    "exponent": lambda value: _plain(value),
    "parametrize": lambda value: spoken(str(value)),
}
"""Arguments whose value says enough."""

_ORDER = (
    "kernel_size output_size scale_factor upscale_factor downscale_factor exponent out_channels out_features p",
    "",
    "stride dilation groups parametrize",
)
"""The order in which arguments are written; all others come where there is nothing."""


def shape_text(shape: Shape) -> str:
    """``64×56×56``."""
    text = times(shape) if shape else "scalar"
    return f"indices {text}" if isinstance(shape, Places) else text


def edge_text(edge: Edge) -> str:
    """What is written beside an edge: its shape, and which of several tensors of a block it is."""
    return f"{edge.port} {shape_text(edge.shape)}".lstrip()


def definition_word(block: Block) -> str:
    """What a block is called, a repeat what it repeats; empty for a group, and where copies are of several kinds."""
    if block.kind != "repeat":
        return block.definition.replace("_", " ")
    first, *others = block.children
    if any(kind_of(other) != kind_of(first) for other in others):
        return ""
    return word(first.op, first.input_shapes) if isinstance(first, Node) else definition_word(first)


def kind_of(part: Block | Node) -> str:
    """What copies have in common that differ in arguments alone: the op, or the block."""
    node = one_op(part)
    return node.op.name if node is not None else f"{getattr(part, 'kind', '')} {getattr(part, 'definition', '')}"


def block_arguments(block: Block) -> dict[str, Any]:
    """The arguments that were given to a block and that are not its defaults, and those that always matter."""
    params = block.template.params
    given = {name: value for name, value in block.arguments.items() if name in block.written or name in _ALWAYS}
    return {
        name: value
        for name, value in given.items()
        if name in _ALWAYS or name not in params or params[name].required or value != params[name].default
    }


def finishes(block: Block, name: str) -> bool:
    """Whether a parameter stands for an op that finishes others, such as the normalisation of all layers inside."""
    value, param = block.arguments[name], block.template.params.get(name)
    is_op = param is not None and (param.type == "op" or kind_named(param.default) == "op")
    op = find(value if isinstance(value, str) else value["op"]) if is_op and value is not None else None
    return op is not None and _filed(op) in LIGHT


@kept_inside
def branch_channels(block: Block) -> str:
    """What a block concatenates: ``64 + 128 + 32 + 32``; empty where its output is no concatenation of numbers."""
    nodes = {node.path: node for node in block.inner_nodes}
    ends = [nodes.get(path) for path in block.outputs.values()]
    if len(ends) != 1 or ends[0] is None or ends[0].op.name != "concat" or not ends[0].input_shapes[0]:
        return ""
    channels = [str(shape[0]) for shape in ends[0].input_shapes]
    return " + ".join(channels) if all(channels) else ""


@kept
def sized(block: Block) -> Mapping[str, Any]:
    """The arguments that were given to a block, those for each spatial dimension written so."""
    arguments = block_arguments(block)
    first = next(block.nodes(), None)
    rank = len(first.input_shapes[0]) - 1 if first and first.input_shapes else 0
    for name in _PER_AXIS & arguments.keys():
        if type(arguments[name]) is int:
            arguments[name] = (arguments[name],) * max(rank, 1)
    return arguments


_PER_AXIS = frozenset({"kernel_size", "output_size"})
