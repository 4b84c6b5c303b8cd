"""Darknet's `.cfg`: sections in brackets, with `key=value` lines.

Sources: darknet's `src/parser.c` and `src/*_layer.c` (pjreddie/darknet), and for keys that came later AlexeyAB/darknet.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from typing_extensions import override

from archspec.errors import Span, did_you_mean, listed
from archspec.importers.draft import MOST_LAYERS, MOST_NUMBER, Draft, Format, Given, Layer, Names, Shape, network_name
from archspec.importers.structure import specs_of

_ACTIVATIONS: dict[str, dict[str, Any] | None] = {
    "linear": None,
    "leaky": {"op": "leaky_relu", "negative_slope": 0.1},
    "relu": {"op": "relu"},
    "relu6": {"op": "relu6"},
    "logistic": {"op": "sigmoid"},
    "tanh": {"op": "tanh"},
    "elu": {"op": "elu"},
    "hardtan": {"op": "hardtanh"},
    "swish": {"op": "silu"},
    "mish": {"op": "mish"},
}
_TRAINING = frozenset(
    """
    batch subdivisions momentum decay angle saturation exposure hue learning_rate burn_in max_batches policy steps
    scales max_crop min_crop aspect power step gamma adam b1 b2 eps random notruth time_steps scale seq_scales mosaic
    mixup cutmix letter_box blur gaussian_noise num_steps trace label_smooth_eps flip optimized_memory
    workspace_size_limit_mb ema_alpha dynamic_minibatch max_chart_loss attention adversarial_lr sgdr_cycle sgdr_mult
    """.split()
)
_KEYS = {
    "net": frozenset("width height channels inputs".split()) | _TRAINING,
    "convolutional": frozenset(
        "batch_normalize filters size stride stride_x stride_y pad padding activation groups dilation flipped dot "
        "binary xnor stopbackward".split()
    ),
    "maxpool": frozenset("size stride padding stride_x stride_y".split()),
    "avgpool": frozenset(),
    "connected": frozenset("output activation batch_normalize".split()),
    "dropout": frozenset(["probability"]),
    "softmax": frozenset("groups temperature tree spatial".split()),
    "route": frozenset("layers groups group_id".split()),
    "shortcut": frozenset("from activation".split()),
    "upsample": frozenset("stride scale".split()),
    "reorg": frozenset("stride reverse flatten extra".split()),
}
"""The kinds of layers that are read, and the keys that each may have."""

_SAME = {"conv": "convolutional", "max": "maxpool", "avg": "avgpool", "conn": "connected", "soft": "softmax",
         "network": "net"}  # fmt: skip
_HEADS = ("yolo", "region", "detection")
_SHORT = {"convolutional": "conv", "maxpool": "pool", "connected": "fc"}
_ZERO = "binary xnor reverse flatten extra dot spatial".split()
"""Keys that change what a layer does; only 0 is read."""


class _Option(NamedTuple):
    text: str
    span: Span


class _Section(NamedTuple):
    kind: str
    span: Span
    options: dict[str, _Option]


class _UnsaidError(Exception):
    """A layer that cannot be said."""

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.help = help


class Darknet(Format, name="darknet"):
    """Darknet's `.cfg`."""

    endings = (".cfg",)

    @override
    def read(self, given: Given) -> Draft:
        return _Reader(given, _sections(given)).draft()


def _sections(given: Given) -> list[_Section]:
    """The sections of a file, in order."""
    source, found, start = given.source(), list[_Section](), 0
    for line in source.text.splitlines(keepends=True):
        text, end = line.strip(), start + len(line.rstrip())
        span = source.span(start + len(line) - len(line.lstrip()), end)
        start += len(line)
        if not text or text[0] in "#;":
            continue
        if text[0] == "[":
            if not text.endswith("]"):
                raise given.faults.error("this section has no `]`", span)
            found.append(_Section(_SAME.get(text[1:-1].strip(), text[1:-1].strip()), span, {}))
            if len(found) > MOST_LAYERS:
                raise given.faults.error(f"it has more than {MOST_LAYERS:,} layers", span)
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not found:
            raise given.faults.error("a line is `[section]`, `key=value`, or a remark that begins with `#`", span)
        if key in found[-1].options:
            given.faults.add(f"`{key}` stands twice in this section", span, help="Darknet reads the first")
        found[-1].options.setdefault(key, _Option(re.split(r"\s*[#;]", value)[0], span))
    if not found or found[0].kind != "net":
        raise given.faults.error("a cfg begins with `[net]`", found[0].span if found else given.start)
    return found


class _Reader:
    """Layers, one after another, with their sizes as Darknet works them out."""

    def __init__(self, given: Given, sections: list[_Section]) -> None:
        self.given = given
        self.net, *self.sections = sections
        self.section = self.net
        self.names = Names()
        self.names.taken = {"image"}
        self.layers: list[Layer] = []
        self.given_by: list[str] = []
        """What node gives the output of each section."""
        self.shapes: dict[str, Shape] = {}
        self.outputs: dict[str, str] = {}
        self.remarks: list[str] = []

    # Options

    def integer(self, key: str, default: int | None, least: int = 0) -> int:
        option = self.section.options.get(key)
        if option is None:
            if default is None:
                raise _UnsaidError(f"it lacks `{key}`", self.section.span)
            return default
        if not re.fullmatch(r"[-+]?\d{1,10}", option.text) or not least <= int(option.text) <= MOST_NUMBER:
            raise _UnsaidError(f"`{key}` is an integer of at least {least}, not `{option.text}`", option.span)
        return int(option.text)

    def real(self, key: str, default: float) -> float:
        option = self.section.options.get(key)
        if option is None:
            return default
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", option.text):
            raise _UnsaidError(f"`{key}` is a number, not `{option.text}`", option.span)
        return float(option.text)

    def activation(self, default: str) -> dict[str, Any] | None:
        option = self.section.options.get("activation", _Option(default, self.section.span))
        if option.text not in _ACTIVATIONS:
            message = f"the activation `{option.text}` is no op of ours"
            raise _UnsaidError(message, option.span, f"known here: {listed(_ACTIVATIONS)}")
        return _ACTIVATIONS[option.text]

    def places(self, key: str) -> list[int]:
        """The layers that a section names, from 0; negative ones count back from the section."""
        option = self.section.options.get(key)
        here = len(self.given_by)
        if option is None or not re.fullmatch(r"[-+]?\d{1,6}(\s*,\s*[-+]?\d{1,6})*", option.text):
            raise _UnsaidError(f"`{key}` lists layers by their numbers", option.span if option else self.section.span)
        numbers = [int(part) for part in option.text.split(",")]
        found = [here + number if number < 0 else number for number in numbers]
        if any(not 0 <= number < here for number in found):
            raise _UnsaidError(f"`{key}` names a layer that is not above", option.span)
        return found

    # The network

    def draft(self) -> Draft:
        faults = self.given.faults
        try:
            self.check_keys()
            width, height = (self.integer(key, None, 1) for key in ("width", "height"))
            self.shapes["image"] = (self.integer("channels", 3, 1), height, width)
        except _UnsaidError as fault:
            raise faults.error(str(fault), fault.span, help=fault.help) from None
        self.last = "image"
        for number, section in enumerate(self.sections):
            self.section = section
            try:
                self.check_keys()
                self.read(section, number)
            except _UnsaidError as fault:
                faults.add(str(fault), fault.span, path=self.called(number), help=fault.help)
                self.unsaid(number, str(fault))
            self.given_by.append(self.last)
        if not self.layers:
            raise faults.error("it has no layers", self.net.span)
        outputs = self.outputs or {"output": self.last}
        shapes = {name: self.shapes[node] for name, node in outputs.items()}
        return self.whole(outputs, shapes)

    def whole(self, outputs: dict[str, str], shapes: dict[str, Shape]) -> Draft:
        params, statistics, macs = (
            sum(getattr(layer, figure) for layer in self.layers) for figure in ("params", "statistics", "macs")
        )
        expect: dict[str, Any] = {"params": params, "macs": macs}
        named = {name: list(shape) for name, shape in shapes.items()}
        expect |= {"outputs": named} if len(named) > 1 else {"output": next(iter(named.values()))}
        name = network_name(self.given.stem)
        title = f"Imported from Darknet's {self.given.stem}.cfg."
        doc = f"{title} The outputs are the maps that its heads read." if self.outputs else title
        self.given.faults.check_operands(self.layers, self.given.start)
        specs = specs_of(self.layers, {"image": self.shapes["image"]}, outputs, {"name": name, "doc": doc}, expect)
        found = f"{len(self.sections)} layers"
        return Draft(specs, params, statistics, macs, shapes, found, self.remarks, self.layers)

    def called(self, number: int) -> str:
        return f"{number} [{self.section.kind}]"

    def check_keys(self) -> None:
        """Refuse keys that are not known: they may change what a layer does."""
        known = _KEYS.get(self.section.kind)
        if known is None:
            return
        for key, option in self.section.options.items():
            if key not in known:
                raise _UnsaidError(
                    f"`{key}` of `[{self.section.kind}]` is not known", option.span, did_you_mean(key, known)
                )
            if key in _ZERO and option.text not in ("0", ""):
                raise _UnsaidError(f"`{key}={option.text}` cannot be said in a spec", option.span)

    def read(self, section: _Section, number: int) -> None:
        """Read one section."""
        reader: Callable[[int], None] | None = getattr(self, f"read_{section.kind}", None)
        if section.kind in _HEADS:
            self.head(number)
        elif section.kind == "cost":
            self.remarks.append("[cost] is left out: losses belong to the training")
        elif section.kind in _KEYS and reader is not None:
            reader(number)
        else:
            from archspec.ops.foreign import ELSEWHERE

            help = ELSEWHERE.get(section.kind, "")
            raise _UnsaidError(f"there is nothing for `[{section.kind}]` in a spec", section.span, help)

    def add(
        self, kind: str, number: int | str, node: dict[str, Any], inputs: list[str], shape: Shape, **figures: int
    ) -> None:
        """Add a node, which is then what the next takes."""
        if prod(shape) > MOST_NUMBER:
            raise _UnsaidError(f"its output has more than {MOST_NUMBER:,} numbers", self.section.span)
        name = self.names.take(f"{kind}{number}")
        source = self.called(len(self.given_by))
        self.layers.append(Layer(name, node, inputs, shape, span=self.section.span, source=source, **figures))
        self.shapes[name] = shape
        self.last = name

    def unsaid(self, number: int, why: str) -> None:
        """A node in the place of a layer that cannot be said."""
        node = {"op": "identity", "doc": f"[{self.section.kind}] of line {self.section.span.line} is not here: {why}"}
        self.add("unsaid", number, node, [self.last], self.shapes[self.last])

    def image(self) -> Shape:
        """The sizes of what a layer takes, which has to be a map."""
        shape = self.shapes[self.last]
        if len(shape) != 3:
            raise _UnsaidError("it takes a map, and what comes before is none", self.section.span)
        return shape

    def window(self, size: int, stride: tuple[int, int], total: int) -> tuple[int, int]:
        """Height and width of what a window gives."""
        _, height, width = self.image()
        if min(height, width) + total < size:
            raise _UnsaidError(f"a window of {size} does not fit into {height}x{width}", self.section.span)
        return (height + total - size) // stride[0] + 1, (width + total - size) // stride[1] + 1

    def strides(self, default: int) -> tuple[int, int]:
        stride = self.integer("stride", default, 1)
        return self.integer("stride_y", stride, 1), self.integer("stride_x", stride, 1)

    def activate(self, number: int, default: str) -> None:
        node = self.activation(default)
        if node is not None:
            self.add("act", number, dict(node), [self.last], self.shapes[self.last])

    # Layers

    def read_convolutional(self, number: int) -> None:
        filters, size = self.integer("filters", 1, 1), self.integer("size", 1, 1)
        stride, groups = self.strides(1), self.integer("groups", 1, 1)
        dilation = self.integer("dilation", 1, 1)
        padding = self.integer("padding", 0)
        if self.integer("pad", 0):
            padding = size // 2 * dilation
        channels = self.image()[0]
        reach = (size - 1) * dilation + 1
        height, width = self.window(reach, stride, 2 * padding)
        if channels % groups or filters % groups:
            raise _UnsaidError(
                f"{channels} and {filters} channels do not divide into {groups} groups", self.section.span
            )
        normed = self.integer("batch_normalize", 0) != 0
        self.activation("logistic")
        node: dict[str, Any] = {"op": "conv", "out_channels": filters, "kernel_size": size}
        node |= {"stride": _short(stride)} if stride != (1, 1) else {}
        node |= {"padding": padding} if padding else {}
        node |= {"dilation": dilation} if dilation > 1 else {}
        node |= {"groups": groups} if groups > 1 else {}
        node |= {"bias": False} if normed else {}
        weights = filters * channels // groups * size * size
        shape = (filters, height, width)
        bias = 0 if normed else filters
        self.add("conv", number, node, [self.last], shape, params=weights + bias, macs=weights * height * width)
        if normed:
            self.add("bn", number, {"op": "batch_norm"}, [self.last], shape, params=2 * filters, statistics=2 * filters)
        self.activate(number, "logistic")

    def read_maxpool(self, number: int) -> None:
        strides = self.strides(1)
        stride = strides[0]
        size = self.integer("size", stride, 1)
        total = self.integer("padding", size - 1)
        if strides[0] != strides[1]:
            raise _UnsaidError("a pooling with two strides cannot be said", self.section.span)
        channels, *sizes = self.image()
        height, width = self.window(size, strides, total)
        node: dict[str, Any] = {"op": "max_pool", "kernel_size": size}
        node |= {"stride": stride} if stride != size else {}
        node |= self.padding(sizes, (height, width), size, stride, total)
        self.add("pool", number, node, [self.last], (channels, height, width))

    def padding(self, sizes: list[int], result: tuple[int, int], size: int, stride: int, total: int) -> dict[str, Any]:
        """The padding of a pooling, of which Darknet has the larger half behind, and none of which ever wins."""
        before = total // 2
        plain = {"padding": before} if before else {}
        if before <= size // 2:
            if result == tuple((each + 2 * before - size) // stride + 1 for each in sizes):
                return plain
            if result == tuple(_ceiled(each, size, stride, before) for each in sizes):
                return {**plain, "ceil_mode": True}
        same = [max((-(-each // stride) - 1) * stride + size - each, 0) for each in sizes]
        if result == tuple(-(-each // stride) for each in sizes) and all(each // 2 == before for each in same):
            return {"padding": "same_upper"}
        raise _UnsaidError(f"a padding of {total} on both sides together cannot be said here", self.section.span)

    def read_avgpool(self, number: int) -> None:
        channels = self.image()[0]
        self.add("avgpool", number, {"op": "global_avg_pool"}, [self.last], (channels, 1, 1))

    def flat(self, number: int) -> int:
        """The numbers of what a layer takes, in one row."""
        shape = self.shapes[self.last]
        if len(shape) > 1:
            self.add("flatten", number, {"op": "flatten"}, [self.last], (prod(shape),))
        return prod(shape)

    def read_connected(self, number: int) -> None:
        outputs, normed = self.integer("output", 1, 1), self.integer("batch_normalize", 0) != 0
        self.activation("logistic")
        features = self.flat(number)
        node: dict[str, Any] = {"op": "linear", "out_features": outputs} | ({"bias": False} if normed else {})
        params = features * outputs + (0 if normed else outputs)
        self.add("fc", number, node, [self.last], (outputs,), params=params, macs=features * outputs)
        if normed:
            shape, count = (outputs,), 2 * outputs
            self.add("bn", number, {"op": "batch_norm"}, [self.last], shape, params=count, statistics=count)
        self.activate(number, "logistic")

    def read_dropout(self, number: int) -> None:
        share = self.real("probability", 0.5)
        if not 0 <= share <= 1:
            raise _UnsaidError("`probability` lies between 0 and 1", self.section.span)
        node = {"op": "dropout"} | ({"p": share} if share != 0.5 else {})
        self.add("dropout", number, node, [self.last], self.shapes[self.last])

    def read_softmax(self, number: int) -> None:
        if self.integer("groups", 1, 1) != 1 or "tree" in self.section.options or self.real("temperature", 1) != 1:
            raise _UnsaidError("only a softmax over all classes, at temperature 1, can be said", self.section.span)
        self.flat(number)
        self.add("softmax", number, {"op": "softmax", "dim": 1}, [self.last], self.shapes[self.last])

    def read_route(self, number: int) -> None:
        taken = [self.given_by[place] for place in self.places("layers")]
        shapes = [self.shapes[name] for name in taken]
        if len({shape[1:] for shape in shapes}) > 1 or any(len(shape) != len(shapes[0]) for shape in shapes):
            raise _UnsaidError("the layers that it joins differ in size", self.section.span)
        total = sum(shape[0] for shape in shapes)
        groups, group = self.integer("groups", 1, 1), self.integer("group_id", 0)
        if len(taken) > 1:
            self.add("concat", number, {"op": "concat"}, taken, (total, *shapes[0][1:]))
        else:
            self.last = taken[0]
        if groups > 1:
            if len(taken) > 1 or total % groups or group >= groups:
                raise _UnsaidError("`groups` can be said of one layer, whose channels they divide", self.section.span)
            node = {"op": "split", "chunks": groups, "index": group}
            self.add("split", number, node, taken, (total // groups, *shapes[0][1:]))

    def read_shortcut(self, number: int) -> None:
        taken = [self.last, *(self.given_by[place] for place in self.places("from"))]
        shapes = [self.shapes[name] for name in taken]
        if len(set(shapes)) > 1:
            sizes = " and ".join("x".join(map(str, shape)) for shape in shapes)
            raise _UnsaidError(
                f"a sum of {sizes}, of which Darknet adds the part in common, cannot be said", self.section.span
            )
        self.activation("linear")
        self.add("add", number, {"op": "add"}, taken, shapes[0])
        self.activate(number, "linear")

    def read_upsample(self, number: int) -> None:
        stride = self.integer("stride", 2, 1)
        if self.real("scale", 1) != 1:
            raise _UnsaidError("`scale` of an upsampling cannot be said", self.section.options["scale"].span)
        channels, height, width = self.image()
        node = {"op": "upsample", "scale_factor": stride}
        self.add("upsample", number, node, [self.last], (channels, height * stride, width * stride))

    def read_reorg(self, number: int) -> None:
        """Darknet reads the map as one of fewer channels and more places, whose places then become channels."""
        stride = self.integer("stride", 1, 1)
        channels, height, width = self.image()
        square = stride * stride
        if channels % square or height % stride or width % stride:
            raise _UnsaidError(f"{channels}x{height}x{width} do not divide by the stride {stride}", self.section.span)
        split = (channels // square, height, stride, width, stride)
        self.add("reorg", number, {"op": "reshape", "shape": list(split)}, [self.last], split)
        moved = tuple(split[place] for place in (2, 4, 0, 1, 3))
        self.add("reorg", f"{number}_order", {"op": "permute", "dims": [3, 5, 1, 2, 4]}, [self.last], moved)
        result = (channels * square, height // stride, width // stride)
        self.add("reorg", f"{number}_map", {"op": "reshape", "shape": list(result)}, [self.last], result)

    def head(self, number: int) -> None:
        """The map that a head reads is an output: what comes after are boxes."""
        name = f"{self.section.kind}{number}"
        self.outputs[name] = self.last
        shape = "x".join(map(str, self.shapes[self.last]))
        self.remarks.append(f"[{self.section.kind}] {number} is the output {name}, the {shape} map that it reads")


def _short(stride: tuple[int, int]) -> int | list[int]:
    return stride[0] if stride[0] == stride[1] else list(stride)


def _ceiled(size: int, window: int, stride: int, padding: int) -> int:
    """The places of a pooling that rounds up, as PyTorch counts them."""
    count = -(-(size + 2 * padding - window) // stride) + 1
    return count - ((count - 1) * stride >= size + padding)
