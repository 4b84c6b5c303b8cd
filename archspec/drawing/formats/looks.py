"""What a style looks like in a theme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.drawing.content.colouring import STEPS
from archspec.drawing.formats.themes import Theme, mixed

HIGHLIGHT = 2.4
"""The width of an outline that is to be seen first."""


class Look(NamedTuple):
    """Colours, and the width and dashes of a line; an empty colour for none."""

    fill: str = ""
    stroke: str = ""
    width: float = 1.0
    dash: str = ""


def looks(theme: Theme) -> Mapping[str, Look]:
    """What each style of marks and texts looks like."""
    found = _frames(theme) | _texts(theme) | _edges(theme)
    for name, paint in theme.paints.items():
        card = Look(paint.fill, paint.stroke, 1.0, paint.dash)
        found |= {f"card-{name}": card, f"pill-{name}": card, f"swatch-{name}": card}
        found |= _faces(name, paint.face or paint.fill, paint.stroke)
        found[f"band-{name}"] = Look(paint.stroke if paint.pattern == "solid" else theme.page, paint.stroke, 0.8)
        found[f"hatch-{name}"] = Look(stroke=paint.stroke, width=0.7)
    for step in range(STEPS + 1):
        colour = mixed(*theme.scale, step / STEPS)
        found |= dict.fromkeys((f"card-heat{step}", f"pill-heat{step}"), Look(colour, theme.line))
        found |= _faces(f"heat{step}", colour, theme.line)
        found[f"swatch-heat{step}"] = Look(colour, colour)
    return found


def _frames(theme: Theme) -> dict[str, Look]:
    """The page, frames, and rules of tables."""
    fill, outline = theme.frame
    return {
        "page": Look(fill=theme.page),
        "frame-box": Look(fill, outline),
        "rule": Look(stroke=theme.line, width=0.8),
        "frame-failed": Look(fill, theme.paint("failed").stroke, 1.2, theme.paint("failed").dash),
    }


def _texts(theme: Theme) -> dict[str, Look]:
    """Texts, and what is told of a box."""
    return {
        "title": Look(fill=theme.ink),
        "text": Look(fill=theme.ink),
        "count": Look(fill=theme.ink),
        "name": Look(fill=theme.muted),
        "label": Look(fill=theme.muted),
        "shape": Look(fill=theme.muted),
        "remark": Look(fill=theme.remark),
        "note": Look(fill=theme.highlight),
        "highlight": Look(stroke=theme.highlight, width=HIGHLIGHT),
        "problem": Look(fill=theme.paint("failed").stroke),
    }


def _edges(theme: Theme) -> dict[str, Look]:
    """Lines, and their tips."""
    return {
        "edge-body": Look(stroke=theme.line, width=1.2),
        "tip-body": Look(fill=theme.line),
        "edge-gap": Look(stroke=theme.line, width=1.2, dash="1 4"),
        "tip-gap": Look(fill=theme.line),
        "edge-skip": Look(stroke=theme.skip, width=theme.skip_width, dash=theme.skip_dash),
        "tip-skip": Look(fill=theme.skip),
    }


def _faces(name: str, fill: str, stroke: str) -> dict[str, Look]:
    """The front, top and side of a volume, each a little darker."""
    shades = {"front": 0.0, "top": 0.12, "side": 0.28}
    return {f"{face}-{name}": Look(mixed(fill, stroke, part), stroke, 0.7) for face, part in shades.items()}
