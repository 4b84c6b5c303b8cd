"""What built networks do on a GPU, as a short report; on the CPU where there is none.

``make gpu`` runs it. Outputs and gradients are compared with those of the CPU in float64. Exit code 1: something
differs.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import archspec
from archspec.pytorch.runtime import devices
from archspec.reports.table import short, show_bytes

ROOT = Path(__file__).parent.parent.parent
NETWORKS: dict[str, dict[str, Any]] = {
    "lenet": {},
    "resnet50": {},
    "resnetv2_50": {},
    "googlenet_bn": {"variant": "training"},
    "mobilenet_v2": {},
    "vgg16": {},
    "deepface": {},
}
SMALL: dict[str, dict[str, Any]] = {
    "lenet": {},
    "resnet20_cifar": {},
    "deepface": {"image_size": 72, "num_classes": 10},
}
"""Those that the CPU runs in seconds."""

TOLERANCE = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 1e-1}
"""Of the largest value of an output."""

MODES: list[dict[str, Any]] = [
    {},
    {"dtype": "bfloat16"},
    {"dtype": "bfloat16", "memory_format": "channels_last"},
    {"dtype": "bfloat16", "memory_format": "channels_last", "compile": True},
    {"train": True},
    {"dtype": "bfloat16", "memory_format": "channels_last", "train": True, "compile": True},
]


class Report:
    """What is printed, and whether all is well."""

    def __init__(self) -> None:
        self.failures = 0

    def title(self, text: str) -> None:
        print(f"\n{text}\n{'-' * len(text)}", flush=True)

    def compared(self, what: str, difference: float, allowed: float) -> None:
        good = difference <= allowed
        self.failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {what:50} {difference:.1e} (allowed {allowed:.0e})", flush=True)

    def ran(self, what: str, code: int) -> None:
        self.failures += code != 0
        print(f"{'ok  ' if code == 0 else 'FAIL'} {what}", flush=True)


def tensors(outputs: Any) -> list[Tensor]:
    return [outputs] if isinstance(outputs, Tensor) else [tensor for tensor in outputs if tensor is not None]


def difference(found: list[Tensor], expected: list[Tensor]) -> float:
    """The largest difference, as a share of the largest expected value of each tensor."""
    pairs = zip(found, expected, strict=True)
    return max(
        float((ours.double().cpu() - theirs).abs().max() / theirs.abs().max().clamp(min=1e-12))
        for ours, theirs in pairs
    )


def keep_size(model: nn.Module) -> None:
    """Weights with which what goes through keeps its size: those of MobileNet's start leave float16 nothing of it."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                bound = (6 / module.weight[0].numel()) ** 0.5
                module.weight.uniform_(-bound, bound)


def distance(found: list[Tensor], expected: list[Tensor]) -> float:
    """The length of the difference, as a share of that of the expected vector.

    Rounding sends a gradient through another place of a max pooling now and then: single numbers differ by more.
    """
    (ours,), (theirs,) = found, expected
    return float((ours - theirs).norm() / theirs.norm())


def gradients(model: nn.Module, inputs: list[Tensor]) -> list[Tensor]:
    """Of the sum of squares of the outputs; whole, as one vector."""
    model.zero_grad()
    sum(tensor.float().square().mean() for tensor in tensors(model(*inputs))).backward()  # type: ignore[union-attr]
    return [torch.cat([param.grad.double().flatten().cpu() for param in model.parameters() if param.grad is not None])]


def compare(report: Report, network: archspec.Network, device: str) -> None:
    """One network on the device, in every dtype and layout, compiled or not, against the CPU in float64."""
    torch.manual_seed(0)
    reference = archspec.build(network, device="cpu", dtype="float64").eval()
    inputs = [torch.randn(2, *shape, dtype=torch.float64) for shape in network.inputs.values()]
    model = archspec.build(network, device=device).eval()
    archspec.load_weights(model, reference.state_dict())
    given = [placed(tensor, model) for tensor in inputs]
    found = gradients(model, given)
    report.compared(f"{network.name} gradients", distance(found, gradients(reference, inputs)), 1e-3)
    keep_size(reference)
    with torch.no_grad():
        expected = tensors(reference(*inputs))
    for dtype, allowed in TOLERANCE.items():
        for layout in ("contiguous_format", "channels_last"):
            model = archspec.build(network, device=device, dtype=dtype, memory_format=layout).eval()
            archspec.load_weights(model, reference.state_dict())
            given = [placed(tensor, model, layout) for tensor in inputs]
            with torch.no_grad():
                report.compared(
                    f"{network.name} {dtype} {layout}", difference(tensors(model(*given)), expected), allowed
                )
    model = archspec.build(network, device=device).eval()
    archspec.load_weights(model, reference.state_dict())
    given = [placed(tensor, model) for tensor in inputs]
    with torch.no_grad():
        compiled = tensors(torch.compile(model, fullgraph=True)(*given))
    report.compared(f"{network.name} compiled", difference(compiled, expected), 1e-4)
    torch.compiler.reset()


def placed(tensor: Tensor, model: nn.Module, layout: str = "contiguous_format") -> Tensor:
    like = next(model.parameters())
    tensor = tensor.to(like.device, like.dtype)
    return tensor.contiguous(memory_format=getattr(torch, layout)) if tensor.dim() == 4 else tensor


def measure(network: archspec.Network, device: str, batch: int, seconds: float) -> Iterator[str]:
    """The figures of one network in each mode, beside the static ones."""
    for mode in MODES:
        if device == "cpu" and "compile" in mode:
            continue
        result = archspec.run(network, device=device, batch=batch, seconds=seconds, **mode)
        memory, static = (
            "?" if count is None else show_bytes(count) for count in (result.peak_memory, result.activation_memory)
        )
        words = [value if isinstance(value, str) else name for name, value in mode.items()]
        yield (
            f"{network.name:14} {' '.join(words) or 'float32':37} {result.latency.median * 1e3:9.2f} ms "
            f"{result.throughput:9,.0f}/s {short(round(result.flops_per_second)):>5} FLOP/s "
            f"{memory:>10} (static {static})"
        )


def main() -> None:
    accelerators = [name for name in devices() if name not in ("cpu", "meta")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help=", ".join(NETWORKS))
    parser.add_argument("--device", default=accelerators[0] if accelerators else "cpu")
    parser.add_argument("--batch", type=int, help="samples in a measured step; 64, on the CPU 2")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement")
    options = parser.parse_args()
    cpu = options.device == "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    known = SMALL if cpu else NETWORKS
    networks = [
        archspec.compile(ROOT / "specs" / f"{name}.yaml", **known.get(name, {})) for name in options.networks or known
    ]
    report = Report()
    print(f"torch {torch.__version__}, {options.device}", end="")
    print("" if cpu else f", {torch.cuda.get_device_name(options.device)}" if "cuda" in options.device else "")
    if not accelerators:
        print("There is no GPU here: what follows runs on the CPU.")

    report.title("Outputs and gradients against the CPU in float64")
    for network in networks:
        compare(report, network, options.device)
    report.title(f"Steps of {options.batch or (2 if cpu else 64)} samples")
    for network in networks:
        for line in measure(network, options.device, options.batch or (2 if cpu else 64), options.seconds):
            print(line, flush=True)
    for script, arguments in (
        ("tests/benchmarks/local_conv.py", ["--device", options.device, *(["--batches", "1"] if cpu else [])]),
        (
            "tests/benchmarks/emitted.py",
            ["--device", options.device, *(["--rounds", "4", "--batch", "1"] if cpu else ["--batch", "64"])],
        ),
        ("docs/examples/train_digits.py", []),
    ):
        report.title(script)
        if "emitted" in script and not importlib.util.find_spec("torchvision"):
            print("left out: it compares with torchvision, which is not installed")
            continue
        report.ran(script, subprocess.run([sys.executable, str(ROOT / script), *arguments], check=False).returncode)
    processes = max(2, torch.cuda.device_count()) if cpu else torch.cuda.device_count()
    if processes > 1:
        report.title("docs/examples/train_digits.py in several processes")
        torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone"]
        done = subprocess.run([*torchrun, str(ROOT / "docs/examples/train_digits.py")], check=False)
        report.ran(f"{processes} processes", done.returncode)
    print(f"\n{report.failures} failures")
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    main()
