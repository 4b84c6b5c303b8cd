"""A net of Caffe: layers that take and give blobs by their names."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from archspec.errors import did_you_mean
from archspec.importers.caffe import convolutions, places, pointwise  # noqa: F401 - they register what reads layers
from archspec.importers.caffe.fields import Fields
from archspec.importers.caffe.layers import KINDS, Blob, LayerReader
from archspec.importers.caffe.prototext import Message, Value
from archspec.importers.draft import MOST_LAYERS, Draft, Given, Names, UnsaidError, network_name
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


def drafted(given: Given, net: Message) -> Draft:
    """The network of a net.

    Raises:
        SpecError: It has no layers or no input, or more layers than the limit.
    """
    return _NetReader(given, Fields(net)).draft()


class _NetReader:
    """Layers, one after another, with their sizes as Caffe works them out."""

    def __init__(self, given: Given, net: Fields) -> None:
        self.given = given
        self.net = net
        self.stated = self.kept()
        self.layer = LayerReader(given, net, Counter(each for layer in self.stated for each in layer.texts("bottom")))
        self.shared: dict[str, str] = {}

    def kept(self) -> list[Fields]:
        """The layers that are there when the net is used."""
        faults, fields = self.given.faults, self.net.message.fields
        values = [value for key in ("layer", "layers") for value in fields.get(key, [])]
        if len(values) > MOST_LAYERS:
            raise faults.error(f"it has more than {MOST_LAYERS:,} layers", values[MOST_LAYERS].span)
        for key in fields:
            if key not in ("name", "layer", "layers", "input", "input_dim", "input_shape", "force_backward", "state"):
                faults.add(f"`{key}` is no field of a Caffe net that is known", fields[key][0].span)
        layers = [Fields(value.message) for value in values if value.message is not None]
        return [layer for layer in layers if _in_test(layer)]

    def draft(self) -> Draft:
        faults, layer = self.given.faults, self.layer
        try:
            self.declared()
        except UnsaidError as fault:
            raise faults.error(str(fault), fault.span, help=fault.help) from None
        for fields in self.stated:
            layer.fields, layer.name = fields, fields.text("name")
            try:
                self.read(fields)
            except UnsaidError as fault:
                faults.add(str(fault), fault.span, path=layer.name, help=fault.help)
                self.unsaid(fields, str(fault))
        if not layer.layers or not layer.inputs:
            raise faults.error("it has no layers, or no input", self.net.span)
        return self.whole()

    def whole(self) -> Draft:
        read = self.layer
        params, statistics, macs = (
            sum(getattr(layer, figure) for layer in read.layers) for figure in ("params", "statistics", "macs")
        )
        named = {name: node for name, node in read.unused.items() if node not in read.inputs}
        named = named or {read.layers[-1].name: read.layers[-1].name}
        taken = Names()
        outputs = {taken.take("output" if len(named) == 1 else name): node for name, node in named.items()}
        by_name = {layer.name: layer.shape for layer in read.layers}
        shapes = {name: by_name[node] for name, node in outputs.items()}
        sizes = {name: list(shape) for name, shape in shapes.items()}
        expect: dict[str, Any] = {"params": params, "macs": macs}
        expect |= {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        title = self.net.text("name") or self.given.stem
        doc = f"Imported from Caffe's {self.given.stem}.prototxt."
        self.given.faults.check_operands(read.layers, self.given.start)
        specs = specs_of(read.layers, read.inputs, outputs, {"name": network_name(title), "doc": doc}, expect)
        found = f"{len(self.stated)} layers"
        return Draft(specs, params, statistics, macs, shapes, found, read.remarks, read.layers)

    def declared(self) -> None:
        """The inputs that stand at the top of a file."""
        dims, shapes = self.net.integers("input_dim", 1), self.net.messages("input_shape")
        for number, name in enumerate(self.net.texts("input")):
            if len(shapes) > number:
                self.layer.input(name, shapes[number].integers("dim", 1), shapes[number].span)
            else:
                self.layer.input(name, dims[4 * number : 4 * number + 4], self.net.span)

    def read(self, fields: Fields) -> None:
        """Read one layer."""
        stated = fields.text("type")
        name = _V1.get(stated, stated)
        if name in _DATA:
            self.read_data(fields)
            return
        if name in _TRAINING:
            self.layer.remarks.append(f"{self.layer.name} ({name}) is left out: it belongs to the training")
            return
        if name not in KINDS:
            from archspec.ops.foreign import ELSEWHERE, plain

            span = fields.message.fields["type"][-1].span if "type" in fields else fields.span
            help = ELSEWHERE.get(plain(name), "") or did_you_mean(name, KINDS)
            raise UnsaidError(f"there is nothing for a layer of type `{name}`", span, help)
        kind = KINDS[name]
        self.check_fields(fields, kind.message, kind.keys)
        found = fields.messages(kind.message)
        kind.read(self.layer, found[-1] if found else Fields(Message({}, fields.span)))

    def check_fields(self, fields: Fields, own: str, known: frozenset[str]) -> None:
        """Refuse fields that are not known: they may change what a layer does."""
        for key, values in fields.message.fields.items():
            if key not in _LAYER and key != own:
                raise UnsaidError(f"`{key}` is not known here", values[0].span, did_you_mean(key, [own, *_LAYER]))
        for argument in fields.messages(own):
            for key, inner in argument.message.fields.items():
                if key not in known:
                    raise UnsaidError(f"`{key}` of `{own}` is not known", inner[0].span, did_you_mean(key, known))
        for value in fields.message.fields.get("param", []):
            name = Fields(value.message).text("name") if value.message else value.text
            if name and self.shared.setdefault(name, self.layer.name) != self.layer.name:
                raise UnsaidError(f"it shares the weights `{name}` of `{self.shared[name]}`", value.span)

    def read_data(self, fields: Fields) -> None:
        """A layer that reads what a data base holds: the first that it gives is an input."""
        top, *others = fields.texts("top") or [""]
        asked = self.given.options.get("input", "")
        if not re.fullmatch(r"\d{1,9}(\s*,\s*\d{1,9})*", asked):
            help = "read the deploy.prototxt, or say it with --input 3,227,227"
            raise self.given.faults.error("the sizes of the input are in its data base", fields.span, help=help)
        if top not in self.layer.blobs:
            self.layer.input(top, [1, *map(int, asked.split(","))], fields.span)
        name = self.layer.name
        self.layer.remarks += [f"{each} of {name} is left out: it belongs to the training" for each in others]

    def unsaid(self, fields: Fields, why: str) -> None:
        """A node in the place of a layer that cannot be said."""
        layer = self.layer
        known = [layer.blobs[name] for name in fields.texts("bottom") if name in layer.blobs]
        known = known or [Blob(name, shape) for name, shape in layer.inputs.items()][:1]
        if not known:
            return
        for name in fields.texts("bottom"):
            layer.unused.pop(name, None)
        doc = f"The {fields.text('type')} of line {fields.span.line} is not here: {why}"
        blob = layer.add({"op": "identity", "doc": doc}, known[:1], known[0].shape)
        for top in fields.texts("top"):
            layer.blobs[top] = blob


def _in_test(layer: Fields) -> bool:
    """Whether a layer is there when the net is used, not trained."""

    def names_test(rule: Value) -> bool:
        phase = Fields(rule.message).text("phase") if rule.message else ""
        return phase in ("", "TEST", "1")

    included, excluded = (layer.message.fields.get(key, []) for key in ("include", "exclude"))
    if included:
        return any(map(names_test, included))
    return not any(map(names_test, excluded)) if excluded else layer.text("phase") not in ("TRAIN", "0")
