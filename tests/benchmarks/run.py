"""Speed, as ratios of things measured side by side in one run.

``make benchmark`` prints them. The comparison with torchvision needs its wheel:
``pip install --no-deps torchvision==0.28.0 pillow``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SPEC = ROOT / "specs" / "resnet152.yaml"
ROUNDS = 7


def timed(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def side_by_side(one: Callable[[], object], other: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Median seconds of two functions, called in turn."""
    times = [(timed(one), timed(other)) for _ in range(rounds)]
    first, second = zip(*times, strict=True)
    return statistics.median(first), statistics.median(second)


def process(*command: str) -> Callable[[], object]:
    # From bytecode, as installed packages run: the first round writes what an editable install lacks.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONDONTWRITEBYTECODE": ""}
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def check_against_import_torch() -> None:
    check = process(str(Path(sys.executable).with_name("archspec")), "check", str(SPEC))
    imports = process(sys.executable, "-c", "import torch")
    ours, theirs = side_by_side(check, imports)
    print(
        f"archspec check resnet152 {ours * 1e3:.0f} ms, import torch {theirs * 1e3:.0f} ms: ratio {ours / theirs:.3f}"
    )


def compile_against_torchvision() -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    import archspec

    # The wheel's compiled part does not load on every build of torch; its models need only these schemas.
    library = torch.library.Library("torchvision", "DEF")
    for schema in ("nms", "qnms"):
        library.define(f"{schema}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    try:
        from torchvision.models import resnet152
    except ImportError:
        print("compile against torchvision: torchvision is not installed")
        return

    def build_and_count() -> None:
        with torch.device("meta"):
            model = resnet152().eval()
            with FlopCounterMode(display=False):
                model(torch.empty(1, 3, 224, 224))

    archspec.compile(SPEC), build_and_count()
    ours, theirs = side_by_side(lambda: archspec.compile(SPEC), build_and_count)
    print(
        f"compile resnet152 {ours * 1e3:.1f} ms, torchvision on meta {theirs * 1e3:.0f} ms: {theirs / ours:.1f} times"
    )


def chain(nodes: int) -> str:
    lines = [f"  c{i}: {{op: conv, out_channels: 8, kernel_size: 3, padding: 1}}" for i in range(nodes)]
    return "archspec: 1\nname: chain\ninputs: {image: [8, 32, 32]}\ngraph:\n" + "\n".join(lines) + "\n"


def compile_chain(nodes: int) -> tuple[float, int]:
    """Seconds, and the peak memory of a fresh process in MB."""
    script = (
        "import sys, time, resource; sys.path[:0] = [sys.argv[2]]; from run import chain; import archspec\n"
        "text = chain(int(sys.argv[1])); archspec.compile_text(chain(10)); start = time.perf_counter()\n"
        "assert len(archspec.compile_text(text)) == int(sys.argv[1])\n"
        "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)"
    )
    command = [sys.executable, "-c", script, str(nodes), str(Path(__file__).parent)]
    seconds, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(memory)


def linear_in_nodes() -> None:
    small = statistics.median(compile_chain(1_000)[0] for _ in range(5)) / 1_000
    seconds, memory = compile_chain(100_000)
    large = seconds / 100_000
    print(
        f"chain of 1,000 nodes {small * 1e6:.0f} us a node, of 100,000 {large * 1e6:.0f} us: "
        f"ratio {large / small:.2f}; {seconds:.1f} s, {memory} MB"
    )


if __name__ == "__main__":
    check_against_import_torch()
    compile_against_torchvision()
    linear_in_nodes()
