"""From the text of a spec to the same spec in its canonical layout."""

from __future__ import annotations

from codecs import BOM_UTF8

from archspec.errors import SpecError
from archspec.formatting.blocks import Layout
from archspec.formatting.lines import joined
from archspec.formatting.parts import parts
from archspec.language.composer import no_mapping, parse
from archspec.language.limits import Limits
from archspec.language.source import Mapping, Source, decode

_LIMITS = Limits()


def formatted(text: str, /) -> str:
    r"""A spec in its canonical layout. White space alone changes: order, comments, anchors and quotes stay.

    Two spaces indent, one stands behind a comma or colon, two or more before a comment; of empty lines one stays. What
    is broken into lines stays so where these fit into 120 columns, what is aligned stays aligned. The ends of lines are
    those of the first line.

    Args:
        text: A spec, which need not be right: any YAML of one mapping.

    Raises:
        SpecError: It is no text, no YAML, or goes beyond a limit.

    >>> formatted("inputs: { x: [3,8,8] }")
    'inputs: {x: [3, 8, 8]}\n'
    """
    return formatted_bytes(text.encode("utf-8", "surrogatepass"), "<text>").decode()


def formatted_bytes(data: bytes, name: str) -> bytes:
    """What a file holds in its canonical layout; see `formatted`. A mark of the order of bytes at its start stays."""
    text = decode(data, name, _LIMITS)
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    source = Source(name, plain)
    try:
        value = parse(source, _LIMITS, [])
        if not isinstance(value, Mapping):
            raise SpecError([no_mapping(value)])
    except SpecError as error:
        raise SpecError(error.diagnostics, {name: plain}) from None
    result = joined(Layout(parts(plain)).lines())
    return BOM_UTF8 * data.startswith(BOM_UTF8) + result.replace("\n", _line_end(text)).encode()


def _line_end(text: str) -> str:
    """The end of the first line."""
    first = text.partition("\n")[0]
    if first.endswith("\r") and first != text:
        return "\r\n"
    return "\r" if "\r" in first else "\n"
