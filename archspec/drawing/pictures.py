"""Pictures of networks and blocks, given as such or by the path of a spec, in every format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from archspec.compiler.example import example
from archspec.compiler.given import Spec, compiled
from archspec.drawing import drawing
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.symbols import SymbolicNetwork, symbolic
from archspec.drawing.drawing import Drawing
from archspec.drawing.layout.placing import Direction, Layout
from archspec.errors import SpecError, UsageError, did_you_mean
from archspec.files import write
from archspec.network import Network, PartialNetwork

FORMATS = (*drawing.FORMATS, "html")
"""Endings of the files that a picture can be."""


class Options(TypedDict, total=False):
    """What can be asked of a picture: the keyword arguments of `archspec.drawing.drawing.draw`."""

    detail: Detail
    expand: Sequence[str]
    collapse: Sequence[str]
    theme: str
    direction: Direction
    paper: str | None
    layout: Layout
    color: str | None
    show: Sequence[str]


OPTIONS = tuple(Options.__annotations__)
LISTS = ("expand", "collapse", "show")
"""Options that are lists."""


def draw(
    network: Spec | None = None,
    path: str | os.PathLike[str] | None = None,
    /,
    *,
    block: str | None = None,
    detail: Detail = "overview",
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    theme: str = "light",
    direction: Direction = "auto",
    paper: str | None = None,
    layout: Layout = "auto",
    color: str | None = None,
    show: Sequence[str] = (),
    partial: bool = False,
    variant: str | None = None,
    **params: Any,
) -> Drawing:
    """Draw a network, or a block by itself.

    Args:
        network: A compiled network, or the path of a spec.
        path: A file to write; its ending says the format: svg, png, pdf, dot, mmd, or html for a page to click on,
            which has every level of detail.
        block: A block to draw by itself, with its parameters in place of numbers: one that the network uses, or without
            a network one of the library, or the path of a block's file.
        detail: ``overview``: stages, runs of equal blocks as one box; ``blocks``: the innermost blocks; ``ops``: ops.
        expand: Paths of blocks to open besides, or patterns such as ``layer*.0``.
        collapse: Paths of blocks to close besides, or patterns.
        theme: ``light``, ``dark``, ``print`` (black and white), ``colorblind``, or ``auto``, which follows the page.
        direction: ``down``, ``right`` (a single row, where there is no page), or ``auto``: down, and on a landscape
            page what makes the picture larger.
        paper: The page to put it on: a3, a4, a5 or letter, or ``a4-landscape``; a picture of its own size unless given.
        layout: ``scales``: a row for each resolution, so that a U-Net is a U and a feature pyramid a ladder; ``flow``:
            box after box; ``auto``: scales for a network that comes back to a resolution or keeps several.
        color: What fills boxes: ``kind`` (with a legend), ``cost`` or ``memory``.
        show: What to write into each box: ``shape``, ``params``, ``macs``, ``share``, ``activations``,
            ``receptive_field``.
        partial: Draw what compiles of a spec that is wrong, with the nodes at fault marked.
        variant: One of the sets of parameters that the spec names.
        **params: Values of the spec's parameters; without a network those of the block, over its example's.

    Returns:
        The picture: ``picture.svg`` is its text, ``picture.save("x.pdf")`` writes it.

    Raises:
        SpecError: The spec is wrong; with ``partial``: so that nothing of it compiles. Or the picture goes beyond the
            limits `boxes` or `edges`.
        UsageError: An argument has a value that it cannot have, or the file cannot be written.

    >>> draw("specs/lenet.yaml").svg.startswith("<svg")
    True
    """
    try:
        found = _found(network, block, variant, params)
    except SpecError as error:
        if not partial or error.partial is None:
            raise
        found = error.partial
    picture = drawing.draw(
        found, detail=detail, expand=expand, collapse=collapse, theme=theme, direction=direction, paper=paper,
        layout=layout, color=color, show=show,
    )  # fmt: skip
    if path is not None:
        kind = ending(path)
        write(Path(path), page(found) if kind == "html" else picture.data(kind))
    return picture


def _found(network: Spec | None, block: str | None, variant: str | None, params: Mapping[str, Any]) -> Network:
    """What is to be drawn."""
    if network is not None:
        whole = compiled(network, variant, params)
        return block_alone(block, whole) if block is not None else whole
    if block is None:
        raise UsageError("a network or a block is drawn, and neither was given")
    if variant is not None:
        raise UsageError("a block has no variants; give its arguments")
    return block_alone(block, None, params)


def page(network: Network, **options: Unpack[Options]) -> bytes:
    """The HTML file of a network: a page to click on, with every level of detail.

    Raises:
        UsageError: It is no whole network, or an option was given: a page has none.
    """
    if isinstance(network, SymbolicNetwork):
        raise UsageError("a block by itself is no page: draw a network that uses it")
    if isinstance(network, PartialNetwork):
        raise UsageError("a page shows a network that compiles: draw what compiles of this one as svg, png or pdf")
    if options:
        raise UsageError(f"a page has every level of detail and both themes: it takes no `{next(iter(options))}`")
    from archspec.drawing.formats import page

    return page.render(network).encode()


def ending(path: str | os.PathLike[str]) -> str:
    """The format that a file's name says, one of `FORMATS`.

    Raises:
        UsageError: It says none.
    """
    suffix = Path(path).suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise UsageError(f"`{path}` has no ending of a picture: {known}")
    return suffix


def options(texts: Mapping[str, str]) -> Options:
    """Options as they are written in documents; those of `LISTS` are words.

    Raises:
        UsageError: There is no such option.

    >>> options({"theme": "print", "expand": "layer1 layer2.0"})
    {'theme': 'print', 'expand': ['layer1', 'layer2.0']}
    """
    for name in texts:
        if name not in OPTIONS:
            raise UsageError(f"pictures have no option `{name}`; {did_you_mean(name, OPTIONS) or ', '.join(OPTIONS)}")
    values = {name: text.replace(",", " ").split() if name in LISTS else text for name, text in texts.items()}
    return cast("Options", values)


def block_alone(
    name: str,
    network: Network | None = None,
    arguments: Mapping[str, Any] | None = None,
    root: Path | None = None,
) -> Network:
    """A block by itself, with its parameters in place of numbers.

    Args:
        name: What a network calls the block, or the path of a use of it, such as ``layer2.0``; without a network, the
            name of a block of the library, or the path of the file of another, of which its example is drawn.
        network: A network that uses the block; its first use is drawn.
        arguments: Arguments over those of the example.
        root: The folder that the references of a block's file may not leave; its own unless given.

    Raises:
        UsageError: There is no such block or argument, or the example leaves out one that the block needs.
        SpecError: The block is wrong.
    """
    if network is None:
        network = example(name, arguments, root)
        return symbolic(network, next(block for block in network.blocks.walk() if block.path))
    for use in network.blocks.walk():
        if use.path == name and use.kind == "block":
            return symbolic(network, use)
    used = {block.definition: block for block in reversed(list(network.blocks.walk())) if block.kind == "block"}
    if name not in used:
        raise UsageError(f"{network.name} uses no block `{name}`; {did_you_mean(name, used)}".rstrip("; "))
    return symbolic(network, used[name])
