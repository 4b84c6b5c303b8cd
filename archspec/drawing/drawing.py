"""Pictures of networks: SVG, PNG, PDF, DOT and Mermaid.

A picture is made in steps, each a frozen value: what it shows (`scene`, made by `staging`), what is written in each box
(`cards`), where everything stands (`placing`), and marks in named styles (`marking`), which `svg` and `pdf` print.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from typing_extensions import override

from archspec.drawing.content.cards import SMALL, cards
from archspec.drawing.content.colouring import Colouring, colouring
from archspec.drawing.content.extent import rows_passed
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.staging import stage
from archspec.drawing.formats import svg
from archspec.drawing.formats.marking import picture
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.themes import Theme
from archspec.drawing.formats.themes import theme as theme_named
from archspec.drawing.layout.placed import Placing, fitted, page_size
from archspec.drawing.layout.placing import Direction, Layout, place
from archspec.errors import UsageError
from archspec.files import write
from archspec.network import Network
from archspec.network.bounds import keep_within

FORMATS = {"svg": "svg", "png": "png", "pdf": "pdf", "dot": "dot", "gv": "dot", "mmd": "mermaid"}
"""What a picture can be saved as, by the ending of the file's name."""


_FEWER = "the detail `overview` has the fewest, and blocks and groups of a spec are drawn as one box"


@dataclass(frozen=True)
class Drawing:
    """A picture of a network, in every format.

    Attributes:
        placing: What it shows, and where.
        colouring: What its colours mean.
        look: Its colours.
        paper: The page that it stands on; None for a picture of its own size.
    """

    placing: Placing
    colouring: Colouring
    look: Theme
    paper: str | None = None

    @cached_property
    def picture(self) -> Picture:
        """Its marks."""
        return picture(self.placing, self.colouring)

    @property
    def smallest_text(self) -> float:
        """The size of its smallest text, in points: on its page, where it has one."""
        return SMALL * (fitted(self.picture.size, page_size(self.paper)) if self.paper else 1.0)

    @cached_property
    def svg(self) -> str:
        """SVG text."""
        return svg.render(self.picture, self.look, self.paper)

    @property
    def inline(self) -> str:
        """SVG text for the middle of a page: no broader than the column that it stands in."""
        return self.svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)

    @cached_property
    def dot(self) -> str:
        """DOT text."""
        from archspec.drawing.formats import dot

        return dot.render(self.placing, self.look)

    @cached_property
    def mermaid(self) -> str:
        """Mermaid text."""
        from archspec.drawing.formats import mermaid

        return mermaid.render(self.placing, self.look)

    def png(self, scale: float | None = None) -> bytes:
        """A PNG file; ``scale``: pixels for each pixel of a screen, 2 unless given, less for very large pictures."""
        from archspec.drawing.formats import png

        size = page_size(self.paper) if self.paper else self.picture.size
        return png.render(self.svg, size, scale)

    @cached_property
    def pdf(self) -> bytes:
        """A PDF file."""
        from archspec.drawing.formats import pdf

        return pdf.render(self.picture, self.look, self.paper)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in the format that its ending says.

        Raises:
            UsageError: There is no such format, what makes it is not installed, or the file cannot be written.
        """
        file = Path(path)
        write(file, self.data(file.suffix.removeprefix(".")))

    def data(self, format: str) -> bytes:
        """The bytes of a file in one of `FORMATS`.

        Raises:
            UsageError: There is no such format, or what makes it is not installed.
        """
        kind = FORMATS.get(format.lower())
        if kind is None:
            known = ", ".join(f".{name}" for name in FORMATS)
            raise UsageError(f"pictures are not saved as `.{format}`; a file's name ends in one of {known}")
        if kind == "png":
            return self.png()
        made = getattr(self, kind)
        return made if isinstance(made, bytes) else str(made).encode()

    @override
    def __repr__(self) -> str:
        width, height = self.picture.size
        page = f" on {self.paper}" if self.paper else ""
        return f"<Drawing of {self.picture.name}, {width:.0f}x{height:.0f}{page}>"

    def _repr_svg_(self) -> str:
        return self.svg


def draw(
    network: Network,
    path: str | os.PathLike[str] | None = None,
    /,
    *,
    detail: Detail = "overview",
    expand: Sequence[str] = (),
    collapse: Sequence[str] = (),
    theme: str = "light",
    direction: Direction = "auto",
    paper: str | None = None,
    layout: Layout = "auto",
    color: str | None = None,
    show: Sequence[str] = (),
) -> Drawing:
    """Draw a network, and write the picture to ``path`` where one is given. The options are those of `archspec.draw`.

    Raises:
        SpecError: The picture is larger than the network's limits allow.
        UsageError: An argument has a value that it cannot have, or the file cannot be written.

    >>> import archspec
    >>> draw(archspec.compile("specs/resnet50.yaml")).placing.columns
    1
    """
    look = theme_named(theme)
    if detail == "ops":
        _keep_boxes_within(network, len(network))
    scene = stage(network, detail, expand, collapse)
    _keep_boxes_within(network, len(scene.boxes))
    keep_within(
        network,
        "edges",
        rows_passed(scene.by_id, scene.edges),
        "the edges of the picture lead past {} rows of boxes",
        _FEWER,
    )
    placing = place(scene, cards(scene, show), direction, paper, layout)
    drawing = Drawing(placing, colouring(scene, color), look, paper)
    if path is not None:
        drawing.save(path)
    return drawing


def _keep_boxes_within(network: Network, boxes: int) -> None:
    keep_within(network, "boxes", boxes, "the picture has {} boxes", _FEWER)
