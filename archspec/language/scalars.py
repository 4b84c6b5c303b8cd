"""What a text without quotes means, by the core schema of YAML 1.2: ``on`` is text, ``1e-3`` is a number."""

from __future__ import annotations

import math
import re

_DIGITS = r"[0-9]+(?:_[0-9]+)*"
_INT = re.compile(rf"[-+]?(?:{_DIGITS}|0x[0-9a-fA-F]+|0o[0-7]+)")
_FLOAT = re.compile(rf"[-+]?(?:\.[0-9]+|{_DIGITS}(?:\.(?:{_DIGITS})?)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER_START = frozenset("+-.0123456789")
_INT_BOUND = 2**63


class OutOfRangeError(Exception):
    """A number that is too large."""


def resolved(text: str) -> str | int | float | None:
    """The value that a text without quotes stands for.

    Raises:
        OutOfRangeError: It is a number of more than 63 bits, or of more than 308 digits.

    >>> resolved("on"), resolved("1e-3"), resolved("0x10"), resolved("~")
    ('on', 0.001, 16, None)
    """
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMBER_START else text


def _number(text: str) -> str | int | float:
    number: int | float
    if _INT.fullmatch(text):
        if len(text) > 40:
            raise OutOfRangeError
        number = int(text, 0) if text[:3].lstrip("+-")[:2] in ("0x", "0o") else int(text)
        if abs(number) >= _INT_BOUND:
            raise OutOfRangeError
        return number
    if not _FLOAT.fullmatch(text):
        return text
    number = float(text)
    if not math.isfinite(number):
        raise OutOfRangeError
    return number
