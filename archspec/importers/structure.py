"""From a flat list of layers to a graph that a person would write.

Convolutions become library blocks with the norm and activation behind them; parts that come again become blocks of the
file's own, with parameters for what differs; runs of equal nodes become repeats. Each step leaves alone what it does
not understand, and whoever imports checks what comes out against the flat list.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from archspec.importers.draft import Layer, Names, Shape
from archspec.language.names import parameter_name_problem
from archspec.ops.same import same_pads

_MOST_IN_REGION = 40
_LEAST_IN_RESIDUAL = 4
_MOST_PERIOD = 8
_LEAST_COPIES = 3
"""Copies of several nodes in a row that are worth a group; of one node two are."""

_FUSED = {"": "conv_bn", "relu": "conv_bn_relu", "relu6": "conv_bn_relu6", "silu": "conv_bn_silu"}
_CONV = frozenset("op out_channels kernel_size stride padding dilation groups bias".split())
_CONVS = frozenset([*_FUSED.values(), "conv_norm_act", "conv_relu"])
_JOINS = frozenset("add concat mul sub maximum".split())
_ACTIVATIONS = frozenset(
    "relu relu6 leaky_relu silu sigmoid tanh elu gelu mish hardswish hardsigmoid hardtanh softplus".split()
)
_ONES = ("stride", "dilation", "groups")
"""Arguments of a convolution that are 1 where they are left out."""


@dataclass
class Unit:
    """A node of the graph that is being made.

    Attributes:
        name: What it is called.
        node: What it is, without `from`; of a group, the keys besides `graph`.
        inputs: What it takes; inside of a group, `input` is what the group takes.
        shape: What it gives.
        source: What the file calls it.
        inner: The nodes of a group.
        word: What kind of group it is, where its name does not say.
    """

    name: str
    node: dict[str, Any]
    inputs: list[str]
    shape: Shape
    source: str = ""
    inner: list[Unit] | None = None
    word: str = ""

    @property
    def kind(self) -> str:
        """The op or block that it is."""
        return str(self.node.get("op") or self.node.get("block") or "graph")


@dataclass
class Graph:
    """A graph and what belongs to it."""

    inputs: Mapping[str, Shape]
    outputs: dict[str, str]
    """What gives each output, by the output's name."""
    units: list[Unit]
    blocks: dict[str, dict[str, Any]] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)

    def spec(self, head: Mapping[str, Any], expect: Mapping[str, Any]) -> dict[str, Any]:
        """The spec of the network.

        Args:
            head: Its name, doc, and so on.
            expect: Its contract.
        """
        spec = {"archspec": 1, **head, "params": self.params, "inputs": {n: list(s) for n, s in self.inputs.items()}}
        spec |= {"blocks": self.blocks, "graph": _nodes(self.units, list(self.inputs))}
        last = self.units[-1].name if self.units else ""
        if list(self.outputs.values()) != [last]:
            spec |= {"outputs": dict(self.outputs)} if len(self.outputs) > 1 else {
                "output": next(iter(self.outputs.values()))
            }  # fmt: skip
        return {key: value for key, value in (spec | {"expect": dict(expect)}).items() if value not in ({}, "", None)}


def specs_of(
    layers: Sequence[Layer],
    inputs: Mapping[str, Shape],
    outputs: Mapping[str, str],
    head: Mapping[str, Any],
    expect: Mapping[str, Any],
    blocks: Mapping[str, dict[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """The network of a list of layers as specs, the one to be edited first and the plainest last.

    Args:
        layers: The layers, in order.
        inputs: The shapes of the inputs.
        outputs: What gives each output.
        head: The name of the network, and what else stands first.
        expect: Its contract.
        blocks: Blocks that some layers are.
    """

    def plain() -> Graph:
        units = [Unit(e.name, dict(e.node), list(e.inputs), e.shape, e.source) for e in layers]
        return Graph(inputs, dict(outputs), units, dict(blocks or {}))

    fused_graph, whole = plain(), plain()
    for graph in (fused_graph, whole):
        absorb_pads(graph)
        name_norm(graph)
        fuse(graph)
    group_by_name(whole)
    library(whole)
    group_joins(whole)
    library(whole)
    share(whole)
    repeat(whole)
    repeat_chains(whole)
    name_activation(whole)
    hand_down(whole, "norm")
    return [graph.spec(head, expect) for graph in (whole, fused_graph, plain())]


# Text of nodes


def _nodes(units: Sequence[Unit], inputs: Sequence[str]) -> dict[str, Any]:
    """The nodes of a graph as a spec has them: with `from` where they take another than the node above."""
    nodes: dict[str, Any] = {}
    above = list(inputs) if len(inputs) == 1 else []
    for unit in units:
        node = dict(unit.node)
        if unit.inputs and unit.inputs != above:
            node["from"] = unit.inputs[0] if len(unit.inputs) == 1 else list(unit.inputs)
        if unit.inner is not None:
            node["graph"] = _nodes(unit.inner, ["input"])
        nodes[unit.name] = str(node["op"]) if list(node) == ["op"] else node
        above = [unit.name]
    return nodes


# Who takes what


def _takers(graph: Graph) -> dict[str, list[Unit]]:
    """Who takes each node; an output takes it too, and is None's place held by the node itself."""
    takers: dict[str, list[Unit]] = defaultdict(list)
    for unit in graph.units:
        for name in unit.inputs:
            takers[name].append(unit)
    for name in graph.outputs.values():
        takers[name] += [_OUTPUT, _OUTPUT]
    return takers


_OUTPUT = Unit("", {}, [], ())


def _only(name: str, takers: Mapping[str, list[Unit]]) -> Unit | None:
    """The one node that takes another, and takes nothing else."""
    found = takers.get(name, [])
    return found[0] if len(found) == 1 and found[0].inputs == [name] else None


def _rename(graph: Graph, names: Mapping[str, str]) -> None:
    for unit in graph.units:
        unit.inputs = [names.get(name, name) for name in unit.inputs]
    graph.outputs = {output: names.get(name, name) for output, name in graph.outputs.items()}


# Padding


def absorb_pads(graph: Graph) -> None:
    """Let convolutions add the zeros that a node before them adds for them alone."""
    takers = _takers(graph)
    shapes = dict(graph.inputs) | {unit.name: unit.shape for unit in graph.units}
    gone: set[int] = set()
    for unit in graph.units:
        conv = _only(unit.name, takers) if unit.kind == "pad" and list(unit.node) == ["op", "padding"] else None
        if conv is None or conv.kind != "conv" or "padding" in conv.node:
            continue
        padding = _absorbed(unit.node["padding"], conv.node, shapes[unit.inputs[0]])
        if padding is not None:
            order = [key for key in _CONV_ORDER if key in conv.node]
            rest = {key: value for key, value in conv.node.items() if key not in order}
            conv.node = {**{key: conv.node[key] for key in order}, "padding": padding, **rest}
            conv.inputs = unit.inputs
            gone.add(id(unit))
    graph.units = [unit for unit in graph.units if id(unit) not in gone]


_CONV_ORDER = ("op", "out_channels", "kernel_size", "stride")


def _absorbed(pads: Sequence[int], conv: Mapping[str, Any], shape: Shape) -> Any:
    """The padding of a convolution that adds the same zeros; None where it has none such."""
    pairs = list(zip(pads[::2], pads[1::2], strict=True))[::-1]
    rank = len(shape) - 1
    if len(pairs) != rank or min(pads) < 0:
        return None
    if all(before == after for before, after in pairs):
        sizes = [before for before, _ in pairs]
        return sizes[0] if len(set(sizes)) == 1 else sizes
    kernel, stride, gaps = (_each(conv.get(key, 1), rank) for key in ("kernel_size", "stride", "dilation"))
    window = tuple((size - 1) * gap + 1 for size, gap in zip(kernel, gaps, strict=True))
    for padding in ("same_upper", "same_lower"):
        if same_pads(shape[1:], window, tuple(stride), padding) == tuple(pairs):
            return padding
    return None


def _each(value: Any, rank: int) -> list[int]:
    return list(value) if isinstance(value, list) else [value] * rank


# Library blocks


def name_norm(graph: Graph) -> None:
    """Give the network a parameter for its normalisation, where all are alike and not as they are by default."""
    norms = [unit for unit in graph.units if unit.kind == "batch_norm" and "affine" not in unit.node]
    if len(norms) > 1 and norms[0].node.keys() > {"op"} and all(unit.node == norms[0].node for unit in norms):
        graph.params["norm"] = {"default": norms[0].node, "doc": "Normalisation."}
        for unit in norms:
            unit.node = {"op": "$norm"}


def fuse(graph: Graph) -> None:
    """Make one block of a convolution, the norm, and the activation behind it."""
    takers = _takers(graph)
    gone: set[int] = set()
    names: dict[str, str] = {}
    for unit in graph.units:
        if unit.kind != "conv" or not unit.node.keys() <= _CONV or isinstance(unit.node.get("padding"), str):
            continue
        after = _only(unit.name, takers)
        norm = after if after is not None and after.kind in ("batch_norm", "$norm") else None
        after = _only(norm.name, takers) if norm else after
        act = after if after is not None and after.kind in _ACTIVATIONS else None
        block = _fused(unit.node, norm.node if norm else None, act.node if act else None)
        if block is None and norm is not None:
            act, block = None, _fused(unit.node, norm.node, None)
        if block is None:
            continue
        last = act or norm or unit
        for each in (norm, act):
            if each is not None:
                gone.add(id(each))
                names[each.name] = unit.name
        unit.node, unit.shape = block, last.shape
    graph.units = [unit for unit in graph.units if id(unit) not in gone]
    _rename(graph, names)


def _fused(conv: dict[str, Any], norm: dict[str, Any] | None, act: dict[str, Any] | None) -> dict[str, Any] | None:
    """The library block of a convolution with what follows it; None where there is none."""
    value = None if act is None else act["op"] if list(act) == ["op"] else act
    arguments = _block_arguments(conv)
    biased = conv.get("bias", True)
    if norm is None:
        return {"block": "conv_relu", **arguments} if value == "relu" and biased else None
    if norm["op"] == "$norm":
        arguments["norm"] = "$norm"
    changed = {key: each for key, each in norm.items() if key != "op"}
    if not biased and (value is None or value in list(_FUSED)) and changed.keys() <= {"eps"}:
        return {"block": _FUSED[value or ""], **arguments, **changed}
    extra: dict[str, Any] = {"norm": norm} if changed else {}
    if value != "relu":
        extra["act"] = value
    if biased:
        extra["bias"] = True
    return {"block": "conv_norm_act", **arguments, **extra}


def _block_arguments(conv: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a convolution as those of a library block, whose padding follows from the kernel."""
    kernel, dilation, padding = (_pair(conv.get(key, default)) for key, default in _WINDOW)
    usual = [(size - 1) // 2 * gap for size, gap in zip(kernel, dilation, strict=False)]
    arguments = {key: value for key, value in conv.items() if key not in ("op", "padding", "bias")}
    if list(padding) != usual:
        arguments["padding"] = conv.get("padding", 0)
    return arguments


_WINDOW = (("kernel_size", 1), ("dilation", 1), ("padding", 0))


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value] * 2


def library(graph: Graph) -> None:
    """Put blocks of the library in the places of groups that are equal to them."""
    shapes = dict(graph.inputs) | {unit.name: unit.shape for unit in graph.units}
    for unit in graph.units:
        if unit.inner is not None:
            block = _fire(unit.inner) or _inception(unit.inner)
            block = block or _residual(unit.inner, shapes[unit.inputs[0]], unit.shape)
            if block:
                unit.node, unit.inner = block, None


def _conv_relu(unit: Unit, kernel: int, taken: str) -> bool:
    plain = set(unit.node) == {"block", "out_channels", "kernel_size"}
    return plain and unit.kind == "conv_relu" and unit.node["kernel_size"] == kernel and unit.inputs == [taken]


def _fire(inner: Sequence[Unit]) -> dict[str, Any] | None:
    if len(inner) != 4 or inner[3].node != {"op": "concat"}:
        return None
    squeeze, one, three, concat = inner
    if not (_conv_relu(squeeze, 1, "input") and _conv_relu(one, 1, squeeze.name)):
        return None
    if not _conv_relu(three, 3, squeeze.name) or concat.inputs != [one.name, three.name]:
        return None
    channels = [unit.node["out_channels"] for unit in (squeeze, one, three)]
    block = {"block": "fire", "squeeze_channels": channels[0], "expand1x1_channels": channels[1]}
    return block | ({} if channels[1] == channels[2] else {"expand3x3_channels": channels[2]})


def _inception(inner: Sequence[Unit]) -> dict[str, Any] | None:
    by_name = {unit.name: unit for unit in inner}
    concat = inner[-1]
    if len(inner) != 8 or concat.node != {"op": "concat"} or len(concat.inputs) != 4:
        return None
    ends = [by_name.get(name) for name in concat.inputs]
    starts = [by_name.get(end.inputs[0]) if end is not None and len(end.inputs) == 1 else None for end in ends]
    one, three, five, pooled = ends
    if one is None or three is None or five is None or pooled is None or any(each is None for each in starts[1:]):
        return None
    red3, red5, pool = (each for each in starts[1:] if each is not None)
    right = _conv_relu(one, 1, "input") and _conv_relu(three, 3, red3.name) and _conv_relu(five, 5, red5.name)
    right = right and _conv_relu(red3, 1, "input") and _conv_relu(red5, 1, "input") and pool.inputs == ["input"]
    right = right and _conv_relu(pooled, 1, pool.name)
    if not right or pool.node != {"op": "max_pool", "kernel_size": 3, "stride": 1, "padding": 1}:
        return None
    names = "ch1x1 ch3x3red ch3x3 ch5x5red ch5x5 pool_proj".split()
    units = (one, red3, three, red5, five, pooled)
    return {"block": "inception", **{n: u.node["out_channels"] for n, u in zip(names, units, strict=True)}}


def _residual(inner: Sequence[Unit], taken: Shape, given: Shape) -> dict[str, Any] | None:
    """The block of a ResNet, whose shortcut is a projection where the shapes differ."""
    if len(inner) < _LEAST_IN_RESIDUAL:
        return None
    *branches, join, act = inner
    if join.node != {"op": "add"} or act.node != {"op": "relu"} or len(join.inputs) != 2:
        return None
    own = [unit for unit in branches if unit.inputs == ["input"] and unit.name in join.inputs]
    main = [unit for unit in branches if unit not in own]
    ends = {own[0].name if own else "input", main[-1].name if main else ""}
    if len(own) > 1 or bool(own) == (taken == given) or set(join.inputs) != ends:
        return None
    if [unit.inputs for unit in main] != [["input"], *([unit.name] for unit in main[:-1])]:
        return None
    kinds = ["conv_bn_relu"] * (len(main) - 1) + ["conv_bn"] * (1 + len(own))
    units = [*main, *own]
    known = {"block", "out_channels", "kernel_size", "stride"}
    if [unit.kind for unit in units] != kinds or any(not unit.node.keys() <= known for unit in units):
        return None
    kernels = [unit.node["kernel_size"] for unit in main]
    channels, strides = [unit.node["out_channels"] for unit in main], [unit.node.get("stride", 1) for unit in main]
    stride = max(strides, default=1) if all(isinstance(each, int) for each in strides) else 0
    if own and (own[0].node["kernel_size"], own[0].node.get("stride", 1)) != (1, stride):
        return None
    changed = {"stride": stride} if stride != 1 else {}
    if kernels == [3, 3] and strides == [stride, 1] and channels[0] == channels[1]:
        return {"block": "residual_basic", "channels": channels[0], **changed}
    wide = kernels == [1, 3, 1] and channels[0] == channels[1] and channels[2] % channels[0] == 0
    if not wide or sorted(strides) != [1, 1, stride] or strides[2] != 1:
        return None
    expansion = channels[2] // channels[0]
    block = {"block": "bottleneck", "channels": channels[0]} | ({"expansion": expansion} if expansion != 4 else {})
    return block | changed | ({"stride_in_1x1": True} if strides[0] != 1 else {})


# Groups


def _entry(region: Sequence[Unit], takers: Mapping[str, list[Unit]]) -> str | None:
    """What a region takes, where it takes one thing and gives its last node alone; else None."""
    inside = {unit.name for unit in region}
    taken = {name for unit in region for name in unit.inputs if name not in inside}
    if len(taken) != 1 or any(not unit.inputs for unit in region):
        return None
    for unit in region[:-1]:
        found = takers.get(unit.name, [])
        if not found or any(taker.name not in inside for taker in found):
            return None
    return taken.pop()


def _grouped(graph: Graph, start: int, end: int, name: str, entry: str, inner_names: Sequence[str]) -> Unit:
    """A group of some neighbours, which are called otherwise inside."""
    region = graph.units[start:end]
    names = dict(zip((unit.name for unit in region), inner_names, strict=True)) | {entry: "input"}
    inner = [replace(u, name=names[u.name], inputs=[names[each] for each in u.inputs]) for u in region]
    return Unit(name, {}, [entry], region[-1].shape, region[0].source, inner)


def group_by_name(graph: Graph) -> None:
    """Make groups of neighbours with branches that the source has named so: `fire2/squeeze1x1`, `fire2/concat`."""
    takers = _takers(graph)
    used = Names()
    used.taken = {unit.name for unit in graph.units}
    made: list[Unit] = []
    names: dict[str, str] = {}
    start = 0
    while start < len(graph.units):
        prefix = graph.units[start].source.rpartition("/")[0]
        end = start + 1
        while prefix and end < len(graph.units) and graph.units[end].source.rpartition("/")[0] == prefix:
            end += 1
        region = graph.units[start:end]
        entry = _entry(region, takers) if any(len(unit.inputs) > 1 for unit in region) else None
        if entry is None or len(region) > _MOST_IN_REGION:
            made += region
        else:
            inside = Names()
            inner = [inside.take(unit.source.rpartition("/")[2], _short(unit.kind)) for unit in region]
            group = _grouped(graph, start, end, used.take(prefix), entry, inner)
            names[region[-1].name] = group.name
            made.append(group)
        start = end
    graph.units = made
    _rename(graph, names)


def _short(kind: str) -> str:
    return "conv" if kind in _CONVS else "pool" if kind.endswith("_pool") else kind.removeprefix("$")


def group_joins(graph: Graph) -> None:
    """Make groups of what lies between a fork and a join, where it comes again, if with other numbers."""
    takers = _takers(graph)
    found: list[tuple[int, int, Unit]] = []
    least = 0
    for end, unit in enumerate(graph.units):
        if unit.kind not in _JOINS or len(unit.inputs) < 2:
            continue
        region = _region(graph, least, end, takers)
        if region is None:
            continue
        start, entry = region
        after = _only(unit.name, takers)
        stop = end + 1
        if after is not None and after.kind in _ACTIVATIONS and graph.units[stop : stop + 1] == [after]:
            stop += 1
        inner = _numbered(graph.units[start:stop])
        found.append((start, stop, _grouped(graph, start, stop, "", entry, inner)))
        least = stop
    counts = Counter(_skeleton(group) for _, _, group in found)
    used = Names()
    used.taken = {unit.name for unit in graph.units}
    names: dict[str, str] = {}
    made: list[Unit] = []
    at = 0
    for start, stop, group in found:
        if counts[_skeleton(group)] < 2:
            continue
        made += graph.units[at:start]
        join = next(unit for unit in reversed(group.inner or []) if unit.kind in _JOINS)
        group.word = _word(join)
        used.taken -= {unit.name for unit in graph.units[start:stop]}
        group.name = used.take(_joined_name(graph.units[start:stop], group.word))
        names[graph.units[stop - 1].name] = group.name
        made.append(group)
        at = stop
    graph.units = made + graph.units[at:]
    _rename(graph, names)


def _word(join: Unit) -> str:
    """What kind of group ends with a join."""
    if join.kind in ("add", "sub"):
        return "residual" if "input" in join.inputs else "projection"
    if join.kind == "concat" and "input" in join.inputs:
        return "dense"
    return {"mul": "gated", "maximum": "maxout"}.get(join.kind, "branches")


def _joined_name(region: Sequence[Unit], word: str) -> str:
    """The name of a group: that of its join, where the source has one; else what it is, and where it begins."""
    join = next(unit for unit in reversed(region) if unit.kind in _JOINS)
    if not re.fullmatch(rf"({join.kind}|concatenate|multiply)(_?\d+)*", join.name):
        return re.sub(r"_(add|out|output|sum|concat|eltwise)$", "", join.name)
    number = re.search(r"\d+$", region[0].name)
    return f"{word}{number[0]}" if number else word


def _region(graph: Graph, least: int, end: int, takers: Mapping[str, list[Unit]]) -> tuple[int, str] | None:
    """Where the smallest part begins that ends with a join and takes one thing; and what it takes."""
    for start in range(end - 1, max(least, end - _MOST_IN_REGION) - 1, -1):
        if graph.units[start].inner is not None:
            return None
        entry = _entry(graph.units[start : end + 1], takers)
        if entry is not None:
            return start, entry
    return None


def _numbered(region: Sequence[Unit]) -> list[str]:
    """Names of what they are: `conv1`, `conv2`, `add`."""
    words = [_short(unit.kind) for unit in region]
    counts, seen, names = Counter(words), Counter[str](), []
    for word in words:
        seen[word] += 1
        names.append(f"{word}{seen[word]}" if counts[word] > 1 else word)
    return names


# Blocks of the file's own


def _filled(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node with the arguments that are 1 where they are left out."""
    is_conv = node.get("op") == "conv" or node.get("block") in _CONVS
    return (dict.fromkeys(_ONES, 1) if is_conv else {}) | dict(node)


def _is_number(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_number, value))
    return isinstance(value, int) and not isinstance(value, bool)


def _skeleton(unit: Unit) -> Any:
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
            alike[_skeleton(unit)].append(unit)
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
        blocks[name] = block | {"graph": _nodes(inner, ["input"])}
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


# Repeats


def repeat(graph: Graph) -> None:
    """Write nodes in a row that are equal as one that is repeated."""
    takers = _takers(graph)
    used = Names()
    used.taken = {unit.name for unit in graph.units}
    made: list[Unit] = []
    names: dict[str, str] = {}
    start = 0
    while start < len(graph.units):
        unit, end = graph.units[start], start + 1
        while end < len(graph.units) and _follows(graph.units[end - 1], graph.units[end], takers):
            same = _equal(unit, graph.units[end])
            if not same and end == start + 1 and _first_differs(unit, graph.units[end]):
                same = end + 1 < len(graph.units) and _equal(graph.units[end], graph.units[end + 1])
                same = same and _follows(graph.units[end], graph.units[end + 1], takers)
                unit = graph.units[end] if same else unit
            if not same:
                break
            end += 1
        run = graph.units[start:end]
        if len(run) > 1 and (unit.inner is not None or "block" in unit.node or unit.kind in ("conv", "linear")):
            first = {key: value for key, value in run[0].node.items() if unit.node.get(key) != value}
            node = {**unit.node, "repeat": len(run)} | ({"first": first} if first else {})
            name = _stem(run, used)
            names[run[-1].name] = name
            made.append(replace(run[-1], name=name, node=node, inputs=run[0].inputs))
        else:
            made += run
        start = end
    graph.units = made
    _rename(graph, names)


def _follows(before: Unit, unit: Unit, takers: Mapping[str, list[Unit]]) -> bool:
    return _only(before.name, takers) is unit


def _equal(unit: Unit, other: Unit) -> bool:
    same = unit.node == other.node and (unit.inner is None) == (other.inner is None)
    return same and _nodes(unit.inner or (), ["input"]) == _nodes(other.inner or (), ["input"])


def _first_differs(first: Unit, unit: Unit) -> bool:
    """Whether the first of a run is as the others but for its stride."""
    if first.inner is not None or "block" not in first.node:
        return False
    rest = {key: value for key, value in first.node.items() if key not in ("stride", "stride_in_1x1")}
    return first.node.get("stride", 1) != 1 and rest == unit.node


def _stem(run: Sequence[Unit], used: Names) -> str:
    """What the copies' names have in common, `conv5` for `conv5_1` and `conv5_2`; else the name of the first."""
    pairs = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*(unit.name for unit in run), strict=False))
    common = "".join(letters[0] for letters in pairs)
    stem = common.rstrip("_")
    lettered = all(re.fullmatch(r"[a-z]", unit.name[len(common) :]) for unit in run)
    if stem and (stem != common or lettered) and stem not in used.taken:
        used.taken.add(stem)
        return stem
    return run[0].name


def repeat_chains(graph: Graph) -> None:
    """Write pieces in a row that are equal as one group that is repeated."""
    takers = _takers(graph)
    made: list[Unit] = []
    names: dict[str, str] = {}
    used = Names()
    used.taken = {unit.name for unit in graph.units}
    start = 0
    while start < len(graph.units):
        period, copies = _chain(graph.units, start, takers)
        if not copies:
            made.append(graph.units[start])
            start += 1
            continue
        region = graph.units[start : start + period]
        group = _grouped(graph, start, start + period, "", region[0].inputs[0], _numbered(region))
        number = re.search(r"\d+$", region[0].name)
        group.name = used.take(f"stack{number[0]}" if number else "stack")
        group.node["repeat"] = copies
        end = start + period * copies
        names[graph.units[end - 1].name] = group.name
        made.append(group)
        start = end
    graph.units = made
    _rename(graph, names)


def _chain(units: Sequence[Unit], start: int, takers: Mapping[str, list[Unit]]) -> tuple[int, int]:
    """How many nodes from a place on come again in a row, and how often; zeros where none do."""
    for period in range(2, _MOST_PERIOD + 1):
        end = start + period
        while end < len(units) and _equal(units[end - period], units[end]):
            if not _follows(units[end - 1], units[end], takers):
                break
            end += 1
        linked = all(_follows(a, b, takers) for a, b in zip(units[start:end], units[start + 1 : end], strict=False))
        copies = (end - start) // period
        plain = all(unit.inner is None and len(unit.inputs) == 1 for unit in units[start:end])
        if linked and plain and copies >= _LEAST_COPIES:
            return period, copies
    return 0, 0


# The activation as a parameter of the network


def name_activation(graph: Graph) -> None:
    """Give the network a parameter for the activation that its blocks have, where they state one."""
    stated = [node["act"] for node in _stating(graph)]
    if len(stated) < 2 or any(each != stated[0] for each in stated) or stated[0] is None:
        return
    kind = {} if isinstance(stated[0], dict) else {"type": "op"}
    declared = kind | {"default": stated[0], "doc": "Activation."}
    graph.params["act"] = declared
    for node in _stating(graph):
        node["act"] = "$act"
    hand_down(graph, "act")


def hand_down(graph: Graph, key: str) -> None:
    """Give blocks of the file's own a parameter of the network that they ask for."""
    asking = {name for name, block in graph.blocks.items() if f"${key}" in _values(block["graph"])}
    for name in asking:
        params = graph.blocks[name].get("params", {})
        graph.blocks[name] = {"params": {**params, key: {"type": "op"}}, "graph": graph.blocks[name]["graph"]}
    for node in _graph_nodes(graph.units):
        if node.get("block") in asking:
            node[key] = f"${key}"


def _values(nodes: Mapping[str, Any]) -> list[Any]:
    """The values of all keys of nodes, and those that are a word alone."""
    return [value for node in nodes.values() for value in (node.values() if isinstance(node, dict) else (node,))]


def _dicts(nodes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [node for node in nodes.values() if isinstance(node, dict)]


def _graph_nodes(units: Iterable[Unit]) -> list[dict[str, Any]]:
    return [node for unit in units for node in (unit.node, *_graph_nodes(unit.inner or ()))]


def _stating(graph: Graph) -> list[dict[str, Any]]:
    """The nodes that state an activation."""
    inside = [node for block in graph.blocks.values() for node in _dicts(block["graph"])]
    return [node for node in (*_graph_nodes(graph.units), *inside) if node.get("act") is not None]
