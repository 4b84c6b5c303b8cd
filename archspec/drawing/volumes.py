"""Pictures of networks as volumes: their tensors, in proportion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from archspec.drawing.content.colouring import Colouring, colouring, told_legend
from archspec.drawing.content.fonts import measured_in
from archspec.drawing.content.scene import Detail
from archspec.drawing.content.terse import terse
from archspec.drawing.content.typefaces import typeface
from archspec.drawing.content.volume import Volumes
from archspec.drawing.content.volumes import volumes
from archspec.drawing.drawing import FORMATS, TikzDrawing, with_title
from archspec.drawing.formats import legends
from archspec.drawing.formats.marking import Caption
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.themes import theme as theme_named
from archspec.drawing.layout.bodies import CLOSE, LABEL, NEARER, USUAL, Measures, scales_of
from archspec.drawing.layout.forms import DIRECTIONS, Direction, Layout, require_known
from archspec.drawing.layout.geometry import Point
from archspec.drawing.layout.pages import Fit, Page, page_of
from archspec.drawing.layout.rows import lowered
from archspec.drawing.layout.solids import Solids
from archspec.drawing.layout.terraces import fitting
from archspec.errors import UsageError
from archspec.network import Network
from archspec.network.bounds import keep_within

if TYPE_CHECKING:
    from archspec.drawing.formats.tikz_document import Printer

VOLUME_FORMATS = {**FORMATS, "tex": "tikz"}
"""What a picture of volumes can be saved as."""

_NOT_DOWN = (
    "volumes lead to the right: channels are their thickness, which is seen from beside; on a `--paper`, and for a "
    "`--width` or `--size`, they stand in rows below each other (`--direction right`: in one)"
)


@dataclass(frozen=True, kw_only=True, repr=False)
class VolumeDrawing(TikzDrawing):
    """A picture of a network's tensors as boxes in proportion to their sizes.

    Attributes:
        solids: What it shows, and where.
        colouring: What its colours mean.
        caption: What is said of it as a whole.
    """

    formats = VOLUME_FORMATS
    least_text = LABEL
    larger = "fewer volumes (`--detail`, `--collapse`) or more room"

    solids: Solids
    colouring: Colouring
    caption: Caption = Caption()  # noqa: RUF009 - frozen

    @override
    def _marks(self) -> Picture:
        from archspec.drawing.formats import solid_marks

        return solid_marks.picture(self.solids, self.colouring, self.caption)

    @override
    def _printer(self) -> Printer:
        from archspec.drawing.formats.tikz_volumes import VolumePrinter

        return VolumePrinter(self.solids, self.picture, self.colouring, self.look, self.sheet, self.face)


def draw_volumes(
    network: Network,
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
    title: str | None = None,
) -> VolumeDrawing:
    """A network's tensors as boxes in proportion to their height, width and channels.

    Raises:
        SpecError: The picture has more boxes than the network's limits allow.
        UsageError: An option has a value that it cannot have, shapes are not known, its resolution only falls and it
            is to be laid out by scales, or it is to lead down.

    >>> import archspec
    >>> drawn = draw_volumes(archspec.compile("specs/lenet.yaml"))
    >>> [placed.volume.lines[0] for placed in drawn.solids.placed][:3]
    ['1×28×28', '6×28×28', '6×14×14']
    """
    require_known("direction", direction, DIRECTIONS)
    if direction == "down":
        raise UsageError(_NOT_DOWN)
    look, face = theme_named(theme), typeface(font)
    page = page_of(paper, width, size, font_size)._replace(least=LABEL)
    shown = volumes(network, detail, expand, collapse)
    keep_within(network, "boxes", len(shown.volumes), "the picture has {} volumes", "the detail `overview` has fewer")
    with measured_in(face.metrics):
        caption = Caption(room=page.room[0])
        above = legends.title_height(with_title(caption, title, caption.room).title)
        solids, colours = _fitted(shown, color, page, above, layout=layout, one_row=direction == "right")
        caption = with_title(caption, title, solids.size[0])
        solids = lowered(solids, legends.title_height(caption.title)) if caption.title else solids
    return VolumeDrawing(solids=solids, colouring=colours, caption=caption, look=look, page=page, face=face)


def _fitted(
    shown: Volumes, color: str | None, page: Page, above: float, layout: Layout, *, one_row: bool
) -> tuple[Solids, Colouring]:
    """Volumes on a page below a title of a height, and their colours: where they have no room, with short labels, and
    as near each other as it needs. In a width they stand in one row where they can.
    """
    short = terse(shown, by_family=color in (None, "kind"))
    styles = ((shown, USUAL), *((short, measures) for measures in (USUAL, NEARER, CLOSE)))
    tried = []
    for rows in (True, False) if page.fit is Fit.WIDTH and not one_row else (one_row,):
        for each, measures in styles:
            tried.append(_placed(each, color, page, above, measures, {"layout": layout, "one_row": rows}))
            if page.fit is Fit.FREE or page.suits(tried[-1][2]):
                return tried[-1][:2]
    return max(tried, key=lambda each: (page.fitted(each[0].size), -each[2][1]))[:2]


def _placed(
    shown: Volumes, color: str | None, page: Page, above: float, measures: Measures, options: Mapping[str, Any]
) -> tuple[Solids, Colouring, Point]:
    """Volumes on a page below a title of a height, their colours, and their size with what stands around them."""
    from archspec.drawing.formats.solid_marks import told_below

    colours = colouring(shown.drawn, color, "front")
    if shown.told:
        colours = replace(colours, legend=told_legend(shown.told, colours.legend))
    room = page.room[0]
    _, (_, around) = told_below(scales_of(shown.volumes, measures), colours, (room, above), room)
    solids = fitting(shown, page.without(around), measures=measures, **options)
    return solids, colours, (solids.size[0], solids.size[1] + around)
