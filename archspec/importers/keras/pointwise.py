"""Layers of Keras that leave shapes as they are: normalisation, activations, dropout, scales."""

from __future__ import annotations

from typing import Any

from archspec.importers.keras.layers import LayerReader, UnsaidError, family


@family("BatchNormalization", "axis", "momentum", "epsilon", "center", "scale")
def _batch_norm(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.shapes[taken[0]]
    if layer.dim(layer.config.get("axis", -1), len(shape)) != 1:
        raise UnsaidError("only channels are normalised")
    eps, momentum = layer.real("epsilon", 1e-3), round(1 - layer.real("momentum", 0.99), 12)
    center, scale = layer.flag("center", default=True), layer.flag("scale", default=True)
    if eps <= 0 or not 0 <= momentum <= 1 or (scale and not center):
        raise UnsaidError("`epsilon` is above 0, `momentum` between 0 and 1, and `scale` goes with `center`")
    node = {"op": "batch_norm", "eps": eps, "momentum": momentum}
    node = {key: value for key, value in node.items() if (key, value) not in (("eps", 1e-5), ("momentum", 0.1))}
    channels = shape[0]
    if center and not scale:
        norm = {"op": "batch_norm", **{key: value for key, value in node.items() if key != "op"}, "affine": False}
        block = _offset_block(layer, norm, len(shape) - 1)
        return layer.add({"block": block}, taken, shape, params=channels, statistics=2 * channels)
    node |= {} if scale else {"affine": False}
    return layer.add(node, taken, shape, params=2 * channels if scale else 0, statistics=2 * channels)


def _offset_block(layer: LayerReader, norm: dict[str, Any], rank: int) -> str:
    """A normalisation that has offsets and no factors, as a block of the file's own."""
    graph = {
        "norm": norm,
        "beta": {"op": "parameter", "shape": ["$(norm.channels)", *[1] * rank]},
        "add": {"op": "add", "from": ["norm", "beta"]},
    }
    block = {"doc": "Batch normalisation with offsets and no factors.", "graph": graph}
    name, number = "offset_norm", 2
    while layer.blocks.setdefault(name, block) != block:
        name, number = f"offset_norm_{number}", number + 1
    return name


@family("LayerNormalization", "axis", "epsilon", "center", "scale", "rms_scaling")
def _layer_norm(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.shapes[taken[0]]
    if layer.dim(layer.config.get("axis", -1), len(shape)) != 1 or layer.flag("rms_scaling", default=False):
        raise UnsaidError("only channels are normalised")
    center, scale = layer.flag("center", default=True), layer.flag("scale", default=True)
    if center and not scale:
        raise UnsaidError("offsets without factors cannot be said")
    eps = layer.real("epsilon", 1e-3)
    node: dict[str, Any] = {"op": "layer_norm", "dim": 1, "eps": eps}
    node |= {} if scale and center else {"bias": False} if scale else {"elementwise_affine": False}
    return layer.add(node, taken, shape, params=shape[0] * (scale + center))


def _pointwise(layer: LayerReader, taken: list[str], node: dict[str, Any], params: int = 0) -> str:
    return layer.add(node, taken, layer.shapes[taken[0]], params=params)


@family("Activation", "activation")
def _activation(layer: LayerReader, taken: list[str]) -> str:
    given = layer.activated(taken[0])
    return given if given != taken[0] else _pointwise(layer, taken, {"op": "identity"})


@family("ReLU", "max_value", "negative_slope", "threshold")
def _relu(layer: LayerReader, taken: list[str]) -> str:
    most, slope = layer.config.get("max_value"), layer.config.get("negative_slope") or 0
    if layer.config.get("threshold") not in (None, 0, 0.0) or (most is not None and slope):
        raise UnsaidError("a threshold, or a slope with a greatest value, cannot be said")
    if slope:
        return _pointwise(layer, taken, {"op": "leaky_relu", "negative_slope": layer.real("negative_slope", 0)})
    if most is None:
        return _pointwise(layer, taken, {"op": "relu"})
    bound = layer.real("max_value", 6.0)
    return _pointwise(
        layer, taken, {"op": "relu6"} if bound == 6 else {"op": "hardtanh", "min_val": 0.0, "max_val": bound}
    )


@family("LeakyReLU", "alpha", "negative_slope")
def _leaky_relu(layer: LayerReader, taken: list[str]) -> str:
    slope = layer.real("negative_slope" if "negative_slope" in layer.config else "alpha", 0.3)
    return _pointwise(layer, taken, {"op": "leaky_relu"} | ({"negative_slope": slope} if slope != 0.01 else {}))


@family("ELU", "alpha")
def _elu(layer: LayerReader, taken: list[str]) -> str:
    alpha = layer.real("alpha", 1.0)
    return _pointwise(layer, taken, {"op": "elu"} | ({"alpha": alpha} if alpha != 1 else {}))


@family("PReLU", "shared_axes")
def _prelu(layer: LayerReader, taken: list[str]) -> str:
    shape = layer.shapes[taken[0]]
    shared = layer.config.get("shared_axes") or []
    if sorted(map(str, shared if isinstance(shared, list) else [])) != [str(each) for each in range(1, len(shape))]:
        raise UnsaidError("a slope for each place cannot be said; `shared_axes` names all but the channels")
    return _pointwise(layer, taken, {"op": "prelu", "num_parameters": shape[0]}, params=shape[0])


@family("Softmax", "axis")
def _softmax(layer: LayerReader, taken: list[str]) -> str:
    return _pointwise(
        layer, taken, {"op": "softmax", "dim": layer.dim(layer.config.get("axis", -1), len(layer.shapes[taken[0]]))}
    )


@family("Dropout", "rate", "noise_shape")
def _dropout(layer: LayerReader, taken: list[str]) -> str:
    share, noise = layer.real("rate", 0.5), layer.config.get("noise_shape")
    if not 0 <= share <= 1:
        raise UnsaidError("`rate` lies between 0 and 1")
    if noise is None:
        return _pointwise(layer, taken, {"op": "dropout"} | ({"p": share} if share != 0.5 else {}))
    if not isinstance(noise, list) or any(each != 1 for each in noise[1:]):
        raise UnsaidError("only noise for each sample can be said")
    return _pointwise(layer, taken, {"op": "stochastic_depth", "p": share, "mode": "row"})


@family("SpatialDropout", "rate", "noise_shape", "data_format")
def _spatial_dropout(layer: LayerReader, taken: list[str]) -> str:
    share = layer.real("rate", 0.5)
    layer.map(taken[0])
    if not 0 <= share <= 1:
        raise UnsaidError("`rate` lies between 0 and 1")
    return _pointwise(layer, taken, {"op": "dropout2d"} | ({"p": share} if share != 0.5 else {}))


@family("Rescaling", "scale", "offset")
def _rescaling(layer: LayerReader, taken: list[str]) -> str:
    scale, offset = layer.real("scale", 1.0), layer.real("offset", 0.0)
    given = _pointwise(layer, taken, {"op": "mul", "value": scale})
    if not offset:
        return given
    return layer.add({"op": "add", "value": offset}, [given], layer.shapes[given], own="offset")


@family("Normalization", "axis", "mean", "variance", "invert")
def _normalization(layer: LayerReader, taken: list[str]) -> str:
    """What is worked out from data belongs to the data; numbers that stand in the file are said."""
    mean, variance, shape = layer.config.get("mean"), layer.config.get("variance"), layer.shapes[taken[0]]
    if mean is None and variance is None:
        layer.remarks.append(f"{layer.name} (Normalization) is left out: its numbers are those of a data set")
        return taken[0]
    numbers = [each if isinstance(each, list) else [] for each in (mean, variance)]
    if layer.flag("invert", default=False) or layer.dim(layer.config.get("axis", -1), len(shape)) != 1:
        raise UnsaidError("only channels are normalised")
    if any(len(each) != shape[0] or any(type(n) not in (int, float) for n in each) for each in numbers):
        raise UnsaidError("`mean` and `variance` have a number for each channel")
    deviations = [max(max(n, 0) ** 0.5, 1e-7) for n in numbers[1]]
    given = taken[0]
    for op, values in (("sub", numbers[0]), ("div", deviations)):
        sizes = (shape[0], *(1 for _each in shape[1:]))
        held = layer.add({"op": "constant", "value": _deep([float(n) for n in values], len(shape) - 1)}, [], sizes,
                        own=op + "_by")  # fmt: skip
        given = layer.add({"op": op}, [given, held], shape, own=op)
    return given


def _deep(numbers: list[float], depth: int) -> Any:
    """Numbers, each in so many lists of its own."""
    return [_wrapped(number, depth) for number in numbers]


def _wrapped(number: float, depth: int) -> Any:
    return [_wrapped(number, depth - 1)] if depth else number
