"""The law of the ops: archspec accepts arguments and shapes if and only if PyTorch runs them, with the same result.

For each op a strategy draws valid and invalid arguments and operands (`op_cases.CASES`), and a raw PyTorch call takes
the same arguments as they are written (`torch_oracle.RAW`), without a look at archspec. PyTorch "runs" a case when it
trains on a batch of 3 and infers on a batch of 2, and gives the same shape per sample for both: what depends on the
batch is refused.

Where PyTorch runs and archspec refuses on purpose:

1. An output without elements. Every dimension of a shape in archspec is at least 1.
2. A `dim` or a padding that takes hold of the batch but keeps its size (``softmax(dim=0)``).
3. pixel_shuffle, attention or expand of tensors that leave no dimension for the batch (PyTorch would take the batch
   for the channels, or align it with a sample's dimension).
4. A max_pool with a window that holds padding alone: PyTorch writes out of bounds in the backward pass.
5. Numbers that PyTorch does not look at: a dilation of 0 in conv_transpose where the kernel has size 1, a negative
   padding in conv where `padding_mode` is not zeros, a negative dropout in attention.
6. A circular padding with negative numbers: PyTorch's result then holds memory that it never wrote.
7. A list of no dimensions, which means none to some functions and all to others, the batch too.
8. Attention with another number of values than of keys: PyTorch's fused kernel reads beyond the end of memory.
9. Attention with a scale below 0, of which PyTorch takes the root where it has no fused kernel: no number is left.
10. Standardised weights of which each output has but one: all are 0.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from math import prod
from typing import Any

import pytest
from hypothesis import given, settings
from pydantic import ValidationError
from sampling import QUICK

from archspec.analysis.reading import reads, statistics
from archspec.analysis.sight import hull, within
from archspec.errors import RuleError
from archspec.network import Applied
from archspec.ops.facts import Along, Kept
from archspec.ops.op import Op
from archspec.ops.registry import get, ops
from archspec.ops.tensor import Places, Shape, Shapes, axis, elements, size_in_bytes, spatial_rank

torch = pytest.importorskip("torch")
from dependence import Spans, op_spans  # noqa: E402
from emitted_layers import build, kept_bytes  # noqa: E402
from op_cases import CASES, Case  # noqa: E402
from raw_definitions import places_of  # noqa: E402
from raw_layers import Args, Refused, need  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402
from torch_oracle import RAW  # noqa: E402

BUNDLED = [name for name, kind in ops().items() if kind.__module__.startswith("archspec.ops.")]

BOUNDED = {"relative_position_bias"}
"""What they read of one dimension depends on several dimensions together, of which they state all."""

MOST_ELEMENTS = 300
"""Of an output whose elements are looked at one by one."""

PARTLY_FLAT = """
    hardtanh elu leaky_relu softplus local_response_norm softmax log_softmax batch_norm mul div pow clamp normalize
    maximum minimum scaled_dot_product_attention multi_head_attention vector_norm sign
""".split()
"""With some arguments or sizes some of their derivatives are nothing, or no number, on all numbers that are tried."""


def tensors(shapes: Shapes, batch: int, grad: bool = False) -> list[Any]:
    source = torch.Generator().manual_seed(1)  # torch.manual_seed formats a stack trace each time

    def made(shape: Shape) -> Any:
        if isinstance(shape, Places):
            return places_of(shape, torch.randn(batch, *shape.pooled, generator=source))
        return torch.randn(batch, *shape, generator=source, requires_grad=grad)

    return list(map(made, shapes))


def numbers(value: Any) -> list[int]:
    """The numbers of an argument, written as one or as a list; 0 for a word."""
    return value if isinstance(value, list) else [0 if isinstance(value, str) else value]


def oracle(name: str, args: Args, shapes: Shapes) -> tuple[Any, Any]:
    """The layer or function, and its output for a batch of 2; raises what PyTorch raises."""
    run = RAW[name](args, shapes)
    three = run(*tensors(shapes, 3, grad=True))
    need(name != "max_pool" or three.isfinite().all())  # exception 4
    need(min(numbers(args.get("dilation", 1))) > 0)  # exception 5
    need(name != "conv" or min(numbers(args.get("padding", 0))) >= 0)
    three.sum().backward()
    if isinstance(run, nn.Module):
        run.eval()
    with torch.no_grad():
        two = run(*tensors(shapes, 2))
    need(two.dim() > 0 and two.shape[0] == 2 and three.shape == (3, *two.shape[1:]))
    need(two.numel() > 0)  # exception 1
    need(args.get("mode") != "circular" or min(args["padding"]) >= 0)  # exception 6
    need([] not in (args.get("dim"), args.get("dims")))  # exception 7
    for key in ("dim", "dims", "start_dim", "end_dim") if name != "permute" else ():  # exception 2
        batch = {0, -1 - len(shapes[0]) - (name in ("unsqueeze", "stack"))}
        need(batch.isdisjoint(numbers(args.get(key, 1))))
    need(name != "pad" or not any(args["padding"][2 * len(shapes[0]) :]))
    return run, two


def compile_op(name: str, args: Args, shapes: Shapes) -> tuple[Op, Shape]:
    """What the compiler does with a node."""
    kind = get(name)
    least, most = kind.arity
    need(least <= len(shapes) and (most is None or len(shapes) <= most))
    rank = spatial_rank(shapes[0])
    need(kind.spatial_ranks is None or rank in kind.spatial_ranks)
    try:
        op = kind.model_validate(args, context={"spatial_rank": rank})
        return op, op.infer(shapes)
    except (ValidationError, RuleError) as error:
        raise Refused(str(error)) from error


def flops(run: Any, operands: list[Any]) -> int:
    """Apart from the output, since some functions decompose otherwise while FLOPs are counted.

    The counter does not know the fused attention of the CPU, but the products that it is made of.
    """
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run(*operands)
    return int(counter.get_total_flops())


def check_equal(op: Op, output: Shape, shapes: Shapes, run: Any, two: Any) -> None:
    """The facts that the op states are those of PyTorch, and what it emits gives the same numbers."""
    assert output == tuple(two.shape[1:])
    module = run if isinstance(run, nn.Module) else nn.Module()
    assert op.weights(shapes) == {key: tuple(value.shape) for key, value in module.named_parameters()}
    assert op.buffers(shapes) == {key: tuple(value.shape) for key, value in module.named_buffers()}
    cost = op.cost(shapes, output)
    assert cost is not None
    assert 2 * 2 * cost.macs == flops(run, tensors(shapes, 2))
    emitted = build(op.torch(shapes), module.state_dict())
    check_kept(op, output, shapes, emitted)
    with torch.no_grad():
        emitted.load_state_dict(module.state_dict())
        torch.testing.assert_close(emitted.eval()(*tensors(shapes, 2)), two, equal_nan=True)
    check_samples(shapes, emitted)
    check_reach(op, output, shapes, emitted)


def check_samples(shapes: Shapes, layer: Any) -> None:
    """Operands of other sizes than those that were compiled are never taken for more samples."""
    for dim in range(max(map(len, shapes))):
        larger = [(*shape[:dim], *(2 * size for size in shape[dim : dim + 1]), *shape[dim + 1 :]) for shape in shapes]
        with suppress(RuntimeError, ValueError), torch.no_grad():
            assert layer(*tensors(tuple(larger), 2)).shape[0] == 2, larger


def check_kept(op: Op, output: Shape, shapes: Shapes, layer: Any) -> None:
    """What autograd keeps, as far as it grows with the batch. Of a dropout's mask, the CPU keeps floats."""
    kept = op.kept(shapes, output)
    if "attention" in op.name and getattr(op, "dropout", getattr(op, "dropout_p", 0)):
        layer.eval()  # the CPU has no fused kernel with dropout; those of CUDA keep no more than without
        if kept is None:
            return
    assert kept is not None
    tensors_kept = (shapes if "input" in kept else ()) + ((output,) if "output" in kept else ())
    claim = 4 * sum(map(elements, tensors_kept)) + op.saved_bytes(shapes, output) * (4 if op.name == "dropout" else 1)
    few, many = (kept_bytes(layer, tensors(shapes, batch, grad=True)) for batch in (2, 4))
    assert many - few == 2 * claim
    if len(shapes) > 1:
        check_kept_for_some(op, output, shapes, layer)


def check_kept_for_some(op: Op, output: Shape, shapes: Shapes, layer: Any) -> None:
    """Where only some operands need a gradient."""
    for needed in itertools.product(*([False] if isinstance(shape, Places) else [True, False] for shape in shapes)):
        found = op.keeps(shapes, output, needed) if any(needed) or op.weights(shapes) else Kept()
        assert found is not None
        claim = sum(size_in_bytes(shapes[number]) for number in found.operands) + 4 * elements(output) * found.output
        few, many = (
            kept_bytes(
                layer, [x.requires_grad_(wanted) for x, wanted in zip(tensors(shapes, batch), needed, strict=True)]
            )
            for batch in (2, 4)
        )
        assert many - few == 2 * (claim + found.besides), needed


def check_reach(op: Op, output: Shape, shapes: Shapes, layer: Any) -> None:
    """Each element of the output depends on just the places that the op states, along each dimension.

    Statistics are not counted. A pixel_shuffle reads a channel for each phase, of which it states those of a place.
    """
    applied = Applied(op, shapes, output, {}, {}, None)
    ways = reads(applied)
    if not isinstance(ways, tuple) or takes_statistics(op, applied) or elements(output) > MOST_ELEMENTS:
        return
    for number, shape in enumerate(shapes):
        if isinstance(shape, Places):
            assert ways[number] == ways[0]  # they say what of the others is read
            continue
        stated = [stated_reads(along, shape[dim], output) for dim, along in enumerate(ways[number])]
        for dim in range(len(shape) - 2 if op.name == "pixel_shuffle" else 0, len(shape)):
            spans = joined(op, op_spans(op, shapes, layer, number, dim), dim)
            for element, found in spans.items():
                spots = [(*element, 0)[along.dim or 0] for along in ways[number]]
                read = [places[spot] for places, spot in zip(stated, spots, strict=True)]
                wanted = hull((place, place) for place in read[dim]) if all(read) else None
                assert found == wanted or (op.name in {*PARTLY_FLAT, *BOUNDED} and hull([found, wanted]) == wanted), (
                    element,
                    dim,
                )


def taken_together(op: Op, element: tuple[int, ...], dim: int) -> tuple[int, ...]:
    """An element, or what of it those have in common that are stated together to read a dimension of the input."""
    if op.name == "stack":
        index = axis(op.dim, len(element))  # type: ignore[attr-defined]
        assert index is not None
        return (*element[:index], *element[index + 1 :])
    if op.name == "unfold":  # the numbers of a channel's window, some of which may be those of the padding
        number, column = element
        return (column,) if dim else (number // prod(op.kernel_size), column)  # type: ignore[attr-defined]
    if op.name == "pixel_unshuffle" and dim >= len(element) - 2:
        return (*element[:-3], *element[-2:])
    return element


def joined(op: Op, spans: Spans, dim: int) -> Spans:
    """What those elements depend on together, for each of them."""
    keys = {element: taken_together(op, element, dim) for element in spans}
    found: dict[tuple[int, ...], Any] = {}
    for element, span in spans.items():
        found[keys[element]] = hull((span, found.get(keys[element])))
    return {element: found[keys[element]] for element in spans}


def takes_statistics(op: Op, applied: Applied) -> bool:
    return bool(statistics(applied)) or not getattr(op, "track_running_stats", True)


def stated_reads(along: Along, size: int, output: Shape) -> list[Any]:
    """The places that are read of a dimension of a size, for each place of the output."""
    if along.dim is None:
        return [within(along.taps, 0, size)] * max((1, *output))
    return [within(along.taps, place, size) for place in range(output[along.dim])]


def test_each_op_has_cases_and_a_raw_call() -> None:
    assert CASES.keys() == RAW.keys() == set(BUNDLED)


def agree(name: str, args: Args, shapes: Shapes) -> bool:
    """Whether both sides take a case; fails where they differ."""
    try:
        found = oracle(name, args, shapes)
    except Exception as refusal:
        with pytest.raises(Refused):
            pytest.fail(f"archspec accepts {compile_op(name, args, shapes)}, PyTorch refuses: {refusal!r}")
        return False
    check_equal(*compile_op(name, args, shapes), shapes, *found)
    return True


def tries(name: str) -> int:
    """As many as the profile says; in the profile `quick` the more, the more arguments the op has."""
    most = settings.get_profile("default").max_examples
    return min(most, 20 * (1 + len(get(name).model_fields))) if QUICK else settings.default.max_examples


@pytest.mark.parametrize("name", BUNDLED)
@pytest.mark.filterwarnings("ignore")
def test_accepts_if_and_only_if_torch_runs(name: str) -> None:
    tried: list[bool] = []

    @settings(max_examples=tries(name))
    @given(CASES[name])
    def law(case: Case) -> None:
        tried.append(agree(name, *case))

    law()
    assert sum(tried) >= len(tried) / 8, f"only {sum(tried)} of {len(tried)} cases were valid"


@pytest.mark.parametrize(
    ("name", "args", "shape", "accepted"),
    [
        ("adaptive_avg_pool", {"output_size": [None, None]}, (1, 2, 2), True),
        ("avg_pool", {"kernel_size": 2, "padding": 1}, (1, 1, 1), True),
        ("avg_pool", {"kernel_size": 2, "padding": 1}, (1, 1, 1, 1), False),
        ("conv", {"out_channels": 1, "kernel_size": 4, "padding": "same"}, (1, 1), True),
        ("conv", {"out_channels": 1, "kernel_size": 2, "padding": 2, "padding_mode": "circular"}, (1, 2), True),
        ("conv", {"out_channels": 1, "kernel_size": 2, "padding": 3, "padding_mode": "circular"}, (1, 2), False),
        ("conv", {"out_channels": 1, "kernel_size": 3, "padding": "same", "stride": 2}, (1, 4), False),
        ("conv", {"out_channels": 1, "kernel_size": 2, "padding": 1, "padding_mode": "reflect"}, (1, 2), True),
        ("conv", {"out_channels": 1, "kernel_size": 2, "padding": 2, "padding_mode": "reflect"}, (1, 2), False),
        ("conv", {"out_channels": 1, "kernel_size": 1, "padding": -1, "padding_mode": "reflect"}, (1, 3), False),
        ("conv_transpose", {"out_channels": 1, "kernel_size": 1, "dilation": 0}, (1, 1), False),
        ("lp_pool", {"norm_type": 1, "kernel_size": [1, 1, 2], "ceil_mode": True}, (1, 1, 1, 1), False),
        ("max_pool", {"kernel_size": 1, "stride": 2, "ceil_mode": True}, (1, 2), True),
        ("max_pool", {"kernel_size": 2, "padding": 1, "dilation": 2}, (1, 1), False),
        ("max_pool", {"kernel_size": 2, "padding": 1, "dilation": 2}, (1, 2), True),
        ("pad", {"padding": [2, -2]}, (1, 1), False),
        ("pad", {"padding": [2, -1]}, (1, 1), True),
        ("pad", {"padding": [2, 2], "mode": "reflect"}, (1, 2), False),
        ("pad", {"padding": [2, 2], "mode": "circular"}, (1, 2), True),
        ("pad", {"padding": [2, -4], "mode": "reflect"}, (1, 3), True),
        ("pad", {"padding": [2, -1], "mode": "circular"}, (1, 3), False),
        ("pad", {"padding": [1, 1], "mode": "reflect", "value": 1}, (1, 3), False),
        ("pad", {"padding": [0, 0, 0, 0, 1, -1]}, (1, 1), False),
        ("upsample", {"size": 2, "align_corners": False}, (1, 2), False),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_edges_that_the_search_found(name: str, args: Args, shape: Shape, accepted: bool) -> None:
    assert agree(name, args, (shape,)) is accepted
