"""Texts in LaTeX: what means something to it is escaped, and what its fonts lack has a way to be there."""

from __future__ import annotations

import re

from archspec.drawing.content.labels import printable

_SPECIAL = {
    "\0": "{}",  # between two hyphens, which would be a dash
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "^": r"\textasciicircum{}",
    "_": r"\_", "%": r"\%", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "`": r"\textasciigrave{}", "'": r"\textquotesingle{}", '"': r"\textquotedbl{}",
    "×": r"$\times$", "·": r"$\cdot$", "−": r"$-$", "÷": r"$\div$", "…": r"\ldots{}", "–": "--", "—": "---",
    "→": r"$\to$", "≤": r"$\le$", "≥": r"$\ge$", "±": r"$\pm$", "∞": r"$\infty$", "\u00a0": "~",
    "²": r"$^2$", "³": r"$^3$",
}  # fmt: skip
_LETTERS = range(0xC0, 0x100)
"""Characters that LaTeX has in its encoding T1, whatever draws."""

CHARACTER = r"\def\character#1#2{\ifdefined\Umathchar #1\else #2\fi}"
"""A character that LuaLaTeX and XeLaTeX have from their font, and for pdfLaTeX its number."""


def escaped(text: str) -> str:
    r"""A text that LaTeX prints as it is.

    >>> escaped("conv_1 3×3 & 50%")
    'conv\\_1 3$\\times$3 \\& 50\\%'
    """
    return "".join(map(_character, re.sub("-(?=-)", "-\0", printable(text))))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii() or ord(character) in _LETTERS:
        return character
    return rf"\character{{{character}}}{{[U+{ord(character):04X}]}}"


def comment(text: str) -> str:
    """A text in one line of a comment."""
    return f"% {printable(text)}".rstrip()
