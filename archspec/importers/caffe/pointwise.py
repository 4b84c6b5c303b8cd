"""Layers of Caffe that keep the shape of what they take: activations, normalisations, factors."""

from __future__ import annotations

from typing import Any

from archspec.importers.caffe.fields import Fields
from archspec.importers.caffe.layers import LayerReader, Read, reads
from archspec.importers.draft import UnsaidError


@reads("ReLU", "relu_param", "negative_slope", "engine")
def _relu(layer: LayerReader, fields: Fields) -> None:
    slope = fields.real("negative_slope", 0)
    layer.pointwise({"op": "leaky_relu", "negative_slope": slope} if slope else {"op": "relu"})


@reads("PReLU", "prelu_param", "channel_shared", "filler")
def _prelu(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    count = 1 if fields.flag("channel_shared", default=False) else taken.shape[0]
    node = {"op": "prelu"} | ({"num_parameters": count} if count > 1 else {})
    layer.add(node, [taken], taken.shape, params=count)


@reads("ELU", "elu_param", "alpha")
def _elu(layer: LayerReader, fields: Fields) -> None:
    alpha = fields.real("alpha", 1)
    layer.pointwise({"op": "elu"} | ({"alpha": alpha} if alpha != 1 else {}))


@reads("LRN", "lrn_param", "local_size", "alpha", "beta", "norm_region", "k", "engine")
def _lrn(layer: LayerReader, fields: Fields) -> None:
    """Caffe too multiplies the mean of the squares, not their sum."""
    fields.word("norm_region", "ACROSS_CHANNELS", ("ACROSS_CHANNELS",))
    size = fields.integer("local_size", 5, 1)
    given = {"alpha": fields.real("alpha", 1), "beta": fields.real("beta", 0.75), "k": fields.real("k", 1)}
    usual = {"alpha": 1e-4, "beta": 0.75, "k": 1.0}
    changed = {key: value for key, value in given.items() if value != usual[key]}
    layer.pointwise({"op": "local_response_norm", "size": size, **changed})


@reads("Dropout", "dropout_param", "dropout_ratio", "scale_train")
def _dropout(layer: LayerReader, fields: Fields) -> None:
    share = fields.real("dropout_ratio", 0.5)
    if not 0 <= share <= 1:
        raise UnsaidError("`dropout_ratio` lies between 0 and 1", fields.span)
    layer.pointwise({"op": "dropout"} | ({"p": share} if share != 0.5 else {}))


@reads("Softmax", "softmax_param", "axis", "engine")
def _softmax(layer: LayerReader, fields: Fields) -> None:
    layer.pointwise({"op": "softmax", "dim": fields.integer("axis", 1, 1)})


@reads("Power", "power_param", "power", "scale", "shift")
def _power(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    power, scale, shift = fields.real("power", 1), fields.real("scale", 1), fields.real("shift", 0)
    nodes: list[dict[str, Any]] = [{"op": "mul", "value": scale}] if scale != 1 else []
    nodes += [{"op": "add", "value": shift}] if shift else []
    nodes += [{"op": "pow", "exponent": power}] if power != 1 else []
    for number, node in enumerate(nodes or [{"op": "identity"}]):
        last = number >= len(nodes) - 1
        taken = layer.add(node, [taken], taken.shape, suffix="" if last else f"_{node['op']}")


@reads("BatchNorm", "batch_norm_param", "use_global_stats", "moving_average_fraction", "eps")
def _batchnorm(layer: LayerReader, fields: Fields) -> None:
    (taken,) = layer.taken(1)
    eps = fields.real("eps", 1e-5)
    changed = {"eps": eps} if eps != 1e-5 else {}
    node = {"op": "batch_norm", **changed, "affine": False}
    layer.add(node, [taken], taken.shape, statistics=2 * taken.shape[0])


@reads("Scale", "scale_param", "axis", "num_axes", "filler", "bias_term", "bias_filler")
def _scale(layer: LayerReader, fields: Fields) -> None:
    """With a bias behind a normalisation, it is the factors and offsets of that."""
    (taken,) = layer.taken(1)
    if fields.integer("axis", 1, -8) != 1 or fields.integer("num_axes", 1, -8) != 1:
        raise UnsaidError("only factors of channels can be said", fields.span)
    bias = fields.flag("bias_term", default=False)
    before = layer.layers[-1] if layer.layers else None
    is_norm = before is not None and before.name == taken.node and before.node.get("op") == "batch_norm"
    blob, alone = layer.texts("bottom")[0], layer.texts("bottom") == layer.texts("top")
    if before is not None and is_norm and bias and (alone or layer.takers[blob] == 1):
        del before.node["affine"]
        before.params = 2 * taken.shape[0]
        layer.stand_for((layer.texts("top") or [layer.name])[0], taken)
        return
    if bias:
        raise UnsaidError("factors and offsets without a normalisation before cannot be said", fields.span)
    layer.add({"op": "layer_scale", "init_value": 1.0}, [taken], taken.shape, params=taken.shape[0])


def _plain(op: str) -> Read:
    return lambda layer, _: layer.pointwise({"op": op})


for _name, _op in {"Sigmoid": "sigmoid", "TanH": "tanh", "AbsVal": "abs", "Swish": "silu"}.items():
    reads(_name, f"{_name.lower()}_param", "engine")(_plain(_op))
