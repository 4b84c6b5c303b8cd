"""``archspec draw``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

import archspec
from archspec.commands import completion
from archspec.commands.compilation import Asked, assignments
from archspec.commands.options import SPEC, Check, Limit, Root, Set, Strict, Variant, written
from archspec.commands.printing import first, print_error
from archspec.commands.staleness import print_stale, refuse_both
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import SpecError, UsageError, shown
from archspec.files import read, write


def draw(
    spec: Annotated[str | None, SPEC] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="An svg, png, pdf, dot, mmd or html file to write, `<name>.svg` unless given; `-` prints an svg.",
        ),
    ] = None,
    detail: Annotated[
        str | None,
        typer.Option(
            "--detail",
            metavar="LEVEL",
            help="overview (unless given), blocks or ops.",
            autocompletion=completion.details,
        ),
    ] = None,
    expand: Annotated[
        list[str] | None,
        typer.Option("--expand", metavar="PATH", help="A block to open, or a pattern; may be repeated."),
    ] = None,
    collapse: Annotated[
        list[str] | None,
        typer.Option("--collapse", metavar="PATH", help="A block to close, or a pattern; may be repeated."),
    ] = None,
    theme: Annotated[
        str | None,
        typer.Option(
            "--theme",
            metavar="NAME",
            help="light (unless given), dark, auto, print or colorblind.",
            autocompletion=completion.themes,
        ),
    ] = None,
    direction: Annotated[
        str | None,
        typer.Option(
            "--direction",
            metavar="WAY",
            help="auto (unless given), down or right.",
            autocompletion=completion.directions,
        ),
    ] = None,
    paper: Annotated[
        str | None,
        typer.Option(
            "--paper",
            metavar="SIZE",
            help="Such as a4, a4-landscape or letter.",
            autocompletion=completion.papers,
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(
            "--layout",
            metavar="FORM",
            help="auto (unless given), flow, or scales: a row for each resolution.",
            autocompletion=completion.layouts,
        ),
    ] = None,
    color: Annotated[
        str | None,
        typer.Option(
            "--color",
            metavar="BY",
            help="kind (with a legend), cost or memory.",
            autocompletion=completion.colors,
        ),
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            "--show",
            metavar="FIGURE",
            help="shape, params, macs, share, activations or receptive_field in each box; may be repeated.",
            autocompletion=completion.figures,
        ),
    ] = None,
    block: Annotated[
        str | None,
        typer.Option(
            "--block",
            metavar="NAME",
            help="A block to draw by itself: one that SPEC uses; without one, of the library or a file.",
            autocompletion=completion.drawn_blocks,
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Draw what compiles of a spec that is wrong, with the nodes at fault marked."),
    ] = False,
    check: Check = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Draw a network, or a block by itself, with its parameters in place of numbers."""
    if not spec and not block:
        raise UsageError("a SPEC is drawn, or a --block")
    if variant and not spec:
        raise UsageError("--variant needs a SPEC: a block has no variants")
    refuse_both(output, check)
    asked = {
        "detail": detail, "expand": expand, "collapse": collapse, "theme": theme, "direction": direction,
        "paper": paper, "layout": layout, "color": color, "show": show,
    }  # fmt: skip
    network, error = (None, None)
    if spec:
        network, error = _compiled(Asked(spec, variant, set_, root, limit, strict), partial)
    if block:
        network = _alone(block, network, set_, root)
    assert network is not None
    path = check or output or _own_file(network)
    picture = _picture(network, path, {name: value for name, value in asked.items() if value})
    if error:
        print_error(error)
    if check:
        options = written({"block": block, **asked, "variant": variant, "set": set_})
        command = ["draw", *([spec] if spec else []), *(["--partial"] if partial else []), *options]
        return int(_is_stale(check, picture, command) or error is not None)
    if str(path) == STANDARD:
        print_document(picture.decode())
    else:
        write(path, picture)
        print(f"wrote {shown(path)}")
    return int(error is not None)


def _own_file(network: archspec.Network) -> Path:
    """The file of a picture that nobody names. A block by itself may have the name of a device of Windows."""
    from archspec.language.names import is_device

    return Path(f"{network.name}{'_' * is_device(network.name)}.svg")


def _compiled(asked: Asked, partial: bool) -> tuple[archspec.Network, SpecError | None]:
    """The network, or with ``partial`` what compiles of it and what is wrong with the rest."""
    try:
        return asked.network(), None
    except SpecError as error:
        if not partial or error.partial is None:
            raise
        return error.partial, error


def _alone(
    block: str, network: archspec.Network | None, set_: Sequence[str] | None, root: Path | None
) -> archspec.Network:
    from archspec.drawing import pictures

    return pictures.block_alone(block, network, dict(assignments(set_ or (), "--set")), root)


def _picture(network: archspec.Network, path: Path, options: Mapping[str, Any]) -> bytes:
    """The bytes of a picture of the format that the path says, SVG where there is none.

    That it is too small to read is noted.
    """
    from archspec.drawing import pictures
    from archspec.drawing.content.cards import LEGIBLE

    kind = "svg" if str(path) == STANDARD else pictures.ending(path)
    if kind == "html":
        return pictures.page(network, **options)
    drawn = archspec.draw(network, **options)
    picture = drawn.data(kind)
    if drawn.smallest_text < LEGIBLE:
        print(f"note: on {options.get('paper')} the smallest text is {drawn.smallest_text:.1f} pt", file=sys.stderr)
    return picture


def _is_stale(path: Path, picture: bytes, command: Sequence[str]) -> bool:
    """Whether a file is not the picture; if so, print how to mend it."""
    stale = read(path) != picture
    if stale:
        print_stale(path, [f"{first(path)} is stale"], command)
    return stale
