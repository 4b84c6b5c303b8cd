"""A picture as PNG, from its SVG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from math import inf, isfinite, sqrt

from archspec.drawing.formats.pdf import font_files
from archspec.drawing.layout.geometry import Point
from archspec.errors import UsageError

SCREEN = 96.0
"""Pixels to the inch of a screen."""
_USUAL, _MOST = 64_000_000, 256_000_000
"""Pixels of a picture of no stated resolution, and of any."""
_HEADER = 33
"""Bytes of a PNG's signature and first chunk."""


def render(
    svg: str,
    size: Point,
    dpi: float | None = None,
    files: tuple[str, ...] = (),
    family: str = "Bitstream Vera Sans",
    texts: Mapping[str, str] | None = None,
) -> bytes:
    """The PNG file of an SVG picture; its resolution is written in it.

    Args:
        svg: The SVG text.
        size: Its width and height in points.
        dpi: Pixels to the inch; see `resolution`.
        files: Those of its font; Bitstream Vera Sans unless given.
        family: The name of that font.
        texts: What is written in the file besides, by PNG's keywords (``Title``, ``Description``).

    Raises:
        UsageError: What draws is not installed, or the picture would have too many pixels, or none.
    """
    try:
        import resvg_py
    except ModuleNotFoundError:
        raise UsageError("PNG pictures need resvg_py: pip install resvg_py") from None
    dots = resolution(size, dpi)
    if dots * min(size) < 72:
        raise UsageError(f"a picture of {size[0]:g}×{size[1]:g} points has no pixel at {dots:g} dpi")
    made = bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            dpi=SCREEN,
            zoom=dots / SCREEN,
            skip_system_fonts=True,
            font_files=list(files or font_files()),
            font_family=family,
            sans_serif_family=family,
        )
    )
    return made[:_HEADER] + _density(dots) + b"".join(_text(*each) for each in (texts or {}).items()) + made[_HEADER:]


def resolution(size: Point, dpi: float | None) -> float:
    """Pixels to the inch: those asked, or twice a screen's, and fewer where that would be more than 64 million in all.

    Raises:
        UsageError: So many are not possible.
    """
    square_inches = size[0] * size[1] / 72**2
    if dpi is None:
        return min(2 * SCREEN, sqrt(_USUAL / square_inches))
    if not isinstance(dpi, int | float) or not isfinite(dpi) or not dpi > 0 or dpi**2 * square_inches > _MOST:
        most = sqrt(_MOST / square_inches) if square_inches else inf
        raise UsageError(f"a picture of this size has more than 0 and at most {most:.0f} dpi, not {dpi}")
    return float(dpi)


def _density(dpi: float) -> bytes:
    """The chunk that says how many pixels there are to a metre."""
    each = round(dpi / 0.0254)
    return _chunk(b"pHYs", struct.pack(">IIB", each, each, 1))


def _text(keyword: str, text: str) -> bytes:
    """A chunk with a text in UTF-8, uncompressed and of no stated language."""
    return _chunk(
        b"iTXt", keyword.encode("latin-1") + b"\0\0\0\0\0" + text.replace("\0", " ").encode("utf-8", "replace")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
