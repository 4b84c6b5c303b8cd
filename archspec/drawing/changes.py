"""The picture of a comparison: added parts green, removed ones red, changed ones amber, each with a mark."""

from __future__ import annotations

from archspec.comparison.comparison import Comparison
from archspec.drawing.content.cards import cards
from archspec.drawing.content.colouring import Colouring
from archspec.drawing.content.differing import LEGEND, differing
from archspec.drawing.content.scene import Detail
from archspec.drawing.drawing import CardDrawing, keep_drawable
from archspec.drawing.formats.themes import theme as theme_named
from archspec.drawing.layout.forms import place


def draw(comparison: Comparison, *, detail: Detail = "overview", theme: str = "light") -> CardDrawing:
    """Draw what changed between two networks: the second one, with what was removed from the first beside it.

    Args:
        comparison: The comparison.
        detail: The level of detail.
        theme: The theme.

    Raises:
        SpecError: The picture is larger than the limits of the second network allow.
        UsageError: There is no such level or theme.

    >>> from archspec.comparison.comparison import diff
    >>> draw(diff("vgg11", "vgg11_bn")).svg.startswith("<svg")
    True
    """
    look = theme_named(theme)
    keep_drawable(comparison.after, detail)
    scene = differing(comparison, detail)
    keep_drawable(comparison.after, detail, scene)
    removed = any(box.family == "removed" for box in scene.boxes)  # which may have a scale of its own
    placing = place(scene, cards(scene), layout="flow" if removed else "auto")
    return CardDrawing(placing=placing, colouring=Colouring(legend=LEGEND), look=look)
