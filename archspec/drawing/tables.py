"""Pictures of networks as tables of their stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from typing_extensions import override

from archspec.drawing.content.stage_table import StageTable, stage_table
from archspec.drawing.content.typefaces import typeface
from archspec.drawing.drawing import TABLE_FORMATS, Drawing
from archspec.drawing.formats.marks import Picture
from archspec.drawing.formats.ruled import NOTE
from archspec.drawing.formats.themes import theme as theme_named
from archspec.drawing.layout.pages import page_of
from archspec.network import Network


@dataclass(frozen=True, kw_only=True, repr=False)
class TableDrawing(Drawing):
    """A table of the stages of networks.

    Attributes:
        table: Its rows.
    """

    formats = TABLE_FORMATS
    least_text = NOTE

    table: StageTable

    @override
    def _marks(self) -> Picture:
        from archspec.drawing.formats import ruled

        return ruled.picture(self.table)

    @cached_property
    def latex(self) -> str:
        """A ``tabular`` of LaTeX, which needs the package multirow."""
        from archspec.drawing.formats import latex_table

        return latex_table.latex(self.table)

    @cached_property
    def markdown(self) -> str:
        """A table of Markdown."""
        from archspec.drawing.formats import tabular

        return tabular.markdown(self.table)

    @cached_property
    def html(self) -> str:
        """A table of HTML."""
        from archspec.drawing.formats import tabular

        return tabular.html_table(self.table)

    @cached_property
    def text(self) -> str:
        """For a terminal."""
        from archspec.drawing.formats import tabular

        return tabular.text(self.table)


def draw_table(
    networks: Sequence[Network],
    *,
    theme: str = "light",
    paper: str | None = None,
    width: str | None = None,
    size: str | None = None,
    font_size: str | None = None,
    font: str | None = None,
) -> TableDrawing:
    """The stages of networks by the size of their maps, side by side.

    Raises:
        UsageError: One of them is no chain of stages, or an option has a value that it cannot have.

    >>> import archspec
    >>> table = draw_table([archspec.compile("specs/resnet18.yaml"), archspec.compile("specs/resnet50.yaml")])
    >>> [row.size for row in table.table.rows]
    ['112×112', '56×56', '28×28', '14×14', '7×7', '1×1']
    """
    look, face = theme_named(theme), typeface(font)
    page = page_of(paper, width, size, font_size)._replace(least=NOTE)
    return TableDrawing(table=stage_table(networks), look=look, page=page, face=face)
