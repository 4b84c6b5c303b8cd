"""JSON values as indented text, in a fraction of the time of the standard library, which yields each comma."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring
from math import isfinite
from typing import Any


def pieces(value: Any, margin: str = "\n") -> Iterator[str]:
    """The text that ``json.dumps(value, indent=1, ensure_ascii=False)`` gives, a part for each entry of a long value.

    Args:
        value: JSON values. An iterator stands for a list, so that its items need not be there at once.
        margin: A newline and the spaces before the value.
    """
    if isinstance(value, Mapping) and margin == "\n" and value:
        inner, separator = margin + " ", "{"
        for name, entry in value.items():
            yield f"{separator}{inner}{encode_basestring(name)}: "
            yield from pieces(entry, inner)
            separator = ","
        yield f"{margin}}}"
    elif isinstance(value, Iterator):
        yield from _items(value, margin)
    else:
        yield text(value, margin)


def _items(values: Iterable[Any], margin: str) -> Iterator[str]:
    inner, separator = margin + " ", "["
    for value in values:
        yield f"{separator}{inner}{text(value, inner)}"
        separator = ","
    yield "[]" if separator == "[" else f"{margin}]"


def text(value: Any, margin: str = "\n") -> str:
    """The same as one text."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return int.__repr__(value)
    if value is None or kind is bool:
        return _CONSTANTS[value]
    if kind is dict:
        if not value:
            return "{}"
        inner = margin + " "
        entries = [f"{encode_basestring(name)}: {text(entry, inner)}" for name, entry in value.items()]
        return f"{{{inner}{f',{inner}'.join(entries)}{margin}}}"
    if kind is list or kind is tuple:
        if not value:
            return "[]"
        inner = margin + " "
        return f"[{inner}{f',{inner}'.join([text(item, inner) for item in value])}{margin}]"
    if kind is float and isfinite(value):
        return float.__repr__(value)
    return json.dumps(value, indent=1, ensure_ascii=False).replace("\n", margin)


_CONSTANTS = {None: "null", True: "true", False: "false"}
