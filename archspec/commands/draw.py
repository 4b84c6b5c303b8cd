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
from archspec.commands.options import SPECS, Check, Limit, Root, Set, Strict, Variant, written
from archspec.commands.printing import first, print_error
from archspec.commands.staleness import print_stale, refuse_both
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import SpecError, UsageError, shown
from archspec.files import read, write

STANDARD_PATH = Path(STANDARD)


def draw(
    specs: Annotated[list[str] | None, SPECS] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="An svg, png, pdf, tex, dot, mmd or html file to write, `<name>.svg` unless given; `-` prints an svg. "
            "A table may be md, html or txt too, and is printed as text unless given.",
        ),
    ] = None,
    style: Annotated[
        str | None,
        typer.Option(
            "--style",
            metavar="STYLE",
            help="cards (unless given), volumes: boxes in proportion to tensors, or table: stages by size.",
            autocompletion=completion.styles,
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
    width: Annotated[
        str | None,
        typer.Option(
            "--width",
            metavar="LENGTH",
            help="How wide to make it: such as 85mm, or textwidth or columnwidth of a paper.",
            autocompletion=completion.widths,
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            "--size", metavar="SIZE", help="A shape such as 16:9, or how wide and high to make it, such as 160x90mm."
        ),
    ] = None,
    font_size: Annotated[
        str | None, typer.Option("--font-size", metavar="LENGTH", help="The size of the smallest text, such as 8pt.")
    ] = None,
    font: Annotated[
        str | None,
        typer.Option(
            "--font",
            metavar="NAME",
            help="The font, or the path of its TrueType file, which a png or pdf needs.",
            autocompletion=completion.fonts,
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
            help="shape, params, macs, share, activations or receptive_field in each box, or totals below all; may be "
            "repeated.",
            autocompletion=completion.figures,
        ),
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="What to write above it.")] = None,
    highlight: Annotated[
        list[str] | None,
        typer.Option("--highlight", metavar="PATH", help="A part to be seen first, or a pattern; may be repeated."),
    ] = None,
    note: Annotated[
        list[str] | None, typer.Option("--note", metavar="PATH=TEXT", help="What to write at a part; may be repeated.")
    ] = None,
    dpi: Annotated[
        float | None, typer.Option("--dpi", metavar="N", help="Pixels to the inch of a png, 192 unless given.")
    ] = None,
    fragment: Annotated[
        bool, typer.Option("--fragment", help="Write a tex file without its preamble, for \\input.")
    ] = False,
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
    """Draw a network, several as a table, or a block by itself, with its parameters in place of numbers."""
    specs = specs or []
    if not specs and not block:
        raise UsageError("a SPEC is drawn, or a --block")
    if variant and not specs:
        raise UsageError("--variant needs a SPEC: a block has no variants")
    if len(specs) > 1 and style != "table":
        raise UsageError("several networks side by side are a table: give --style table, or draw one at a time")
    refuse_both(output, check)
    asked = {
        "style": style, "detail": detail, "expand": expand, "collapse": collapse, "theme": theme,
        "direction": direction, "paper": paper, "width": width, "size": size, "font_size": font_size, "font": font,
        "layout": layout, "color": color, "show": show, "title": title, "highlight": highlight, "note": note,
    }  # fmt: skip
    compiled = [_compiled(Asked(spec, variant, set_, root, limit, strict), partial) for spec in specs]
    networks = [network for network, _ in compiled]
    error = next((error for _, error in compiled if error), None)
    if block:
        networks = [_alone(block, networks[0] if networks else None, set_, root)]
    path = check or output or (STANDARD_PATH if style == "table" else _own_file(networks[0]))
    picture = _picture(networks, path, dpi, {name: value for name, value in asked.items() if value}, fragment=fragment)
    if error:
        print_error(error)
    if check:
        dots = f"{dpi:g}" if dpi is not None else None
        options = written({"block": block, **asked, "dpi": dots, "variant": variant, "set": set_})
        flags = {"--partial": partial, "--fragment": fragment}
        command = ["draw", *specs, *(name for name, given in flags.items() if given), *options]
        return int(_is_stale(check, picture, command) or error is not None)
    if path == STANDARD_PATH:
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


def _picture(
    networks: Sequence[archspec.Network], path: Path, dpi: float | None, options: Mapping[str, Any], *, fragment: bool
) -> bytes:
    """The bytes of a picture of the format that the path says; where there is none SVG, or the text of a table.

    What could not be as it was asked is noted.
    """
    from archspec.drawing import pictures

    style = options.get("style", "cards")
    kind = _PRINTED.get(style, "svg") if path == STANDARD_PATH else pictures.ending(path)
    pictures.refuse_others(kind, options, dpi=dpi is not None, fragment=fragment)
    if kind == "html" and style == "cards":
        return pictures.page(networks[0], **options)
    drawn = archspec.draw(list(networks), **options)
    picture = pictures.data(drawn, kind, dpi, fragment=fragment)
    for note in drawn.notes:
        print(f"note: {note}", file=sys.stderr)
    return picture


_PRINTED = {"table": "txt"}
"""What is printed of a style that is not an svg there."""


def _is_stale(path: Path, picture: bytes, command: Sequence[str]) -> bool:
    """Whether a file is not the picture; if so, print how to mend it."""
    stale = read(path) != picture
    if stale:
        print_stale(path, [f"{first(path)} is stale"], command)
    return stale
