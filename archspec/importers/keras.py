"""Keras: `.keras` (a zip with `config.json`) and the JSON of `model.to_json()`, of Keras 2 and 3.

Source: keras' `src/layers` and `src/models/functional.py` (3.10), where nothing else is said. Shapes are channels first
here: those of the file are turned round.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, BinaryIO, ClassVar, NamedTuple

from typing_extensions import override

from archspec.errors import Span, UsageError, did_you_mean, listed, shown
from archspec.files import LARGEST, reason, regular
from archspec.importers.draft import (
    LIMITS,
    MOST_LAYERS,
    MOST_NUMBER,
    Draft,
    Format,
    Given,
    Layer,
    Names,
    Shape,
    network_name,
)
from archspec.importers.structure import specs_of

_END = b"PK\x05\x06"
_MOST_DIRECTORY = 1_000_000
"""Bytes of the list of a zip's files; those of Keras hold a few."""

_IGNORED = frozenset(
    """
    name trainable dtype batch_input_shape batch_shape input_shape ragged sparse optional input_dtype autocast
    kernel_initializer bias_initializer depthwise_initializer pointwise_initializer beta_initializer gamma_initializer
    moving_mean_initializer moving_variance_initializer alpha_initializer kernel_regularizer bias_regularizer
    depthwise_regularizer pointwise_regularizer beta_regularizer gamma_regularizer activity_regularizer
    alpha_regularizer kernel_constraint bias_constraint depthwise_constraint pointwise_constraint beta_constraint
    gamma_constraint alpha_constraint seed renorm renorm_clipping renorm_momentum virtual_batch_size adjustment fused
    synchronized implementation input_length shared_object_id input_dim
    """.split()
)
"""Keys that change no figure: how weights begin, and what training adds."""

_CONV = "filters kernel_size strides padding data_format dilation_rate groups activation use_bias".split()
_POOL = "pool_size strides padding data_format".split()
_KNOWN: dict[str, list[str]] = {
    "Conv": _CONV,
    "ConvTranspose": [*_CONV, "output_padding"],
    "DepthwiseConv": [*_CONV, "depth_multiplier"],
    "SeparableConv": [*_CONV, "depth_multiplier"],
    "Dense": ["units", "activation", "use_bias", "quantization_config", "lora_rank"],
    "BatchNormalization": ["axis", "momentum", "epsilon", "center", "scale"],
    "LayerNormalization": ["axis", "epsilon", "center", "scale", "rms_scaling"],
    "Activation": ["activation"],
    "ReLU": ["max_value", "negative_slope", "threshold"],
    "LeakyReLU": ["alpha", "negative_slope"],
    "ELU": ["alpha"],
    "PReLU": ["shared_axes"],
    "Softmax": ["axis"],
    "MaxPooling": _POOL,
    "AveragePooling": _POOL,
    "GlobalAveragePooling": ["data_format", "keepdims"],
    "GlobalMaxPooling": ["data_format", "keepdims"],
    "ZeroPadding": ["padding", "data_format"],
    "Cropping": ["cropping", "data_format"],
    "UpSampling": ["size", "data_format", "interpolation"],
    "Flatten": ["data_format"],
    "Reshape": ["target_shape"],
    "Dropout": ["rate", "noise_shape"],
    "SpatialDropout": ["rate", "noise_shape", "data_format"],
    "Add": [],
    "Subtract": [],
    "Multiply": [],
    "Average": [],
    "Maximum": [],
    "Minimum": [],
    "Concatenate": ["axis"],
    "Rescaling": ["scale", "offset"],
    "Normalization": ["axis", "mean", "variance", "invert"],
}
_MERGES = {"Add": "add", "Subtract": "sub", "Multiply": "mul", "Average": "add", "Maximum": "maximum",
           "Minimum": "minimum"}  # fmt: skip
_TRAINING = re.compile(r"Random\w+|GaussianNoise|ActivityRegularization")
_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")

_ACTIVATIONS: dict[str, dict[str, Any] | None] = {
    "linear": None,
    "relu": {"op": "relu"},
    "relu6": {"op": "relu6"},
    "sigmoid": {"op": "sigmoid"},
    "tanh": {"op": "tanh"},
    "softmax": {"op": "softmax", "dim": 1},
    "swish": {"op": "silu"},
    "silu": {"op": "silu"},
    "elu": {"op": "elu"},
    "gelu": {"op": "gelu"},
    "mish": {"op": "mish"},
    "softplus": {"op": "softplus"},
    "exponential": {"op": "exp"},
    "leaky_relu": {"op": "leaky_relu", "negative_slope": 0.2},
    "hard_sigmoid": {"op": "hardsigmoid"},
    "hard_swish": {"op": "hardswish"},
    "hard_silu": {"op": "hardswish"},
}
_HELP = f"known here: {listed(_ACTIVATIONS)}"


class _UnsaidError(Exception):
    """A layer that cannot be said."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class Keras(Format, name="keras"):
    """Keras' `.keras` and `model.json`."""

    endings = (".keras", ".json")
    options: ClassVar[Mapping[str, str]] = {
        "input": "Sizes of the input, channels last as in Keras, where the file leaves them open: `224,224,3`."
    }

    @classmethod
    @override
    def load(cls, path: str | os.PathLike[str]) -> bytes:
        """The configuration, which a `.keras` holds beside weights that may have any size."""
        try:
            with regular(path) as file:
                if file.read(4) != b"PK\x03\x04":
                    file.seek(0)
                    return file.read(LIMITS.file_bytes + 1)
                return _configuration(file)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {shown(path)}: {reason(error)}") from None
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, KeyError, EOFError) as error:
            raise UsageError(f"cannot read {shown(path)}: it is no zip with a config.json ({error})") from None
        except Exception as error:
            if type(error).__module__ in ("zlib", "lzma", "_lzma", "_bz2"):
                raise UsageError(f"cannot read {shown(path)}: it is damaged ({error})") from None
            raise

    @override
    def read(self, given: Given) -> Draft:
        source = given.source()
        try:
            model = json.loads(source.text, parse_constant=_no_number)
        except ValueError as error:
            at = getattr(error, "pos", 0)
            raise given.faults.error(f"it is no JSON: {error}", source.span(at, at + 1)) from None
        return _Reader(given, source.text, model).draft()


def _no_number(text: str) -> None:
    raise ValueError(f"`{text}` is no number")


def _configuration(file: BinaryIO) -> bytes:
    """The file `config.json` of a zip, of which no list of files is read that is longer than any of Keras."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    at = tail.rfind(_END)
    directory = int.from_bytes(tail[at + 12 : at + 16], "little")
    if at < 0 or directory > _MOST_DIRECTORY:
        raise zipfile.BadZipFile("it lists too many files")
    with zipfile.ZipFile(file) as archive:
        info = archive.getinfo("config.json")
        if info.file_size > min(LIMITS.file_bytes, LARGEST):
            raise zipfile.BadZipFile(f"its config.json has more than {LIMITS.file_bytes:,} bytes")
        return archive.read(info)


class _Window(NamedTuple):
    """The kernel of a window, the sizes of what it gives, and the arguments that say so."""

    kernel: list[int]
    sizes: list[int]
    node: dict[str, Any]


class _Reader:
    """Layers, one after another, with their sizes as Keras works them out."""

    def __init__(self, given: Given, text: str, model: Any) -> None:
        self.given = given
        self.text = text
        self.model = model
        self.names = Names()
        self.layers: list[Layer] = []
        self.inputs: dict[str, Shape] = {}
        self.tensors: dict[tuple[str, int], str] = {}
        """The node that gives what a layer gives, at each of its calls."""
        self.shapes: dict[str, Shape] = {}
        self.remarks: list[str] = []
        self.blocks: dict[str, dict[str, Any]] = {}
        self.layer: Mapping[str, Any] = {}
        self.config: Mapping[str, Any] = {}
        self.name = ""
        self.turned = False
        """Whether a tensor without places was made of one with places, whose numbers have another order here."""

    def draft(self) -> Draft:
        faults, model = self.given.faults, self.model
        config = model.get("config") if isinstance(model, dict) else None
        kind = model.get("class_name") if isinstance(model, dict) else None
        layers = config if isinstance(config, list) else config.get("layers") if isinstance(config, dict) else None
        if kind not in ("Functional", "Model", "Sequential") or not isinstance(layers, list):
            message = "a model of Keras has `class_name` Functional or Sequential, and `config` with its layers"
            raise faults.error(message, self.given.start)
        if len(layers) > MOST_LAYERS:
            raise faults.error(f"it has more than {MOST_LAYERS:,} layers", self.given.start)
        self.old = "keras_version" in model and not str(model["keras_version"]).startswith("3")
        self.settings: Mapping[str, Any] = config if isinstance(config, dict) else {}
        sequential = kind == "Sequential"
        given = [self.call(number, each, sequential=sequential) for number, each in enumerate(layers)]
        if not self.layers or not self.inputs:
            raise faults.error("it has no layers, or no input", self.given.start)
        ends = [given[-1]] if kind == "Sequential" else self.ends()
        return self.whole(ends, len(layers))

    def whole(self, ends: Sequence[str], count: int) -> Draft:
        self.in_branches(ends)
        params, statistics, macs = (
            sum(getattr(layer, figure) for layer in self.layers) for figure in ("params", "statistics", "macs")
        )
        names = Names()
        outputs = {names.take("output" if len(ends) == 1 else end): end for end in ends}
        shapes = {name: self.shapes[node] for name, node in outputs.items()}
        sizes = {name: list(shape) for name, shape in shapes.items()}
        expect: dict[str, Any] = {"params": params, "macs": macs}
        expect |= {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        title = self.settings.get("name")
        title = title if isinstance(title, str) else self.given.stem
        doc = "Imported from Keras; channels come first here."
        self.remarks.append("channels come first: shapes are turned round, and the axes of kernels with them")
        if self.turned:
            self.remarks.append("behind flatten or reshape numbers stand in another order: a Dense has its rows so")
        self.given.faults.check_operands(self.layers, self.given.start)
        specs = specs_of(
            self.layers, self.inputs, outputs, {"name": network_name(title), "doc": doc}, expect, self.blocks
        )
        return Draft(specs, params, statistics, macs, shapes, f"{count} layers", self.remarks, self.layers)

    def in_branches(self, ends: Sequence[str]) -> None:
        """Put layers, which Keras lists by their depth, so that each branch stands together."""
        by_name = {layer.name: layer for layer in self.layers}
        ordered: dict[str, Layer] = {}
        waiting = [(name, False) for name in reversed(ends)]
        while waiting:
            name, seen = waiting.pop()
            layer = by_name.get(name)
            if layer is None or name in ordered:
                continue
            if seen:
                ordered[name] = layer
                continue
            taken = [*layer.inputs, *([str(layer.node["reuse"])] if "reuse" in layer.node else [])]
            waiting += [(name, True), *((each, False) for each in reversed(taken))]
        self.layers = [*ordered.values(), *(layer for layer in self.layers if layer.name not in ordered)]

    def ends(self) -> list[str]:
        """What gives the outputs of a functional model."""
        stated = self.settings.get("output_layers")
        found = [self.tensors.get((str(name), call)) for name, call in _histories(stated)]
        if not found or None in found:
            raise self.given.faults.error("`output_layers` names no layer above", self.given.start)
        return list(dict.fromkeys(filter(None, found)))

    def span(self) -> Span:
        """Where a layer stands: its name, as far as the file has it."""
        needle = f'"name": {json.dumps(self.name)}'
        at = self.text.find(needle)
        at = self.text.find(needle.replace(": ", ":")) if at < 0 else at
        if at < 0:
            return self.given.start
        line = self.text.count("\n", 0, at) + 1
        column = at - (self.text.rfind("\n", 0, at) + 1) + 1
        return Span(self.given.path, line, column, line, column + len(needle))

    # Layers and what they take

    def call(self, number: int, layer: Any, *, sequential: bool) -> str:
        """Read one layer; what gives its output."""
        faults = self.given.faults
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            raise faults.error(f"layer {number} has no `config`", self.given.start)
        self.layer, self.config = layer, layer["config"]
        self.name = str(layer.get("name", self.config.get("name", f"layer_{number}")))[:200]
        kind = str(layer.get("class_name"))
        before = self.layers[-1].name if self.layers else next(iter(self.inputs), "")
        try:
            if kind == "InputLayer":
                given = self.input(self.config.get("batch_shape", self.config.get("batch_input_shape")))
                self.tensors[self.name, 0] = given
                return given
            if sequential and not self.inputs:
                before = self.input(self.first_shape(layer))
            calls = [[before]] if sequential else self.calls(layer.get("inbound_nodes"))
            given = before
            for at, taken in enumerate(calls):
                given = self.read(kind, taken) if at == 0 else self.again(taken)
                self.tensors[self.name, at] = given
        except _UnsaidError as fault:
            faults.add(str(fault), self.span(), path=self.name, help=fault.help)
            given = self.unsaid(kind, str(fault), before)
            self.tensors[self.name, 0] = given
        return given

    def first_shape(self, layer: Mapping[str, Any]) -> Any:
        """The shape that a sequential model begins with, where no layer of its own says so."""
        built = layer.get("build_config")
        stated = built.get("input_shape") if isinstance(built, dict) else None
        return self.config.get("batch_input_shape") or self.settings.get("build_input_shape") or stated

    def input(self, shape: Any) -> str:
        """An input; its sizes are those of the file, or those that are asked for."""
        sizes = shape[1:] if isinstance(shape, list) and len(shape) > 1 else None
        asked = self.given.options.get("input")
        if asked is not None:
            if not re.fullmatch(r"[1-9]\d{0,8}(\s*,\s*[1-9]\d{0,8})*", asked):
                raise self.given.faults.error("--input is sizes, channels last: `224,224,3`", self.span())
            sizes = [int(part) for part in asked.split(",")]
        if not sizes or any(type(size) is not int or not 0 < size <= MOST_NUMBER for size in sizes):
            help = "say them, channels last: --input 224,224,3"
            raise self.given.faults.error("the sizes of the input are open", self.span(), path=self.name, help=help)
        own = self.names.take(self.name, "input")
        self.inputs[own] = self.shapes[own] = (sizes[-1], *sizes[:-1])
        return own

    def calls(self, nodes: Any) -> list[list[str]]:
        """What a layer takes at each of its calls, in the forms of Keras 2 and 3."""
        found = []
        for node in nodes if isinstance(nodes, list) else []:
            histories = _histories(node.get("args") if isinstance(node, dict) else node)
            taken = [self.tensors.get((str(name), call)) for name, call in histories]
            if not taken or None in taken:
                raise _UnsaidError("it takes something that no layer above gives")
            found.append([each for each in taken if each is not None])
        if not found:
            raise _UnsaidError("nothing says what it takes")
        return found

    def again(self, taken: list[str]) -> str:
        """A layer that is called once more, with the same weights."""
        own = [layer for layer in self.layers if layer.source == self.name]
        if len(own) != 1 or [self.shapes[each] for each in taken] != [self.shapes[each] for each in own[0].inputs]:
            raise _UnsaidError("it is called again on another shape, or is several nodes here")
        return self.add({"reuse": own[0].name}, taken, own[0].shape, own="again", macs=own[0].macs)

    def read(self, kind: str, taken: list[str]) -> str:
        family = re.sub(r"[123]D$", "", kind).replace("2DTranspose", "Transpose").replace("1DTranspose", "Transpose")
        family = {"Conv3DTranspose": "ConvTranspose", "Convolution": "Conv"}.get(family, family)
        if kind in _CODE:
            raise _UnsaidError(f"a `{kind}` holds code, which is never run", "write it with ops in the spec")
        if _TRAINING.fullmatch(kind):
            self.remarks.append(f"{self.name} ({kind}) is left out: it belongs to the training")
            return taken[0]
        if family not in _KNOWN:
            if kind in ("Functional", "Sequential", "Model"):
                raise _UnsaidError("a model in a model is not read", "save the outer model with its layers flat")
            raise _UnsaidError(f"there is nothing for a layer of class `{kind}`", did_you_mean(family, _KNOWN))
        for key, value in self.config.items():
            if key not in _KNOWN[family] and key not in _IGNORED and value is not None:
                raise _UnsaidError(f"`{key}` of `{kind}` is not known", did_you_mean(key, _KNOWN[family]))
        if self.config.get("data_format") == "channels_first":
            raise _UnsaidError("only models with channels last are read")
        if family not in (*_MERGES, "Concatenate") and len(taken) != 1:
            raise _UnsaidError("it takes one tensor")
        reader: Callable[[list[str], str], str] = getattr(self, f"read_{family.lower()}", self.merge)
        return reader(taken, family)

    def add(self, node: dict[str, Any], taken: Sequence[str], shape: Shape, *, own: str = "", **figures: int) -> str:
        """Add a node; its name."""
        if prod(shape) > MOST_NUMBER or min(shape, default=1) < 1:
            raise _UnsaidError(f"its output would have the sizes {'x'.join(map(str, shape))}")
        kind = str(node.get("op") or node.get("block", "layer"))
        name = self.names.take(f"{self.name}_{own}" if own else self.name, kind)
        self.layers.append(Layer(name, node, list(taken), shape, span=self.span(), source=self.name, **figures))
        self.shapes[name] = shape
        return name

    def unsaid(self, kind: str, why: str, before: str) -> str:
        """A node in the place of a layer that cannot be said."""
        if not before:
            raise self.given.faults.as_error()
        doc = f"{kind} {self.name} is not here: {why}"
        return self.add({"op": "identity", "doc": shown(doc)}, [before], self.shapes[before])

    # Arguments

    def integer(self, key: str, default: int | None = None, least: int = 1) -> int:
        value = self.config.get(key, default)
        if type(value) is not int or not least <= value <= MOST_NUMBER:
            raise _UnsaidError(f"`{key}` is an integer of at least {least}, not {shown(json.dumps(value))}")
        return value

    def real(self, key: str, default: float) -> float:
        value = self.config.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > MOST_NUMBER:
            raise _UnsaidError(f"`{key}` is a number, not {shown(json.dumps(value))}")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.config.get(key, default)
        if not isinstance(value, bool):
            raise _UnsaidError(f"`{key}` is true or false, not {shown(json.dumps(value))}")
        return value

    def sizes(self, key: str, rank: int, default: Any = 1, least: int = 1) -> list[int]:
        """A number for each spatial dimension."""
        value = self.config.get(key)
        value = default if value is None else value
        found = [value] * rank if type(value) is int else value
        if not isinstance(found, list) or len(found) != rank:
            raise _UnsaidError(f"`{key}` has a number for each of {rank} dimensions")
        if any(type(each) is not int or not least <= each <= MOST_NUMBER for each in found):
            raise _UnsaidError(f"`{key}` holds integers of at least {least}")
        return found

    def same(self) -> bool:
        padding = self.config.get("padding", "valid")
        if padding not in ("same", "valid"):
            raise _UnsaidError(f"`padding` is same or valid, not {shown(json.dumps(padding))}")
        return bool(padding == "same")

    def map(self, name: str) -> Shape:
        """The shape of a tensor with places."""
        if len(self.shapes[name]) < 2:
            raise _UnsaidError("it takes a tensor with places, and what comes before has none")
        return self.shapes[name]

    def activated(self, node: str, default: str = "linear") -> str:
        """A node with the activation that the layer has."""
        value = self.config.get("activation", default)
        inner = value.get("config") if isinstance(value, dict) else value
        text = str(inner) if isinstance(inner, str) else "linear" if inner is None and value is None else ""
        if text not in _ACTIVATIONS or (self.old and text == "hard_sigmoid"):
            raise _UnsaidError(f"the activation {shown(json.dumps(value))} is no op of ours", _HELP)
        act = _ACTIVATIONS[text]
        if act is None:
            return node
        own = "" if node in self.inputs or self.layers[-1].source != self.name else text
        return self.add(dict(act), [node], self.shapes[node], own=own)

    def dim(self, axis: Any, rank: int) -> int:
        """A dimension as it is counted here, of a tensor with so many dimensions besides the batch."""
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        if type(axis) is not int or not (1 <= axis <= rank or -rank <= axis <= -1):
            raise _UnsaidError(f"the axis {shown(json.dumps(axis))} is the batch, or is not there")
        place = axis if axis > 0 else rank + 1 + axis
        return 1 if place == rank else place + 1

    # Convolutions

    def window(self, taken: Shape, *, key: str = "kernel_size") -> _Window:
        """How a layer moves its window."""
        rank = len(taken) - 1
        default = {"pool_size": 2}.get(key)
        kernel = self.sizes(key, rank, default)
        stride = self.sizes("strides", rank, kernel if key == "pool_size" else 1)
        dilation = self.sizes("dilation_rate", rank) if key == "kernel_size" else [1] * rank
        reach = [(size - 1) * gap + 1 for size, gap in zip(kernel, dilation, strict=True)]
        node: dict[str, Any] = {"kernel_size": _short(kernel)}
        usual = kernel if key == "pool_size" else [1] * rank
        node |= {"stride": _short(stride)} if stride != usual else {}
        if self.same():
            sizes = [-(-size // step) for size, step in zip(taken[1:], stride, strict=True)]
            plain = key == "kernel_size" and max(stride) == 1 and all(each % 2 for each in reach)
            pads = [each // 2 for each in reach]
            node |= {"padding": _short(pads) if plain else "same_upper"} if any(pads) else {}
        else:
            sizes = [(size - each) // step + 1 for size, each, step in zip(taken[1:], reach, stride, strict=True)]
        node |= {"dilation": _short(dilation)} if max(dilation) > 1 else {}
        return _Window(kernel, sizes, node)

    def convolved(self, taken: str, filters: int, groups: int, *, bias: bool, own: str = "") -> str:
        shape = self.map(taken)
        if shape[0] % groups or filters % groups:
            raise _UnsaidError(f"{shape[0]} and {filters} channels do not divide into {groups} groups")
        kernel, sizes, node = self.window(shape)
        weights = filters * shape[0] // groups * prod(kernel)
        whole = {"op": "conv", "out_channels": filters, **node}
        whole |= ({"groups": groups} if groups > 1 else {}) | ({} if bias else {"bias": False})
        params, macs = weights + bias * filters, weights * prod(sizes)
        return self.add(whole, [taken], (filters, *sizes), own=own, params=params, macs=macs)

    def read_conv(self, taken: list[str], _: str) -> str:
        filters, groups = self.integer("filters"), self.integer("groups", 1)
        return self.activated(self.convolved(taken[0], filters, groups, bias=self.flag("use_bias", default=True)))

    def read_depthwiseconv(self, taken: list[str], _: str) -> str:
        channels = self.map(taken[0])[0]
        filters = channels * self.integer("depth_multiplier", 1)
        return self.activated(self.convolved(taken[0], filters, channels, bias=self.flag("use_bias", default=True)))

    def read_separableconv(self, taken: list[str], _: str) -> str:
        channels, filters = self.map(taken[0])[0], self.integer("filters")
        between = channels * self.integer("depth_multiplier", 1)
        first = self.convolved(taken[0], between, channels, bias=False, own="depthwise")
        bias, sizes = self.flag("use_bias", default=True), self.shapes[first][1:]
        node = {"op": "conv", "out_channels": filters, "kernel_size": 1} | ({} if bias else {"bias": False})
        weights = filters * between
        macs = weights * prod(sizes)
        last = self.add(node, [first], (filters, *sizes), own="pointwise", params=weights + bias * filters, macs=macs)
        return self.activated(last)

    def read_convtranspose(self, taken: list[str], _: str) -> str:
        shape = self.map(taken[0])
        rank, filters, groups = len(shape) - 1, self.integer("filters"), self.integer("groups", 1)
        kernel, stride = self.sizes("kernel_size", rank, None), self.sizes("strides", rank)
        if self.config.get("output_padding") is not None or max(self.sizes("dilation_rate", rank)) > 1 or groups > 1:
            raise _UnsaidError(
                "`output_padding`, `dilation_rate` and `groups` of a transposed convolution are not read"
            )
        if any(size < step for size, step in zip(kernel, stride, strict=True)):
            raise _UnsaidError("a stride larger than the kernel is not read")
        spare = [size - step if self.same() else 0 for size, step in zip(kernel, stride, strict=True)]
        sizes = [n * s + k - s for n, k, s in zip(shape[1:], kernel, stride, strict=True)]
        bias, weights = self.flag("use_bias", default=True), filters * shape[0] * prod(kernel)
        node: dict[str, Any] = {"op": "conv_transpose", "out_channels": filters, "kernel_size": _short(kernel)}
        node |= {"stride": _short(stride)} if max(stride) > 1 else {}
        even = all(each % 2 == 0 for each in spare)
        node |= {"padding": _short([each // 2 for each in spare])} if even and any(spare) else {}
        node |= {} if bias else {"bias": False}
        cut = [size - each for size, each in zip(sizes, spare, strict=True)]
        params, macs = weights + bias * filters, weights * prod(shape[1:])
        given = self.add(node, taken, (filters, *(cut if even else sizes)), params=params, macs=macs)
        if not even:  # TensorFlow cuts the odd place at the end
            pads = [number for each in reversed(spare) for number in (-(each // 2), -(each - each // 2))]
            given = self.add({"op": "pad", "padding": pads}, [given], (filters, *cut), own="cut")
        return self.activated(given)

    def read_dense(self, taken: list[str], _: str) -> str:
        shape, units, bias = self.shapes[taken[0]], self.integer("units"), self.flag("use_bias", default=True)
        weights = shape[0] * units
        node: dict[str, Any] = {"op": "linear", "out_features": units}
        if len(shape) > 1:  # it works on the channels at each place
            node = {"op": "conv", "out_channels": units, "kernel_size": 1}
        node |= {} if bias else {"bias": False}
        params, macs = weights + bias * units, weights * prod(shape[1:])
        return self.activated(self.add(node, taken, (units, *shape[1:]), params=params, macs=macs))

    # Normalisation and activations

    def read_batchnormalization(self, taken: list[str], _: str) -> str:
        shape = self.shapes[taken[0]]
        if self.dim(self.config.get("axis", -1), len(shape)) != 1:
            raise _UnsaidError("only channels are normalised")
        eps, momentum = self.real("epsilon", 1e-3), round(1 - self.real("momentum", 0.99), 12)
        center, scale = self.flag("center", default=True), self.flag("scale", default=True)
        if eps <= 0 or not 0 <= momentum <= 1 or (scale and not center):
            raise _UnsaidError("`epsilon` is above 0, `momentum` between 0 and 1, and `scale` goes with `center`")
        node = {"op": "batch_norm", "eps": eps, "momentum": momentum}
        node = {key: value for key, value in node.items() if (key, value) not in (("eps", 1e-5), ("momentum", 0.1))}
        channels = shape[0]
        if center and not scale:
            norm = {"op": "batch_norm", **{key: value for key, value in node.items() if key != "op"}, "affine": False}
            block = self.offset_block(norm, len(shape) - 1)
            return self.add({"block": block}, taken, shape, params=channels, statistics=2 * channels)
        node |= {} if scale else {"affine": False}
        return self.add(node, taken, shape, params=2 * channels if scale else 0, statistics=2 * channels)

    def offset_block(self, norm: dict[str, Any], rank: int) -> str:
        """A normalisation that has offsets and no factors, as a block of the file's own."""
        graph = {
            "norm": norm,
            "beta": {"op": "parameter", "shape": ["$(input.channels)", *[1] * rank]},
            "add": {"op": "add", "from": ["norm", "beta"]},
        }
        block = {"doc": "Batch normalisation with offsets and no factors.", "graph": graph}
        name, number = "offset_norm", 2
        while self.blocks.setdefault(name, block) != block:
            name, number = f"offset_norm_{number}", number + 1
        return name

    def read_layernormalization(self, taken: list[str], _: str) -> str:
        shape = self.shapes[taken[0]]
        if self.dim(self.config.get("axis", -1), len(shape)) != 1 or self.flag("rms_scaling", default=False):
            raise _UnsaidError("only channels are normalised")
        center, scale = self.flag("center", default=True), self.flag("scale", default=True)
        if center and not scale:
            raise _UnsaidError("offsets without factors cannot be said")
        eps = self.real("epsilon", 1e-3)
        node: dict[str, Any] = {"op": "layer_norm", "dim": 1, "eps": eps}
        node |= {} if scale and center else {"bias": False} if scale else {"elementwise_affine": False}
        return self.add(node, taken, shape, params=shape[0] * (scale + center))

    def pointwise(self, taken: list[str], node: dict[str, Any], params: int = 0) -> str:
        return self.add(node, taken, self.shapes[taken[0]], params=params)

    def read_activation(self, taken: list[str], _: str) -> str:
        given = self.activated(taken[0])
        return given if given != taken[0] else self.pointwise(taken, {"op": "identity"})

    def read_relu(self, taken: list[str], _: str) -> str:
        most, slope = self.config.get("max_value"), self.config.get("negative_slope") or 0
        if self.config.get("threshold") not in (None, 0, 0.0) or (most is not None and slope):
            raise _UnsaidError("a threshold, or a slope with a greatest value, cannot be said")
        if slope:
            return self.pointwise(taken, {"op": "leaky_relu", "negative_slope": self.real("negative_slope", 0)})
        if most is None:
            return self.pointwise(taken, {"op": "relu"})
        bound = self.real("max_value", 6.0)
        return self.pointwise(
            taken, {"op": "relu6"} if bound == 6 else {"op": "hardtanh", "min_val": 0.0, "max_val": bound}
        )

    def read_leakyrelu(self, taken: list[str], _: str) -> str:
        slope = self.real("negative_slope" if "negative_slope" in self.config else "alpha", 0.3)
        return self.pointwise(taken, {"op": "leaky_relu"} | ({"negative_slope": slope} if slope != 0.01 else {}))

    def read_elu(self, taken: list[str], _: str) -> str:
        alpha = self.real("alpha", 1.0)
        return self.pointwise(taken, {"op": "elu"} | ({"alpha": alpha} if alpha != 1 else {}))

    def read_prelu(self, taken: list[str], _: str) -> str:
        shape = self.shapes[taken[0]]
        shared = self.config.get("shared_axes") or []
        if sorted(map(str, shared if isinstance(shared, list) else [])) != [str(each) for each in range(1, len(shape))]:
            raise _UnsaidError("a slope for each place cannot be said; `shared_axes` names all but the channels")
        return self.pointwise(taken, {"op": "prelu", "num_parameters": shape[0]}, params=shape[0])

    def read_softmax(self, taken: list[str], _: str) -> str:
        return self.pointwise(
            taken, {"op": "softmax", "dim": self.dim(self.config.get("axis", -1), len(self.shapes[taken[0]]))}
        )

    def read_dropout(self, taken: list[str], _: str) -> str:
        share, noise = self.real("rate", 0.5), self.config.get("noise_shape")
        if not 0 <= share <= 1:
            raise _UnsaidError("`rate` lies between 0 and 1")
        if noise is None:
            return self.pointwise(taken, {"op": "dropout"} | ({"p": share} if share != 0.5 else {}))
        if not isinstance(noise, list) or any(each != 1 for each in noise[1:]):
            raise _UnsaidError("only noise for each sample can be said")
        return self.pointwise(taken, {"op": "stochastic_depth", "p": share, "mode": "row"})

    def read_spatialdropout(self, taken: list[str], _: str) -> str:
        share = self.real("rate", 0.5)
        self.map(taken[0])
        if not 0 <= share <= 1:
            raise _UnsaidError("`rate` lies between 0 and 1")
        return self.pointwise(taken, {"op": "dropout2d"} | ({"p": share} if share != 0.5 else {}))

    def read_rescaling(self, taken: list[str], _: str) -> str:
        scale, offset = self.real("scale", 1.0), self.real("offset", 0.0)
        given = self.pointwise(taken, {"op": "mul", "value": scale})
        if not offset:
            return given
        return self.add({"op": "add", "value": offset}, [given], self.shapes[given], own="offset")

    def read_normalization(self, taken: list[str], _: str) -> str:
        """What is worked out from data belongs to the data; numbers that stand in the file are said."""
        mean, variance, shape = self.config.get("mean"), self.config.get("variance"), self.shapes[taken[0]]
        if mean is None and variance is None:
            self.remarks.append(f"{self.name} (Normalization) is left out: its numbers are those of a data set")
            return taken[0]
        numbers = [each if isinstance(each, list) else [] for each in (mean, variance)]
        if self.flag("invert", default=False) or self.dim(self.config.get("axis", -1), len(shape)) != 1:
            raise _UnsaidError("only channels are normalised")
        if any(len(each) != shape[0] or any(type(n) not in (int, float) for n in each) for each in numbers):
            raise _UnsaidError("`mean` and `variance` have a number for each channel")
        deviations = [max(max(n, 0) ** 0.5, 1e-7) for n in numbers[1]]
        given = taken[0]
        for op, values in (("sub", numbers[0]), ("div", deviations)):
            sizes = (shape[0], *(1 for _each in shape[1:]))
            held = self.add({"op": "constant", "value": _deep([float(n) for n in values], len(shape) - 1)}, [], sizes,
                            own=op + "_by")  # fmt: skip
            given = self.add({"op": op}, [given, held], shape, own=op)
        return given

    # Pooling, places, merges

    def read_maxpooling(self, taken: list[str], _: str) -> str:
        shape = self.map(taken[0])
        found = self.window(shape, key="pool_size")
        sizes, node = found.sizes, found.node
        return self.add({"op": "max_pool", **node}, taken, (shape[0], *sizes))

    def read_averagepooling(self, taken: list[str], _: str) -> str:
        shape = self.map(taken[0])
        found = self.window(shape, key="pool_size")
        sizes, node = found.sizes, found.node
        node |= {"count_include_pad": False} if "padding" in node else {}
        return self.add({"op": "avg_pool", **node}, taken, (shape[0], *sizes))

    def read_globalaveragepooling(self, taken: list[str], family: str) -> str:
        shape = self.map(taken[0])
        op = "global_avg_pool" if family == "GlobalAveragePooling" else "global_max_pool"
        given = self.add({"op": op}, taken, (shape[0], *(1 for _ in shape[1:])))
        if self.flag("keepdims", default=False):
            return given
        return self.add({"op": "flatten"}, [given], (shape[0],), own="flat")

    read_globalmaxpooling = read_globalaveragepooling

    def pairs(self, key: str, rank: int) -> list[tuple[int, int]]:
        """Places before and after each dimension."""
        value = self.config.get(key, 1)
        value = [value] * rank if type(value) is int else value
        value = [value] if rank == 1 and isinstance(value, list) and all(type(each) is int for each in value) else value
        if not isinstance(value, list) or len(value) != rank:
            raise _UnsaidError(f"`{key}` has two numbers for each of {rank} dimensions")
        found = [[each, each] if type(each) is int else each for each in value]
        for each in found:
            right = isinstance(each, list) and len(each) == 2 and all(type(n) is int for n in each)
            if not right or not all(0 <= n <= MOST_NUMBER for n in each):
                raise _UnsaidError(f"`{key}` has two numbers for each of {rank} dimensions")
        return [(each[0], each[1]) for each in found]

    def read_zeropadding(self, taken: list[str], family: str) -> str:
        shape = self.map(taken[0])
        sign = 1 if family == "ZeroPadding" else -1
        pairs = self.pairs("padding" if sign == 1 else "cropping", len(shape) - 1)
        sizes = [size + sign * sum(pair) for size, pair in zip(shape[1:], pairs, strict=True)]
        padding = [sign * number for pair in reversed(pairs) for number in pair]
        return self.add({"op": "pad", "padding": padding}, taken, (shape[0], *sizes))

    read_cropping = read_zeropadding

    def read_upsampling(self, taken: list[str], _: str) -> str:
        shape = self.map(taken[0])
        factors = self.sizes("size", len(shape) - 1, 2)
        mode = self.config.get("interpolation", "nearest")
        if mode not in ("nearest", "bilinear") or (mode == "bilinear" and len(shape) != 3):
            raise _UnsaidError(f"the interpolation {shown(json.dumps(mode))} cannot be said")
        node = {"op": "upsample", "scale_factor": _short(factors)} | ({"mode": mode} if mode != "nearest" else {})
        return self.add(node, taken, (shape[0], *(n * f for n, f in zip(shape[1:], factors, strict=True))))

    def read_flatten(self, taken: list[str], _: str) -> str:
        shape = self.shapes[taken[0]]
        self.turned = self.turned or prod(shape[1:]) > 1
        return self.add({"op": "flatten"}, taken, (prod(shape),))

    def read_reshape(self, taken: list[str], _: str) -> str:
        shape, target = self.shapes[taken[0]], self.config.get("target_shape")
        if not isinstance(target, list) or not target or any(type(n) is not int or n < -1 or n == 0 for n in target):
            raise _UnsaidError("`target_shape` lists sizes")
        known = prod(n for n in target if n != -1)
        whole = [prod(shape) // known if n == -1 else n for n in target]
        if prod(whole) != prod(shape) or target.count(-1) > 1:
            raise _UnsaidError("`target_shape` has another number of elements")
        result = (whole[-1], *whole[:-1])
        if len(shape) > 1 and len(result) > 1 and result != shape and max(prod(shape[1:]), prod(result[1:])) > 1:
            raise _UnsaidError("a reshape from places to places cannot be said: channels stand elsewhere")
        self.turned = self.turned or max(prod(shape[1:]), prod(result[1:])) > 1
        return self.add({"op": "reshape", "shape": list(result)}, taken, result)

    def merge(self, taken: list[str], family: str) -> str:
        shapes = [self.shapes[each] for each in taken]
        result = _broadcast(shapes)
        if len(taken) < 2 or result is None or (family == "Subtract" and len(taken) != 2):
            raise _UnsaidError("what it takes differs in size")
        given = self.add({"op": _MERGES[family]}, taken, result)
        if family != "Average":
            return given
        return self.add({"op": "div", "value": len(taken)}, [given], result, own="share")

    def read_concatenate(self, taken: list[str], _: str) -> str:
        shapes = [self.shapes[each] for each in taken]
        dim = self.dim(self.config.get("axis", -1), len(shapes[0]))
        rests = {(*shape[: dim - 1], *shape[dim:]) for shape in shapes}
        if len({len(shape) for shape in shapes}) > 1 or len(rests) > 1:
            raise _UnsaidError("what it takes differs in size")
        total = sum(shape[dim - 1] for shape in shapes)
        node = {"op": "concat"} | ({"dim": dim} if dim != 1 else {})
        return self.add(node, taken, (*shapes[0][: dim - 1], total, *shapes[0][dim:]))


def _short(numbers: Sequence[int]) -> int | list[int]:
    return numbers[0] if len(set(numbers)) == 1 else list(numbers)


def _deep(numbers: list[float], depth: int) -> Any:
    """Numbers, each in so many lists of its own."""
    return [_wrapped(number, depth) for number in numbers]


def _wrapped(number: float, depth: int) -> Any:
    return [_wrapped(number, depth - 1)] if depth else number


def _broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """The shape that operands of one rank have together."""
    if len({len(shape) for shape in shapes}) != 1:
        return None
    sizes = [set(column) - {1} for column in zip(*shapes, strict=True)]
    return tuple(size.pop() if size else 1 for size in sizes) if all(len(size) <= 1 for size in sizes) else None


def _histories(value: Any) -> list[tuple[str, int]]:
    """The layers, and the numbers of their calls, that stand in lists of Keras 2 and 3, however deep."""
    if isinstance(value, dict):
        inner = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(inner, dict):
            return _histories(inner.get("keras_history"))
        return [found for each in value.values() for found in _histories(each)]
    if not isinstance(value, list):
        return []
    if len(value) >= 3 and isinstance(value[0], str) and type(value[1]) is int and type(value[2]) is int:
        return [(value[0], value[1])]
    return [found for each in value for found in _histories(each)]
