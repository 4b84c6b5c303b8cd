"""Pictures of networks and blocks, given as such or by the path of a spec, in every format."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from archspec.compiler.example import example
from archspec.compiler.given import Spec, compiled
from archspec.compiler.pipeline import collection_paused
from archspec.drawing import drawing
from archspec.drawing.content.cards import TOTALS
from archspec.drawing.content.emphasis import Notes
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.symbols import SymbolicNetwork, symbolic
from archspec.drawing.drawing import TABLE_FORMATS, Drawing, TikzDrawing
from archspec.drawing.layout.forms import Direction, Layout
from archspec.drawing.styles import FITTING, Style, said, styled
from archspec.errors import SpecError, UsageError, did_you_mean
from archspec.files import write
from archspec.network import Network, PartialNetwork

FORMATS = (*drawing.CARD_FORMATS, "html")
"""Endings of the files that a picture of cards can be."""
ENDINGS = tuple(dict.fromkeys((*FORMATS, *TABLE_FORMATS)))
"""Endings of the files that a picture of any style can be."""

_UNTAKEN: Mapping[str, Mapping[str, frozenset[str]]] = {
    "cards": dict.fromkeys(("dot", "gv", "mmd"), (FITTING - {"paper"}) | {"color", "title", TOTALS}),
    "table": dict.fromkeys(("tex", "md", "html", "txt"), FITTING | {"theme"}),
}
"""What nothing comes of in texts whose reader lays them out, by style and ending; a paper says which way cards lead."""


class Options(TypedDict, total=False):
    """What can be asked of a picture: keyword arguments of `draw`."""

    style: Style
    detail: Detail
    expand: Sequence[str]
    collapse: Sequence[str]
    theme: str
    direction: Direction
    paper: str | None
    width: str | None
    size: str | None
    font_size: str | None
    font: str | None
    layout: Layout
    color: str | None
    show: Sequence[str]
    title: str | None
    highlight: Sequence[str]
    note: Notes


OPTIONS = tuple(Options.__annotations__)
LISTS = ("expand", "collapse", "show", "highlight")
"""Options that are lists of words."""


def draw(
    network: Spec | Sequence[Spec] | None = None,
    path: str | os.PathLike[str] | None = None,
    /,
    *,
    block: str | None = None,
    style: Style = "cards",
    detail: Detail = "overview",
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    theme: str = "light",
    direction: Direction = "auto",
    paper: str | None = None,
    width: str | None = None,
    size: str | None = None,
    font_size: str | None = None,
    font: str | None = None,
    layout: Layout = "auto",
    color: str | None = None,
    show: Sequence[str] = (),
    title: str | None = None,
    highlight: Sequence[str] = (),
    note: Notes = (),
    dpi: float | None = None,
    fragment: bool = False,
    partial: bool = False,
    variant: str | None = None,
    **params: Any,
) -> Drawing:
    """Draw a network, or a block by itself.

    Args:
        network: A compiled network, or the path of a spec; for a table several of them, in a list.
        path: A file to write; its ending says the format: svg, png, pdf, tex (TikZ), dot, mmd, or html for a page to
            click on, which has every level of detail. Volumes are svg, png, pdf or tex; a table is one of these, or as
            text md, html or txt.
        block: A block to draw by itself, with its parameters in place of numbers: one that the network uses, or without
            a network one of the library, or the path of a block's file.
        style: ``cards``: a box for each op or block; ``volumes``: boxes in proportion to the height, width and channels
            of tensors; ``table``: the stages of a network by the size of their maps, or of several side by side.
        detail: ``overview``: stages, runs of equal blocks as one box; ``blocks``: the innermost blocks; ``ops``: ops.
        expand: Paths of blocks to open besides, or patterns such as ``layer*.0``.
        collapse: Paths of blocks to close besides, or patterns.
        theme: ``light``, ``dark``, ``print`` (black and white), ``colorblind``, or ``auto``, which follows the page.
        direction: ``down``, ``right`` (a single row, where there is no page), or ``auto``: down, and on a landscape
            page what makes the picture larger.
        paper: The page to put it on: a3, a4, a5 or letter, or ``a4-landscape``; a picture of its own size unless given.
        width: How wide it is made, without margins: ``85mm``, or ``textwidth`` or ``columnwidth`` of a paper.
        size: How wide and high it is made, ``160x90mm``, or a shape, ``16:9``, which goes with a width too.
        font_size: The size of its smallest text, ``8pt``. Where that has no room it is smaller, and the picture's
            ``notes`` say so.
        font: The name of its font, or the path of a TrueType file; a PNG or PDF needs the file.
        layout: ``scales``: a row for each resolution, so that a U-Net is a U and a feature pyramid a ladder; ``flow``:
            box after box; ``auto``: scales for a network that comes back to a resolution or keeps several.
        color: What fills boxes: ``kind`` (with a legend), ``cost`` or ``memory``.
        show: What to write into each box: ``shape``, ``params``, ``macs``, ``share``, ``activations``,
            ``receptive_field``; ``totals``: below the picture, parameters and MACs of the network.
        title: What stands above it.
        highlight: Paths of parts to be seen first, or patterns.
        note: What is written at a part, by its path.
        dpi: Pixels to the inch of a png file, 192 unless given.
        fragment: Whether a tex file is the picture alone, for a document to input.
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
    if isinstance(width, int | float):
        raise UsageError(
            f"`width` is how wide the picture is, such as `85mm`; a spec's parameter of that name is given before: "
            f"`archspec.draw(archspec.compile(spec, width={width}))`"
        )
    if isinstance(network, list | tuple):
        found = [_whole(each, block, variant, params, partial=partial) for each in network]
    else:
        found = [_whole(cast("Spec | None", network), block, variant, params, partial=partial)]
    given: dict[str, Any] = {
        "detail": detail, "expand": expand, "collapse": collapse, "theme": theme, "direction": direction,
        "paper": paper, "width": width, "size": size, "font_size": font_size, "font": font, "layout": layout,
        "color": color, "show": show, "title": title, "highlight": highlight, "note": note,
    }  # fmt: skip
    kind = ending(path) if path is not None else ""
    refuse_others(kind, {"style": style, **given}, dpi=dpi is not None, fragment=fragment)
    picture = styled(found, style, given)
    if path is not None:
        if kind == "html" and style == "cards":
            written = page(found[0], **cast("Options", said(given)))
        else:
            written = data(picture, kind, dpi, fragment=fragment)
        write(Path(path), written)
    return picture


def _whole(
    network: Spec | None, block: str | None, variant: str | None, params: Mapping[str, Any], *, partial: bool
) -> Network:
    """What is to be drawn; with ``partial`` what compiles of it."""
    try:
        return _found(network, block, variant, params)
    except SpecError as error:
        if not partial or error.partial is None:
            raise
        return cast("Network", error.partial)


def data(picture: Drawing, kind: str, dpi: float | None = None, *, fragment: bool = False) -> bytes:
    """The bytes of a picture's file of a kind, with what is asked of that kind alone.

    Raises:
        UsageError: There would be too many pixels, or there is no such kind.
    """
    if kind == "png":
        return picture.png(dpi)
    if fragment and isinstance(picture, TikzDrawing):
        return picture.tikz_fragment.encode()
    return picture.data(kind)


def refuse_others(kind: str, options: Mapping[str, Any], *, dpi: bool, fragment: bool) -> None:
    """Refuse what is asked of files of another kind.

    Raises:
        UsageError: A resolution is asked of what has no pixels, a fragment of what is no picture in LaTeX, or of a text
            what only a picture has.
    """
    if dpi and kind != "png":
        raise UsageError("a `dpi` is asked of pixels: name a file that ends in `.png`")
    style = options.get("style", "cards")
    is_table = style == "table"
    if fragment and (kind != "tex" or is_table):
        why = "a table's `.tex` is one already" if is_table and kind == "tex" else "name a file that ends in `.tex`"
        raise UsageError(f"a `fragment` is a picture in LaTeX for a document: {why}")
    texts = _UNTAKEN.get(style, {})
    asked = [name for name in (*said(options), *(options.get("show") or ())) if name in texts.get(kind, ())]
    if asked:
        formats = TABLE_FORMATS if is_table else drawing.CARD_FORMATS
        known = ", ".join(f"`.{name}`" for name in formats if name not in texts)
        raise UsageError(
            f"a {'table' if is_table else 'picture'} as `.{kind}` is text and takes no `{asked[0]}`: "
            f"name a file that ends in one of {known}"
        )


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
        UsageError: It is no whole network, or an option other than a layout was given, or one that it cannot have.
    """
    if isinstance(network, SymbolicNetwork):
        raise UsageError("a block by itself is no page: draw a network that uses it")
    if isinstance(network, PartialNetwork):
        raise UsageError("a page shows a network that compiles: draw what compiles of this one as svg, png or pdf")
    asked = [name for name in options if name not in ("style", "layout")]
    if asked:
        raise UsageError(f"a page has every level of detail and both themes: it takes no `{asked[0]}`")
    from archspec.drawing.formats import page

    with collection_paused():  # it makes many objects and no cycles, as a compile does
        return page.render(network, options.get("layout", "auto")).encode()


def ending(path: str | os.PathLike[str]) -> str:
    """The format that a file's name says, one of `ENDINGS`.

    Raises:
        UsageError: It says none.
    """
    suffix = Path(path).suffix.removeprefix(".").lower()
    if suffix not in ENDINGS:
        known = ", ".join(f".{name}" for name in ENDINGS)
        raise UsageError(f"`{path}` has no ending of a picture: {known}")
    return suffix


def options(texts: Mapping[str, str]) -> Options:
    """Options as they are written in documents; those of `LISTS` are words, and `note` is ``path="text"`` each.

    Raises:
        UsageError: There is no such option, or a quote is open.

    >>> options({"theme": "print", "expand": "layer1 layer2.0"})
    {'theme': 'print', 'expand': ['layer1', 'layer2.0']}
    """
    given = {name.replace("-", "_"): text for name, text in texts.items()}
    for name in given:
        if name not in OPTIONS:
            raise UsageError(f"pictures have no option `{name}`; {did_you_mean(name, OPTIONS) or ', '.join(OPTIONS)}")
    return cast("Options", {name: _value(name, text) for name, text in given.items()})


def _value(name: str, text: str) -> str | list[str]:
    if name == "note":
        try:
            return shlex.split(text)
        except ValueError:
            raise UsageError(f'a quote in `{text}` is open; notes are written `layer3="a few words"`') from None
    return text.replace(",", " ").split() if name in LISTS else text


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
