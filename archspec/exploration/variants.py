"""A variant added to the text of a spec, in which all else stays as it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.compiler.pipeline import LoadedSpec
from archspec.errors import SpecError, UsageError
from archspec.files import read
from archspec.files import write as write_file
from archspec.importers.writing import flow
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.places import is_path, located
from archspec.language.source import Mapping as MappingValue
from archspec.language.source import Scalar, Sequence, Source, Value, decode

_BOM = b"\xef\xbb\xbf"


def check_writable(spec: str, loaded: LoadedSpec, name: str) -> None:
    """Refuse a variant that cannot be added.

    Raises:
        UsageError: The spec is no file of the user's, or has a variant of that name.
    """
    if not is_path(spec):
        help = f"write a file that extends it: `archspec new my_{spec} --from {spec}`"
        raise UsageError(f"`{spec}` is a bundled network, to which nothing is written; {help}")
    if name in loaded.check().variants:
        raise UsageError(f"{spec} has a variant `{name}` already; choose another name, or remove that one")


def write(
    spec: str,
    loaded: LoadedSpec,
    name: str,
    values: Mapping[str, Any],
    root: str | os.PathLike[str] | None,
    limits: Limits,
) -> None:
    """Add a variant to the file of a spec. Comments and layout stay; the file changes whole or not at all.

    Args:
        spec: The path of the file.
        loaded: It, as it was read.
        name: The variant.
        values: The values that it gives.
        root: The folder that references to other files may not leave.
        limits: Bounds on what it may ask for.

    Raises:
        UsageError: The file is no longer what was read, or has a form to which no variant can be added.
    """
    place, folder = located(Path(spec), Path(root) if root else None)
    data = read(place)
    text = decode(data, spec, limits)
    if text != next(iter(loaded.sources.values())).text:
        raise UsageError(f"{spec} changed since it was read; nothing is written")
    new = added(text, name, values)
    again = LoadedSpec(Source(spec, new, place), folder, limits)
    try:
        same = again.compile(variant=name).arguments == loaded.compile(**values).arguments
    except (SpecError, UsageError) as error:
        raise UsageError(f"the variant cannot be called `{name}`: {str(error).partition(chr(10))[0]}") from None
    assert same, "a variant with other values than those that it was given"
    write_file(place, (_BOM if data.startswith(_BOM) else b"") + new.encode())


def added(text: str, name: str, values: Mapping[str, Any]) -> str:
    r"""The text of a spec with a variant more, put behind the last one.

    Raises:
        UsageError: Its form is one to which nothing can be added.

    >>> print(added("archspec: 1\nname: n\nvariants:\n  a: {w: 1}   # one\n", "b", {"w": 2}), end="")
    archspec: 1
    name: n
    variants:
      a: {w: 1}   # one
      b: {w: 2}
    """
    file = _parsed(text)
    entry = flow({name: dict(values)})[1:-1]
    newline = "\r\n" if "\r\n" in text else "\n"
    place, more = _addition(text, file, entry, newline)
    new = text[:place] + more + text[place:]
    expected = file.plain()
    expected["variants"] = {**(expected.get("variants") or {}), name: dict(values)}
    try:
        found = _parsed(new).plain()
    except (SpecError, UsageError):
        found = None
    if found != expected:
        raise UsageError(f"the file has a form to which no variant can be added; write it yourself: {entry}")
    return new


def _parsed(text: str) -> MappingValue:
    value = parse(Source("", text), Limits(), [])
    if not isinstance(value, MappingValue):
        raise UsageError("a spec is a mapping")
    return value


def _addition(text: str, file: MappingValue, entry: str, newline: str) -> tuple[int, str]:
    """What to add to a text, and where."""
    known = file.entries.get("variants")
    if known is None:
        if _is_flow(text, file):
            return _end(text, file.entries[[*file.entries][-1]]), f", variants: {{{entry}}}"
        return len(text), f"{'' if text.endswith(chr(10)) else newline}variants:{newline}  {entry}{newline}"
    if not isinstance(known, MappingValue):
        return _line_end(text, file.keys["variants"].end), f"{newline}  {entry}"
    if _is_flow(text, known):
        return (_last(text, known), f", {entry}") if known.entries else (known.start + 1, entry)
    first = next(iter(known.keys.values()))
    indent = text[text.rfind("\n", 0, first.start) + 1 : first.start]
    return max(_line_end(text, _last(text, known)), _lines_end(text, known)), f"{newline}{indent}{entry}"


def _is_flow(text: str, value: Value) -> bool:
    return text[value.start : value.start + 1] in ("{", "[")


def _last(text: str, mapping: MappingValue) -> int:
    """Where the last entry of a mapping ends, or its key, where an alias leads elsewhere."""
    name, value = list(mapping.entries.items())[-1]
    key = mapping.keys[name]
    return max(key.end, _end(text, value)) if value.start >= key.end else key.end


def _end(text: str, value: Value) -> int:
    """Where a value ends, without the empty lines and comments behind it."""
    if isinstance(value, Scalar) or _is_flow(text, value):
        return len(text[: value.end].rstrip())
    if isinstance(value, MappingValue) and value.entries:
        return _last(text, value)
    items = value.items if isinstance(value, Sequence) else []
    return _end(text, items[-1]) if items else value.end


def _lines_end(text: str, mapping: MappingValue) -> int:
    """Where the lines of a mapping's last entry end, which stand farther in than its key; aliases are among them."""
    key = list(mapping.keys.values())[-1]
    column = key.start - text.rfind("\n", 0, key.start)
    end = _line_end(text, key.end)
    place = end
    while (start := text.find("\n", place) + 1) > 0:
        place = _line_end(text, start)
        line = text[start:place]
        if line.strip():
            if len(line) - len(line.lstrip(" ")) < column:
                break
            end = place
    return end


def _line_end(text: str, place: int) -> int:
    """Where the line of a place ends."""
    end = text.find("\n", place)
    return len(text) if end < 0 else end - (text[end - 1] == "\r")
