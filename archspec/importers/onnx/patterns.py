"""Nodes that together are one op here, as exporters write what their operators lack: one in place of several."""

from __future__ import annotations

from collections.abc import Callable

from archspec.importers.onnx.arithmetic import axes_of
from archspec.importers.onnx.matching import Found, Nodes, bounds, one
from archspec.importers.onnx.model import Model, Step


def join(model: Model) -> None:
    """Put one step in the place of those that are one op here."""
    _share_splits(model)
    for pattern in _PATTERNS:
        nodes = Nodes(model)
        gone: set[int] = set()
        made: dict[int, Step] = {}
        for step in model.steps:
            found = pattern(nodes, step)
            if found is not None:
                new, parts = found
                if gone.isdisjoint(map(id, parts)) and nodes.are_inside(parts, step):
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


_PATTERNS: list[Callable[[Nodes, Step], Found]] = []


def _pattern(function: Callable[[Nodes, Step], Found]) -> Callable[[Nodes, Step], Found]:
    _PATTERNS.append(function)
    return function


@_pattern
def _product(nodes: Nodes, step: Step) -> Found:
    """A product with a known matrix is a linear layer."""
    if step.op == "MatMul" and len(step.inputs) == 2:
        matrix = nodes.known(step.input(1))
        if matrix is not None and matrix.ndim == 2 and nodes.known(step.input(0)) is None:
            return one(step, "Linear", [step.input(0), nodes.turned(step.input(1))], [step])
    if step.op != "Gemm" or step.attributes.get("transA", 0):
        return None
    matrix, scales = nodes.known(step.input(1)), [step.attributes.get(key, 1.0) for key in ("alpha", "beta")]
    if matrix is None or matrix.ndim != 2 or scales != [1.0, 1.0]:
        return None
    weight = step.input(1) if step.attributes.get("transB", 0) else nodes.turned(step.input(1))
    return one(step, "Linear", [step.input(0), weight, *step.inputs[2:]], [step])


@_pattern
def _biased(nodes: Nodes, step: Step) -> Found:
    found = nodes.operands(step, "Linear") if step.op == "Add" else None
    if found is None or len(found[1].inputs) != 2:
        return None
    bias, linear = nodes.known(found[0]), found[1]
    weight = nodes.known(linear.input(1))
    if bias is None or weight is None or bias.size != len(weight) or bias.shape[-1:] != (bias.size,):
        return None
    return one(step, "Linear", [*linear.inputs, found[0]], [linear, step], linear)


@_pattern
def _gated(nodes: Nodes, step: Step) -> Found:
    """`x * sigmoid(x)`, and with other functions."""
    found = nodes.operands(step, "Sigmoid", "HardSigmoid", "Tanh") if step.op == "Mul" else None
    if found is None:
        return None
    x, function = found
    if function.op == "Tanh":
        inner = nodes.maker(function.input(0), "Softplus")
        return one(step, "Mish", [x], [inner, function, step]) if inner and inner.inputs == [x] else None
    if function.inputs != [x]:
        return None
    slope, offset = function.attributes.get("alpha", 0.2), function.attributes.get("beta", 0.5)
    if function.op == "HardSigmoid" and not (abs(slope - 1 / 6) < 1e-6 and offset == 0.5):
        return None
    return one(step, "Swish" if function.op == "Sigmoid" else "HardSwish", [x], [function, step])


@_pattern
def _hard_swish(nodes: Nodes, step: Step) -> Found:
    """`x * clip(x + 3, 0, 6) / 6`."""
    if step.op != "Div" or nodes.number(step.input(1)) != 6:
        return None
    product = nodes.maker(step.input(0), "Mul")
    found = nodes.operands(product, "Clip")
    if product is None or found is None:
        return None
    x, clip = found
    low, high = bounds(nodes.model, clip)
    moved = nodes.maker(clip.input(0), "Add")
    if (low, high) != (0, 6) or moved is None or nodes.with_number(moved, 3) != x:
        return None
    return one(step, "HardSwish", [x], [moved, clip, product, step])


@_pattern
def _gelu(nodes: Nodes, step: Step) -> Found:
    """`x * (1 + erf(x / sqrt(2))) / 2`, in the orders in which it is written."""
    if step.op != "Mul":
        return None
    parts = [step]
    inner = nodes.maker(nodes.with_number(step, 0.5), "Mul")
    if inner is not None:
        parts.append(inner)
        found = nodes.operands(inner, "Add")
        x = found[0] if found else ""
    else:
        found = nodes.operands(step, "Add")
        half = nodes.maker(found[0], "Mul") if found else None
        x = nodes.with_number(half, 0.5)
        parts += [half] if half else []
    erf = nodes.maker(nodes.with_number(found[1], 1.0), "Erf") if found else None
    scaled = nodes.maker(erf.input(0), "Div", "Mul") if erf else None
    if not x or found is None or erf is None or scaled is None:
        return None
    if nodes.with_number(scaled, 2**0.5 if scaled.op == "Div" else 2**-0.5) != x:
        return None
    return one(step, "Gelu", [x], [*parts, found[1], erf, scaled])


@_pattern
def _normalized(nodes: Nodes, step: Step) -> Found:
    """`(x - mean) / sqrt(variance + eps)` over the last dimension, as files have it from before LayerNormalization."""
    if step.op != "Div":
        return None
    centred, root = nodes.maker(step.input(0), "Sub"), nodes.maker(step.input(1), "Sqrt")
    moved = nodes.maker(root.input(0), "Add") if root else None
    eps = next((value for name in moved.inputs if (value := nodes.number(name)) is not None), None) if moved else None
    variance = nodes.maker(nodes.with_number(moved, eps), "ReduceMean") if moved and eps is not None else None
    square = nodes.maker(variance.input(0), "Pow", "Mul") if variance else None
    mean = nodes.maker(centred.input(1), "ReduceMean") if centred else None
    if centred is None or root is None or moved is None or variance is None or square is None or mean is None:
        return None
    squares = square.inputs == [centred.outputs[0]] * 2 if square.op == "Mul" else (
        square.input(0) == centred.outputs[0] and nodes.number(square.input(1)) == 2
    )  # fmt: skip
    over = [axes_of(each.attributes, nodes.known(each.input(1))) for each in (mean, variance)]
    if not squares or over != [[-1], [-1]] or mean.input(0) != centred.input(0):
        return None
    parts = [mean, centred, square, variance, moved, root, step]
    return one(step, "LayerNormalization", [centred.input(0)], parts, mean, epsilon=eps, axis=-1)


@_pattern
def _scaled(nodes: Nodes, step: Step) -> Found:
    """What a normalisation without weights gives is multiplied by some, and moved."""
    if step.op not in ("Mul", "Add"):
        return None
    found = nodes.operands(step, "LayerNormalization", "GroupNormalization")
    name = found[0] if found else ""
    moved = nodes.maker(name, "Unsqueeze", "Reshape")
    name = moved.input(0) if moved else name
    if found is None or (weight := nodes.known(name)) is None:
        return None
    norm, expected = found[1], {"Mul": 1, "Add": 2}[step.op]
    per_channel = norm.op == "GroupNormalization"
    if len(norm.inputs) != expected or weight.size < 2 or max(weight.shape) != weight.size:
        return None
    if not per_channel and weight.shape[-1:] != (weight.size,):
        return None
    flat = f"{name}.flat"
    nodes.model.numbers[flat] = weight.reshape(-1)
    if name in nodes.model.origins:
        nodes.model.origins[flat] = nodes.model.origins[name]
    return one(step, norm.op, [*norm.inputs, flat], [norm, step], norm, **norm.attributes)


@_pattern
def _grouped(nodes: Nodes, step: Step) -> Found:
    """A normalisation of groups: of parts of a map that are reshaped to be channels."""
    norm = nodes.maker(step.input(0), "InstanceNormalization") if step.op == "Reshape" else None
    before = nodes.maker(norm.input(0), "Reshape") if norm else None
    scale, offset = (nodes.known(norm.input(number)) if norm else None for number in (1, 2))
    asked = nodes.known(before.input(1)) if before else None
    if norm is None or before is None or scale is None or offset is None or asked is None:
        return None
    if asked.tolist() != [0, len(scale), -1] or not (scale == 1).all() or offset.any():
        return None
    eps = norm.attributes.get("epsilon", 1e-5)
    parts = [before, norm, step]
    if (sizes := nodes.maker(step.input(1), "Shape")) is not None and sizes.inputs == before.inputs[:1]:
        parts.insert(0, sizes)
    return one(step, "GroupNormalization", [before.input(0)], parts, before, num_groups=len(scale), epsilon=eps)


_PATTERNS.append(_scaled)  # what it multiplies is now a normalisation of groups
_PATTERNS.append(_scaled)  # and what was multiplied is moved


@_pattern
def _shuffled(nodes: Nodes, step: Step) -> Found:
    """Channels in groups that change places with those inside of each."""
    turn = nodes.maker(step.input(0), "Transpose") if step.op == "Reshape" else None
    before = nodes.maker(turn.input(0), "Reshape") if turn else None
    if turn is None or before is None:
        return None
    apart, joined = nodes.sizes(before.input(1)), nodes.sizes(step.input(1))
    if apart is None or joined is None or len(apart) < 4 or len(joined) != len(apart) - 1:
        return None
    groups, inside = apart[1], apart[2]
    if groups is None or inside is None or min(groups, inside) < 2 or joined[1] not in (-1, groups * inside):
        return None
    if list(turn.attributes.get("perm", ())) != [0, 2, 1, *range(3, len(apart))] or joined[2:] != apart[3:]:
        return None
    return one(step, "ChannelShuffle", [before.input(0)], [before, turn, step], before, groups=groups)


@_pattern
def _attention(nodes: Nodes, step: Step) -> Found:
    """`softmax(scale * q @ k.T + mask) @ v` (Vaswani et al. 2017, equation 1)."""
    softmax = nodes.maker(step.input(0), "Softmax") if step.op == "MatMul" else None
    if softmax is None or softmax.attributes.get("axis", -1) not in (-1, 3):
        return None
    parts, mask = [softmax, step], ""
    found = nodes.operands(nodes.maker(softmax.input(0), "Add"), "MatMul", "Mul", "Div")
    scores = softmax.input(0)
    if found is not None:
        mask, scores = found[0], found[1].outputs[0]
        parts.append(nodes.makers[softmax.input(0)])
    scores, scale = nodes.unscaled(scores, parts)
    product = nodes.maker(scores, "MatMul")
    if product is None:
        return None
    query, first = nodes.unscaled(product.input(0), parts)
    key, second = nodes.unscaled(product.input(1), parts)
    turn = nodes.maker(key, "Transpose")
    perm = list(turn.attributes.get("perm", ())) if turn else []
    if turn is None or len(perm) < 3 or perm != [*range(len(perm) - 2), len(perm) - 1, len(perm) - 2]:
        return None
    parts += [product, turn]
    inputs = [query, turn.input(0), step.input(1), *([mask] if mask else [])]
    return one(step, "Attention", inputs, parts, product, scale=float(f"{scale * first * second:.6g}"))


@_pattern
def _local_response(nodes: Nodes, step: Step) -> Found:
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
        maker = nodes.maker(name, *ops)
        if maker is None:
            return None
        chain.append(maker)
        known = [each for each in maker.inputs if nodes.known(each) is not None]
        name = next((each for each in maker.inputs if each not in known), "")
    power, moved, scaled, _, pool, pad, _, square = chain
    x = step.input(0)
    numbers = [
        next((v for n in each.inputs if (v := nodes.number(n)) is not None), None) for each in (power, moved, scaled)
    ]
    kernel = pool.attributes.get("kernel_shape", [])
    if square.inputs != [x, x] or None in numbers or len(kernel) != 3 or kernel[1:] != [1, 1]:
        return None
    size = int(kernel[0])
    pads = nodes.known(pad.input(1))
    if pads is None or pads.tolist() != [0, 0, size // 2, 0, 0, 0, 0, (size - 1) // 2, 0, 0]:
        return None
    beta, bias, alpha = numbers
    return one(step, "LRN", [x], [*chain, step], size=size, alpha=alpha, beta=beta, bias=bias)
