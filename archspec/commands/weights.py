"""``archspec weights``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands import completion
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Spec, Strict, Variant


def weights(
    spec: Spec,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file, or what torch.save wrote.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="NAME",
            help="The library that named the tensors; found out unless given.",
            autocompletion=completion.weight_sources,
        ),
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Check that a file of weights fits a network; exit with 1 where it does not."""
    network = Asked(spec, variant, set_, root, limit, strict).network()
    matching = archspec.check_weights(network, file, source=source)
    print(matching)
    return int(not matching.ok)
