"""The fields of a message of Caffe, as the values that they are to be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archspec.errors import did_you_mean
from archspec.importers.caffe.prototext import Message
from archspec.importers.draft import MOST_NUMBER, UnsaidError

_SIZE = re.compile(r"[-+]?\d{1,10}")
REAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,2})?f?")


class Fields:
    """A message that holds arguments.

    Attributes:
        message: It.
        span: Where it stands.
    """

    def __init__(self, message: Message) -> None:
        self.message = message
        self.span = message.span

    def __contains__(self, key: str) -> bool:
        return key in self.message.fields

    def messages(self, key: str) -> list[Fields]:
        """The messages of a field."""
        return [Fields(value.message) for value in self.message.fields.get(key, []) if value.message]

    def texts(self, key: str) -> list[str]:
        """A field's values as they stand."""
        return [value.text for value in self.message.fields.get(key, [])]

    def text(self, key: str) -> str:
        """A field as it stands, the last where it stands several times; empty where it does not."""
        return (self.texts(key) or [""])[-1]

    def integers(self, key: str, least: int = 0) -> list[int]:
        """All numbers of a field, which may stand several times."""
        values = self.message.fields.get(key, [])
        for value in values:
            if not _SIZE.fullmatch(value.text) or not least <= int(value.text) <= MOST_NUMBER:
                raise UnsaidError(f"`{key}` is an integer of at least {least}, not `{value.text}`", value.span)
        return [int(value.text) for value in values]

    def integer(self, key: str, default: int | None, least: int = 0) -> int:
        """An integer; the last where the field stands several times."""
        found = self.integers(key, least)
        if not found and default is None:
            raise UnsaidError(f"it lacks `{key}`", self.span)
        return found[-1] if found else int(default or 0)

    def real(self, key: str, default: float) -> float:
        """A number."""
        values = self.message.fields.get(key, [])
        if not values:
            return default
        if not REAL.fullmatch(values[-1].text):
            raise UnsaidError(f"`{key}` is a number, not `{values[-1].text}`", values[-1].span)
        return float(values[-1].text.rstrip("f"))

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        values = self.message.fields.get(key, [])
        if not values:
            return default
        if values[-1].text not in ("true", "false", "1", "0", "t", "f"):
            raise UnsaidError(f"`{key}` is true or false, not `{values[-1].text}`", values[-1].span)
        return values[-1].text in ("true", "1", "t")

    def word(self, key: str, default: str, known: Sequence[str]) -> str:
        """One of an enumeration, by its name or its number."""
        text = self.text(key) or default
        if text.isdigit() and int(text) < len(known):
            return known[int(text)]
        if text not in known:
            span = self.message.fields[key][-1].span
            raise UnsaidError(f"`{key}: {text}` cannot be said in a spec", span, did_you_mean(text, known))
        return text

    def pair(self, key: str, height: str, width: str, default: int, least: int = 0) -> tuple[int, int]:
        """A number for height and width, or one for each."""
        both = self.integers(key, least) if key else []
        if len(both) > 2:
            raise UnsaidError(f"`{key}` has {len(both)} numbers; a map has two dimensions", self.span)
        first, last = (both[0], both[-1]) if both else (default, default)
        return self.integer(height, first, least), self.integer(width, last, least)
