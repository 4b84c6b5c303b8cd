"""Caffe's `.prototxt`: layers that take and give blobs by their names.

Source: caffe's `src/caffe/proto/caffe.proto` and `src/caffe/layers/*.cpp` (BVLC/caffe).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any, ClassVar, NamedTuple

from typing_extensions import override

from archspec.errors import Span, did_you_mean
from archspec.importers.draft import MOST_LAYERS, MOST_NUMBER, Draft, Format, Given, Layer, Names, Shape, network_name
from archspec.importers.prototext import Message, Value, parsed
from archspec.importers.structure import specs_of

_V1 = {
    "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "CONCAT": "Concat", "CONVOLUTION": "Convolution", "DATA": "Data",
    "DECONVOLUTION": "Deconvolution", "DROPOUT": "Dropout", "ELTWISE": "Eltwise", "FLATTEN": "Flatten",
    "IMAGE_DATA": "ImageData", "INNER_PRODUCT": "InnerProduct", "LRN": "LRN", "POOLING": "Pooling", "POWER": "Power",
    "RELU": "ReLU", "SIGMOID": "Sigmoid", "SLICE": "Slice", "SOFTMAX": "Softmax", "SOFTMAX_LOSS": "SoftmaxWithLoss",
    "SPLIT": "Split", "TANH": "TanH", "HDF5_DATA": "HDF5Data", "EUCLIDEAN_LOSS": "EuclideanLoss",
    "HINGE_LOSS": "HingeLoss", "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "SILENCE": "Silence",
    "EXP": "Exp", "DUMMY_DATA": "DummyData", "ARGMAX": "ArgMax",
}  # fmt: skip
"""What the layers of older files are called now."""

_DATA = frozenset("Data ImageData HDF5Data DummyData MemoryData WindowData AnnotatedData".split())
_TRAINING = frozenset(
    "Accuracy SoftmaxWithLoss EuclideanLoss HingeLoss SigmoidCrossEntropyLoss ContrastiveLoss InfogainLoss "
    "MultinomialLogisticLoss Silence ArgMax".split()
)
"""Layers that belong to the training, or to its reports."""

_LAYER = frozenset(
    "name type bottom top phase include exclude param blobs_lr weight_decay propagate_down loss_weight blobs "
    "transform_param loss_param".split()
)
_FILLERS = frozenset("weight_filler bias_filler engine".split())
_CONV = frozenset(
    "num_output bias_term pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w group dilation axis "
    "force_nd_im2col".split()
)
_PARAMS: dict[str, tuple[str, frozenset[str]]] = {
    "Convolution": ("convolution_param", _CONV | _FILLERS),
    "Deconvolution": ("convolution_param", _CONV | _FILLERS),
    "Pooling": (
        "pooling_param",
        frozenset("pool pad pad_h pad_w kernel_size kernel_h kernel_w stride stride_h stride_w global_pooling "
                  "round_mode engine".split()),
    ),
    "InnerProduct": ("inner_product_param", frozenset(["num_output", "bias_term", "axis", "transpose"]) | _FILLERS),
    "ReLU": ("relu_param", frozenset(["negative_slope", "engine"])),
    "PReLU": ("prelu_param", frozenset(["channel_shared", "filler"])),
    "ELU": ("elu_param", frozenset(["alpha"])),
    "LRN": ("lrn_param", frozenset("local_size alpha beta norm_region k engine".split())),
    "Dropout": ("dropout_param", frozenset(["dropout_ratio", "scale_train"])),
    "Concat": ("concat_param", frozenset(["axis", "concat_dim"])),
    "Eltwise": ("eltwise_param", frozenset(["operation", "coeff", "stable_prod_grad"])),
    "Softmax": ("softmax_param", frozenset(["axis", "engine"])),
    "Flatten": ("flatten_param", frozenset(["axis", "end_axis"])),
    "Reshape": ("reshape_param", frozenset(["shape", "axis", "num_axes"])),
    "Slice": ("slice_param", frozenset(["axis", "slice_point", "slice_dim"])),
    "Power": ("power_param", frozenset(["power", "scale", "shift"])),
    "BatchNorm": ("batch_norm_param", frozenset(["use_global_stats", "moving_average_fraction", "eps"])),
    "Scale": ("scale_param", frozenset(["axis", "num_axes", "filler", "bias_term", "bias_filler"])),
    "Input": ("input_param", frozenset(["shape"])),
}  # fmt: skip
"""The message that holds a layer's arguments, and those that are read; fillers say how weights begin."""

_PLAIN = {
    "Sigmoid": ("sigmoid_param", "sigmoid"),
    "TanH": ("tanh_param", "tanh"),
    "AbsVal": ("absval_param", "abs"),
    "Swish": ("swish_param", "silu"),
    "Split": ("split_param", ""),
}
_SIZE = re.compile(r"[-+]?\d{1,10}")
_REAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?f?")


class _UnsaidError(Exception):
    """A layer that cannot be said."""

    def __init__(self, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.span = span
        self.help = help


class _Blob(NamedTuple):
    """What a blob's name stands for at a place: a node, and what it gives."""

    node: str
    shape: Shape


class Caffe(Format, name="caffe"):
    """Caffe's `.prototxt`, mostly called `deploy.prototxt`."""

    endings = (".prototxt", ".pbtxt")
    options: ClassVar[Mapping[str, str]] = {
        "input": "Sizes of the input, channels first, where the file reads them from a data base."
    }

    @override
    def read(self, given: Given) -> Draft:
        return _Reader(given, parsed(given)).draft()


class _Reader:
    """Layers, one after another, with their sizes as Caffe works them out."""

    def __init__(self, given: Given, net: Message) -> None:
        self.given = given
        self.net = net
        self.names = Names()
        self.layers: list[Layer] = []
        self.inputs: dict[str, Shape] = {}
        self.blobs: dict[str, _Blob] = {}
        self.unused: dict[str, str] = {}
        """Blobs that nothing takes so far, and their nodes."""
        self.remarks: list[str] = []
        self.layer = net
        self.name = ""
        self.argument = net
        self.shared: dict[str, str] = {}

    def draft(self) -> Draft:
        faults = self.given.faults
        messages = [value for key in ("layer", "layers") for value in self.net.fields.get(key, [])]
        if len(messages) > MOST_LAYERS:
            raise faults.error(f"it has more than {MOST_LAYERS:,} layers", messages[MOST_LAYERS].span)
        for key in self.net.fields:
            if key not in ("name", "layer", "layers", "input", "input_dim", "input_shape", "force_backward", "state"):
                faults.add(f"`{key}` is no field of a Caffe net that is known", self.net.fields[key][0].span)
        kept = [value.message for value in messages if value.message is not None and self.in_test(value.message)]
        self.takers = Counter(each.text for layer in kept for each in layer.fields.get("bottom", []))
        try:
            self.declared()
        except _UnsaidError as fault:
            raise faults.error(str(fault), fault.span, help=fault.help) from None
        for layer in kept:
            self.layer = layer
            self.name = self.text(layer, "name")
            try:
                self.read()
            except _UnsaidError as fault:
                faults.add(str(fault), fault.span, path=self.name, help=fault.help)
                self.unsaid(str(fault))
        if not self.layers or not self.inputs:
            raise faults.error("it has no layers, or no input", self.net.span)
        return self.whole(len(kept))

    def whole(self, count: int) -> Draft:
        params, statistics, macs = (
            sum(getattr(layer, figure) for layer in self.layers) for figure in ("params", "statistics", "macs")
        )
        named = {name: node for name, node in self.unused.items() if node not in self.inputs}
        named = named or {self.layers[-1].name: self.layers[-1].name}
        taken = Names()
        outputs = {taken.take("output" if len(named) == 1 else name): node for name, node in named.items()}
        by_name = {layer.name: layer.shape for layer in self.layers}
        shapes = {name: by_name[node] for name, node in outputs.items()}
        sizes = {name: list(shape) for name, shape in shapes.items()}
        expect: dict[str, Any] = {"params": params, "macs": macs}
        expect |= {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        title = self.text(self.net, "name") or self.given.stem
        doc = f"Imported from Caffe's {self.given.stem}.prototxt."
        self.given.faults.check_operands(self.layers, self.given.start)
        specs = specs_of(self.layers, self.inputs, outputs, {"name": network_name(title), "doc": doc}, expect)
        found = f"{count} layers"
        return Draft(specs, params, statistics, macs, shapes, found, self.remarks, self.layers)

    # Fields

    def text(self, message: Message, key: str) -> str:
        values = message.fields.get(key, [])
        return values[-1].text if values else ""

    def texts(self, key: str) -> list[str]:
        return [value.text for value in self.layer.fields.get(key, [])]

    def in_test(self, layer: Message) -> bool:
        """Whether a layer is there when the net is used, not trained."""

        def names_test(rule: Value) -> bool:
            phase = self.text(rule.message, "phase") if rule.message else ""
            return phase in ("", "TEST", "1")

        included, excluded = layer.fields.get("include", []), layer.fields.get("exclude", [])
        if included:
            return any(map(names_test, included))
        return not any(map(names_test, excluded)) if excluded else self.text(layer, "phase") not in ("TRAIN", "0")

    def integers(self, key: str, least: int = 0) -> list[int]:
        values = self.argument.fields.get(key, [])
        for value in values:
            if not _SIZE.fullmatch(value.text) or not least <= int(value.text) <= MOST_NUMBER:
                raise _UnsaidError(f"`{key}` is an integer of at least {least}, not `{value.text}`", value.span)
        return [int(value.text) for value in values]

    def integer(self, key: str, default: int | None, least: int = 0) -> int:
        found = self.integers(key, least)
        if not found and default is None:
            raise _UnsaidError(f"it lacks `{key}`", self.argument.span)
        return found[-1] if found else int(default or 0)

    def real(self, key: str, default: float) -> float:
        values = self.argument.fields.get(key, [])
        if not values:
            return default
        if not _REAL.fullmatch(values[-1].text):
            raise _UnsaidError(f"`{key}` is a number, not `{values[-1].text}`", values[-1].span)
        return float(values[-1].text.rstrip("f"))

    def flag(self, key: str, *, default: bool) -> bool:
        values = self.argument.fields.get(key, [])
        if not values:
            return default
        if values[-1].text not in ("true", "false", "1", "0", "t", "f"):
            raise _UnsaidError(f"`{key}` is true or false, not `{values[-1].text}`", values[-1].span)
        return values[-1].text in ("true", "1", "t")

    def word(self, key: str, default: str, known: Sequence[str]) -> str:
        """One of an enumeration, by its name or its number."""
        text = self.text(self.argument, key) or default
        if text.isdigit() and int(text) < len(known):
            return known[int(text)]
        if text not in known:
            span = self.argument.fields[key][-1].span
            raise _UnsaidError(f"`{key}: {text}` cannot be said in a spec", span, did_you_mean(text, known))
        return text

    def pair(self, key: str, height: str, width: str, default: int, least: int = 0) -> tuple[int, int]:
        """A number for height and width, or one for each."""
        both = self.integers(key, least) if key else []
        if len(both) > 2:
            raise _UnsaidError(f"`{key}` has {len(both)} numbers; a map has two dimensions", self.argument.span)
        first, last = (both[0], both[-1]) if both else (default, default)
        return self.integer(height, first, least), self.integer(width, last, least)

    # The network

    def declared(self) -> None:
        """The inputs that stand at the top of a file."""
        names = [value.text for value in self.net.fields.get("input", [])]
        self.argument = self.net
        dims = self.integers("input_dim", 1)
        shapes = [value.message for value in self.net.fields.get("input_shape", []) if value.message]
        for number, name in enumerate(names):
            if len(shapes) > number:
                self.argument = shapes[number]
                sizes = self.integers("dim", 1)
            else:
                sizes = dims[4 * number : 4 * number + 4]
            self.input(name, sizes)

    def input(self, name: str, sizes: Sequence[int]) -> None:
        """An input; the first of its sizes is the batch."""
        if not sizes[1:] or prod(sizes[1:]) > MOST_NUMBER:
            raise _UnsaidError(f"the input `{name}` has no sizes", self.argument.span)
        own = self.names.take(name, "input")
        self.inputs[own] = tuple(sizes[1:])
        self.blobs[name] = _Blob(own, tuple(sizes[1:]))

    def read(self) -> None:
        """Read one layer."""
        kind = self.text(self.layer, "type")
        kind = _V1.get(kind, kind)
        span = self.layer.fields["type"][-1].span if "type" in self.layer.fields else self.layer.span
        if kind in _DATA:
            self.read_data()
            return
        if kind in _TRAINING:
            self.remarks.append(f"{self.name} ({kind}) is left out: it belongs to the training")
            return
        reader = getattr(self, f"read_{kind.lower()}", None) if kind in _PARAMS else None
        own = _PARAMS[kind][0] if kind in _PARAMS else _PLAIN[kind][0] if kind in _PLAIN else ""
        if not own:
            from archspec.ops.foreign import ELSEWHERE, plain

            help = ELSEWHERE.get(plain(kind), "") or did_you_mean(kind, [*_PARAMS, *_PLAIN])
            raise _UnsaidError(f"there is nothing for a layer of type `{kind}`", span, help)
        self.check_fields(own, _PARAMS[kind][1] if kind in _PARAMS else frozenset(["engine"]))
        found = self.layer.fields.get(own, [])
        self.argument = found[-1].message if found and found[-1].message else Message({}, self.layer.span)
        if reader is not None:
            reader()
        elif _PLAIN[kind][1]:
            (taken,) = self.taken(1)
            self.add({"op": _PLAIN[kind][1]}, [taken], taken.shape)
        else:
            (taken,) = self.taken(1)
            for top in self.texts("top"):
                self.blobs[top] = taken
                self.unused[top] = taken.node

    def check_fields(self, own: str, known: frozenset[str]) -> None:
        """Refuse fields that are not known: they may change what a layer does."""
        for key, values in self.layer.fields.items():
            if key not in _LAYER and key != own:
                raise _UnsaidError(f"`{key}` is not known here", values[0].span, did_you_mean(key, [own, *_LAYER]))
        for value in self.layer.fields.get(own, []):
            for key, inner in value.message.fields.items() if value.message else ():
                if key not in known:
                    raise _UnsaidError(f"`{key}` of `{own}` is not known", inner[0].span, did_you_mean(key, known))
        for value in self.layer.fields.get("param", []):
            name = self.text(value.message, "name") if value.message else value.text
            if name and self.shared.setdefault(name, self.name) != self.name:
                raise _UnsaidError(f"it shares the weights `{name}` of `{self.shared[name]}`", value.span)

    def taken(self, count: int | None = None) -> list[_Blob]:
        """What a layer takes.

        Args:
            count: How many blobs it has to take; None for one or more.
        """
        names = self.texts("bottom")
        if (count is not None and len(names) != count) or not names:
            raise _UnsaidError(f"it takes {len(names)} blobs, not {count or 'one or more'}", self.layer.span)
        for value in self.layer.fields["bottom"]:
            if value.text not in self.blobs:
                raise _UnsaidError(
                    f"no layer above gives `{value.text}`", value.span, did_you_mean(value.text, self.blobs)
                )
        for name in names:
            self.unused.pop(name, None)
        return [self.blobs[name] for name in names]

    def map(self) -> _Blob:
        """What a layer takes, which has to be a map."""
        (taken,) = self.taken(1)
        if len(taken.shape) != 3:
            raise _UnsaidError("it takes a map, and what comes before is none", self.layer.span)
        return taken

    def add(self, node: dict[str, Any], inputs: Sequence[_Blob], shape: Shape, *, suffix: str = "", top: int = 0,
            own: str = "", **figures: int) -> _Blob:  # fmt: skip
        """Add a node, which its top then stands for."""
        if prod(shape) > MOST_NUMBER or min(shape, default=1) < 1:
            raise _UnsaidError(f"its output would have the sizes {'x'.join(map(str, shape))}", self.layer.span)
        kind = str(node["op"])
        name = self.names.take(own or (self.name or kind) + suffix, "conv" if kind == "conv" else kind)
        taken = [blob.node for blob in inputs]
        self.layers.append(Layer(name, node, taken, shape, span=self.layer.span, source=self.name + suffix, **figures))
        blob = _Blob(name, shape)
        tops = self.texts("top")
        if not suffix or top:
            given = tops[top : top + 1] or [self.name]
            self.blobs[given[0]] = blob
            self.unused[given[0]] = name
        return blob

    def unsaid(self, why: str) -> None:
        """A node in the place of a layer that cannot be said."""
        known = [self.blobs[name] for name in self.texts("bottom") if name in self.blobs]
        known = known or [_Blob(name, shape) for name, shape in self.inputs.items()][:1]
        if not known:
            return
        for name in self.texts("bottom"):
            self.unused.pop(name, None)
        node = {"op": "identity", "doc": f"The {self.text(self.layer, 'type')} of line {self.layer.span.line} is not "
                f"here: {why}"}  # fmt: skip
        blob = self.add(node, known[:1], known[0].shape)
        for top in self.texts("top"):
            self.blobs[top] = blob

    # Layers

    def read_input(self) -> None:
        shapes = [value.message for value in self.argument.fields.get("shape", []) if value.message]
        for number, top in enumerate(self.texts("top")):
            if not shapes:
                raise _UnsaidError("it has no shape", self.layer.span)
            self.argument = shapes[min(number, len(shapes) - 1)]
            self.input(top, self.integers("dim", 1))

    def read_data(self) -> None:
        top, *others = self.texts("top") or [""]
        asked = self.given.options.get("input", "")
        if not re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9})*", asked):
            help = "read the deploy.prototxt, or say it with --input 3,227,227"
            raise self.given.faults.error("the sizes of the input are in its data base", self.layer.span, help=help)
        if top not in self.blobs:
            self.argument = self.layer
            self.input(top, [1, *map(int, asked.split(","))])
        self.remarks += [f"{each} of {self.name} is left out: it belongs to the training" for each in others]

    def window(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Kernel, stride and padding."""
        kernel = self.pair("kernel_size", "kernel_h", "kernel_w", 0, 1 if "kernel_size" in self.argument.fields else 0)
        if min(kernel) < 1:
            raise _UnsaidError("it lacks `kernel_size`", self.argument.span)
        stride = self.pair("stride", "stride_h", "stride_w", 1, 1)
        return kernel, stride, self.pair("pad", "pad_h", "pad_w", 0)

    def convolved(self, op: str) -> tuple[dict[str, Any], _Blob, int, int, int]:
        """What convolutions of both directions have in common: node, operand, outputs, groups and dilation."""
        taken = self.map()
        kernel, stride, pad = self.window()
        outputs, groups = self.integer("num_output", None, 1), self.integer("group", 1, 1)
        gaps = self.integers("dilation", 1)
        if self.integer("axis", 1) != 1 or len(set(gaps)) > 1:
            raise _UnsaidError(
                "a convolution over other dimensions, or with two dilations, cannot be said", self.argument.span
            )
        if taken.shape[0] % groups or outputs % groups:
            message = f"{taken.shape[0]} and {outputs} channels do not divide into {groups} groups"
            raise _UnsaidError(message, self.argument.span)
        dilation = gaps[0] if gaps else 1
        node: dict[str, Any] = {"op": op, "out_channels": outputs, "kernel_size": _short(kernel)}
        node |= {"stride": _short(stride)} if stride != (1, 1) else {}
        node |= {"padding": _short(pad)} if pad != (0, 0) else {}
        node |= {"dilation": dilation} if dilation > 1 else {}
        node |= {"groups": groups} if groups > 1 else {}
        node |= {} if self.flag("bias_term", default=True) else {"bias": False}
        return node, taken, outputs, groups, dilation

    def read_convolution(self) -> None:
        node, taken, outputs, groups, dilation = self.convolved("conv")
        kernel, stride, pad = self.window()
        sizes = [
            (size + 2 * p - (dilation * (k - 1) + 1)) // s + 1
            for size, k, s, p in zip(taken.shape[1:], kernel, stride, pad, strict=True)
        ]
        weights = outputs * taken.shape[0] // groups * prod(kernel)
        params = weights + (outputs if "bias" not in node else 0)
        self.add(node, [taken], (outputs, *sizes), params=params, macs=weights * prod(sizes))

    def read_deconvolution(self) -> None:
        node, taken, outputs, groups, dilation = self.convolved("conv_transpose")
        kernel, stride, pad = self.window()
        sizes = [
            s * (size - 1) + dilation * (k - 1) + 1 - 2 * p
            for size, k, s, p in zip(taken.shape[1:], kernel, stride, pad, strict=True)
        ]
        weights = outputs * taken.shape[0] // groups * prod(kernel)
        params = weights + (outputs if "bias" not in node else 0)
        self.add(node, [taken], (outputs, *sizes), params=params, macs=weights * prod(taken.shape[1:]))

    def read_pooling(self) -> None:
        taken = self.map()
        kind = self.word("pool", "MAX", ("MAX", "AVE"))
        op = "max_pool" if kind == "MAX" else "avg_pool"
        if self.flag("global_pooling", default=False):
            self.add({"op": f"global_{op}"}, [taken], (taken.shape[0], 1, 1))
            return
        kernel, stride, pad = self.window()
        ceiled = self.word("round_mode", "CEIL", ("CEIL", "FLOOR")) == "CEIL"
        axes = list(zip(taken.shape[1:], kernel, stride, pad, strict=True))
        floors = [(size + 2 * p - k) // s + 1 for size, k, s, p in axes]
        sizes = [_pooled(*axis) for axis in axes] if ceiled else floors
        node: dict[str, Any] = {"op": op, "kernel_size": _short(kernel)}
        node |= {"stride": _short(stride)} if stride != kernel else {}
        node |= {"padding": _short(pad)} if pad != (0, 0) else {}
        node |= {"ceil_mode": True} if sizes != floors else {}
        self.add(node, [taken], (taken.shape[0], *sizes))

    def flat(self, taken: _Blob) -> _Blob:
        """The numbers of a blob in one row."""
        if len(taken.shape) == 1:
            return taken
        return self.add({"op": "flatten"}, [taken], (prod(taken.shape),), suffix="_flatten", own="flatten")

    def read_innerproduct(self) -> None:
        (taken,) = self.taken(1)
        outputs, bias = self.integer("num_output", None, 1), self.flag("bias_term", default=True)
        if self.integer("axis", 1) != 1:
            raise _UnsaidError("an inner product from another axis than 1 cannot be said", self.argument.span)
        taken = self.flat(taken)
        node = {"op": "linear", "out_features": outputs} | ({} if bias else {"bias": False})
        weights = outputs * taken.shape[0]
        self.add(node, [taken], (outputs,), params=weights + (outputs if bias else 0), macs=weights)

    def pointwise(self, node: dict[str, Any]) -> None:
        (taken,) = self.taken(1)
        self.add(node, [taken], taken.shape)

    def read_relu(self) -> None:
        slope = self.real("negative_slope", 0)
        self.pointwise({"op": "leaky_relu", "negative_slope": slope} if slope else {"op": "relu"})

    def read_prelu(self) -> None:
        (taken,) = self.taken(1)
        count = 1 if self.flag("channel_shared", default=False) else taken.shape[0]
        node = {"op": "prelu"} | ({"num_parameters": count} if count > 1 else {})
        self.add(node, [taken], taken.shape, params=count)

    def read_elu(self) -> None:
        alpha = self.real("alpha", 1)
        self.pointwise({"op": "elu"} | ({"alpha": alpha} if alpha != 1 else {}))

    def read_lrn(self) -> None:
        """Caffe too multiplies the mean of the squares, not their sum."""
        self.word("norm_region", "ACROSS_CHANNELS", ("ACROSS_CHANNELS",))
        size = self.integer("local_size", 5, 1)
        given = {"alpha": self.real("alpha", 1), "beta": self.real("beta", 0.75), "k": self.real("k", 1)}
        usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
        changed = {key: value for key, value in given.items() if value != usual[key]}
        self.pointwise({"op": "local_response_norm", "size": size, **changed})

    def read_dropout(self) -> None:
        share = self.real("dropout_ratio", 0.5)
        if not 0 <= share <= 1:
            raise _UnsaidError("`dropout_ratio` lies between 0 and 1", self.argument.span)
        self.pointwise({"op": "dropout"} | ({"p": share} if share != 0.5 else {}))

    def read_concat(self) -> None:
        taken = self.taken()
        axis = self.integer("axis", self.integer("concat_dim", 1), -8)
        shapes = [blob.shape for blob in taken]
        rank = len(shapes[0])
        at = axis - 1 if axis > 0 else axis + rank
        rests = {shape[:at] + shape[at + 1 :] for shape in shapes}
        if not 0 <= at < rank or len(rests) > 1 or len({len(shape) for shape in shapes}) > 1:
            raise _UnsaidError("the blobs that it joins differ in size", self.layer.span)
        total = sum(shape[at] for shape in shapes)
        node = {"op": "concat"} | ({"dim": at + 1} if at else {})
        self.add(node, taken, (*shapes[0][:at], total, *shapes[0][at + 1 :]))

    def read_eltwise(self) -> None:
        taken = self.taken()
        kind = self.word("operation", "SUM", ("PROD", "SUM", "MAX"))
        factors = [value.text for value in self.argument.fields.get("coeff", [])]
        if len({blob.shape for blob in taken}) > 1:
            raise _UnsaidError("the blobs that it takes differ in size", self.layer.span)
        if len(taken) < 2 or (factors and kind != "SUM"):
            raise _UnsaidError("it takes one blob, or has factors that do nothing", self.layer.span)
        numbers = [float(factor) if _REAL.fullmatch(factor) else 0.0 for factor in factors]
        if numbers and numbers != [1.0] * len(taken) and numbers != [1.0, -1.0]:
            raise _UnsaidError("a sum with factors cannot be said", self.argument.span, "write a `mul` before it")
        op = {"PROD": "mul", "SUM": "sub" if -1.0 in numbers else "add", "MAX": "maximum"}[kind]
        self.add({"op": op}, taken, taken[0].shape)

    def read_softmax(self) -> None:
        self.pointwise({"op": "softmax", "dim": self.integer("axis", 1, 1)})

    def read_flatten(self) -> None:
        (taken,) = self.taken(1)
        if self.integer("axis", 1, -8) != 1 or self.integer("end_axis", -1, -8) != -1:
            raise _UnsaidError("only all that follows the batch can be flattened", self.argument.span)
        self.add({"op": "flatten"}, [taken], (prod(taken.shape),))

    def read_reshape(self) -> None:
        (taken,) = self.taken(1)
        shape = [value.message for value in self.argument.fields.get("shape", []) if value.message]
        if not shape or "axis" in self.argument.fields or "num_axes" in self.argument.fields:
            raise _UnsaidError("only a reshape of all dimensions can be said", self.argument.span)
        self.argument = shape[-1]
        batch, *sizes = self.integers("dim", -1) or [1]
        sizes = [taken.shape[at] if size == 0 and at < len(taken.shape) else size for at, size in enumerate(sizes)]
        known = prod(size for size in sizes if size != -1)
        open_size = prod(taken.shape) // known if known else 0
        whole = tuple(open_size if size == -1 else size for size in sizes)
        if batch not in (0, -1) or sizes.count(-1) > 1 or prod(whole) != prod(taken.shape) or 0 in sizes:
            raise _UnsaidError(f"{'x'.join(map(str, taken.shape))} does not become so", self.argument.span)
        self.add({"op": "reshape", "shape": sizes}, [taken], whole)

    def read_slice(self) -> None:
        (taken,) = self.taken(1)
        tops, points = self.texts("top"), self.integers("slice_point", 1)
        axis = self.integer("axis", self.integer("slice_dim", 1), 1)
        if axis > len(taken.shape) or not tops:
            raise _UnsaidError("it slices a dimension that is not there", self.argument.span)
        size = taken.shape[axis - 1]
        if not points and size % len(tops):
            raise _UnsaidError(f"{size} does not divide into {len(tops)} parts", self.argument.span)
        points = points or [size // len(tops) * number for number in range(1, len(tops))]
        bounds = [0, *points, size]
        if len(bounds) != len(tops) + 1 or bounds != sorted(set(bounds)):
            raise _UnsaidError("`slice_point` does not fit the number of tops", self.argument.span)
        for number, (start, stop) in enumerate(pairwise(bounds)):
            even = len({b - a for a, b in pairwise(bounds)}) == 1
            dim = {} if axis == 1 else {"dim": axis}
            node: dict[str, Any] = {"op": "split", "chunks": len(tops), "index": number, **dim}
            if not even:
                node = {"op": "slice", **dim, "start": start, "stop": stop}
            shape = (*taken.shape[: axis - 1], stop - start, *taken.shape[axis:])
            self.add(node, [taken], shape, suffix=f"_{number}" if number else "", top=number)

    def read_power(self) -> None:
        (taken,) = self.taken(1)
        power, scale, shift = self.real("power", 1), self.real("scale", 1), self.real("shift", 0)
        nodes: list[dict[str, Any]] = [{"op": "mul", "value": scale}] if scale != 1 else []
        nodes += [{"op": "add", "value": shift}] if shift else []
        nodes += [{"op": "pow", "exponent": power}] if power != 1 else []
        for number, node in enumerate(nodes or [{"op": "identity"}]):
            last = number >= len(nodes) - 1
            taken = self.add(node, [taken], taken.shape, suffix="" if last else f"_{node['op']}")

    def read_batchnorm(self) -> None:
        (taken,) = self.taken(1)
        eps = self.real("eps", 1e-5)
        changed = {"eps": eps} if eps != 1e-5 else {}
        node = {"op": "batch_norm", **changed, "affine": False}
        self.add(node, [taken], taken.shape, statistics=2 * taken.shape[0])

    def read_scale(self) -> None:
        """With a bias behind a normalisation, it is the factors and offsets of that."""
        (taken,) = self.taken(1)
        if self.integer("axis", 1, -8) != 1 or self.integer("num_axes", 1, -8) != 1:
            raise _UnsaidError("only factors of channels can be said", self.argument.span)
        bias = self.flag("bias_term", default=False)
        before = self.layers[-1] if self.layers else None
        is_norm = before is not None and before.name == taken.node and before.node.get("op") == "batch_norm"
        blob, alone = self.texts("bottom")[0], self.texts("bottom") == self.texts("top")
        if before is not None and is_norm and bias and (alone or self.takers[blob] == 1):
            del before.node["affine"]
            before.params = 2 * taken.shape[0]
            top = (self.texts("top") or [self.name])[0]
            self.blobs[top] = taken
            self.unused[top] = taken.node
            return
        if bias:
            raise _UnsaidError("factors and offsets without a normalisation before cannot be said", self.argument.span)
        self.add({"op": "layer_scale", "init_value": 1.0}, [taken], taken.shape, params=taken.shape[0])


def _short(pair: tuple[int, int]) -> int | list[int]:
    return pair[0] if pair[0] == pair[1] else list(pair)


def _pooled(size: int, kernel: int, stride: int, pad: int) -> int:
    """The places of a pooling, of which Caffe leaves out one that would begin behind the padded image."""
    count = -(-(size + 2 * pad - kernel) // stride) + 1
    return count - (pad > 0 and (count - 1) * stride >= size + pad)
