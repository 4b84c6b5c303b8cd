"""The styles of pictures: cards, volumes, and tables of stages. What draws volumes or tables is imported for these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from archspec.drawing import drawing
from archspec.drawing.drawing import Drawing
from archspec.errors import UsageError, did_you_mean
from archspec.network import Network

Style = Literal["cards", "volumes", "table"]
STYLES: tuple[Style, ...] = get_args(Style)

FITTING = frozenset({"paper", "width", "size", "font_size", "font"})
"""Options on what a picture is fitted to, and on its letters."""
_TAKES: Mapping[Style, frozenset[str]] = {
    "volumes": frozenset({"detail", "expand", "collapse", "theme", "direction", "layout", "color", "title"}) | FITTING,
    "table": frozenset({"theme"}) | FITTING,
}
"""The options of each style but cards, which take all."""
_UNSAID = {"detail": "overview", "theme": "light", "direction": "auto", "layout": "auto"}
"""Values of options that say nothing."""


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say something."""
    return {name: value for name, value in options.items() if value and value != _UNSAID.get(name)}


def styled(networks: Sequence[Network], style: Style, options: Mapping[str, Any]) -> Drawing:
    """Networks in a style: several of them as a table alone.

    Args:
        networks: The networks.
        style: One of `STYLES`.
        options: Options of `archspec.drawing.drawing.draw`, those that say nothing too.

    Raises:
        SpecError: The picture goes beyond a limit of a network.
        UsageError: There is no such style, it takes no option that is given, or is not made of these networks.
    """
    if style not in STYLES:
        raise UsageError(f"there is no style `{style}`; {did_you_mean(style, STYLES) or ', '.join(STYLES)}")
    if not networks:
        raise UsageError("a network is drawn, and none was given")
    given = said(options)
    unknown = [name for name in given if name not in _TAKES.get(style, options)]
    if unknown:
        taken = ", ".join(f"`{name}`" for name in sorted(_TAKES[style]))
        raise UsageError(f"pictures in the style `{style}` have no option `{unknown[0]}`; they have {taken}")
    if style == "table":
        from archspec.drawing.tables import draw_table

        return draw_table(networks, **given)
    if len(networks) > 1:
        raise UsageError("several networks side by side are a table: give `--style table`")
    if style == "volumes":
        from archspec.drawing.volumes import draw_volumes

        return draw_volumes(networks[0], **given)
    return drawing.draw(networks[0], **given)
