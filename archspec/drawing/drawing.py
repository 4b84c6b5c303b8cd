"""Pictures of networks: SVG, PNG, PDF, TikZ, DOT and Mermaid.

A picture is made in steps, each a frozen value: what it shows (`scene`, made by `staging`), what is written in each box
(`cards`), where everything stands (`forms`), and marks in named styles (`marking`), which `svg` and `pdf` print.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from archspec.drawing.content.cards import LEGIBLE, SMALL, TOTALS
from archspec.drawing.content.colouring import Colouring, colouring
from archspec.drawing.content.emphasis import Notes, emphasised
from archspec.drawing.content.extent import rows_passed
from archspec.drawing.content.fonts import measured_in
from archspec.drawing.content.scene import Detail, Scene
from archspec.drawing.content.staging import FEWER, stage
from archspec.drawing.content.typefaces import USUAL, Typeface, typeface
from archspec.drawing.formats import legends, svg
from archspec.drawing.formats.marking import Caption, height_around, picture
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.themes import Theme
from archspec.drawing.formats.themes import theme as theme_named
from archspec.drawing.layout.forms import Direction, Layout, fitting
from archspec.drawing.layout.lengths import UNITS
from archspec.drawing.layout.pages import HIGHEST, Fit, Page, Sheet, page_of
from archspec.drawing.layout.placement import Placing
from archspec.errors import UsageError
from archspec.files import write
from archspec.network import Network
from archspec.network.bounds import keep_within

if TYPE_CHECKING:
    from archspec.drawing.formats.tikz_document import Printer

FORMATS = {"svg": "svg", "png": "png", "pdf": "pdf"}
"""What every picture can be saved as, by the ending of the file's name."""
CARD_FORMATS = {**FORMATS, "tex": "tikz", "dot": "dot", "gv": "dot", "mmd": "mermaid"}
"""What a picture of cards can be saved as."""
TABLE_FORMATS = {**FORMATS, "tex": "latex", "md": "markdown", "html": "html", "txt": "text"}
"""What a table can be saved as."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Drawing(ABC):
    """A picture of a network, in every format.

    Attributes:
        look: Its colours.
        page: What it is fitted to.
        face: The font of its texts.
    """

    formats: ClassVar[Mapping[str, str]] = FORMATS
    """What it can be saved as."""
    least_text: ClassVar[float] = SMALL
    """The size of its smallest text, in points, where it has no page."""
    larger: ClassVar[str] = "more room"
    """What would make its text larger."""

    look: Theme
    page: Page = Page()  # noqa: RUF009 - frozen
    face: Typeface = USUAL

    @cached_property
    def picture(self) -> Picture:
        """Its marks."""
        with measured_in(self.face.metrics):
            return self._marks()

    @abstractmethod
    def _marks(self) -> Picture:
        """Its marks, where texts are as wide as in its font."""

    @cached_property
    def sheet(self) -> Sheet:
        """What it stands on: how large it is printed, and where."""
        return self.page.sheet(self.picture.size)

    @property
    def alt(self) -> str:
        """What it shows, for those who do not see it: its title, what its spec says of the network, and figures."""
        return f"{self.picture.title}. {self.picture.description}"

    @property
    def smallest_text(self) -> float:
        """The size of its smallest text, in points, as it is printed."""
        return self.least_text * self.sheet.scale

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be as it was asked: the size of the text, or the font."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        asked, found = self.page.text, self.smallest_text
        where = f"on {self.page.name} " if self.page.name else ""
        least = LEGIBLE if asked is None else asked
        if found < least - 0.05:
            wanted = "" if asked is None else f", not {asked:g} pt"
            yield f"{where}the smallest text is {found:.1f} pt{wanted}; {self.larger} would make it larger"
        height = self.sheet.size[1]
        if self.page.fit is Fit.WIDTH and height > HIGHEST:
            yield f"{where}it is {height / UNITS['mm']:.0f} mm high, more than a page; more width would make it lower"
        if not self.face.known:
            yield (
                f"how wide `{self.face.name}` is, is not known: boxes are made for Bitstream Vera Sans, which is wider "
                "than most fonts; the path of the font's file (`.ttf`) makes them fit"
            )

    @cached_property
    def svg(self) -> str:
        """SVG text."""
        return svg.render(self.picture, self.look, self.sheet, self.face.family)

    @property
    def inline(self) -> str:
        """SVG text for the middle of a page: no broader than the column that it stands in."""
        return self.svg.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)

    def png(self, dpi: float | None = None) -> bytes:
        """A PNG file; ``dpi``: pixels to the inch, 192 unless given, fewer for very large pictures.

        Raises:
            UsageError: There would be too many pixels, or its font is one that only the reader has.
        """
        from archspec.drawing.formats import png

        self._require_file("PNG")
        family = {"family": self.face.name} if self.face.files else {}
        texts = {"Title": self.picture.title, "Description": self.picture.description}
        return png.render(self.svg, self.sheet.size, dpi, self.face.files, texts=texts, **family)

    @cached_property
    def pdf(self) -> bytes:
        """A PDF file.

        Raises:
            UsageError: Its font is one that only the reader has.
        """
        from archspec.drawing.formats import pdf

        self._require_file("PDF")
        with measured_in(self.face.metrics):
            return pdf.render(self.picture, self.look, self.sheet, self.face.files)

    def _require_file(self, kind: str) -> None:
        if not self.face.is_printed:
            raise UsageError(
                f"a {kind} is printed with a font's file: give the path of one (`--font {self.face.name}.ttf`); "
                "an SVG, and TikZ, takes the font that its reader has"
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in the format that its ending says.

        Raises:
            UsageError: There is no such format, what makes it is not installed, or the file cannot be written.
        """
        file = Path(path)
        write(file, self.data(file.suffix.removeprefix(".")))

    def data(self, format: str) -> bytes:
        """The bytes of a file in one of its `formats`.

        Raises:
            UsageError: There is no such format, or what makes it is not installed.
        """
        kind = kind_of(format, self.formats)
        if kind == "png":
            return self.png()
        made = getattr(self, kind)
        return made if isinstance(made, bytes) else str(made).encode()

    @override
    def __repr__(self) -> str:
        width, height = self.picture.size
        page = f" on {self.page.name}" if self.page.name else ""
        return f"<Drawing of {self.picture.name}, {width:.0f}x{height:.0f}{page}>"

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True, kw_only=True, repr=False)
class TikzDrawing(Drawing):
    """A picture that LaTeX can draw too."""

    @cached_property
    def tikz(self) -> str:
        """LaTeX text: a document of its own, with the picture in TikZ."""
        return self._tikz(fragment=False)

    @cached_property
    def tikz_fragment(self) -> str:
        r"""LaTeX text of the picture alone, for a document to ``\input``."""
        return self._tikz(fragment=True)

    def _tikz(self, *, fragment: bool) -> str:
        with measured_in(self.face.metrics):
            return self._printer().text(fragment=fragment)

    @abstractmethod
    def _printer(self) -> Printer:
        """What prints it."""


def kind_of(ending: str, formats: Mapping[str, str] = CARD_FORMATS) -> str:
    """What a picture is saved as, by the ending of the file's name.

    Raises:
        UsageError: There is no such format.
    """
    kind = formats.get(ending.lower())
    if kind is None:
        known = ", ".join(f".{name}" for name in formats)
        raise UsageError(f"this picture is not saved as `.{ending}`; a file's name ends in one of {known}")
    return kind


@dataclass(frozen=True, kw_only=True, repr=False)
class CardDrawing(TikzDrawing):
    """A picture of a network as cards: a box for each op or block, which says what it is.

    Attributes:
        placing: What it shows, and where.
        colouring: What its colours mean.
        caption: What is said of it as a whole.
    """

    formats = CARD_FORMATS
    larger = "fewer boxes (`--detail`, `--collapse`), another `--layout` or more room"

    placing: Placing
    colouring: Colouring
    caption: Caption = Caption()  # noqa: RUF009 - frozen

    @override
    def _marks(self) -> Picture:
        return picture(self.placing, self.colouring, self.caption)

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

    @override
    def _printer(self) -> Printer:
        from archspec.drawing.formats.tikz import CardPrinter

        return CardPrinter(self.placing, self.picture, self.colouring, self.look, self.sheet, self.face)


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
) -> CardDrawing:
    """Draw a network, and write the picture to ``path`` where one is given. The options are those of `archspec.draw`.

    Raises:
        SpecError: The picture is larger than the network's limits allow.
        UsageError: An argument has a value that it cannot have, or the file cannot be written.

    >>> import archspec
    >>> draw(archspec.compile("specs/resnet50.yaml")).placing.columns
    1
    """
    look, page, face = theme_named(theme), page_of(paper, width, size, font_size), typeface(font)
    keep_drawable(network, detail)
    scene = emphasised(stage(network, detail, expand, collapse), highlight, note)
    keep_drawable(network, detail, scene)
    colours = colouring(scene, color)
    with measured_in(face.metrics):
        caption = Caption(totals=TOTALS in show, room=page.room[0])
        around = height_around(scene, colours, with_title(caption, title, page.room[0]), page.room[0])
        placing = fitting(scene, show, direction, page.without(around), layout)
        caption = with_title(caption, title, placing.size[0])
        placing = placing.lowered(legends.title_height(caption.title)) if caption.title else placing
    drawing = CardDrawing(placing=placing, colouring=colours, caption=caption, look=look, page=page, face=face)
    if path is not None:
        drawing.save(path)
    return drawing


def with_title(caption: Caption, title: str | None, width: float) -> Caption:
    """A caption with a title in lines for a picture so broad."""
    lines = legends.title_lines(title, legends.breadth(width, caption.room)) if title else []
    return caption._replace(title=tuple(lines))


def keep_drawable(network: Network, detail: Detail, scene: Scene | None = None) -> None:
    """Refuse a picture that goes beyond the limits of a network; without a scene, what is known before there is one.

    Raises:
        SpecError: It does.
    """
    if detail == "ops":
        keep_within(network, "boxes", len(network), "the picture has {} boxes", FEWER)
    if scene:
        passed = rows_passed(scene.by_id, scene.edges)
        keep_within(network, "edges", passed, "the edges of the picture lead past {} rows of boxes", FEWER)
