"""Lengths as people write them: ``85mm``, ``3.5in``."""

from __future__ import annotations

import re

from archspec.errors import UsageError, did_you_mean, shown

UNITS = {"mm": 72 / 25.4, "cm": 720 / 25.4, "in": 72.0, "pt": 1.0, "px": 0.75}
"""Points of each; a pixel is that of a screen, 96 to the inch."""

NAMED = {"textwidth": 345 / 72.27 * 72, "columnwidth": 252 / 72.27 * 72}
"""Widths that LaTeX has names for: the text of its class `article`, a column of IEEE's and many others' papers."""

_LENGTH = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(?P<unit>[A-Za-z]*)")
_SIZE = re.compile(r"(?P<width>[0-9.]+)\s*(?P<own>[A-Za-z]*?)\s*[x×]\s*(?P<height>[0-9.]+\s*[A-Za-z]*)")
_SHAPE = re.compile(r"(?P<width>[0-9]{1,4}(?:\.[0-9]+)?)\s*:\s*(?P<height>[0-9]{1,4}(?:\.[0-9]+)?)")
_LEAST, _MOST = 0.1, 36 * 72.0 * 12
"""Points of a length: more than the shortest that files tell from 0, at most 36 feet, what a plotter's roll has."""


def length(text: object, what: str, example: str) -> float:
    """A length in points.

    Args:
        text: What is written.
        what: What it is the length of, for errors.
        example: A right one.

    Raises:
        UsageError: It is none, or has no unit.

    >>> round(length("25.4mm", "width", "85mm"), 6)
    72.0
    """
    found = _LENGTH.fullmatch(str(text).strip()) if isinstance(text, str) else None
    if found is None:
        raise UsageError(f"a {what} is a number with a unit, such as `{example}`, not `{shown(text)}`")
    number, unit = found["number"], found["unit"]
    if unit not in UNITS:
        hint = did_you_mean(unit, UNITS) if unit else f"did you mean `{number}{example[-2:]}`?"
        missing = f"has no unit `{unit}`" if unit else "needs a unit"
        raise UsageError(f"the {what} `{shown(text)}` {missing}; {hint or ', '.join(UNITS)}")
    points = float(number) * UNITS[unit]
    if not _LEAST < points <= _MOST:
        raise UsageError(f"a {what} is more than {_LEAST:g}pt, and at most {_MOST / 72:g}in, not `{shown(text)}`")
    return points


def width(text: object) -> float:
    """A width in points: a length, or one of `NAMED`.

    Raises:
        UsageError: It is none.
    """
    if isinstance(text, str) and text in NAMED:
        return NAMED[text]
    if isinstance(text, str) and text[:1].isalpha():
        raise UsageError(f"there is no width `{shown(text)}`; {did_you_mean(text, NAMED)}")
    return length(text, "width", "85mm")


def shape(text: str) -> tuple[float, float] | None:
    """The two numbers of ``16:9``; None where it is no such text.

    Raises:
        UsageError: One of them is 0.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    numbers = float(found["width"]), float(found["height"])
    if not all(numbers) or not 1 / 50 <= numbers[0] / numbers[1] <= 50:
        raise UsageError(f"a picture has no shape `{shown(text)}`: both numbers are more than 0, as in `16:9`")
    return numbers


def size(text: object) -> tuple[float, float]:
    """A width and a height in points: ``160mmx90mm`` or ``160x90mm``.

    Raises:
        UsageError: It is none.
    """
    found = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise UsageError(f"a size is a shape or two lengths, such as `16:9` or `160x90mm`, not `{shown(text)}`")
    unit = found["own"] or found["height"].strip("0123456789. ")
    if not unit:
        raise UsageError(f"the size `{shown(text)}` needs a unit; did you mean `{shown(text)}mm`?")
    return length(found["width"] + unit, "size", "160x90mm"), length(found["height"], "size", "160x90mm")
