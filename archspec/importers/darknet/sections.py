"""The sections of Darknet's `.cfg`: names in brackets, with `key=value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from archspec.errors import Span, did_you_mean
from archspec.importers.draft import MOST_LAYERS, MOST_NUMBER, Given, UnsaidError

_SAME = {"conv": "convolutional", "max": "maxpool", "avg": "avgpool", "conn": "connected", "soft": "softmax",
         "network": "net"}  # fmt: skip
_ZERO = "binary xnor reverse flatten extra dot spatial".split()
"""Keys that change what a layer does; only 0 is read."""


class Option(NamedTuple):
    """A value, and where it stands."""

    text: str
    span: Span


class Section(NamedTuple):
    """A section: its kind, where it stands, and its values by their keys."""

    kind: str
    span: Span
    options: dict[str, Option]

    def integer(self, key: str, default: int | None, least: int = 0) -> int:
        """A value that is an integer."""
        option = self.options.get(key)
        if option is None:
            if default is None:
                raise UnsaidError(f"it lacks `{key}`", self.span)
            return default
        if not re.fullmatch(r"[-+]?\d{1,10}", option.text) or not least <= int(option.text) <= MOST_NUMBER:
            raise UnsaidError(f"`{key}` is an integer of at least {least}, not `{option.text}`", option.span)
        return int(option.text)

    def real(self, key: str, default: float) -> float:
        """A value that is a number."""
        option = self.options.get(key)
        if option is None:
            return default
        if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,2})?", option.text):
            raise UnsaidError(f"`{key}` is a number, not `{option.text}`", option.span)
        return float(option.text)

    def check_keys(self, known: Iterable[str]) -> None:
        """Refuse keys that are not known: they may change what a layer does."""
        for key, option in self.options.items():
            if key not in known:
                raise UnsaidError(f"`{key}` of `[{self.kind}]` is not known", option.span, did_you_mean(key, known))
            if key in _ZERO and option.text not in ("0", ""):
                raise UnsaidError(f"`{key}={option.text}` cannot be said in a spec", option.span)


def sections_of(given: Given) -> list[Section]:
    """The sections of a file, in order."""
    source, found, start = given.source(), list[Section](), 0
    for line in source.text.splitlines(keepends=True):
        text, end = line.strip(), start + len(line.rstrip())
        span = source.span(start + len(line) - len(line.lstrip()), end)
        start += len(line)
        if not text or text[0] in "#;":
            continue
        if text[0] == "[":
            if not text.endswith("]"):
                raise given.faults.error("this section has no `]`", span)
            found.append(Section(_SAME.get(text[1:-1].strip(), text[1:-1].strip()), span, {}))
            if len(found) > MOST_LAYERS:
                raise given.faults.error(f"it has more than {MOST_LAYERS:,} layers", span)
            continue
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not found:
            raise given.faults.error("a line is `[section]`, `key=value`, or a remark that begins with `#`", span)
        if key in found[-1].options:
            given.faults.add(f"`{key}` stands twice in this section", span, help="Darknet reads the first")
        found[-1].options.setdefault(key, Option(re.split(r"\s*[#;]", value)[0], span))
    if not found or found[0].kind != "net":
        raise given.faults.error("a cfg begins with `[net]`", found[0].span if found else given.start)
    return found
