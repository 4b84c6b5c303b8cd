"""Pictures of networks and blocks, given as such or by the path of a spec, in every format."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from archspec import drawing
from archspec.compiler import compile_text
from archspec.definition import Definition
from archspec.drawing import Drawing
from archspec.drawing.placing import Direction
from archspec.drawing.scene import Detail
from archspec.emission import Spec, compiled
from archspec.errors import SpecError, UsageError, did_you_mean
from archspec.files import write
from archspec.loader import library_block
from archspec.network import Network

FORMATS = (*drawing.FORMATS, "html")
"""Endings of the files that a picture can be."""

_BLOCK_INPUTS = ((64, 56, 56), (60, 56, 56), (64, 56), (64,))
"""Shapes on which the examples of blocks are drawn: the first that one takes."""


class Options(TypedDict, total=False):
    """What can be asked of a picture: the keyword arguments of `archspec.drawing.draw`."""

    detail: Detail
    expand: Sequence[str]
    collapse: Sequence[str]
    theme: str
    direction: Direction
    paper: str | None
    color: str | None
    show: Sequence[str]


OPTIONS = ("detail", "expand", "collapse", "theme", "direction", "paper", "color", "show")
LISTS = ("expand", "collapse", "show")
"""Options that are lists."""


def draw(
    network: Spec,
    path: str | os.PathLike[str] | None = None,
    /,
    *,
    detail: Detail = "overview",
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    theme: str = "light",
    direction: Direction = "auto",
    paper: str | None = None,
    color: str | None = None,
    show: Sequence[str] = (),
    variant: str | None = None,
    **params: Any,
) -> Drawing:
    """Draw a network.

    Args:
        network: A compiled network, or the path of a spec.
        path: A file to write; its ending says the format: svg, png, pdf, dot, mmd, or html for a page to click on,
            which has every level of detail.
        detail: ``overview``: stages, runs of equal blocks as one box; ``blocks``: each block; ``ops``: each op.
        expand: Paths of blocks to open besides, or patterns such as ``layer*.0``.
        collapse: Paths of blocks to close besides, or patterns.
        theme: ``light``, ``dark``, ``print`` (black and white), ``colorblind``, or ``auto``, which follows the page.
        direction: ``down``, ``right``, or ``auto``: what makes the picture larger on the page.
        paper: The page to put it on: a3, a4, a5 or letter, or ``a4-landscape``; a picture of its own size unless given.
        color: What fills boxes: ``kind`` (with a legend), ``cost`` or ``memory``.
        show: Figures to write into each box: ``params``, ``macs``, ``share``, ``activations``, ``receptive_field``.
        variant: One of the sets of parameters that the spec names.
        **params: Values of the spec's parameters.

    Returns:
        The picture: ``picture.svg`` is its text, ``picture.save("x.pdf")`` writes it.

    Raises:
        SpecError: The spec is wrong.
        UsageError: An argument has a value that it cannot have, or the file cannot be written.

    >>> draw("specs/lenet.yaml").svg.startswith("<svg")
    True
    """
    found = compiled(network, variant, params)
    picture = drawing.draw(
        found, detail=detail, expand=expand, collapse=collapse, theme=theme, direction=direction, paper=paper,
        color=color, show=show,
    )  # fmt: skip
    if path is not None:
        kind = ending(path)
        write(Path(path), data(found, kind) if kind == "html" else picture.data(kind))
    return picture


def data(network: Network, format: str, /, **options: Unpack[Options]) -> bytes:
    """The bytes of a picture's file.

    Args:
        network: The network.
        format: One of `FORMATS`.
        **options: What is asked of it.

    Raises:
        UsageError: An option has a value that it cannot have, or what makes the format is not installed.
    """
    if format != "html":
        return drawing.draw(network, **options).data(format)
    if options:
        raise UsageError(f"a page has every level of detail and both themes: it takes no `{next(iter(options))}`")
    from archspec.drawing import page

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


def block_network(name: str) -> Network:
    """A network of one block of the library, with the arguments of its example.

    Raises:
        UsageError: There is no such block.
        SpecError: The block is wrong, or its example.
    """
    definition = library_block(name)
    for shape in _BLOCK_INPUTS:
        try:
            return compile_text(_example_spec(definition, shape), name=f"example of {name}")
        except SpecError as error:
            wrong = error
    raise wrong


def _example_spec(definition: Definition, shape: Sequence[int]) -> str:
    """A spec of one block. JSON is YAML too."""
    arguments = definition.example.plain() if definition.example else {}
    names = list(definition.graph.inputs) or ["input"]
    node = {"block": definition.name, "from": names, **arguments}
    return json.dumps(
        {
            "archspec": 1,
            "name": definition.name,
            "doc": definition.doc,
            "inputs": {key: list(shape) for key in names},
            "graph": {definition.name: node},
        }
    )
