"""Networks run and measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from archspec.analysis.memory import activation_memory
from archspec.analysis.training import step_macs
from archspec.compiler.given import Spec, compiled
from archspec.errors import UsageError, listed
from archspec.network import Network
from archspec.pytorch import measurement
from archspec.pytorch.images import image_input, read_image
from archspec.pytorch.loading import load_weights
from archspec.pytorch.measurement import Progress
from archspec.pytorch.results import RunResult
from archspec.pytorch.runtime import build

_TOP = 5


def run(
    network: Spec,
    /,
    *,
    variant: str | None = None,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | str = "float32",
    memory_format: torch.memory_format | str = "contiguous_format",
    batch: int = 1,
    compile: bool = False,
    train: bool = False,
    image: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    seconds: float = 2.0,
    progress: Progress | None = None,
    **params: Any,
) -> RunResult:
    """Run a network and measure it.

    Args:
        network: A compiled network, or the path of a spec.
        variant: One of the sets of parameters that the spec names.
        device: Where to run it; PyTorch's default device unless given.
        dtype: The type of its weights and activations.
        memory_format: The layout of its weights and images.
        batch: Samples in a step.
        compile: Whether to compile it with torch.compile.
        train: Whether a step is forward and backward; else it is forward in evaluation mode.
        image: A picture to run it on, in place of random numbers.
        weights: A file of weights to load, see `load_weights`.
        seconds: How long to measure.
        progress: What to call while it runs.
        **params: Values of the spec's parameters.

    Raises:
        SpecError: The spec is wrong.
        UsageError: The device, the dtype or the image does not fit, or PyTorch cannot run the network so.
        WeightsError: The weights do not fit the network.
    """
    _check(batch, device, seconds)
    plan = compiled(network, variant, params)
    if train and not plan.trainable_params:
        frozen = ": all are frozen" if plan.params else ""
        raise UsageError(f"`{plan.name}` has no parameters to train{frozen}")
    shape = None if image is None else image_input(plan)
    report = progress or _silent
    report("building", 0.0)
    model = build(plan, device=device, dtype=dtype, memory_format=memory_format).train(train)
    if weights is not None:
        load_weights(model, weights)
    given = {} if image is None or shape is None else {next(iter(plan.inputs)): read_image(image, shape)}
    like = torch.empty(0, device=device, dtype=getattr(torch, _name(dtype)))
    inputs = _inputs(plan, given, batch, memory_format, like)
    called: Callable[..., Any] = torch.compile(model) if compile else model
    with nullcontext() if train else torch.inference_mode():
        report("first step", 0.0)
        step = _training_step(model, called, inputs) if train else lambda: called(*inputs)
        with _refusals(plan, inputs[0]):
            shapes, top = _first_step(plan, called, inputs, train=train, ranked=image is not None)
            report("measuring memory", 0.0)
            peak = measurement.peak_memory(model, inputs[0].device, step)
        latency = measurement.latency(step, seconds, report)
    memory = activation_memory(plan, dtype=_name(inputs[0].dtype), batch=batch)
    return RunResult(
        network=plan.name,
        device=_device_name(inputs[0].device),
        dtype=_name(inputs[0].dtype),
        batch=batch,
        train=train,
        compile=compile,
        memory_format=_name(memory_format),
        outputs=shapes,
        latency=latency,
        flops=2 * batch * (step_macs(plan) if train else plan.macs),
        peak_memory=peak,
        activation_memory=memory.training if train else memory.inference_peak,
        weight_memory=sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers())),
        top=top,
    )


def _check(batch: int, device: torch.device | str | int | None, seconds: float) -> None:
    """Refuse what cannot be measured, whatever the network is."""
    if batch < 1:
        raise UsageError(f"a batch has at least one sample, not {batch}")
    if _name(device) == "meta":
        raise UsageError("on the device `meta` there are shapes and no numbers, so that nothing runs")
    if not seconds > 0:
        raise UsageError(f"measuring takes some time, not {seconds} seconds")


def _silent(stage: str, done: float) -> None:
    pass


def _name(value: object) -> str:
    return str(value).removeprefix("torch.")


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return f"{device} ({torch.get_num_threads()} threads)" if device.type == "cpu" else str(device)


def _inputs(
    network: Network,
    given: Mapping[str, Tensor],
    batch: int,
    memory_format: torch.memory_format | str,
    like: Tensor,
) -> list[Tensor]:
    """The inputs: a given sample as often as the batch has samples, else random numbers."""
    layout, rank = getattr(torch, _name(memory_format)), 5 if "3d" in _name(memory_format) else 4
    tensors = []
    for name, shape in network.inputs.items():
        tensor = given[name].expand(batch, *shape).contiguous() if name in given else torch.randn(batch, *shape)
        tensor = tensor.to(like.device, like.dtype)
        tensors.append(tensor.contiguous(memory_format=layout) if tensor.dim() == rank else tensor)
    return tensors


@contextmanager
def _refusals(network: Network, like: Tensor) -> Iterator[None]:
    """What PyTorch cannot do at all, said in one sentence."""
    try:
        yield
    except (NotImplementedError, RuntimeError, ValueError) as error:
        needs_more = "more than 1 value" in str(error)
        hint = "; in training its normalisation needs a batch of at least 2" if needs_more else ""
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"PyTorch cannot run `{network.name}` as {_name(like.dtype)} on {like.device}: {reason}{hint}"
        ) from error


def _first_step(
    network: Network, called: Callable[..., Any], inputs: list[Tensor], *, train: bool, ranked: bool
) -> tuple[dict[str, tuple[int, ...]], tuple[tuple[int, float], ...]]:
    """The shapes of the outputs by name, and the most probable classes."""
    names = [name for name, output in network.outputs.items() if train or not output.training_only]
    tensors = dict(zip(names, _tensors(called(*inputs)), strict=True))
    return {name: tuple(t.shape) for name, t in tensors.items()}, _top(network, tensors) if ranked else ()


def _tensors(outputs: Any) -> list[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else [tensor for tensor in outputs if tensor is not None]


def _training_step(model: nn.Module, called: Callable[..., Any], inputs: list[Tensor]) -> Callable[[], object]:
    """Forward and backward, from the sum of all outputs."""

    def step() -> None:
        model.zero_grad()
        torch.stack([tensor.float().sum() for tensor in _tensors(called(*inputs))]).sum().backward()  # type: ignore[no-untyped-call]

    return step


def _top(network: Network, outputs: Mapping[str, Tensor]) -> tuple[tuple[int, float], ...]:
    """The most probable classes of the first sample, by the first output that holds one number for each class."""
    name = next((name for name, tensor in outputs.items() if tensor.dim() == 2), None)
    if name is None:
        raise UsageError(f"`{network.name}` gives no classes; its outputs: {listed(outputs)}")
    values = outputs[name][0].detach().float()
    ends = {node.path: node.op.name for node in network}
    if ends.get(network.outputs[name].path) != "softmax":
        values = values.softmax(0)
    probabilities, classes = values.topk(min(_TOP, len(values)))
    return tuple(zip(classes.tolist(), probabilities.tolist(), strict=True))
