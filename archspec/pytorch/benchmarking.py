"""Networks run and measured, beside their static figures."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.benchmark import Timer

from archspec.analysis.memory import activation_memory
from archspec.compiler.given import Spec, compiled
from archspec.errors import UsageError, listed
from archspec.network import Network
from archspec.ops.tensor import show
from archspec.pytorch.images import image_input, read_image
from archspec.pytorch.runtime import build, load_weights
from archspec.reports.table import short, show_bytes

Progress = Callable[[str, float], None]
"""Called with what is going on and how much of it is done, 0 to 1."""

_TRAINING_WORK = 3
"""A training step takes about three times the work of the forward pass: the backward pass is two products for one."""

_TOP = 5


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds of one step: quartiles over blocks of steps, each block timed as a whole."""

    lower: float
    median: float
    upper: float
    blocks: int
    steps_per_block: int


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a network did.

    Attributes:
        network: Its name.
        device: Where it ran.
        dtype: The type of its weights and activations.
        batch: Samples in a step.
        train: Whether a step is forward and backward, without an optimiser; else it is forward alone.
        compile: Whether torch.compile compiled it.
        memory_format: The layout of weights and inputs.
        outputs: Shapes of its outputs by name, with the batch.
        latency: Seconds of one step.
        flops: Floating-point operations of one step by the static count: 2 x MACs x batch, in training three times
            that; without nodes that have no cost rule.
        peak_memory: The most bytes that tensors and kernels took at once during a step, above those of weights and
            inputs; in training the gradients are among them. None where the device does not tell.
        activation_memory: The static figure beside it: the peak of activations in inference, or what autograd keeps
            in training. None where an op does not say what it keeps.
        weight_memory: Bytes of parameters and buffers.
        top: The most probable classes of the image with their probabilities, best first; empty without an image.
    """

    network: str
    device: str
    dtype: str
    batch: int
    train: bool
    compile: bool
    memory_format: str
    outputs: Mapping[str, tuple[int, ...]]
    latency: Latency
    flops: int
    peak_memory: int | None
    activation_memory: int | None
    weight_memory: int
    top: tuple[tuple[int, float], ...] = ()

    def __str__(self) -> str:
        time, memory = self.latency, "?" if self.peak_memory is None else show_bytes(self.peak_memory)
        quartiles = f"quartiles {_duration(time.lower)} and {_duration(time.upper)}"
        static = "?" if self.activation_memory is None else show_bytes(self.activation_memory)
        kind = "kept for the backward pass" if self.train else "of activations"
        besides = ", gradients included" if self.train else ""
        work = f"{_TRAINING_WORK} x 2 x MACs" if self.train else "2 x MACs"
        rows = [
            ("output", ", ".join(f"{name} {show(shape)}" for name, shape in self.outputs.items())),
            (
                "latency",
                f"{_duration(time.median)} median, {quartiles} ({time.blocks} blocks of {time.steps_per_block})",
            ),
            ("throughput", f"{self.throughput:,.1f} samples/s"),
            (
                "compute",
                f"{short(round(self.flops_per_second))} FLOP/s; static: {short(self.flops)} FLOP a step, {work}",
            ),
            ("memory", f"{memory} at the peak of a step, besides weights and inputs{besides}; static: {static} {kind}"),
            ("weights", show_bytes(self.weight_memory)),
            *((f"class {index}", f"{probability:.1%}") for index, probability in self.top),
        ]
        width = max(len(name) for name, _ in rows)
        return "\n".join([self._modes(), "", *(f"{name:{width}}  {text}" for name, text in rows)])

    def _modes(self) -> str:
        modes = [self.network, f"on {self.device}", self.dtype]
        modes += ["channels last"] if self.memory_format != "contiguous_format" else []
        modes += ["compiled"] if self.compile else []
        return ", ".join([*modes, f"batch {self.batch}", "forward and backward" if self.train else "inference"])

    @property
    def throughput(self) -> float:
        """Samples per second."""
        return self.batch / self.latency.median

    @property
    def flops_per_second(self) -> float:
        """Floating-point operations per second achieved, by the static count."""
        return self.flops / self.latency.median


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
    if batch < 1:
        raise UsageError(f"a batch has at least one sample, not {batch}")
    if _name(device) == "meta":
        raise UsageError("on the device `meta` there are shapes and no numbers, so that nothing runs")
    if not seconds > 0:
        raise UsageError(f"measuring takes some time, not {seconds} seconds")
    plan = compiled(network, variant, params)
    if train and not plan.params:
        raise UsageError(f"`{plan.name}` has no parameters to train")
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
            peak = _peak_memory(model, inputs[0].device, step)
        latency = _latency(step, seconds, report)
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
        flops=plan.flops * batch * (_TRAINING_WORK if train else 1),
        peak_memory=peak,
        activation_memory=memory.training if train else memory.inference_peak,
        weight_memory=sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers())),
        top=top,
    )


def _silent(stage: str, done: float) -> None:
    pass


def _duration(seconds: float) -> str:
    """Three digits, in seconds, milliseconds or microseconds."""
    scale, unit = next(((n, u) for n, u in ((1, "s"), (1e3, "ms")) if seconds * n >= 1), (1e6, "µs"))
    return f"{seconds * scale:.3g} {unit}"


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


def _peak_memory(model: nn.Module, device: torch.device, step: Callable[[], object]) -> int | None:
    """The most bytes allocated during a step above those before it, by PyTorch's allocator of the device."""
    step()
    model.zero_grad()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        step()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    return _peak_on_cpu(step) if device.type == "cpu" else None


def _peak_on_cpu(step: Callable[[], object]) -> int:
    """The same on the CPU, whose allocator keeps no account: the profiler records what it gives and takes."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    result = profiler.profiler.kineto_results
    events = sorted((event for event in result.events() if event.name() == "[memory]"), key=lambda e: e.start_ns())
    live = peak = 0
    for event in events:
        live += event.nbytes()
        peak = max(peak, live)
    return peak


def _latency(step: Callable[[], object], seconds: float, report: Progress) -> Latency:
    """Blocks of steps, long enough that the clock costs nothing, timed for some seconds after a warm-up."""
    spent = 0.0

    def after_block(_: int, took: float) -> None:
        nonlocal spent
        spent += took
        report("measuring time", min(1.0, spent / seconds))

    report("measuring time", 0.0)
    timer = Timer("step()", globals={"step": step}, num_threads=torch.get_num_threads())
    measured = timer.blocked_autorange(after_block, min_run_time=seconds)  # type: ignore[arg-type]
    times = measured.times
    lower, median, upper = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
    return Latency(lower, median, upper, len(times), measured.number_per_run)


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
