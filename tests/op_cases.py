"""Arguments and operands of each op, valid and invalid, as strategies: `CASES`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from pydantic import ValidationError
from raw_layers import Args

from archspec.errors import RuleError
from archspec.ops.arguments import MAX_FLOAT
from archspec.ops.registry import get
from archspec.ops.tensor import Shape, Shapes, axis

Case = tuple[Args, Shapes]


def mostly(valid: Any, wrong: Any, odds: int = 12) -> Any:
    """``valid``, and once in about ``odds`` draws ``wrong``."""
    return st.integers(0, odds).flatmap(lambda roll: wrong if roll == odds else valid)


def sizes(low: int, high: int) -> Callable[[int], Any]:
    """A number, or a list of one for each spatial dimension; seldom an invalid one."""
    number = mostly(st.integers(low, high), st.sampled_from([-1, 0, high + 3]), 30)
    return lambda rank: number | st.lists(number, min_size=max(rank, 1), max_size=max(rank, 1))


def shapes(rank: int, channels: Any = None) -> Any:
    """A shape with ``rank`` spatial dimensions, small where there are many."""
    places = st.integers(1, {0: 1, 1: 9, 2: 7, 3: 4}.get(rank, 2))
    channels = channels or st.sampled_from([1, 2, 3, 4, 6, 8, 12])
    return st.tuples(channels, *[places] * rank)


COUNT = mostly(st.sampled_from([1, 2, 3, 4, 6]), st.sampled_from([0, -1]), 30)
GROUPS = mostly(st.sampled_from([1, 1, 1, 2, 2, 3]), st.sampled_from([0, -1, 4, 5]))
REAL = st.sampled_from([0, 1, 2, 0.25, 0.5, 3.5, -1, -0.5, 1e-3, 20.0, MAX_FLOAT, -MAX_FLOAT])
EPS = mostly(st.sampled_from([1e-5, 1e-3, 1]), st.sampled_from([0, -1.0]), 4)
CHANCE = mostly(st.floats(0, 1), st.sampled_from([-0.1, 1.5]), 4)
DIM = mostly(st.integers(1, 4) | st.integers(-3, -1), st.integers(-6, 6))
ANY = (0, 1, 2, 3)


def one(needed: Args | None = None, optional: Args | None = None, ranks: tuple[int, ...] = (1, 2, 3)) -> Any:
    """Cases of one operand. An argument is a strategy, or makes one from the number of spatial dimensions."""

    @st.composite
    def cases(draw: Any) -> Case:
        rank = draw(mostly(st.sampled_from(ranks), st.integers(-1, 4)))
        kinds = (needed or {}) | {key: kind for key, kind in (optional or {}).items() if draw(st.booleans())}
        args = {key: draw(kind(rank) if callable(kind) else kind) for key, kind in kinds.items()}
        return args, (draw(shapes(rank)) if rank >= 0 else (),)

    return cases()


@st.composite
def squeezed(draw: Any) -> Case:
    """The dimension mostly has the size 1."""
    args, (shape,) = draw(one({"dim": DIM}, {}, ANY))
    index = axis(args["dim"], len(shape))
    if index is not None and draw(mostly(st.just(True), st.just(False), 5)):
        shape = (*shape[:index], 1, *shape[index + 1 :])
    return args, (shape,)


def expanded(shape: Shape) -> Any:
    """Sizes of which some are those that are there."""
    sizes = st.tuples(*(mostly(st.sampled_from([size, -1]), st.integers(-2, 4), 4) for size in shape)).map(list)
    return st.fixed_dictionaries({"shape": mostly(sizes, st.lists(st.integers(1, 3), max_size=3), 20)})


def with_shape(ranks: tuple[int, ...], arguments: Callable[[Shape], Any]) -> Any:
    """Cases of one operand whose arguments are drawn to fit its shape."""
    rank = mostly(st.sampled_from(ranks), st.integers(-1, 4))
    shape = rank.flatmap(lambda rank: shapes(rank) if rank >= 0 else st.just(()))
    return shape.flatmap(lambda shape: st.tuples(arguments(shape), st.just((shape,))))


@st.composite
def joined(draw: Any, least: int, most: int, args: Any = None, *, exactly: bool = False) -> Case:
    """Operands of one shape, some sizes of which are 1 or wrong; seldom too few, too many, or of another rank.

    Where it is to be exactly one shape, few are wrong.
    """
    first = draw(shapes(draw(st.integers(-1, 3)) + 1, st.integers(1, 4)))[1:]
    operands = []
    for _ in range(draw(mostly(st.integers(least, most), st.sampled_from([1, 3])))):
        rolls = draw(st.lists(st.integers(-60 * exactly, 11), min_size=len(first), max_size=len(first)))
        shape = [1 if roll == 10 else size + 1 if roll == 11 else size for size, roll in zip(first, rolls, strict=True)]
        operands.append(tuple(draw(mostly(st.just(shape), st.just(shape[1:]), 20))))
    return draw(args if args is not None else st.just({})), tuple(operands)


@st.composite
def matrices(draw: Any) -> Case:
    rows, inner, columns = (draw(st.integers(1, 4)) for _ in range(3))
    _, (left, right) = draw(joined(2, 2).filter(lambda case: len(case[1]) == 2))
    other = draw(mostly(st.just(inner), st.integers(1, 4)))
    return {}, ((*left, rows, inner), (*right, other, columns))


@st.composite
def attended(draw: Any) -> Case:
    """Queries, keys, values and seldom a mask, some sizes of which are 1 or wrong."""
    outer = draw(st.lists(st.integers(1, 3), min_size=1, max_size=1) | st.lists(st.integers(1, 2), max_size=2))
    queries, keys, size, other = (draw(st.integers(1, 4)) for _ in range(4))
    wanted = [(queries, size), (keys, size), (keys, draw(mostly(st.just(size), st.just(other), 3))), (queries, keys)]
    operands = []
    for last in wanted[: draw(mostly(st.integers(3, 4), st.just(2), 20))]:
        rolls = draw(st.lists(st.integers(0, 30), min_size=4, max_size=4))
        shape = (*outer, *last)
        changed = {29: 1, 30: 5}
        shape = tuple(changed.get(roll, each) for roll, each in zip([*rolls, 0, 0], shape, strict=False))
        operands.append(draw(mostly(st.just(shape), st.just(shape[1:]), 30)))
    scale = st.none() | mostly(st.floats(0.01, 100), st.sampled_from([0.0, -0.5]), 6)
    args = draw(
        st.fixed_dictionaries(
            {}, optional={"is_causal": mostly(st.just(False), st.just(True), 2), "scale": scale, "dropout_p": CHANCE}
        )
    )
    return args, tuple(operands)


@st.composite
def projected(draw: Any) -> Case:
    """Queries, keys, values and sometimes a padding mask, whose sizes mostly fit."""
    places, size = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 4, 6]))
    others = draw(st.integers(1, 4)), mostly(st.just(size), st.sampled_from([1, 2, 3]), 2)
    count = draw(mostly(st.integers(1, 4), st.just(5), 20))
    number = mostly(st.just(others[0]), st.integers(1, 4), 20)
    operands = [(places, size), *((draw(number), draw(others[1])) for _ in range(count - 1))]
    operands = [shape[:1] if at > 2 else shape for at, shape in enumerate(operands)]
    operands = [draw(mostly(st.just(shape), st.just(shape[1:]), 30)) for shape in operands]
    heads = mostly(st.sampled_from([n for n in (1, 2, 3, 6) if size % n == 0]), st.sampled_from([0, -1, 4, 5]), 6)
    optional = {"bias": st.booleans(), "is_causal": st.booleans(), "dropout": CHANCE}
    args = draw(st.fixed_dictionaries({"num_heads": heads}, optional=optional))
    return args, tuple(operands)


@st.composite
def folded(draw: Any) -> Case:
    """Columns of windows, whose numbers mostly fit."""
    optional = {"dilation": sizes(1, 2)(2), "padding": sizes(0, 1)(2), "stride": sizes(1, 3)(2)}
    needed = {"output_size": sizes(1, 6)(2), "kernel_size": sizes(1, 3)(2)}
    args = draw(st.fixed_dictionaries(needed, optional=optional))
    channels = draw(st.integers(1, 3))
    try:
        size = tuple(args["output_size"]) if isinstance(args["output_size"], list) else (args["output_size"],) * 2
        given = {key: value for key, value in args.items() if key != "output_size"}
        unfold = get("unfold").model_validate(given, context={"spatial_rank": 2})
        numbers, columns = unfold.infer(((channels, *size),))
    except (ValidationError, RuleError):
        numbers, columns = channels, 4
    return args, (
        (draw(mostly(st.just(numbers), st.integers(1, 9))), draw(mostly(st.just(columns), st.integers(1, 9)))),
    )


@st.composite
def unpooled(draw: Any) -> Case:
    """The places of a max pooling, seldom none, and an operand that mostly fits."""
    args, shapes = draw(POOLED)
    try:
        op = get("max_pool").model_validate(args, context={"spatial_rank": len(shapes[0]) - 1})
        places = op.parts(shapes)["indices"].infer(shapes)
    except (ValidationError, RuleError):
        return {}, (*shapes, *shapes)
    rolls = draw(st.lists(st.integers(0, 60), min_size=len(places), max_size=len(places)))
    operand = tuple(size + (roll == 60) for size, roll in zip(places, rolls, strict=True))
    return {}, (operand, draw(mostly(st.just(places), st.just(tuple(places)), 20)))


@st.composite
def reshaped(draw: Any, shape: Shape) -> Args:
    """Sizes with the right product, one of them -1 or wrong."""
    wanted = list(draw(st.permutations(shape)))
    while len(wanted) > 1 and draw(st.booleans()):
        wanted.append(wanted.pop(0) * wanted.pop(0))
    for place in draw(st.sets(st.integers(0, 4), max_size=2)):
        if place < len(wanted):
            wanted[place] = draw(mostly(st.just(-1), st.integers(-2, 4), 3))
    return {"shape": wanted}


def permuted(shape: Shape) -> Any:
    rank = len(shape)
    signs = st.permutations(range(1, rank + 1)).flatmap(
        lambda order: st.tuples(*(st.sampled_from([dim, dim - rank - 1]) for dim in order))
    )
    dims = mostly(signs.map(list), st.lists(st.integers(-5, 5), max_size=4), 6)
    return st.fixed_dictionaries({"dims": dims})


def padded(shape: Shape) -> Any:
    number = mostly(st.integers(0, 3), st.integers(-4, 9), 5)
    few = mostly(st.integers(0, 2), st.integers(-2, 4))
    whole = st.lists(few, min_size=2 * max(len(shape) - 1, 0), max_size=2 * max(len(shape) - 1, 0))
    some = st.lists(st.tuples(number, number), max_size=len(shape) + 1).map(lambda pairs: list(itertools.chain(*pairs)))
    padding = whole | some | st.lists(number, max_size=6)
    modes = st.sampled_from(["constant", "reflect", "replicate", "circular"])
    return st.fixed_dictionaries({"padding": padding, "mode": modes}, optional={"value": mostly(st.just(0), REAL, 2)})


def normalised(shape: Shape) -> Any:
    suffix = st.integers(0, len(shape)).map(lambda cut: list(shape[cut:]))
    other = st.lists(st.integers(-1, 4), max_size=2) | st.integers(-1, 8) | st.none()
    flags = {"eps": EPS, "elementwise_affine": st.booleans(), "bias": st.booleans()}
    return st.fixed_dictionaries({}, optional={"normalized_shape": mostly(suffix, other, 2), **flags})


PLACES = st.integers(1, 3)
SIDES = mostly(PLACES | st.lists(PLACES, min_size=2, max_size=3), st.sampled_from([0, [2], [1, 2, 1, 1]]), 20)


def both(value: Any) -> list[Any]:
    """What is written as one number for height and width, or as a list."""
    return value if isinstance(value, list) else [value] * 2


@st.composite
def distances(draw: Any) -> Case:
    """A window, and a table that mostly fits it."""
    window = draw(SIDES)
    rows = math.prod(2 * size - 1 for size in both(window))
    table = draw(mostly(st.just(max(rows, 1)), st.integers(1, 9), 8)), draw(st.integers(1, 3))
    return {"window_size": window}, (draw(mostly(st.just(table), st.just(table[1:]), 20)),)


@st.composite
def shifted(draw: Any) -> Case:
    """Scores of the windows of a map, and mostly a shift that is less than they are."""
    window = draw(st.lists(PLACES, min_size=2, max_size=3))
    size = [draw(mostly(st.integers(1, 3).map(lambda n, w=w: n * w), st.integers(0, 5), 10)) for w in window]
    shift = [draw(mostly(st.integers(0, w - 1), st.integers(-1, w), 6)) for w in window]
    args = {"size": size, "window_size": window, "shift_size": shift}
    args = {key: value[0] if value == [value[0]] * 2 and draw(FLAG) else value for key, value in args.items()}
    if draw(st.integers(0, 19)) == 0:
        args["shift_size"] = [*shift, 0][-2 if len(shift) == 3 else -3 :]  # of another rank
    windows, places = math.prod(a // max(w, 1) for a, w in zip(size, window, strict=True)), math.prod(window)
    first = draw(st.sampled_from([1, max(windows, 1)]))
    scores = (first, draw(st.integers(1, 2)), places, draw(mostly(st.just(places), st.integers(1, 4), 12)))
    return args, (draw(mostly(st.just(scores), st.just(scores[1:]), 20)),)


def without_bias(args: Args) -> Args:
    return {key: value for key, value in args.items() if key != "bias"}


CONV = {"out_channels": COUNT, "kernel_size": sizes(1, 4)}
STEPS = {"stride": sizes(1, 3), "dilation": sizes(1, 3), "groups": GROUPS, "bias": st.booleans()}
POOL = {"stride": lambda rank: st.none() | sizes(1, 4)(rank), "ceil_mode": st.booleans()}
FLAG = st.booleans()
SMALL = {"stride": st.integers(1, 4), "padding": st.integers(0, 1), "dilation": st.integers(1, 2), "ceil_mode": FLAG}
POOLED = one({"kernel_size": st.integers(1, 3)}, SMALL)
KERNEL = {"kernel_size": sizes(1, 4)}
DIVISOR = st.integers(-1, 5)
MODES = mostly(st.sampled_from(["zeros", "reflect", "replicate", "circular"]), st.just("mirror"))
WORDS = st.sampled_from(["same", "valid", "same_upper", "same_lower"])
SAME = st.sampled_from(["same_upper", "same_lower"])
KINDS = mostly(st.sampled_from(["weight_norm", "spectral_norm", "standardize"]), st.just("group_norm"), 20)
WRONG = mostly(st.none(), st.just([4]))
NORM = {"eps": EPS, "affine": st.booleans()}
STATS = {**NORM, "momentum": st.none() | REAL, "track_running_stats": st.booleans()}
FACTOR = mostly(st.floats(0.1, 3) | st.sampled_from([0.5, 2, 3, 1 / 3, 0.7]), st.sampled_from([-1, 0.01]))
TARGETS = {
    "size": sizes(1, 9),
    "scale_factor": lambda rank: FACTOR | st.lists(FACTOR, min_size=max(rank, 1), max_size=max(rank, 1)),
}
UPSAMPLE = [
    one({key: TARGETS[key], "mode": st.just(mode)}, {"align_corners": corners}, ranks)
    for key in TARGETS
    for mode, corners, ranks in [
        ("nearest", mostly(st.none(), st.booleans(), 3), (1, 2, 3)),
        ("linear", st.none() | st.booleans(), (1,)),
        ("bilinear", st.none() | st.booleans(), (2,)),
        ("bicubic", st.none() | st.booleans(), (2,)),
        ("trilinear", st.none() | st.booleans(), (3,)),
    ]
]
ADAPTIVE = {
    "output_size": lambda rank: (
        sizes(1, 6)(rank) | st.lists(st.none() | st.integers(1, 5), min_size=max(rank, 1), max_size=max(rank, 1))
    )
}

DIMS = DIM | st.lists(DIM, max_size=3)
END = st.none() | st.integers(-8, 8)
NUMBER = joined(1, 1, st.fixed_dictionaries({"value": mostly(REAL, st.none())}))
SHAPE = st.lists(mostly(st.integers(1, 4), st.integers(-1, 4)), max_size=4)
NESTED = st.recursive(REAL, lambda items: st.lists(items, max_size=3), max_leaves=12)
PLAIN = """
    relu relu6 silu sigmoid tanh hardswish hardsigmoid mish identity global_avg_pool global_max_pool
    abs cos exp log neg rsqrt sign sin sqrt
""".split()

CASES: dict[str, Any] = {
    "conv": one(CONV, {**STEPS, "padding": sizes(0, 3), "padding_mode": MODES})
    | one({**CONV, "padding": WORDS}, {**STEPS, "stride": st.integers(1, 2), "padding_mode": MODES})
    | one({**CONV, "padding": sizes(0, 4), "padding_mode": MODES}, {"bias": FLAG})
    | one({**CONV, "padding": SAME}, STEPS)
    | one({**CONV, "parametrize": KINDS}, {**STEPS, "padding": sizes(0, 3), "padding_mode": MODES, "eps": EPS})
    | one({**CONV, "padding": SAME, "parametrize": KINDS}, STEPS),
    "conv_transpose": one(CONV, {**STEPS, "padding": sizes(0, 3), "output_padding": sizes(0, 2)})
    | one({**CONV, "parametrize": KINDS}, {"stride": sizes(1, 3), "groups": GROUPS}),
    "local_conv": one(CONV, {**STEPS, "padding": sizes(0, 2)}, (1, 2)),
    "linear": one({"out_features": COUNT}, {"bias": st.booleans(), "parametrize": st.none() | KINDS, "eps": EPS}, ANY),
    "batch_norm": one({}, STATS, ANY),
    "layer_norm": with_shape(ANY, normalised)
    | one({"dim": DIM}, {"eps": EPS, "elementwise_affine": FLAG, "bias": FLAG, "normalized_shape": WRONG}, ANY),
    "rms_norm": with_shape(ANY, lambda shape: normalised(shape).map(without_bias)),
    "global_response_norm": one({}, {"dim": DIM, "eps": EPS}),
    "group_norm": one({"num_groups": GROUPS}, NORM, ANY),
    "instance_norm": one({}, STATS),
    "local_response_norm": one({"size": COUNT}, {"alpha": REAL, "beta": REAL, "k": REAL}),
    "leaky_relu": one({}, {"negative_slope": REAL}, ANY),
    "prelu": one({}, {"num_parameters": mostly(st.sampled_from([1, 2, 3, 4, 6, 8, 12]), COUNT), "init": REAL}, ANY),
    "elu": one({}, {"alpha": REAL}, ANY),
    "gelu": one({}, {"approximate": st.sampled_from(["none", "tanh", "fast"])}, ANY),
    "hardtanh": one({}, {"min_val": REAL, "max_val": REAL}, ANY),
    "softplus": one({}, {"beta": REAL, "threshold": REAL}, ANY),
    "softmax": one({"dim": DIM}, {}, ANY),
    "log_softmax": one({"dim": DIM}, {}, ANY),
    "max_pool": one(KERNEL, {**POOL, "padding": sizes(0, 1), "dilation": sizes(1, 3)})
    | one({**KERNEL, **POOL, "padding": sizes(0, 2)}, {"dilation": sizes(1, 2)})
    | one({**KERNEL, "padding": SAME}, {"stride": POOL["stride"], "dilation": sizes(1, 5)}),
    "max_unpool": unpooled(),
    "avg_pool": one(KERNEL, {**POOL, "padding": sizes(0, 1), "count_include_pad": FLAG, "divisor_override": DIVISOR})
    | one({**KERNEL, **POOL, "padding": sizes(0, 2)})
    | one({**KERNEL, "padding": SAME}, {**POOL, "count_include_pad": FLAG, "divisor_override": DIVISOR}),
    "blur_pool": one({}, {"kernel_size": mostly(st.integers(1, 5), st.integers(-1, 9)), "stride": COUNT}, (2,)),
    "lp_pool": one({"norm_type": mostly(st.sampled_from([1, 2, 2.5, 3, -1]), REAL), **KERNEL}, POOL),
    "adaptive_avg_pool": one(ADAPTIVE),
    "adaptive_max_pool": one(ADAPTIVE),
    "dropout": one({}, {"p": CHANCE}, ANY),
    "dropout2d": one({}, {"p": CHANCE}),
    "stochastic_depth": one({"p": CHANCE, "mode": st.sampled_from(["batch", "row", "column"])}, {}, ANY),
    "flatten": one({}, {"start_dim": DIM, "end_dim": DIM}, ANY),
    "reshape": with_shape(ANY, reshaped),
    "permute": with_shape(ANY, permuted),
    "split": one({"chunks": COUNT, "index": st.integers(-4, 4)}, {"dim": DIM}, ANY),
    "slice": one({}, {"dim": DIM, "start": st.integers(-8, 8), "stop": END, "step": COUNT}, ANY),
    "pad": with_shape(ANY, padded),
    "channel_shuffle": one({"groups": GROUPS}, {}, ANY),
    "pixel_shuffle": one({"upscale_factor": mostly(st.integers(1, 2), st.integers(-1, 3))}, {}, (1, 2, 2, 2, 3)),
    "upsample": st.one_of(*UPSAMPLE, one({}, {**TARGETS, "mode": st.sampled_from(["bilinear", "linear"])})),
    "add": joined(2, 4) | NUMBER,
    "sub": joined(2, 2) | NUMBER,
    "mul": joined(2, 4) | NUMBER,
    "div": joined(2, 2) | NUMBER,
    "maximum": joined(2, 4),
    "minimum": joined(2, 4),
    "pow": one({"exponent": REAL}, {}, ANY),
    "clamp": one({}, {"min": st.none() | REAL, "max": st.none() | REAL}, ANY),
    "matmul": matrices(),
    "scaled_dot_product_attention": attended(),
    "multi_head_attention": projected(),
    "concat": joined(1, 4, st.fixed_dictionaries({}, optional={"dim": DIM})),
    "stack": joined(1, 4, st.fixed_dictionaries({}, optional={"dim": DIM}), exactly=True),
    "unfold": one(KERNEL, {"dilation": sizes(1, 2), "padding": sizes(0, 2), "stride": sizes(1, 3)}, (2,)),
    "fold": folded(),
    "layer_scale": one({}, {"init_value": REAL, "dim": DIM}, ANY),
    "normalize": one({}, {"p": REAL, "dim": DIMS, "eps": EPS}, ANY),
    "flip": one({"dims": DIMS}, {}, ANY),
    "roll": one({"shifts": st.integers(-5, 5), "dims": DIM}, {}, ANY)
    | one({"shifts": st.lists(st.integers(-5, 5), max_size=2), "dims": st.lists(DIM, max_size=2)}, {}, ANY),
    "squeeze": squeezed(),
    "expand": with_shape(ANY, expanded),
    "vector_norm": one({"dim": DIMS}, {"keepdim": st.booleans(), "ord": REAL}, ANY),
    "unsqueeze": one({"dim": DIM}, {}, ANY),
    "pixel_unshuffle": one({"downscale_factor": mostly(st.integers(1, 2), st.integers(-1, 3))}, {}, (1, 2, 2, 2, 3)),
    "parameter": one({"shape": SHAPE}, {"value": REAL}, ANY),
    "constant": one({"value": REAL}, {"shape": SHAPE}, ANY) | one({"value": NESTED}, {"shape": SHAPE}, ANY),
    "coordinates": one({"start": REAL, "end": REAL, "steps": SHAPE}, {}, ANY),
    "relative_position_bias": distances(),
    "shifted_window_mask": shifted(),
    "linspace": one({"start": REAL, "end": REAL, "steps": COUNT}, {}, ANY),
} | dict.fromkeys(PLAIN, one(ranks=ANY))
CASES |= dict.fromkeys(("mean", "sum", "amax", "amin"), one({"dim": DIMS}, {"keepdim": st.booleans()}, ANY))
