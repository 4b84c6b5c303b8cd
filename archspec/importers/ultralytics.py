"""Ultralytics' YAML: a table of modules, with depths and widths that a scale multiplies.

Sources: `parse_model` in `ultralytics/nn/tasks.py`, and `ultralytics/nn/modules` (8.4); for heads with anchors
`models/yolo.py` of yolov5 (7.0). What is counted is counted after the constructors there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence as SequenceOf
from functools import cache
from math import ceil, prod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from typing_extensions import override

from archspec.errors import Diagnostic, SpecError, did_you_mean
from archspec.files import read
from archspec.importers.draft import LIMITS, MOST_LAYERS, MOST_NUMBER, Draft, Format, Given, Names, Shape, network_name
from archspec.language.composer import parse
from archspec.language.source import Mapping, Sequence, Source, Value

_KEYS = frozenset(
    "nc scales scale backbone head depth_multiple width_multiple anchors activation ch channels reg_max end2end names "
    "yaml_file task".split()
)
_ACTIVATIONS: dict[str, Any] = {
    "SiLU": "silu", "ReLU": "relu", "ReLU6": "relu6", "Hardswish": "hardswish", "Mish": "mish", "GELU": "gelu",
    "Sigmoid": "sigmoid", "LeakyReLU": "leaky_relu",
}  # fmt: skip
_SCALED = frozenset("Conv DWConv Bottleneck C2f C3 C3k2 SPPF C2PSA".split())
_REPEATED = frozenset("C2f C3 C3k2 C2PSA".split())
"""Modules that repeat something inside, in the place of themselves."""
_ALL_C3K = frozenset("mlx")
"""Scales in which each C3k2 has C3k inside, whatever the table says."""
_MOST_SCALES = 20
_MOST_MODULES = 20_000
"""Modules inside of all rows of a table."""
_NUMBER = r"[-+]?\d{1,7}(\.\d{1,7})?"


class _UnsaidError(Exception):
    """A module that cannot be said."""

    def __init__(self, message: str, place: Value, help: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help


class Scale(NamedTuple):
    """What multiplies depths and widths."""

    depth: float
    width: float
    most: float


class Tally:
    """Numbers that are trained and kept, and multiply-accumulates, as modules are built."""

    def __init__(self) -> None:
        self.params = 0
        self.statistics = 0
        self.macs = 0

    def plain(self, taken: Shape, channels: int, kernel: int, stride: int = 1, groups: int = 1, pad: int = -1, *,
              bias: bool = True) -> Shape:  # fmt: skip
        """A convolution of a map."""
        pad = kernel // 2 if pad < 0 else pad
        height, width = ((size + 2 * pad - kernel) // stride + 1 for size in taken[1:])
        weights = channels * taken[0] // groups * kernel * kernel
        self.params += weights + bias * channels
        self.macs += weights * height * width
        return channels, height, width

    def conv(self, taken: Shape, channels: int, kernel: int, stride: int = 1, groups: int = 1, pad: int = -1) -> Shape:
        """A convolution with batch normalisation."""
        self.params += 2 * channels
        self.statistics += 2 * channels
        return self.plain(taken, channels, kernel, stride, groups, pad, bias=False)

    def bottleneck(self, taken: Shape, channels: int, e: float, kernels: SequenceOf[int] = (3, 3)) -> Shape:
        """Two convolutions."""
        inside = self.conv(taken, int(channels * e), kernels[0])
        return self.conv(inside, channels, kernels[1])

    def c2f(self, taken: Shape, channels: int, n: int, e: float, unit: Callable[[Shape], Shape]) -> Shape:
        """A stage whose blocks are all concatenated."""
        half = int(channels * e)
        self.conv(taken, 2 * half, 1)
        for _ in range(n):
            unit((half, *taken[1:]))
        return self.conv(((2 + n) * half, *taken[1:]), channels, 1)

    def c3(self, taken: Shape, channels: int, n: int, e: float, kernels: SequenceOf[int]) -> Shape:
        """A stage of two halves."""
        half = int(channels * e)
        inner = self.conv(taken, half, 1)
        self.conv(taken, half, 1)
        for _ in range(n):
            self.bottleneck(inner, half, 1.0, kernels)
        return self.conv((2 * half, *taken[1:]), channels, 1)

    def attention(self, taken: Shape) -> None:
        """Attention between all places."""
        channels, places = taken[0], taken[1] * taken[2]
        heads = max(channels // 64, 1)
        values = channels // heads
        keys = int(values * 0.5)
        self.conv(taken, channels + 2 * heads * keys, 1)
        self.macs += heads * places * places * (keys + values)
        self.conv(taken, channels, 3, groups=channels)
        self.conv(taken, channels, 1)

    def c2psa(self, taken: Shape, n: int, e: float) -> Shape:
        """A stage with attention in one half."""
        half = (int(taken[0] * e), *taken[1:])
        self.conv(taken, 2 * half[0], 1)
        for _ in range(n):
            self.attention(half)
            self.conv(self.conv(half, 2 * half[0], 1), half[0], 1)
        return self.conv((2 * half[0], *taken[1:]), taken[0], 1)

    def sppf(self, taken: Shape, channels: int) -> Shape:
        """A pyramid of poolings."""
        self.conv(taken, taken[0] // 2, 1)
        return self.conv((taken[0] // 2 * 4, *taken[1:]), channels, 1)

    def detect(self, taken: Shape, classes: int, distances: int, boxes: int, inside: int, *, light: bool) -> Shape:
        """A head for one level."""
        self.plain(self.conv(self.conv(taken, boxes, 3), boxes, 3), 4 * distances, 1)
        if light:
            first = self.conv(self.conv(taken, taken[0], 3, groups=taken[0]), inside, 1)
            second = self.conv(self.conv(first, inside, 3, groups=inside), inside, 1)
        else:
            second = self.conv(self.conv(taken, inside, 3), inside, 3)
        self.plain(second, classes, 1)
        return (4 * distances + classes, *taken[1:])


class Ultralytics(Format, name="ultralytics"):
    """Ultralytics' YAML of YOLOv5, YOLOv8, YOLO11 and what is made of the same modules."""

    endings = (".yaml", ".yml")
    options: ClassVar[MappingOf[str, str]] = {
        "scale": "The scale that is the default, such as `n`; the others become variants.",
        "input": "Sizes of the image, `3,640,640` unless given.",
    }

    @override
    def read(self, given: Given) -> Draft:
        source = given.source()
        found: list[Diagnostic] = []
        value = parse(source, LIMITS, found)
        if found:
            raise SpecError(found, {source.name: source.text})
        if not isinstance(value, Mapping) or not {"backbone", "head"} <= value.entries.keys():
            is_spec = isinstance(value, Mapping) and "archspec" in value.entries
            message = "it is a spec already" if is_spec else "a YAML of Ultralytics has `backbone:` and `head:`"
            raise given.faults.error(message, given.start)
        return _Reader(given, value).draft()


class _Module(NamedTuple):
    """A row of the table: what it takes, how often it is there, what it is, and its arguments."""

    taken: list[int]
    times: int
    kind: str
    arguments: list[Any]
    place: Sequence
    number: int


class _Reader:
    """Rows of the table, one after another."""

    def __init__(self, given: Given, value: Mapping) -> None:
        self.given = given
        self.faults = given.faults
        self.value = value
        self.entries = value.entries
        self.names = Names()
        self.names.taken = {"image"}
        self.nodes: dict[str, Any] = {}
        self.blocks: dict[str, Any] = {}
        self.given_by: list[str] = []
        self.weights: dict[str, Any] = {}
        self.outputs: dict[str, str] = {}
        self.remarks: list[str] = []
        self.light = False

    # Values

    def error(self, message: str, place: Value, help: str = "") -> SpecError:
        return self.faults.error(message, place.span, help=help)

    def number(self, key: str, default: float, least: float = 0, most: float = MOST_NUMBER) -> float:
        value = self.entries.get(key)
        if value is None or value.plain() is None:
            return default
        return self.checked(value, f"`{key}`", least, most)

    def checked(self, value: Value, what: str, least: float, most: float = MOST_NUMBER) -> float:
        found = value.plain()
        if not isinstance(found, int | float) or isinstance(found, bool) or not least <= found <= most:
            raise self.error(f"{what} is a number of at least {least}", value)
        return found

    def scales(self) -> dict[str, Scale]:
        """The scales by name; one without a name where the file has none."""
        depth, width = (self.number(key, 1.0, 1e-6, 1e3) for key in ("depth_multiple", "width_multiple"))
        stated = self.entries.get("scales")
        if stated is None:
            return {"": Scale(depth, width, math.inf)}
        if not isinstance(stated, Mapping) or not stated.entries:
            raise self.error("`scales` maps names to [depth, width, max_channels]", stated)
        scales = {}
        if len(stated.entries) > _MOST_SCALES:
            raise self.error(f"it has more than {_MOST_SCALES} scales", stated)
        for name, row in stated.entries.items():
            items = row.items if isinstance(row, Sequence) else []
            if len(items) != 3:
                raise self.error("a scale is [depth, width, max_channels]", row)
            numbers = [self.checked(item, "a part of a scale", 1e-6) for item in items]
            scales[name] = Scale(*numbers)
        return scales

    def chosen(self, scales: MappingOf[str, Scale]) -> str:
        """The scale that is asked for, that the file's name ends with, or the first."""
        asked = self.given.options.get("scale")
        if asked is not None:
            if asked not in scales or not asked:
                place = self.entries.get("scales", self.value)
                raise self.error(f"there is no scale `{asked}`", place, did_you_mean(asked, filter(None, scales)))
            return asked
        named = re.search(r"yolo\w*?\d+([nslmx])(?![a-z])", self.given.stem.lower())
        if named and named[1] in scales:
            return named[1]
        first = next(iter(scales))
        if len(scales) > 1:
            self.remarks.append(f"the scale is {first}; choose another with --scale, or compile a variant")
        return first

    def rows(self) -> list[_Module]:
        parts = [self.entries["backbone"], self.entries["head"]]
        items = [(part, item) for part in parts for item in (part.items if isinstance(part, Sequence) else [None])]
        if len(items) > MOST_LAYERS:
            raise self.error(f"it has more than {MOST_LAYERS:,} rows", parts[0])
        rows = []
        for index, (part, item) in enumerate(items):
            if not isinstance(item, Sequence) or len(item.items) != 4:
                raise self.error("a row is [from, number, module, arguments]", item or part)
            plain: list[Any] = [value.plain() for value in item.items]
            taken, count, kind, arguments = plain
            taken = taken if isinstance(taken, list) else [taken]
            right = all(type(each) is int for each in taken) and type(count) is int and 0 < count <= MOST_LAYERS
            if not right or not taken or not isinstance(kind, str) or not isinstance(arguments, list):
                raise self.error("a row is [from, number, module, arguments]", item)
            rows.append(
                _Module([self.row_of(each, index, item) for each in taken], count, kind, arguments, item, index)
            )
        return rows

    def row_of(self, number: int, index: int, place: Value) -> int:
        """The row that a number means, from 0; -1 is the image for the first."""
        found = index + number if number < 0 else number
        if not -1 <= found < index or (found == -1 and index):
            raise self.error(f"{number} is no row above", place)
        return found

    # The network

    def draft(self) -> Draft:
        for key in self.entries:
            if key not in _KEYS:
                self.faults.add(f"`{key}` is not known", self.value.keys[key].span, help=did_you_mean(key, _KEYS))
        if self.entries.get("end2end") is not None and self.entries["end2end"].plain():
            self.faults.add("two heads in one (`end2end`) cannot be said", self.value.keys["end2end"].span)
        self.classes = int(self.number("nc", 80, 1, 10**6))
        self.distances = int(self.number("reg_max", 16, 1, 1000))
        image = self.image()
        scales = self.scales()
        name = self.chosen(scales)
        self.scale, self.named_scales = scales[name], bool(scales.keys() - {""})
        self.scaled = self.named_scales or self.scale != Scale(1.0, 1.0, math.inf)
        rows = self.table = self.rows()
        self.head: dict[str, str] = {}
        if any(row.kind == "C3k2" for row in rows):
            self.light = True
        self.given_by.append("image")
        for row in rows:
            try:
                self.given_by.append(self.read(row))
            except _UnsaidError as fault:
                self.faults.add(str(fault), fault.place.span, path=f"{row.number} {row.kind}", help=fault.help)
                node = {"op": "identity", "from": self.of(row.taken[0]), "doc": f"{row.kind} is not here: {fault}"}
                self.given_by.append(self.add(row, "unsaid", node))
        counts = {} if self.faults.found else {each: self.counted(rows, scales[each], each, image) for each in scales}
        return self.whole(rows, scales, name, counts, image)

    def image(self) -> Shape:
        channels = int(self.number("ch", self.number("channels", 3, 1, 1000), 1, 1000))
        asked = self.given.options.get("input", f"{channels},640,640")
        if not re.fullmatch(r"[1-9]\d{0,4}(\s*,\s*[1-9]\d{0,4}){2}", asked):
            raise self.error("--input is channels, height and width, as `3,640,640`", self.value)
        return tuple(int(part) for part in asked.split(","))

    def whole(
        self,
        rows: list[_Module],
        scales: MappingOf[str, Scale],
        name: str,
        counts: MappingOf[str, tuple[Tally, list[Shape]]],
        image: Shape,
    ) -> Draft:
        stem = self.given.stem
        family = re.sub(r"(yolo\w*?\d+)[nslmx](?![a-z])", r"\1", stem.lower()) if name else stem
        params = self.params(rows)
        square = image[1] == image[2]
        if square:
            params = {"image_size": {"default": image[1], "min": 1, "doc": "Height and width of the image."}} | params
        sizes = [image[0], "$image_size", "$image_size"] if square else list(image)
        expects = {each: self.expect(*counted) for each, counted in counts.items()}
        variants = {}
        for each, scale in scales.items():
            if len(scales) > 1:
                changed: dict[str, Any] = {
                    "depth": scale.depth,
                    "width": scale.width,
                    "max_channels": _whole(scale.most),
                }
                changed |= {"unit": "c3k" if each in _ALL_C3K else "bottleneck"}
                values = {key: value for key, value in changed.items() if key in params}
                variants[network_name(f"{family}{each}")] = values | {"expect": expects.get(each, {})}
        spec: dict[str, Any] = {
            "archspec": 1,
            "name": network_name(f"{family}{name}"),
            "doc": f"Imported from Ultralytics' {stem}.yaml. " + (
                "The outputs are raw maps: boxes and classes of each level." if len(self.outputs) > 1 else
                "The output is logits."
            ),
            "params": params,
            "inputs": {"image": sizes},
            "blocks": self.blocks,
            "let": self.let(rows),
            "graph": self.nodes,
            "override": {"**.bn": {"eps": 0.001, "momentum": 0.03}},
            "weights": {"ultralytics": self.weights},
            "variants": variants,
            "expect": expects.get(name, {}),
        }  # fmt: skip
        if len(self.outputs) > 1:
            spec["outputs"] = list(self.outputs.values())
        if self.activation() is not None:
            spec["override"]["**.silu"] = self.activation()
        spec = {key: value for key, value in spec.items() if value not in ({}, None)}
        tally, shapes = counts.get(name, (Tally(), []))
        outputs = dict(zip(self.outputs, shapes, strict=False))
        found = f"{len(rows)} modules" + (f", scale {name}" if name else "")
        if any(row.kind == "Detect" for row in rows) and "anchors" not in self.entries:
            self.remarks.append("the decoding of boxes is left out, with the fixed numbers (dfl) that it weighs with")
        elif any(row.kind == "Detect" for row in rows):
            self.remarks.append("the decoding of boxes is left out, with its anchors")
        return Draft([spec], tally.params, tally.statistics, tally.macs, outputs, found, self.remarks)

    def expect(self, tally: Tally, shapes: list[Shape]) -> dict[str, Any]:
        sizes = dict(zip(self.outputs.values(), map(list, shapes), strict=False))
        given = {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        return {"params": tally.params, "macs": tally.macs, **given}

    def params(self, rows: list[_Module]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if self.outputs and any(row.kind in ("Detect", "Classify") for row in rows):
            params["num_classes"] = {"default": self.classes, "min": 1, "doc": "Number of classes."}
        if self.scaled:
            if any(row.times > 1 for row in rows):
                params["depth"] = {"default": self.scale.depth, "min": 0.0, "doc": "Multiplier of repeats."}
            params["width"] = {"default": self.scale.width, "min": 0.01, "doc": "Multiplier of all channels."}
            if self.scale.most != math.inf:
                most = {"default": _whole(self.scale.most), "min": 1, "doc": "Most channels before the multiplier."}
                params["max_channels"] = most
        if any(isinstance(node, dict) and node.get("unit") == "$unit" for node in self.nodes.values()):
            unit = {"type": "block", "default": "bottleneck", "doc": "What each `c3k2` holds; `c3k` in m, l and x."}
            chosen = self.letter in _ALL_C3K
            params["unit"] = unit | ({"default": "c3k"} if chosen else {})
        return params

    @property
    def letter(self) -> str:
        scales = self.scales()
        return next((name for name, scale in scales.items() if scale is self.scale or scale == self.scale), "")

    def let(self, rows: list[_Module]) -> dict[str, str]:
        if not self.scaled:
            return self.head
        channels = "min(c, max_channels)" if self.scale.most != math.inf else "c"
        scaled = {"scaled(c)": f"$(ceil({channels} * width / 8) * 8)"}
        times = {"times(n)": "$(max(1, round(n * depth)))"} if any(row.times > 1 for row in rows) else {}
        return scaled | times | self.head

    def activation(self) -> Any:
        """The op in the place of each SiLU; None where it stays."""
        value = self.entries.get("activation")
        if value is None or value.plain() is None:
            return None
        text = str(value.plain())
        match = re.fullmatch(rf"(?:torch\.)?nn\.(\w+)\((?:negative_slope=)?({_NUMBER})?(?:,?\s*inplace=True)?\)", text)
        if match is None or match[1] not in _ACTIVATIONS or (match[2] and match[1] != "LeakyReLU"):
            self.faults.add(f"the activation `{text}` is no op of ours", value.span)
            return None
        op = _ACTIVATIONS[match[1]]
        return {"op": op, "negative_slope": float(match[2])} if match[2] else None if op == "silu" else op

    # Rows

    def of(self, row: int) -> str:
        """The node that gives a row's output; that of -1 is the image."""
        return self.given_by[row + 1]

    def channels(self, number: float) -> Any:
        return f"$(scaled({number}))" if self.scaled else number

    def times(self, count: int) -> dict[str, Any]:
        """How often a module is there, or what it holds."""
        if count == 1:
            return {}
        return {"n": f"$(times({count}))" if self.scaled else count}

    def add(self, row: _Module, kind: str, node: Any) -> str:
        """Add a node; without `from` where it takes the row above."""
        name = self.names.take(f"{kind}{'_' if kind[-1].isdigit() else ''}{row.number}")
        if isinstance(node, dict) and node.get("from") == (list(self.nodes)[-1] if self.nodes else "image"):
            node = {key: value for key, value in node.items() if key != "from"}
        self.nodes[name] = node["op"] if list(node) == ["op"] else node
        return name

    def use(self, name: str) -> str:
        """Take a block, with those that it uses, into the spec."""
        for each in _NEEDED.get(name, (name,)):
            self.blocks[each] = _blocks()[each]
        return name

    def argument(self, row: _Module, number: int, default: Any, *kinds: type) -> Any:
        """An argument of a module, `None` as the text that YAML makes of it."""
        words = {"None": None, "True": True, "False": False, "nc": self.classes}
        value: Any = row.arguments[number] if number < len(row.arguments) else default
        value = words.get(value, value) if isinstance(value, str) else value
        if type(value) not in kinds:
            raise _UnsaidError(f"argument {number + 1} of {row.kind} cannot be said", row.place)
        if type(value) in (int, float) and not 0 <= value <= 10**6:
            raise _UnsaidError(f"argument {number + 1} of {row.kind} is out of range", row.place)
        return value

    def most(self, row: _Module, count: int) -> None:
        """Refuse arguments beyond those that are read."""
        if len(row.arguments) > count:
            raise _UnsaidError(f"{row.kind} has more than {count} arguments", row.place)

    def read(self, row: _Module) -> str:
        """Add the node of a row; its name."""
        kind = row.kind.removeprefix("torch.").removeprefix("nn.")
        reader = getattr(self, f"read_{kind.lower()}", None) if row.kind in _MODULES else None
        if reader is None:
            help = did_you_mean(row.kind, _MODULES)
            raise _UnsaidError(f"there is nothing for the module `{row.kind}`", row.place.items[2], help)
        if kind not in ("Concat", "Detect") and len(row.taken) != 1:
            raise _UnsaidError(f"{row.kind} takes one map", row.place)
        if row.times > 1 and kind not in _REPEATED and kind not in ("Conv", "Bottleneck"):
            raise _UnsaidError(f"{row.kind} cannot be repeated here", row.place)
        name = str(reader(row))
        if kind not in ("Concat", "Upsample", "Detect"):
            self.weights[f"model.{row.number}"] = name
        return name

    def block(self, row: _Module, kind: str, **arguments: Any) -> str:
        node = {"block": kind, "from": self.of(row.taken[0]), **arguments}
        if row.times > 1 and row.kind not in _REPEATED:
            node["repeat"] = f"$(times({row.times}))" if self.scaled else row.times
        return self.add(row, _SHORT.get(kind, kind), node)

    def read_conv(self, row: _Module) -> str:
        self.most(row, 5)
        channels = self.argument(row, 0, None, int)
        kernel, stride = self.argument(row, 1, 1, int), self.argument(row, 2, 1, int)
        padding, groups = self.argument(row, 3, None, int, type(None)), self.argument(row, 4, 1, int)
        extra = {"stride": stride} if stride != 1 else {}
        usual = (kernel - 1) // 2
        own = kernel // 2 if padding is None else padding
        extra |= {"padding": own} if own != usual else {}
        extra |= {"groups": groups} if groups != 1 else {}
        return self.block(row, "conv_bn_silu", out_channels=self.channels(channels), kernel_size=kernel, **extra)

    def read_dwconv(self, row: _Module) -> str:
        raise _UnsaidError(
            "DWConv divides by the greatest common divisor of channels, which is no expression", row.place
        )

    def read_bottleneck(self, row: _Module) -> str:
        self.most(row, 2)
        channels, shortcut = self.argument(row, 0, None, int), self.argument(row, 1, True, bool)
        extra = {} if shortcut else {"shortcut": False}
        return self.block(row, self.use("bottleneck"), channels=self.channels(channels), **extra)

    def read_c2f(self, row: _Module) -> str:
        self.most(row, 2)
        channels, shortcut = self.argument(row, 0, None, int), self.argument(row, 1, False, bool)
        extra = {"shortcut": True} if shortcut else {}
        return self.block(row, "c2f", channels=self.channels(channels), **self.times(row.times), **extra)

    def read_c3(self, row: _Module) -> str:
        self.most(row, 2)
        channels, shortcut = self.argument(row, 0, None, int), self.argument(row, 1, True, bool)
        extra = {} if shortcut else {"shortcut": False}
        return self.block(row, self.use("c3"), channels=self.channels(channels), **self.times(row.times), **extra)

    def read_c3k2(self, row: _Module) -> str:
        self.most(row, 3)
        channels, big = self.argument(row, 0, None, int), self.argument(row, 1, False, bool)
        share = self.argument(row, 2, 0.5, float)
        extra: dict[str, Any] = {"unit": "c3k"} if big else {"unit": "$unit"} if self.named_scales else {}
        extra |= {"e": share} if share != 0.5 else {}
        return self.block(row, self.use("c3k2"), channels=self.channels(channels), **self.times(row.times), **extra)

    def read_sppf(self, row: _Module) -> str:
        self.most(row, 2)
        channels, kernel = self.argument(row, 0, None, int), self.argument(row, 1, 5, int)
        extra = {"kernel_size": kernel} if kernel != 5 else {}
        return self.block(row, "sppf", channels=self.channels(channels), **extra)

    def read_c2psa(self, row: _Module) -> str:
        self.most(row, 1)
        self.argument(row, 0, None, int)
        return self.block(row, self.use("c2psa"), **self.times(row.times))

    def read_upsample(self, row: _Module) -> str:
        self.most(row, 3)
        self.argument(row, 0, None, type(None))
        factor, mode = self.argument(row, 1, 2, int), self.argument(row, 2, "nearest", str)
        if mode not in ("nearest", "bilinear", "bicubic") or factor < 1:
            raise _UnsaidError(f"the mode `{mode}` cannot be said", row.place)
        node = {"op": "upsample", "from": self.of(row.taken[0]), "scale_factor": factor}
        return self.add(row, "up", node | ({"mode": mode} if mode != "nearest" else {}))

    def read_concat(self, row: _Module) -> str:
        if self.argument(row, 0, 1, int) != 1:
            raise _UnsaidError("maps are joined by their channels", row.place)
        return self.add(row, "concat", {"op": "concat", "from": [self.of(each) for each in row.taken]})

    def read_classify(self, row: _Module) -> str:
        self.most(row, 1)
        self.argument(row, 0, self.classes, int)
        name = self.block(row, self.use("classify"), num_classes="$num_classes")
        self.outputs["output"] = name
        return name

    def read_detect(self, row: _Module) -> str:
        if self.argument(row, 0, self.classes, int) != self.classes:
            raise _UnsaidError("its number of classes is not `nc`", row.place)
        anchors = self.anchors(row)
        name = ""
        if not anchors:
            channels = self.channels_of(row.taken[0])
            self.head = {"boxes": f"$(max({max(16, 4 * self.distances)}, {channels} // 4))"}
            self.head |= {"classes": f"$(max({channels}, min(num_classes, 100)))"}
        for level, taken in enumerate(row.taken):
            if anchors:
                count = f"{len(anchors[level]) // 2} * (num_classes + 5)"
                node = {"op": "conv", "out_channels": f"$({count})", "kernel_size": 1}
            else:
                kind = self.use("light_head") if self.light else "decoupled_head"
                node = {"block": kind, "num_classes": "$num_classes"}
                node |= {} if self.distances == 16 else {"distances": self.distances}
                node |= {"box_channels": "$boxes", "class_channels": "$classes"}
            name = self.names.take(f"detect{level + 3}")
            kept = {"op": node.pop("op")} if "op" in node else {"block": node.pop("block")}
            self.nodes[name] = {**kept, "from": self.of(taken), **node}
            self.outputs[name] = name
            key = "m" if anchors else "cv*"
            self.weights[f"model.{row.number}.{key}.{level}"] = name if anchors else f"{name}.cv*"
        self.weights[f"model.{row.number}.{'anchors' if anchors else 'dfl'}"] = None
        return name

    def channels_of(self, row: int) -> str:
        """The channels of a row's output, as an expression over parameters."""
        stated = self.table[row]
        if stated.kind == "C2PSA":
            return self.channels_of(stated.taken[0])
        if stated.kind not in _SCALED:
            raise _UnsaidError(
                f"the first level of Detect comes from {stated.kind}, whose channels are not stated", stated.place
            )
        channels = self.argument(stated, 0, None, int)
        return f"scaled({channels})" if self.scaled else str(channels)

    def anchors(self, row: _Module) -> list[list[Any]]:
        """The anchors of each level, where a head has them."""
        value = self.entries.get("anchors")
        if value is None:
            self.most(row, 1)
            return []
        rows = value.plain()
        plain = isinstance(rows, list) and all(isinstance(each, list) and len(each) % 2 == 0 for each in rows)
        if not plain or len(rows) != len(row.taken) or row.arguments[1:] != ["anchors"]:
            raise _UnsaidError("`anchors` has a row of pairs for each level", value)
        return list(rows)

    # Counting, after the constructors of the source

    def counted(self, rows: list[_Module], scale: Scale, name: str, image: Shape) -> tuple[Tally, list[Shape]]:
        tally, shapes, outputs = Tally(), [image], list[Shape]()
        if sum(max(row.times, row.times * scale.depth) for row in rows) > _MOST_MODULES:
            raise self.error(f"its rows hold more than {_MOST_MODULES:,} modules", self.value)
        for row in rows:
            taken = [shapes[each + 1] for each in row.taken]
            shape, given = self.count(tally, row, scale, name, taken)
            shapes.append(shape)
            outputs += given
        if not outputs:
            self.outputs = {"output": list(self.nodes)[-1]}
            outputs = [shapes[-1]]
        return tally, outputs

    def count(
        self, tally: Tally, row: _Module, scale: Scale, name: str, taken: list[Shape]
    ) -> tuple[Shape, list[Shape]]:
        kind, arguments, shape = row.kind.removeprefix("nn."), row.arguments, taken[0]
        n = max(round(row.times * scale.depth), 1) if row.times > 1 else 1
        if n * max(shape) > MOST_NUMBER or n > LIMITS.nodes:
            raise self.error("it is repeated too often", row.place)
        if kind in _SCALED:
            channels = ceil(min(arguments[0], scale.most) * scale.width / 8) * 8
        if kind == "Conv":
            padding = self.argument(row, 3, None, int, type(None))
            kernel, stride, groups = (self.argument(row, at, 1, int) for at in (1, 2, 4))
            for _ in range(n):
                if not stride or not kernel or shape[0] % max(groups, 1):
                    raise self.error("this convolution has no kernel, stride or groups", row.place)
                shape = tally.conv(shape, channels, kernel, stride, groups, -1 if padding is None else padding)
        elif kind == "Bottleneck":
            for _ in range(n):
                shape = tally.bottleneck(shape, channels, 0.5)
        elif kind == "C2f":
            shape = tally.c2f(shape, channels, n, 0.5, lambda half: tally.bottleneck(half, half[0], 1.0))
        elif kind == "C3":
            shape = tally.c3(shape, channels, n, 0.5, (1, 3))
        elif kind == "C3k2":
            big = self.argument(row, 1, False, bool) or (name in _ALL_C3K and self.named_scales)

            def unit(half: Shape) -> Shape:
                return tally.c3(half, half[0], 2, 0.5, (3, 3)) if big else tally.bottleneck(half, half[0], 0.5)

            shape = tally.c2f(shape, channels, n, self.argument(row, 2, 0.5, float), unit)
        elif kind == "SPPF":
            shape = tally.sppf(shape, channels)
        elif kind == "C2PSA":
            shape = tally.c2psa(shape, n, 0.5)
        elif kind == "Upsample":
            shape = (shape[0], *(size * arguments[1] for size in shape[1:]))
        elif kind == "Concat":
            shape = (sum(each[0] for each in taken), *shape[1:])
        elif kind == "Classify":
            tally.conv(shape, 1280, 1)
            tally.params += 1281 * self.classes
            tally.macs += 1280 * self.classes
            return (self.classes,), [(self.classes,)]
        else:
            return shape, self.count_detect(tally, row, taken)
        if prod(shape) > MOST_NUMBER or min(shape) < 1:
            raise self.error(f"its map would be {'x'.join(map(str, shape))}", row.place)
        return shape, []

    def count_detect(self, tally: Tally, row: _Module, taken: list[Shape]) -> list[Shape]:
        anchors = self.anchors(row)
        if anchors:
            pairs = zip(taken, anchors, strict=True)
            return [tally.plain(shape, len(each) // 2 * (self.classes + 5), 1) for shape, each in pairs]
        boxes = max(16, taken[0][0] // 4, self.distances * 4)
        inside = max(taken[0][0], min(self.classes, 100))
        return [tally.detect(each, self.classes, self.distances, boxes, inside, light=self.light) for each in taken]


_MODULES = (*sorted(_SCALED), "nn.Upsample", "torch.nn.Upsample", "Concat", "Detect", "Classify")
_SHORT = {"conv_bn_silu": "conv"}
_NEEDED = {
    "c3": ("bottleneck", "c3"),
    "c3k2": ("bottleneck", "c3k", "c3k2"),
    "c2psa": ("psa_block", "c2psa"),
}


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() else number


@cache
def _blocks() -> dict[str, Any]:
    """The blocks that stand for modules."""
    path = Path(__file__).with_name("ultralytics_blocks.yaml")
    source = Source(path.name, read(path).decode())
    blocks: dict[str, Any] = parse(source, LIMITS, []).plain()
    return blocks
