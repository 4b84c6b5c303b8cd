"""``archspec run``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Spec, Strict, Variant


class DType(StrEnum):
    """The types in which a network runs."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def run(
    spec: Spec,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Such as cuda; PyTorch's default unless given.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Samples in a step.")] = 1,
    dtype: Annotated[DType, typer.Option("--dtype", help="Of weights and activations.")] = DType.float32,
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Lay images out channels last.")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Compile with torch.compile.")] = False,
    train: Annotated[bool, typer.Option("--train", help="Forward and backward.")] = False,
    image: Annotated[
        Path | None,
        typer.Option("--input", metavar="IMAGE", help="Run it on a picture and print its five best classes."),
    ] = None,
    weights: Annotated[Path | None, typer.Option("--weights", metavar="FILE", help="Weights to load.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="How long to measure.")] = 2.0,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Run a network in PyTorch and measure it."""
    network = Asked(spec, variant, set_, root, limit, strict).network()
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # PyTorch's profiler reports its own comings and goings
    with _progress_bar() as progress:
        result = archspec.run(
            network,
            device=device,
            batch=batch,
            dtype=dtype.value,
            memory_format="channels_last" if channels_last else "contiguous_format",
            compile=compile,
            train=train,
            image=image,
            weights=weights,
            seconds=seconds,
            progress=progress,
        )
    print(result)
    return 0


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, float], None] | None]:
    """What shows progress on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda stage, done: bar.update(task, description=stage, completed=done)
