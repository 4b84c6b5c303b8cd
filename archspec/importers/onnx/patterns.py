"""Nodes that together are one op here, as exporters write what their operators lack: one in place of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from archspec.importers.onnx.arithmetic import axes_of
from archspec.importers.onnx.model import Array, Model, Step


def join(model: Model) -> None:
    """Put one step in the place of those that are one op here."""
    _share_splits(model)
    for pattern in _PATTERNS:
        graph = _Graph(model)
        gone: set[int] = set()
        made: dict[int, Step] = {}
        for step in model.steps:
            found = pattern(graph, step)
            if found is not None:
                new, parts = found
                if gone.isdisjoint(map(id, parts)) and graph.are_inside(parts, step):
                    gone.update(id(part) for part in parts)
                    made[id(step)] = new
        model.steps = [made.get(id(step), step) for step in model.steps if id(step) not in gone or id(step) in made]


def _share_splits(model: Model) -> None:
    """Split a tensor once that is split in the same way for each part that is taken."""
    first: dict[str, Step] = {}
    names: dict[str, str] = {}
    kept = []
    for step in model.steps:
        step.inputs = [names.get(name, name) for name in step.inputs]
        shared = step.op == "Split" and not set(model.outputs) & set(step.outputs)
        known = first.setdefault(f"{step.inputs} {step.attributes}", step) if shared else step
        if known is step or len(known.outputs) != len(step.outputs):
            kept.append(step)
            continue
        known.outputs = [mine or other for mine, other in zip(known.outputs, step.outputs, strict=True)]
        names.update(zip(step.outputs, known.outputs, strict=True))
    model.steps = kept


class _Graph:
    """Who gives and takes what."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.makers = {name: step for step in model.steps for name in step.outputs if name}
        self.takers = model.takers()

    def maker(self, name: str, *ops: str) -> Step | None:
        """The step that gives a tensor, where it is of some operators."""
        step = self.makers.get(name)
        return step if step is not None and step.op in ops else None

    def are_inside(self, parts: Sequence[Step], last: Step) -> bool:
        """Whether nothing but the parts takes what all parts but the last give."""
        inside = {id(part) for part in parts}
        return all(
            id(taker) in inside
            for part in parts
            if part is not last
            for name in part.outputs
            for taker in self.takers.get(name, ())
        )

    def number(self, name: str) -> float | None:
        """The one number that a tensor is."""
        known = self.model.numbers.get(name)
        return float(known.reshape(())) if known is not None and known.size == 1 else None

    def known(self, name: str) -> Array | None:
        """The numbers of a tensor."""
        return self.model.numbers.get(name)

    def operands(self, step: Step | None, *ops: str) -> tuple[str, Step] | None:
        """Of a step with two operands the one that is made by some operators, and before it the name of the other."""
        if step is None or len(step.inputs) != 2:
            return None
        for one, other in (step.inputs, step.inputs[::-1]):
            if (maker := self.maker(other, *ops)) is not None:
                return one, maker
        return None

    def with_number(self, step: Step | None, value: float) -> str:
        """What a step takes besides a number; empty where it takes no such."""
        if step is None or len(step.inputs) != 2:
            return ""
        for one, other in (step.inputs, step.inputs[::-1]):
            number = self.number(other)
            if number is not None and abs(number - value) <= 1e-6 * max(1.0, abs(value)):
                return one
        return ""

    def sizes(self, name: str) -> list[int | None] | None:
        """Sizes that are asked for; None in place of one that is computed, or of all."""
        if (known := self.known(name)) is not None:
            return [int(each) for each in np.atleast_1d(known).tolist()]
        parts = self.maker(name, "Concat")
        if parts is None:
            return None
        found = [self.known(each) for each in parts.inputs]
        return [size for each in found for size in ([None] if each is None else each.reshape(-1).tolist())]

    def unscaled(self, name: str, parts: list[Step]) -> tuple[str, float]:
        """What is multiplied by a number, or divided by it, and the factor; the step is noted among the parts."""
        step = self.maker(name, "Mul", "Div")
        number = self.number(step.input(1)) if step else None
        if step is None or number is None:
            return name, 1.0
        parts.append(step)
        return step.inputs[0], number if step.op == "Mul" else 1 / number

    def turned(self, name: str) -> str:
        """The name of a matrix that is a known one turned."""
        own = f"{name}.T"
        self.model.numbers[own] = self.model.numbers[name].T
        if name in self.model.origins:
            self.model.origins[own] = self.model.origins[name]
        return own


_Found = tuple[Step, list[Step]] | None
_PATTERNS: list[Callable[[_Graph, Step], _Found]] = []


def _pattern(function: Callable[[_Graph, Step], _Found]) -> Callable[[_Graph, Step], _Found]:
    _PATTERNS.append(function)
    return function


def _one(
    last: Step, op: str, inputs: list[str], parts: list[Step], first: Step | None = None, **attributes: object
) -> _Found:
    """A step with the outputs of the last, in the scope of the first."""
    scopes = (first or last).scopes
    return replace(last, op=op, inputs=inputs, attributes=attributes, scopes=scopes), parts


@_pattern
def _product(graph: _Graph, step: Step) -> _Found:
    """A product with a known matrix is a linear layer."""
    if step.op == "MatMul" and len(step.inputs) == 2:
        matrix = graph.known(step.inputs[1])
        if matrix is not None and matrix.ndim == 2 and graph.known(step.inputs[0]) is None:
            return _one(step, "Linear", [step.inputs[0], graph.turned(step.inputs[1])], [step])
    if step.op != "Gemm" or step.attributes.get("transA", 0):
        return None
    matrix, scales = graph.known(step.input(1)), [step.attributes.get(key, 1.0) for key in ("alpha", "beta")]
    if matrix is None or matrix.ndim != 2 or scales != [1.0, 1.0]:
        return None
    weight = step.inputs[1] if step.attributes.get("transB", 0) else graph.turned(step.inputs[1])
    return _one(step, "Linear", [step.inputs[0], weight, *step.inputs[2:]], [step])


@_pattern
def _biased(graph: _Graph, step: Step) -> _Found:
    found = graph.operands(step, "Linear") if step.op == "Add" else None
    if found is None or len(found[1].inputs) != 2:
        return None
    bias, linear = graph.known(found[0]), found[1]
    weight = graph.known(linear.inputs[1])
    if bias is None or weight is None or bias.size != len(weight) or bias.shape[-1:] != (bias.size,):
        return None
    return _one(step, "Linear", [*linear.inputs, found[0]], [linear, step], linear)


@_pattern
def _gated(graph: _Graph, step: Step) -> _Found:
    """`x * sigmoid(x)`, and with other functions."""
    found = graph.operands(step, "Sigmoid", "HardSigmoid", "Tanh") if step.op == "Mul" else None
    if found is None:
        return None
    x, function = found
    if function.op == "Tanh":
        inner = graph.maker(function.inputs[0], "Softplus")
        return _one(step, "Mish", [x], [inner, function, step]) if inner and inner.inputs == [x] else None
    if function.inputs != [x]:
        return None
    slope, offset = function.attributes.get("alpha", 0.2), function.attributes.get("beta", 0.5)
    if function.op == "HardSigmoid" and not (abs(slope - 1 / 6) < 1e-6 and offset == 0.5):
        return None
    return _one(step, "Swish" if function.op == "Sigmoid" else "HardSwish", [x], [function, step])


@_pattern
def _hard_swish(graph: _Graph, step: Step) -> _Found:
    """`x * clip(x + 3, 0, 6) / 6`."""
    if step.op != "Div" or graph.number(step.input(1)) != 6:
        return None
    product = graph.maker(step.inputs[0], "Mul")
    found = graph.operands(product, "Clip")
    if product is None or found is None:
        return None
    x, clip = found
    low, high = bounds(graph.model, clip)
    moved = graph.maker(clip.inputs[0], "Add")
    if (low, high) != (0, 6) or moved is None or graph.with_number(moved, 3) != x:
        return None
    return _one(step, "HardSwish", [x], [moved, clip, product, step])


def bounds(model: Model, clip: Step) -> tuple[float | None, float | None]:
    """The bounds of a Clip, which older ones have as attributes."""
    found: list[float | None] = []
    for number, key in enumerate(("min", "max"), 1):
        known = model.numbers.get(clip.input(number)) if clip.input(number) else clip.attributes.get(key)
        found.append(None if known is None else float(np.asarray(known).reshape(-1)[0]))
    return found[0], found[1]


@_pattern
def _gelu(graph: _Graph, step: Step) -> _Found:
    """`x * (1 + erf(x / sqrt(2))) / 2`, in the orders in which it is written."""
    if step.op != "Mul":
        return None
    parts = [step]
    inner = graph.maker(graph.with_number(step, 0.5), "Mul")
    if inner is not None:
        parts.append(inner)
        found = graph.operands(inner, "Add")
        x = found[0] if found else ""
    else:
        found = graph.operands(step, "Add")
        half = graph.maker(found[0], "Mul") if found else None
        x = graph.with_number(half, 0.5)
        parts += [half] if half else []
    erf = graph.maker(graph.with_number(found[1], 1.0), "Erf") if found else None
    scaled = graph.maker(erf.inputs[0], "Div", "Mul") if erf else None
    if not x or found is None or erf is None or scaled is None:
        return None
    if graph.with_number(scaled, 2**0.5 if scaled.op == "Div" else 2**-0.5) != x:
        return None
    return _one(step, "Gelu", [x], [*parts, found[1], erf, scaled])


@_pattern
def _normalized(graph: _Graph, step: Step) -> _Found:
    """`(x - mean) / sqrt(variance + eps)` over the last dimension, as files have it from before LayerNormalization."""
    if step.op != "Div":
        return None
    centred, root = graph.maker(step.input(0), "Sub"), graph.maker(step.input(1), "Sqrt")
    moved = graph.maker(root.inputs[0], "Add") if root else None
    eps = next((value for name in moved.inputs if (value := graph.number(name)) is not None), None) if moved else None
    variance = graph.maker(graph.with_number(moved, eps), "ReduceMean") if moved and eps is not None else None
    square = graph.maker(variance.inputs[0], "Pow", "Mul") if variance else None
    mean = graph.maker(centred.input(1), "ReduceMean") if centred else None
    if centred is None or root is None or moved is None or variance is None or square is None or mean is None:
        return None
    squares = square.inputs == [centred.outputs[0]] * 2 if square.op == "Mul" else (
        square.inputs[0] == centred.outputs[0] and graph.number(square.input(1)) == 2
    )  # fmt: skip
    over = [axes_of(each.attributes, graph.known(each.input(1))) for each in (mean, variance)]
    if not squares or over != [[-1], [-1]] or mean.inputs[0] != centred.inputs[0]:
        return None
    parts = [mean, centred, square, variance, moved, root, step]
    return _one(step, "LayerNormalization", [centred.inputs[0]], parts, mean, epsilon=eps, axis=-1)


@_pattern
def _scaled(graph: _Graph, step: Step) -> _Found:
    """What a normalisation without weights gives is multiplied by some, and moved."""
    if step.op not in ("Mul", "Add"):
        return None
    found = graph.operands(step, "LayerNormalization", "GroupNormalization")
    name = found[0] if found else ""
    moved = graph.maker(name, "Unsqueeze", "Reshape")
    name = moved.inputs[0] if moved else name
    if found is None or (weight := graph.known(name)) is None:
        return None
    norm, expected = found[1], {"Mul": 1, "Add": 2}[step.op]
    per_channel = norm.op == "GroupNormalization"
    if len(norm.inputs) != expected or weight.size < 2 or max(weight.shape) != weight.size:
        return None
    if not per_channel and weight.shape[-1:] != (weight.size,):
        return None
    flat = f"{name}.flat"
    graph.model.numbers[flat] = weight.reshape(-1)
    if name in graph.model.origins:
        graph.model.origins[flat] = graph.model.origins[name]
    return _one(step, norm.op, [*norm.inputs, flat], [norm, step], norm, **norm.attributes)


@_pattern
def _grouped(graph: _Graph, step: Step) -> _Found:
    """A normalisation of groups: of parts of a map that are reshaped to be channels."""
    norm = graph.maker(step.input(0), "InstanceNormalization") if step.op == "Reshape" else None
    before = graph.maker(norm.inputs[0], "Reshape") if norm else None
    scale, offset = (graph.known(norm.input(number)) if norm else None for number in (1, 2))
    asked = graph.known(before.input(1)) if before else None
    if norm is None or before is None or scale is None or offset is None or asked is None:
        return None
    if asked.tolist() != [0, len(scale), -1] or not (scale == 1).all() or offset.any():
        return None
    eps = norm.attributes.get("epsilon", 1e-5)
    parts = [before, norm, step]
    if (sizes := graph.maker(step.input(1), "Shape")) is not None and sizes.inputs == before.inputs[:1]:
        parts.insert(0, sizes)
    return _one(step, "GroupNormalization", [before.inputs[0]], parts, before, num_groups=len(scale), epsilon=eps)


_PATTERNS.append(_scaled)  # what it multiplies is now a normalisation of groups
_PATTERNS.append(_scaled)  # and what was multiplied is moved


@_pattern
def _shuffled(graph: _Graph, step: Step) -> _Found:
    """Channels in groups that change places with those inside of each."""
    turn = graph.maker(step.input(0), "Transpose") if step.op == "Reshape" else None
    before = graph.maker(turn.inputs[0], "Reshape") if turn else None
    if turn is None or before is None:
        return None
    apart, joined = graph.sizes(before.input(1)), graph.sizes(step.input(1))
    if apart is None or joined is None or len(apart) < 4 or len(joined) != len(apart) - 1:
        return None
    groups, inside = apart[1], apart[2]
    if groups is None or inside is None or min(groups, inside) < 2 or joined[1] not in (-1, groups * inside):
        return None
    if list(turn.attributes.get("perm", ())) != [0, 2, 1, *range(3, len(apart))] or joined[2:] != apart[3:]:
        return None
    return _one(step, "ChannelShuffle", [before.inputs[0]], [before, turn, step], before, groups=groups)


@_pattern
def _attention(graph: _Graph, step: Step) -> _Found:
    """`softmax(scale * q @ k.T + mask) @ v` (Vaswani et al. 2017, equation 1)."""
    softmax = graph.maker(step.input(0), "Softmax") if step.op == "MatMul" else None
    if softmax is None or softmax.attributes.get("axis", -1) not in (-1, 3):
        return None
    parts, mask = [softmax, step], ""
    found = graph.operands(graph.maker(softmax.inputs[0], "Add"), "MatMul", "Mul", "Div")
    scores = softmax.inputs[0]
    if found is not None:
        mask, scores = found[0], found[1].outputs[0]
        parts.append(graph.makers[softmax.inputs[0]])
    scores, scale = graph.unscaled(scores, parts)
    product = graph.maker(scores, "MatMul")
    if product is None:
        return None
    query, first = graph.unscaled(product.inputs[0], parts)
    key, second = graph.unscaled(product.inputs[1], parts)
    turn = graph.maker(key, "Transpose")
    perm = list(turn.attributes.get("perm", ())) if turn else []
    if turn is None or len(perm) < 3 or perm != [*range(len(perm) - 2), len(perm) - 1, len(perm) - 2]:
        return None
    parts += [product, turn]
    inputs = [query, turn.inputs[0], step.inputs[1], *([mask] if mask else [])]
    return _one(step, "Attention", inputs, parts, product, scale=float(f"{scale * first * second:.6g}"))


@_pattern
def _local_response(graph: _Graph, step: Step) -> _Found:
    """`x / (k + alpha * mean of squares) ** beta` over neighbouring channels, as PyTorch computes it."""
    chain: list[Step] = []
    name = step.input(1) if step.op == "Div" else ""
    for ops in (
        ("Pow",),
        ("Add",),
        ("Mul",),
        ("Squeeze", "Reshape"),
        ("AveragePool",),
        ("Pad",),
        ("Unsqueeze", "Reshape"),
        ("Mul",),
    ):
        maker = graph.maker(name, *ops)
        if maker is None:
            return None
        chain.append(maker)
        known = [each for each in maker.inputs if graph.known(each) is not None]
        name = next((each for each in maker.inputs if each not in known), "")
    power, moved, scaled, _, pool, pad, _, square = chain
    x = step.inputs[0]
    numbers = [
        next((v for n in each.inputs if (v := graph.number(n)) is not None), None) for each in (power, moved, scaled)
    ]
    kernel = pool.attributes.get("kernel_shape", [])
    if square.inputs != [x, x] or None in numbers or len(kernel) != 3 or kernel[1:] != [1, 1]:
        return None
    size = int(kernel[0])
    pads = graph.known(pad.input(1))
    if pads is None or pads.tolist() != [0, 0, size // 2, 0, 0, 0, 0, (size - 1) // 2, 0, 0]:
        return None
    beta, bias, alpha = numbers
    return _one(step, "LRN", [x], [*chain, step], size=size, alpha=alpha, beta=beta, bias=bias)
