"""``archspec emit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands.compilation import Asked
from archspec.commands.options import Check, Limit, Root, Set, Spec, Strict, Variant, written
from archspec.commands.printing import first
from archspec.commands.staleness import print_stale, refuse_both
from archspec.commands.streams import STANDARD, print_document
from archspec.files import read, refuse_own, write


def emit(
    spec: Spec,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it; printed unless given, and for `-`."),
    ] = None,
    check: Check = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Print the PyTorch source of a network."""
    refuse_both(output, check)
    network = Asked(spec, variant, set_, root, limit, strict).network()
    from archspec.pytorch import emission

    source = emission.emit(network)
    if check:
        return _compared(check, source, ["emit", spec, *written({"variant": variant, "set": set_})])
    if output and str(output) != STANDARD:
        refuse_own(output, [network.blocks.template.source.path])
        write(output, source)
    else:
        print_document(source)
    return 0


def _compared(path: Path, source: str, command: Sequence[str]) -> int:
    """1 where a file is not the source, and 0 where it is."""
    from archspec.pytorch.emission import first_difference

    difference = first_difference(read(path).decode("utf-8", "replace"), source)
    if not difference:
        return 0
    line, found, emitted = difference
    lines = [f"{first(path)} is stale; line {line} differs:", f"- {found.rstrip()}", f"+ {emitted.rstrip()}"]
    print_stale(path, lines, command)
    return 1
