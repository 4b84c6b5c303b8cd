"""A picture as PNG, from its SVG."""

from __future__ import annotations

from math import sqrt

from archspec.drawing.formats.pdf import font_files
from archspec.drawing.layout.geometry import Point
from archspec.errors import UsageError

_DPI = 96.0
_USUAL, _MOST = 64_000_000, 256_000_000
"""Pixels of a picture of no stated scale, and of any."""


def render(svg: str, size: Point, scale: float | None = None) -> bytes:
    """The PNG file of an SVG picture.

    Args:
        svg: The SVG text.
        size: Its width and height in points.
        scale: Pixels for each pixel of a usual screen, 96 to the inch. Unless given, 2, and less for a picture that
            would have more than 64 million pixels.

    Raises:
        UsageError: What draws is not installed, or the picture would have too many pixels.
    """
    try:
        import resvg_py
    except ModuleNotFoundError:
        raise UsageError("PNG pictures need resvg_py: pip install resvg_py") from None
    fonts = list(font_files())
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            dpi=_DPI,
            zoom=_zoom(size, scale),
            skip_system_fonts=True,
            font_files=fonts,
            font_family="Bitstream Vera Sans",
            sans_serif_family="Bitstream Vera Sans",
        )
    )


def _zoom(size: Point, scale: float | None) -> float:
    pixels = size[0] * size[1] * (_DPI / 72) ** 2
    if scale is None:
        return min(2.0, sqrt(_USUAL / pixels))
    if not scale > 0 or pixels * scale**2 > _MOST:
        most = sqrt(_MOST / pixels)
        raise UsageError(f"a scale of {scale:g} is not possible here: it is more than 0, and at most {most:.2g}")
    return scale
