"""What a network did when it ran, beside its static figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from typing_extensions import override

from archspec.ops.tensor import show
from archspec.reports.table import short, show_bytes


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
        flops: Floating-point operations of one step by the static count: 2 x MACs x batch, in training with those of
            the gradients, that of the image apart; without nodes that have no cost rule.
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

    @override
    def __repr__(self) -> str:
        return f"<RunResult of {self._modes()}: {_duration(self.latency.median)}>"

    @override
    def __str__(self) -> str:
        time, memory = self.latency, "?" if self.peak_memory is None else show_bytes(self.peak_memory)
        quartiles = f"quartiles {_duration(time.lower)} and {_duration(time.upper)}"
        static = "?" if self.activation_memory is None else show_bytes(self.activation_memory)
        kind = "kept for the backward pass" if self.train else "of activations"
        besides = ", gradients included" if self.train else ""
        work = "2 x MACs, gradients included" if self.train else "2 x MACs"
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


def _duration(seconds: float) -> str:
    """Three digits, in seconds, milliseconds or microseconds."""
    scale, unit = next(((n, u) for n, u in ((1, "s"), (1e3, "ms")) if seconds * n >= 1), (1e6, "µs"))
    return f"{seconds * scale:.3g} {unit}"
