"""Emitted networks against torchvision's hand-written ones: eager time, side by side in one run.

Each round times both, in turn first and second; a figure is the median of the rounds' ratios, ours to theirs. Both
have the same weights, and their outputs are compared before. Needs torchvision's wheel:
``pip install --no-deps torchvision==0.28.0 pillow``.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.benchmark import Timer
from torch.utils.benchmark.utils.timer import timer as default_timer

import archspec

SPECS = Path(__file__).parent.parent.parent / "specs"
NETWORKS = {
    "resnet50": {},
    "googlenet_bn": {"aux_logits": False, "init_weights": False},
    "mobilenet_v2": {},
    "vgg16": {},
}
"""Torchvision's arguments, by the name of our spec."""

CLOCKS = {"wall": default_timer, "cpu": time.process_time}


def torchvision_models() -> Any:
    """Torchvision's models; of its compiled part, which does not load on every build of torch, they need schemas."""
    found = importlib.util.find_spec("torchvision")
    if found is None or found.origin is None:
        sys.exit("torchvision is not installed: pip install --no-deps torchvision==0.28.0 pillow")
    try:
        torch.ops.load_library(next(Path(found.origin).parent.glob("_C*.so")))
    except (OSError, StopIteration):
        library = torch.library.Library("torchvision", "DEF")
        for schema in ("nms", "qnms"):
            library.define(f"{schema}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return importlib.import_module("torchvision").models


def forward(model: torch.nn.Module, images: torch.Tensor) -> Callable[[], object]:
    model.eval()
    return torch.no_grad()(lambda: model(images))


def forward_and_backward(model: torch.nn.Module, images: torch.Tensor) -> Callable[[], object]:
    model.train()

    def step() -> None:
        model.zero_grad()
        model(images).sum().backward()

    return step


def ratios(
    ours: Callable[[], object], theirs: Callable[[], object], rounds: int, clock: Callable[[], float]
) -> list[float]:
    """Times of ours over times of theirs, one for each round; the order changes from round to round."""
    threads = torch.get_num_threads()
    timers = [Timer("step()", globals={"step": step}, timer=clock, num_threads=threads) for step in (ours, theirs)]
    for timer in timers:
        timer.timeit(2)
    number = max(1, round(0.1 / timers[0].timeit(2).mean))
    found = []
    for turn in range(rounds):
        order = [0, 1] if turn % 2 else [1, 0]
        times = {i: timers[i].timeit(number).mean for i in order}
        found.append(times[0] / times[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=list(NETWORKS), help=", ".join(NETWORKS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="cpu: where other work runs too; fair with one thread only"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    models = torchvision_models()
    print("time of ours / time of torchvision's, eager: ", end="")
    print(f"{options.device}, batch {options.batch}, {options.threads} threads, {options.clock} clock; ", end="")
    print(f"median of {options.rounds} rounds (quartiles)")
    for name in options.networks:
        theirs = getattr(models, name.removesuffix("_bn"))(**NETWORKS[name]).to(options.device)
        ours = archspec.build(SPECS / f"{name}.yaml", device=options.device)
        archspec.load_weights(ours, theirs.state_dict())
        images = torch.randn(options.batch, 3, 224, 224, device=options.device)
        with torch.no_grad():
            torch.testing.assert_close(ours.eval()(images), theirs.eval()(images), rtol=1e-4, atol=1e-4)
        for kind in (forward, forward_and_backward):
            found = ratios(kind(ours, images), kind(theirs, images), options.rounds, CLOCKS[options.clock])
            low, median, high = statistics.quantiles(found, n=4)
            print(f"{name:14} {kind.__name__.replace('_', ' '):22} {median:.3f} ({low:.3f} to {high:.3f})", flush=True)


if __name__ == "__main__":
    main()
