"""``archspec export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Spec, Strict, Variant
from archspec.errors import shown


def export(
    spec: Spec,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where to write it: .onnx, or .pt2, which torch.export.load reads."
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FILE", help="Weights to load; as training begins unless given."),
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Write a network as ONNX, or as a program of torch.export: in evaluation, for batches of any size."""
    network = Asked(spec, variant, set_, root, limit, strict).network()
    archspec.export(network, output, weights=weights)
    print(f"wrote {shown(output)}")
    return 0
