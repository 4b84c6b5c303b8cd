"""The fonts that a picture can be asked to be in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archspec.drawing.content.fonts import FAMILY, VERA, Metrics
from archspec.errors import UsageError, shown

_STANDARD = {
    "Helvetica": ("Helvetica", "Arial", "Liberation Sans", "Nimbus Sans", "TeX Gyre Heros"),
    "Times": ("Times", "Times New Roman", "Times Roman", "Liberation Serif", "Nimbus Roman", "TeX Gyre Termes"),
    "Courier": ("Courier", "Courier New", "Liberation Mono", "Nimbus Mono PS", "TeX Gyre Cursor"),
}
"""Families that are as wide as one of Adobe's standard fonts, by whose name reportlab knows the widths."""
_FACES = {"Helvetica": ("Helvetica", "Helvetica-Bold"), "Times": ("Times-Roman", "Times-Bold"),
          "Courier": ("Courier", "Courier-Bold")}  # fmt: skip
_GENERIC = {"Helvetica": "sans-serif", "Times": "serif", "Courier": "monospace"}

_VERA = ("Bitstream Vera Sans", "DejaVu Sans")
NAMES = tuple(name for names in (*_STANDARD.values(), _VERA) for name in names)
"""Fonts whose widths are known."""
_NAME = re.compile(r"[\w .+-]{1,80}")
"""What a name may be made of: it stands in a style sheet."""
_BOLD_BESIDE = (("-Regular", "-Bold"), ("Regular", "Bold"), ("", "-Bold"), ("", "Bold"), ("", "Bd"), ("", "bd"))
"""How the name of a file of regular letters becomes that of the bold ones."""


class Typeface(NamedTuple):
    """A font.

    Attributes:
        family: Its names for a style sheet.
        metrics: How wide its characters are.
        name: What was asked for; empty for the usual one.
        files: The files of its regular and bold letters; empty for fonts that the reader has.
        known: Whether the widths are its own.
        kind: ``sans-serif``, ``serif`` or ``monospace``, as far as that is known: what LaTeX has for it.
    """

    family: str = FAMILY
    metrics: Metrics = VERA
    name: str = ""
    files: tuple[str, ...] = ()
    known: bool = True
    kind: str = "sans-serif"

    @property
    def is_printed(self) -> bool:
        """Whether there is a file of it, so that a PNG or PDF can be printed in it."""
        return bool(self.files) or (self.metrics is VERA and self.known)


USUAL = Typeface()
"""The font of a picture of which none is asked."""


def typeface(name: str | None) -> Typeface:
    """The font of a name, or of a TrueType file, with its bold letters in the file beside it (``x-Bold.ttf``).

    The widths of Helvetica, Times, Courier and what has their widths are known, and those of a file. Of any other
    name they are taken to be those of Bitstream Vera Sans, which is wider than most.

    Raises:
        UsageError: It is no name, or no file of TrueType letters.
    """
    if name is None:
        return USUAL
    if "/" in name or Path(name).suffix.lower() in (".ttf", ".otf"):
        return _of_file(Path(name))
    if not _NAME.fullmatch(name):
        raise UsageError(f"`{shown(name)}` is no name of a font: letters, digits, spaces and `-`, or a `.ttf` file")
    for standard, names in _STANDARD.items():
        if name.lower() in map(str.lower, names):
            family = ", ".join([_quoted(name), *(_quoted(each) for each in names if each != name)])
            return Typeface(f"{family}, {_GENERIC[standard]}", _standard(standard), name, kind=_GENERIC[standard])
    if name.lower() in map(str.lower, _VERA):
        return Typeface(f"{_quoted(name)}, {FAMILY}", VERA, name)
    return Typeface(f"{_quoted(name)}, {FAMILY}", VERA, name, known=False)


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name


@cache
def _standard(name: str) -> Metrics:
    """The widths of one of Adobe's standard fonts."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    characters = {bytes([code]).decode("cp1252", "ignore") for code in range(32, 256)} - {""}

    def table(face: str) -> dict[str, int]:
        found = {each: round(stringWidth(each, face, 1000)) for each in sorted(characters)}
        return found | {"−": found["×"]}

    regular, bold = _FACES[name]
    return Metrics(table(regular), table(bold))


def _of_file(path: Path) -> Typeface:
    stems = (path.stem.removesuffix(one) + other for one, other in _BOLD_BESIDE if path.stem.endswith(one))
    beside = (path.with_name(stem + path.suffix) for stem in stems if stem != path.stem)
    bold = next((file for file in beside if file.is_file()), path)
    family, regular = _letters(path)
    return Typeface(f"{_quoted(family)}, {FAMILY}", Metrics(regular, _letters(bold)[1]), family, (str(path), str(bold)))


def _letters(path: Path) -> tuple[str, dict[str, int]]:
    """The family of a file of TrueType letters, and their widths."""
    from reportlab.pdfbase.ttfonts import TTFError, TTFontFile

    try:
        face = TTFontFile(str(path))
    except (TTFError, OSError, ValueError, IndexError, KeyError) as error:
        reason = str(error).partition(":")[0] if isinstance(error, TTFError) else "it cannot be read"
        raise UsageError(
            f"`{shown(path)}` is no file of TrueType letters ({reason}); one is needed, such as `Inter-Regular.ttf`"
        ) from None
    widths = {chr(code): round(width) for code, width in face.charWidths.items()}
    family = face.familyName.decode("utf-8", "replace") if isinstance(face.familyName, bytes) else str(face.familyName)
    return re.sub(r"[^\w .+-]", "", family) or path.stem, widths
