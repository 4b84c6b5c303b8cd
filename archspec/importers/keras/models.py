"""A model of Keras: layers, what they take, and models inside of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from archspec.errors import did_you_mean, shown
from archspec.importers.draft import LIMITS, MOST_LAYERS, MOST_NUMBER, Draft, Given, Layer, Names, network_name
from archspec.importers.keras import convolutions, places, pointwise  # noqa: F401 - they register what reads layers
from archspec.importers.keras.layers import FAMILIES, LayerReader, UnsaidError
from archspec.importers.structure import specs_of

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

_TRAINING = re.compile(r"Random\w+|GaussianNoise|ActivityRegularization")
_CODE = ("Lambda", "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
_MODELS = ("Functional", "Sequential", "Model")


def drafted(given: Given, text: str, model: Any) -> Draft:
    """The network of a model.

    Args:
        given: The file.
        text: Its text.
        model: What that says.

    Raises:
        SpecError: It is no model, has no layers or open sizes, or more layers than the limit.
    """
    stated = model if isinstance(model, dict) else {}
    if stated.get("class_name") not in _MODELS or _layers(stated) is None:
        message = "a model of Keras has `class_name` Functional or Sequential, and `config` with its layers"
        raise given.faults.error(message, given.start)
    old = "keras_version" in stated and not str(stated["keras_version"]).startswith("3")
    return _ModelReader(LayerReader(given, text, old=old)).draft(stated)


def _layers(model: Mapping[str, Any]) -> list[Any] | None:
    """The layers of a model; None where nothing is stated of them."""
    config = model.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    return layers if isinstance(layers, list) else None


class _Made(NamedTuple):
    """What a layer, or a model inside of another, was at its first call: what it took, its nodes, and what gives."""

    taken: list[str]
    layers: list[Layer]
    given: list[str]


@dataclass
class _Scope:
    """A model whose layers are being read.

    Attributes:
        settings: What is stated of it.
        sequential: Whether each layer takes the one above.
        taken: What it takes, where it stands in another model.
        asked: The layers and calls that anything takes.
        tensors: The node that gives a tensor, by the name of the layer and the numbers of the call and of the tensor.
    """

    settings: Mapping[str, Any]
    sequential: bool
    taken: list[str] | None
    asked: set[tuple[str, int]]
    tensors: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def tensors_of(self, value: Any) -> list[str] | None:
        """What lists of Keras name; None where nothing gives one of them, or there are none."""
        found = [self.tensors.get(each) for each in _histories(value)]
        known = [each for each in found if each is not None]
        return known if known and len(known) == len(found) else None


class _ModelReader:
    """Models and what is inside of them, with their sizes as Keras works them out."""

    def __init__(self, layer: LayerReader) -> None:
        self.layer = layer
        self.faults = layer.given.faults
        self.start = layer.given.start
        self.count = 0
        self.called = 0
        self.depth = 0

    def draft(self, model: Mapping[str, Any]) -> Draft:
        ends = self.outputs(model, None)
        if not self.layer.layers or not self.layer.inputs:
            raise self.faults.error("it has no layers, or no input", self.start)
        config = model["config"]
        title = config.get("name") if isinstance(config, dict) else None
        return self.whole(list(dict.fromkeys(ends)), title if isinstance(title, str) else self.layer.given.stem)

    def whole(self, ends: Sequence[str], title: str) -> Draft:
        self.in_branches(ends)
        layer = self.layer
        params, statistics, macs = (
            sum(getattr(each, figure) for each in layer.layers) for figure in ("params", "statistics", "macs")
        )
        names = Names()
        outputs = {names.take("output" if len(ends) == 1 else end): end for end in ends}
        shapes = {name: layer.shapes[node] for name, node in outputs.items()}
        sizes = {name: list(shape) for name, shape in shapes.items()}
        expect: dict[str, Any] = {"params": params, "macs": macs}
        expect |= {"outputs": sizes} if len(sizes) > 1 else {"output": next(iter(sizes.values()))}
        doc = "Imported from Keras; channels come first here."
        layer.remarks.append("channels come first: shapes are turned round, and the axes of kernels with them")
        if layer.turned:
            layer.remarks.append("behind flatten or reshape numbers stand in another order: a Dense has its rows so")
        self.faults.check_operands(layer.layers, self.start)
        specs = specs_of(
            layer.layers, layer.inputs, outputs, {"name": network_name(title), "doc": doc}, expect, layer.blocks
        )
        return Draft(specs, params, statistics, macs, shapes, f"{self.count} layers", layer.remarks, layer.layers)

    def in_branches(self, ends: Sequence[str]) -> None:
        """Put layers, which Keras lists by their depth, so that each branch stands together."""
        by_name = {layer.name: layer for layer in self.layer.layers}
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
        self.layer.layers = [*ordered.values(), *(layer for layer in self.layer.layers if layer.name not in ordered)]

    # Models, layers, and what they take

    def outputs(self, model: Mapping[str, Any], taken: list[str] | None) -> list[str]:
        """Read the layers of a model; what gives its outputs.

        Args:
            model: What the file says of it.
            taken: What it takes, where it stands in another model.
        """
        layers, config = _layers(model), model["config"]
        if layers is None:
            raise UnsaidError("nothing is stated of its layers")
        self.count += len(layers)
        self.bound(len(layers))
        if self.depth > LIMITS.nesting:
            raise UnsaidError(f"more than {LIMITS.nesting} models stand in each other")
        settings = config if isinstance(config, dict) else {}
        nodes = [each.get("inbound_nodes") for each in layers if isinstance(each, dict)]
        asked = {(name, call) for name, call, _ in _histories([nodes, settings.get("output_layers")])}
        scope = _Scope(settings, model["class_name"] == "Sequential", taken, asked)
        before, self.depth = taken or [], self.depth + 1
        for number, each in enumerate(layers):
            before = self.call(number, each, before, scope)
        self.depth -= 1
        if scope.sequential:
            return before
        found = scope.tensors_of(settings.get("output_layers"))
        if found is None:
            raise self.faults.error("`output_layers` names no layer above", self.start)
        return found

    def call(self, number: int, stated: Any, before: list[str], scope: _Scope) -> list[str]:
        """Read one layer, or a model inside; what gives its outputs.

        Args:
            number: Its place among the layers of its model.
            stated: What the file says of it.
            before: What the layer above gives.
            scope: Its model.
        """
        if not isinstance(stated, dict) or not isinstance(stated.get("config"), dict | list):
            raise self.faults.error(f"layer {number} has no `config`", self.start)
        config = stated["config"] if isinstance(stated["config"], dict) else {}
        name = str(stated.get("name", config.get("name", f"layer_{number}")))[:200]
        kind = str(stated.get("class_name"))
        self.layer.name, self.layer.config = name, config
        given = before
        try:
            if kind == "InputLayer":
                given = [self.input(config.get("batch_shape", config.get("batch_input_shape")), scope)]
                scope.tensors[name, 0, 0] = given[0]
                return given
            if scope.sequential and not before:
                before = [self.input(self.first_shape(stated, scope), scope)]
            made = None
            first = int(kind in _MODELS and (name, 0) not in scope.asked)  # a functional model has a call of its own
            for at, taken in enumerate(
                [before] if scope.sequential else self.calls(stated.get("inbound_nodes"), scope)
            ):
                made = self.again(made, taken) if made else self.made(kind, stated, taken)
                given = made.given
                self.layer.name, self.layer.config = name, config
                scope.tensors.update({(name, first + at, tensor): node for tensor, node in enumerate(given)})
        except UnsaidError as fault:
            self.faults.add(str(fault), self.layer.span(), path=name, help=fault.help)
            given = [self.unsaid(kind, str(fault), before)]
            scope.tensors.update({(name, call, 0): given[0] for call in (0, 1)})
        return given

    def made(self, kind: str, stated: Mapping[str, Any], taken: list[str]) -> _Made:
        """A layer, or a model inside, at its first call."""
        start = len(self.layer.layers)
        given = self.outputs(stated, taken) if kind in _MODELS else [self.read(kind, taken)]
        return _Made(taken, self.layer.layers[start:], given)

    def again(self, made: _Made, taken: list[str]) -> _Made:
        """What is called once more, with the same weights.

        Returns:
            What it was at the first call, with what gives the outputs of this one.
        """
        shapes = self.layer.shapes
        instead = dict(zip(made.taken, taken, strict=False))
        if [shapes[each] for each in made.taken] != [shapes[each] for each in taken]:
            raise UnsaidError("it is called again on another shape")
        if [instead[each] for each in made.taken] != taken:
            raise UnsaidError("it is called again on tensors that differ where those of the first call do not")
        self.bound(len(made.layers))
        for each in made.layers:
            node = {"reuse": each.name} if each.params or each.statistics else dict(each.node)
            name = self.layer.names.take(f"{each.name}_again")
            inputs = [instead.get(taken, taken) for taken in each.inputs]
            self.layer.layers.append(replace(each, name=name, node=node, inputs=inputs, params=0, statistics=0))
            shapes[name] = each.shape
            instead[each.name] = name
        return made._replace(given=[instead.get(each, each) for each in made.given])

    def bound(self, layers: int) -> None:
        """Count layers, further calls of them too: of models in models a short file can ask for any number."""
        self.called += layers
        if self.called > MOST_LAYERS:
            raise self.faults.error(f"it has, or calls, more than {MOST_LAYERS:,} layers", self.start)

    def first_shape(self, stated: Mapping[str, Any], scope: _Scope) -> Any:
        """The shape that a sequential model begins with, where no layer of its own says so."""
        shape = scope.settings.get("build_input_shape")
        for _ in range(LIMITS.nesting):  # the first layer may be a model, which begins with one
            config, built = stated.get("config"), stated.get("build_config")
            shape = shape or (built.get("input_shape") if isinstance(built, dict) else None)
            if isinstance(config, dict):
                shape = config.get("batch_shape") or config.get("batch_input_shape") or shape
            inner = _layers(stated) if stated.get("class_name") in _MODELS else None
            if not inner or not isinstance(inner[0], dict):
                break
            stated = inner[0]
        return shape

    def input(self, shape: Any, scope: _Scope) -> str:
        """An input; its sizes are those of the file, or those that are asked for. One of a model inside is taken."""
        layer, given = self.layer, self.layer.given
        if scope.taken is not None:
            names = [name for name, _, _ in _histories(scope.settings.get("input_layers"))] or [layer.name]
            if layer.name not in names[: len(scope.taken)]:
                raise UnsaidError("the model that it stands in takes another number of tensors")
            return scope.taken[names.index(layer.name)]
        sizes = shape[1:] if isinstance(shape, list) and len(shape) > 1 else None
        asked = given.options.get("input")
        if asked is not None:
            if not re.fullmatch(r"[1-9]\d{0,8}(\s*,\s*[1-9]\d{0,8})*", asked):
                raise self.faults.error("--input is sizes, channels last: `224,224,3`", layer.span())
            sizes = [int(part) for part in asked.split(",")]
        if not sizes or any(type(size) is not int or not 0 < size <= MOST_NUMBER for size in sizes):
            help = "say them, channels last: --input 224,224,3"
            raise self.faults.error("the sizes of the input are open", layer.span(), path=layer.name, help=help)
        own = layer.names.take(layer.name, "input")
        layer.inputs[own] = layer.shapes[own] = (sizes[-1], *sizes[:-1])
        return own

    def calls(self, nodes: Any, scope: _Scope) -> Iterator[list[str]]:
        """What a layer takes at each of its calls, in the forms of Keras 2 and 3."""
        if not isinstance(nodes, list) or not nodes:
            raise UnsaidError("nothing says what it takes")
        for node in nodes:
            taken = scope.tensors_of(node.get("args") if isinstance(node, dict) else node)
            if taken is None:
                raise UnsaidError("it takes something that no layer above gives")
            yield taken

    def read(self, kind: str, taken: list[str]) -> str:
        """The nodes of one layer; the name of the one that gives its output."""
        layer = self.layer
        name = re.sub(r"[123]D$", "", kind).replace("2DTranspose", "Transpose").replace("1DTranspose", "Transpose")
        name = {"Conv3DTranspose": "ConvTranspose", "Convolution": "Conv"}.get(name, name)
        if kind in _CODE:
            raise UnsaidError(f"a `{kind}` holds code, which is never run", "write it with ops in the spec")
        if _TRAINING.fullmatch(kind):
            layer.remarks.append(f"{layer.name} ({kind}) is left out: it belongs to the training")
            return taken[0]
        if name not in FAMILIES:
            raise UnsaidError(f"there is nothing for a layer of class `{kind}`", did_you_mean(name, FAMILIES))
        family = FAMILIES[name]
        for key, value in layer.config.items():
            if key not in family.keys and key not in _IGNORED and value is not None:
                raise UnsaidError(f"`{key}` of `{kind}` is not known", did_you_mean(key, family.keys))
        if layer.config.get("data_format") == "channels_first":
            raise UnsaidError("only models with channels last are read")
        if not family.several and len(taken) != 1:
            raise UnsaidError("it takes one tensor")
        layer.family = name
        return family.read(layer, taken)

    def unsaid(self, kind: str, why: str, before: list[str]) -> str:
        """A node in the place of a layer that cannot be said."""
        layer = self.layer
        before = before or [each.name for each in layer.layers[-1:]] or list(layer.inputs)[:1]
        if not before:
            raise self.faults.as_error()
        doc = f"{kind} {layer.name} is not here: {why}"
        return layer.add({"op": "identity", "doc": shown(doc)}, before[:1], layer.shapes[before[0]])


def _histories(value: Any) -> list[tuple[str, int, int]]:
    """Tensors that stand in lists of Keras 2 and 3, however deep: a layer, its call, and which of what that gives."""
    if isinstance(value, dict):
        inner = value.get("config")
        if value.get("class_name") == "__keras_tensor__" and isinstance(inner, dict):
            return _histories(inner.get("keras_history"))
        return [found for each in value.values() for found in _histories(each)]
    if not isinstance(value, list):
        return []
    if len(value) >= 3 and isinstance(value[0], str) and type(value[1]) is int and type(value[2]) is int:
        return [(value[0], value[1], value[2])]
    return [found for each in value for found in _histories(each)]
