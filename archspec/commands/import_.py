"""``archspec import``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.commands.compilation import assignments
from archspec.commands.printing import first
from archspec.commands.streams import STANDARD, print_document


def import_(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A file of another tool: Darknet `.cfg`, Caffe `.prototxt`, `.keras`, Keras `.json`, "
            "Ultralytics `.yaml`.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write the spec; printed unless given."),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="What the source is, where its name does not tell.",
            autocompletion=completion.import_formats,
        ),
    ] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="The name of the network.")] = None,
    scale: Annotated[
        str | None, typer.Option("--scale", metavar="NAME", help="Ultralytics: the scale, such as `n`.")
    ] = None,
    input: Annotated[
        str | None,
        typer.Option("--input", metavar="SIZES", help="Sizes of the input, where the source leaves them open."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="An option of a format of a plugin; may be repeated."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Write what can be said; what cannot is marked in its place.")
    ] = False,
) -> int:
    """Write a spec that says what a file of another tool says; no code in it is run."""
    from archspec.importers.imported import import_file

    options = {key: str(value) for key, value in assignments(option or (), "--option")}
    options |= {key: value for key, value in {"scale": scale, "input": input}.items() if value is not None}
    imported = import_file(source, format=format, name=name, partial=partial, **options)
    if output and str(output) != STANDARD:
        imported.write(output)
    else:
        print_document(imported.text)
    print("\n".join(map(first, str(imported.report).split("\n"))), file=sys.stderr)
    return 0
