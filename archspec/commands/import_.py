"""``archspec import``."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archspec.commands import completion
from archspec.commands.compilation import assignments
from archspec.commands.printing import first
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import UsageError, shown

if TYPE_CHECKING:
    from archspec.importers.imported import Imported


def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file of another tool: Darknet `.cfg`, Caffe `.prototxt`, `.keras`, Keras `.json`, "
            "Ultralytics `.yaml`, `.onnx`. Or an nn.Module: `torchvision.models:resnet50`, `path/to/net.py:Net`, "
            "`timm:convnext_tiny`; that runs the code that is named.",
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
        list[str] | None,
        typer.Option(
            "--input",
            metavar="SIZES",
            help="Sizes of the input, such as 3,224,224, where the source leaves them open; once for each input.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An argument of what makes the nn.Module; may be repeated."),
    ] = None,
    verify: Annotated[
        bool, typer.Option(" /--no-verify", help="Do not compare what the nn.Module and the spec give.")
    ] = True,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="An option of a format of a plugin; may be repeated."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Write what can be said; what cannot is marked in its place.")
    ] = False,
) -> int:
    """Write a spec that says what a file of another tool says, or what an nn.Module computes.

    Of a file no code is run. For an nn.Module the code that SOURCE names is run, which no other command does.
    """
    if format is None and _names_module(source):
        unfit = {"--partial": partial, "--scale": scale, "--option": option}
        imported = _of_module(source, input or (), set_ or (), name, verify, [key for key, on in unfit.items() if on])
    else:
        unfit = {"--set": set_, "--no-verify": not verify}
        if wrong := [key for key, on in unfit.items() if on]:
            raise UsageError(f"{wrong[0]} is for an nn.Module, such as torchvision.models:resnet50")
        imported = _of_file(source, format, name, scale, input or (), option or (), partial)
    if output and str(output) != STANDARD:
        imported.write(output)
    else:
        print_document(imported.text)
        if imported.weights:
            print("weights are written with -o, beside the spec", file=sys.stderr)
    print("\n".join(map(first, str(imported.report).split("\n"))), file=sys.stderr)
    return 0


def _names_module(source: str) -> bool:
    """Whether a source is ``MODULE:NAME``, and no file."""
    return re.fullmatch(r".+:[A-Za-z_][\w.]*", source) is not None and not Path(source).exists()


def _of_file(
    source: str,
    format: str | None,
    name: str | None,
    scale: str | None,
    inputs: Sequence[str],
    option: Sequence[str],
    partial: bool,
) -> Imported:
    from archspec.importers.imported import import_file

    if len(inputs) > 1:
        raise UsageError("--input is given once for a file")
    options = {key: str(value) for key, value in assignments(option, "--option")}
    given = {"scale": scale, "input": inputs[0] if inputs else None}
    options |= {key: value for key, value in given.items() if value is not None}
    return import_file(source, format=format, name=name, partial=partial, **options)


def _of_module(
    source: str, inputs: Sequence[str], set_: Sequence[str], name: str | None, verify: bool, unfit: Sequence[str]
) -> Imported:
    if unfit:
        raise UsageError(f"{unfit[0]} is for files of other tools")
    shapes = [_sizes(text) for text in inputs]
    arguments = dict(assignments(set_, "--set"))
    try:
        from archspec.importers.module.sources import import_named
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError('import of an nn.Module needs PyTorch: pip install "archspec-nn[torch]"') from None
    return import_named(source, shapes, arguments, name=name, verify=verify)


def _sizes(text: str) -> tuple[int, ...]:
    """``3,224,224`` or ``3x224x224`` as numbers."""
    if not re.fullmatch(r"[1-9]\d{0,8}([,x][1-9]\d{0,8})*", text):
        raise UsageError(f"--input takes sizes without the batch, such as 3,224,224, not {shown(text)}")
    return tuple(map(int, re.split("[,x]", text)))
