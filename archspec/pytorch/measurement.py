"""The time and the memory that a step takes."""

from __future__ import annotations

import statistics
from collections.abc import Callable

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.benchmark import Timer

from archspec.pytorch.results import Latency

Progress = Callable[[str, float], None]
"""Called with what is going on and how much of it is done, 0 to 1."""


def peak_memory(model: nn.Module, device: torch.device, step: Callable[[], object]) -> int | None:
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


def latency(step: Callable[[], object], seconds: float, report: Progress) -> Latency:
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
