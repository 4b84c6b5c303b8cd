"""DeepFace's locally connected layers against F.unfold and einsum, and against reading their weights once.

``python tests/benchmarks/local_conv.py [--device cuda]`` prints a table for each batch size: time of a forward pass,
and of a forward and backward pass, and the peak of the memory that each takes besides its weights and its input.
Each round times all contenders in turn; a ratio is the median of the rounds' ratios.

Memory is measured in a process of its own for each figure: on the CPU as the growth of the process's resident set at
its highest (VmHWM, reset before the call), on a GPU by torch.cuda.max_memory_allocated. Reading the weights once is the
least that a batch of one can take: on the CPU it is the time of the weight's sum, on a GPU the weight's bytes at the
bandwidth of a large copy (of 1 GiB; a smaller weight can stay in the cache and be read faster).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

import archspec
from archspec.pytorch.layers.local_conv2d import LocalConv2d

SPEC = Path(__file__).parent.parent.parent / "specs" / "deepface.yaml"
CLEAR_REFS = Path("/proc/self/clear_refs")
"""Where 5 is written, so that the highest resident set is what it is now."""


class Unfolded(nn.Module):
    """The same layer as one writes it first: all windows unfolded, and multiplied by einsum."""

    def __init__(self, layer: LocalConv2d) -> None:
        super().__init__()
        self.layer = [layer]  # in a list: not a submodule
        weight = layer.weight.detach().movedim(-1, 3)  # in PyTorch's order, which is that of F.unfold
        self.weight = nn.Parameter(weight.flatten(3).flatten(0, 1))
        assert layer.bias is not None
        self.bias = nn.Parameter(layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        layer = self.layer[0]
        patches = F.unfold(x, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
        out = torch.einsum("nkp,pok->nop", patches, self.weight)
        return out.unflatten(2, layer.out_size) + self.bias


def compiled(layer: LocalConv2d) -> Any:
    """With tuning, the compiler reads the weights of a batch of one in a kernel of its own, not in bmm's."""
    return torch.compile(layer, options={"coordinate_descent_tuning": True})


CONTENDERS: dict[str, Callable[[LocalConv2d], Any]] = {
    "unfold": Unfolded,
    "ours": lambda layer: layer,
    "compiled": compiled,
}


def layers() -> dict[str, dict[str, Any]]:
    """The arguments of DeepFace's layers, by name."""
    found = {}
    for node in archspec.compile(SPEC):
        if node.op.name == "local_conv":
            call = node.op.torch(node.input_shapes)
            found[node.path.partition(".")[0]] = dict(zip(("in_channels", "out_channels"), call.args, strict=True))
            found[node.path.partition(".")[0]] |= call.kwargs
    return found


def make(name: str, batch: int, options: argparse.Namespace) -> tuple[LocalConv2d, Tensor]:
    torch.manual_seed(0)
    factory = {"device": options.device, "dtype": getattr(torch, options.dtype)}
    layer = LocalConv2d(**layers()[name]).to(**factory)
    return layer, torch.randn(batch, layer.in_channels, *layer.in_size, **factory)


def forward(module: Any, x: Tensor) -> Callable[[], object]:
    return torch.no_grad()(lambda: module(x))


def forward_and_backward(module: Any, x: Tensor) -> Callable[[], object]:
    """A step of training: the gradients of the weights and of the input."""
    x = x.detach().requires_grad_()
    with torch.no_grad():
        gradient = torch.randn_like(module(x))

    def step() -> None:
        x.grad = None
        for parameter in module.parameters():
            parameter.grad = None
        module(x).backward(gradient)

    return step


MODES = {"forward": forward, "forward + backward": forward_and_backward}


# Time

CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
"""On a busy machine, use the processor's time with one thread."""


def stopwatch(options: argparse.Namespace) -> Callable[[Callable[[], object]], float]:
    """Measures the seconds of a call."""
    clock = CLOCKS[options.clock]

    def on_cpu(function: Callable[[], object]) -> float:
        start = clock()
        function()
        return clock() - start

    def on_gpu(function: Callable[[], object]) -> float:
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        start.record()
        function()
        end.record()
        torch.cuda.synchronize()
        return float(start.elapsed_time(end)) / 1e3

    return on_gpu if "cuda" in options.device else on_cpu


def reading(weight: Tensor, options: argparse.Namespace) -> Callable[[], float]:
    """Measures the seconds that reading the weight once takes."""
    seconds = stopwatch(options)
    if "cuda" not in options.device:
        return lambda: seconds(weight.detach().sum)
    source = torch.zeros(2**28, device=options.device)
    target = torch.empty_like(source)
    share = weight.nbytes / (2 * source.nbytes)  # a copy reads and writes
    return lambda: seconds(lambda: target.copy_(source)) * share


def times(name: str, batch: int, options: argparse.Namespace) -> dict[str, dict[str, list[float]]]:
    """Seconds of each round, by mode and contender; `read` is the weight's."""
    layer, x = make(name, batch, options)
    modules = {contender: CONTENDERS[contender](layer) for contender in options.contenders}
    expected = modules["unfold"](x)
    for module in modules.values():
        difference = (module(x) - expected).abs().max() / expected.abs().max()
        assert difference < (1e-4 if options.dtype == "float32" else 3e-2), f"differs by {difference}"
    del expected
    read, seconds = reading(layer.weight, options), stopwatch(options)
    found: dict[str, dict[str, list[float]]] = {}
    for mode, prepare in MODES.items():
        steps = {contender: prepare(module, x) for contender, module in modules.items()}
        measures = {"read": read} | {key: lambda step=step: seconds(step) for key, step in steps.items()}
        for _ in range(2):
            for measure in measures.values():
                measure()
        rounds = [{key: measure() for key, measure in measures.items()} for _ in range(options.rounds)]
        found[mode] = {key: [each[key] for each in rounds] for key in measures}
    return found


def ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(above, below, strict=True))


# Memory


def high_water() -> int:
    """Bytes of the resident set at its highest."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def measure_peak(name: str, batch: int, mode: str, contender: str, options: argparse.Namespace) -> int:
    """Bytes that a call takes at its highest, besides what is there before."""
    small = LocalConv2d(2, 2, 4, 2).to(options.device, getattr(torch, options.dtype))
    forward_and_backward(CONTENDERS[contender](small), torch.randn(2, 2, 4, 4).to(small.weight))()  # loads libraries
    layer, x = make(name, batch, options)
    module = CONTENDERS[contender](layer)
    if contender == "unfold":
        layer.weight.data = torch.empty(0)
    if contender == "compiled":
        forward_and_backward(module, x)()
        forward(module, x)()
    step = MODES[mode](module, x)
    module.zero_grad()
    if "cuda" in options.device:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return torch.cuda.max_memory_allocated() - before
    CLEAR_REFS.write_text("5", encoding="ascii")
    before = high_water()
    step()
    return high_water() - before


def peak(name: str, batch: int, mode: str, contender: str, options: argparse.Namespace) -> int:
    """Bytes at the highest, in a process of its own."""
    command = [sys.executable, __file__, "--device", options.device, "--dtype", options.dtype]
    command += ["--peak", name, str(batch), mode, contender]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()[-1])


# Report


def report(batch: int, options: argparse.Namespace) -> None:
    print(f"\nbatch {batch}")
    for name in layers():
        for mode, found in times(name, batch, options).items():
            read = statistics.median(found.pop("read"))
            peaks = {key: peak(name, batch, mode, key, options) for key in found} if options.memory else {}
            for contender, seconds in found.items():
                median = statistics.median(seconds)
                line = f"{name} {mode:18} {contender:8} {median * 1e3:9.2f} ms"
                line += f"  {ratio(seconds, found['unfold']):5.2f} of unfold's  {median / read:6.1f} x reading"
                if peaks:
                    line += f"  {peaks[contender] / 2**20:8.1f} MiB"
                    line += f"  {peaks[contender] / peaks['unfold']:5.2f} of unfold's"
                print(line, flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, help="by default on a GPU")
    parser.add_argument("--memory", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--peak", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    device = torch.device(options.device)
    if device.type not in ("cpu", "cuda"):
        parser.error(f"the device is cpu or cuda, not {device.type}")
    if device.index is not None and device.type == "cuda":
        torch.cuda.set_device(device)
    gpu = device.type == "cuda"
    options.memory &= gpu or CLEAR_REFS.exists()
    options.rounds = options.rounds or (30 if gpu else 7)
    with_compiler = gpu if options.compile is None else options.compile
    options.contenders = ["unfold", "ours", "compiled"] if with_compiler else ["unfold", "ours"]
    return options


def main() -> None:
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    if options.peak:
        name, batch, mode, contender = options.peak
        print(measure_peak(name, int(batch), mode, contender, options))
        return
    where = (
        torch.cuda.get_device_name(options.device)
        if "cuda" in options.device
        else f"{torch.get_num_threads()} threads, {options.clock} clock"
    )
    print(f"torch {torch.__version__}, {options.device}, {where}, {options.dtype}")
    for batch in options.batches:
        report(batch, options)


if __name__ == "__main__":
    main()
