"""Texts, keys and numbers, as YAML has them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from archspec.language.scalars import OutOfRangeError, resolved

WIDTH = 120
"""The longest line that is written, where it can be broken."""

_LEAST_GROUPED = 10_000
_YAML_1_1 = re.compile(r"yes|no|on|off|true|false|null|~", re.IGNORECASE)
_PLAIN = re.compile(r"[^\W\d][^\x00-\x1f]*|\$[^\x00-\x1f]*|/[^\x00-\x1f]*")
_PATTERN = re.compile(r"(?=.*\*)[\w.*]+", re.ASCII)
"""A pattern over paths, which has quotes wherever it has a star."""
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def number(value: float | None, *, grouped: bool) -> str:
    """A number, true, false or null; a long one in groups of digits where that is asked for."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return f"{value:_}" if grouped and abs(value) >= _LEAST_GROUPED else str(value)
    mantissa, e, exponent = repr(value).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}e{int(exponent)}" if e else mantissa


def key_of(key: str) -> str:
    """A key of a mapping."""
    return scalar(key, in_flow=True)


def scalar(text: str, *, in_flow: bool) -> str:
    """A text, in quotes where YAML needs them: as a plain one it would end early, or be something else."""
    plain = _is_plain(text, in_flow=in_flow) and not _PATTERN.fullmatch(text)
    return text if plain else f'"{"".join(map(_escaped, text))}"'


def _is_plain(text: str, *, in_flow: bool) -> bool:
    if not _PLAIN.fullmatch(text) or not text.isprintable() or _YAML_1_1.fullmatch(text):
        return False
    if text.endswith((" ", ":")) or ": " in text or " #" in text:
        return False
    if in_flow and (set(",[]{}?\"'") & set(text) or re.search(r":(?![A-Za-z0-9/])", text)):
        return False
    if in_flow and text.count("(") != text.count(")"):  # which reads like what a comma has cut
        return False
    try:
        return resolved(text) == text
    except OutOfRangeError:
        return False


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def folds(value: Any) -> bool:
    """Whether a text can be broken at its spaces, and read back as it is."""
    if not isinstance(value, str) or " " not in value or not value.replace("\n", "").isprintable():
        return False
    return all(line and line == " ".join(line.split(" ")) and "  " not in line and line == line.strip()
               for line in value.split("\n"))  # fmt: skip


def folded(text: str, indent: int) -> Iterator[str]:
    """The lines of a folded text: an empty line stands for the end of one of its own."""
    for number, paragraph in enumerate(text.split("\n")):
        if number:
            yield ""
        for line in textwrap.wrap(paragraph, WIDTH - 2 - indent, break_long_words=False, break_on_hyphens=False):
            yield " " * indent + line
