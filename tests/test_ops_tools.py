"""Laws of every op under PyTorch's tools: what runs runs under TorchScript too, and on operands of any layout."""

from __future__ import annotations

import json
import linecache
from typing import Any

import pytest
from hypothesis import assume, given, settings

import archspec
from archspec.network.content import Applied
from archspec.ops.facts import Function
from archspec.ops.op import Op
from archspec.ops.registry import get
from archspec.ops.tensor import Places, Shape, Shapes

torch = pytest.importorskip("torch")
from emitted_layers import build  # noqa: E402
from op_cases import CASES, Case  # noqa: E402
from raw_layers import Args, Refused  # noqa: E402
from test_ops_torch import BUNDLED, compile_op, tensors, tries  # noqa: E402

ops = pytest.mark.parametrize("name", BUNDLED)


def layer(op: Op, shapes: Shapes, output: Shape) -> Any:
    """What an op emits, in evaluation, with tensors that begin alike."""
    applied = Applied(op, shapes, output, op.weights(shapes), op.buffers(shapes), None)
    source = torch.Generator().manual_seed(1)
    state = {name: torch.rand(shape, generator=source) for name, shape in applied.weights.items()}
    return build(op.torch(shapes), state | {name: torch.ones(shape) for name, shape in applied.buffers.items()}).eval()


def compiled(name: str, args: Args, shapes: Shapes) -> tuple[Op, Shape]:
    try:
        return compile_op(name, args, shapes)
    except Refused:
        assume(False)
        raise


def permuted(tensor: Any) -> Any:
    """The same numbers, with the dimensions after the batch in memory from last to first."""
    order = [0, *range(tensor.dim() - 1, 0, -1)]
    return tensor.permute(order).contiguous().permute(order)


@ops
@pytest.mark.filterwarnings("ignore")
def test_each_op_takes_operands_of_any_layout(name: str) -> None:
    @settings(max_examples=max(20, tries(name) // 4))
    @given(CASES[name])
    def law(case: Case) -> None:
        args, shapes = case
        op, output = compiled(name, args, shapes)
        with torch.no_grad():
            run, operands = layer(op, shapes, output), tensors(shapes, 2)
            found = run(*map(permuted, operands))
            torch.testing.assert_close(found, run(*operands), equal_nan=True)

    law()


def scripted(op: Op, args: Args, shapes: Shapes, run: Any) -> Any:
    """What an op emits under TorchScript: a layer as it is, a function in a module as the emitter writes it."""
    call = op.torch(shapes)
    if not isinstance(call, Function):
        return torch.jit.script(run)
    inputs = {f"x{number}": list(shape) for number, shape in enumerate(shapes)}
    node = {"op": op.name, "from": list(inputs), **args}
    spec = {"archspec": 1, "name": "net", "inputs": inputs, "graph": {"node": node}}
    if any(isinstance(shape, Places) for shape in shapes):
        return torch.jit.script(unpooling(shapes, call))
    return torch.jit.script(archspec.build(archspec.compile_text(json.dumps(spec))).eval())


def unpooling(shapes: Shapes, call: Function) -> Any:
    """What the emitter writes of the call, of places that are given: no spec has such an input."""
    arguments = ", ".join(f"{name}={value}" for name, value in call.kwargs.items())
    lines = ["class Unpool(nn.Module):", "    def forward(self, x: Tensor, places: Tensor) -> Tensor:"]
    space: dict[str, Any] = {"nn": torch.nn, "F": torch.nn.functional, "Tensor": torch.Tensor}
    text = "\n".join([*lines, f"        return {call.target}(x, places, {arguments})", ""])
    name = f"<unpool {text}>"
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    exec(compile(text, name, "exec"), space)
    return space["Unpool"]()


@ops
@pytest.mark.filterwarnings("ignore")
def test_each_op_runs_under_torchscript(name: str) -> None:
    @settings(max_examples=max(5, tries(name) // 8))
    @given(CASES[name])
    def law(case: Case) -> None:
        args, shapes = case
        op, output = compiled(name, args, shapes)
        assume(all(1 <= len(shape) <= 5 for shape in shapes))
        assume(args.get("parametrize") not in ("weight_norm", "spectral_norm"))  # PyTorch scripts no parametrization
        with torch.no_grad():
            run, operands = layer(op, shapes, output), tensors(shapes, 2)
            torch.testing.assert_close(scripted(op, args, shapes, run)(*operands), run(*operands), equal_nan=True)

    law()


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_norms_along_several_dimensions_run_under_torchscript() -> None:
    args, shape = {"dim": [1, -1], "p": 3, "eps": 0.5}, (2, 3, 4)
    op, output = compile_op("normalize", args, (shape,))
    x = torch.rand(2, *shape)
    found = scripted(op, args, (shape,), layer(op, (shape,), output))(x)
    torch.testing.assert_close(found, torch.nn.functional.normalize(x, 3.0, (1, -1), 0.5))


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
def test_a_null_size_of_an_adaptive_pooling_is_the_inputs() -> None:
    op, output = compile_op("adaptive_avg_pool", {"output_size": [None, 1]}, ((4, 6, 5),))
    run = layer(op, ((4, 6, 5),), output)
    assert tuple(torch.jit.script(run)(torch.ones(2, 4, 6, 5)).shape) == (2, 4, 6, 1)
    assert get("adaptive_avg_pool").torch(op, ((4, 6, 5),)).args == ((6, 1),)
