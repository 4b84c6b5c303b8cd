"""Protocol buffers as text: `name: value`, `name { … }`, as Caffe's `.prototxt` has them.

Source: https://protobuf.dev/reference/protobuf/textformat-spec, without extensions and `Any`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from archspec.errors import Span, SpecError
from archspec.importers.draft import LIMITS, Given
from archspec.language.source import Source

_TOKEN = re.compile(
    r"""[\s]+ | \#[^\n]* | (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
    | (?P<word>[-+]?[A-Za-z0-9_.]+(?:(?<=[eE])[-+]\d+)?) | (?P<sign>[{}<>\[\]:,;])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:[0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)")
_CLOSING = {"{": "}", "<": ">"}


class Token(NamedTuple):
    """A word, a text or a sign, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


class Value(NamedTuple):
    """A text, a word or number, or a message, and where it stands."""

    text: str
    message: Message | None
    span: Span


class Message(NamedTuple):
    """The fields of a message, each with all values that it is given, in order."""

    fields: dict[str, list[Value]]
    span: Span


def parsed(given: Given) -> Message:
    """The message that a file holds.

    Raises:
        SpecError: It is no text of that kind.
    """
    source = given.source()
    return _Parser(given, source).whole()


class _Parser:
    def __init__(self, given: Given, source: Source) -> None:
        self.given = given
        self.source = source
        self.tokens = self._tokens()
        self.token = next(self.tokens)
        self.values = 0

    def _tokens(self) -> Iterator[Token]:
        at, text = 0, self.source.text
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.error("this is no name, value or bracket", at, at + 1)
            if match.lastgroup:
                yield Token(match.lastgroup, match[0], at, match.end())
            at = match.end()
        yield Token("end", "", at, at)

    def error(self, message: str, start: int, end: int) -> SpecError:
        return self.given.faults.error(message, self.source.span(start, end))

    def wrong(self, expected: str) -> SpecError:
        found = f"`{self.token.text}`" if self.token.text else "the end of the file"
        return self.error(f"expected {expected}, found {found}", self.token.start, self.token.end)

    def take(self) -> Token:
        token, self.token = self.token, next(self.tokens, self.token)
        return token

    def accept(self, *signs: str) -> str:
        if self.token.kind == "sign" and self.token.text in signs:
            return self.take().text
        return ""

    def whole(self) -> Message:
        return self.message("", 0, self.source.span(0, 0))

    def message(self, closing: str, depth: int, span: Span) -> Message:
        """The fields up to a closing bracket, or the end of the file."""
        if depth > LIMITS.depth:
            raise self.error(f"messages nest deeper than {LIMITS.depth}", self.token.start, self.token.end)
        fields: dict[str, list[Value]] = {}
        while True:
            while self.accept(",", ";"):
                pass
            if self.token.kind == "end" and not closing:
                return Message(fields, span)
            if closing and self.accept(closing):
                return Message(fields, span)
            if self.token.kind != "word":
                raise self.wrong(f"a field or `{closing}`" if closing else "a field")
            name = self.take()
            colon = self.accept(":")
            if self.accept("["):
                if values := self.listed(depth):
                    fields.setdefault(name.text, []).extend(values)
            elif colon or self.token.text in _CLOSING:
                fields.setdefault(name.text, []).append(self.value(name, depth))
            else:
                raise self.wrong("`:` or `{`")

    def listed(self, depth: int) -> list[Value]:
        values: list[Value] = []
        while not self.accept("]"):
            values.append(self.value(self.token, depth))
            if not self.accept(",") and self.token.text != "]":
                raise self.wrong("`,` or `]`")
        return values

    def value(self, name: Token, depth: int) -> Value:
        self.values += 1
        if self.values > LIMITS.values:
            raise self.error(f"it has more than {LIMITS.values:,} values", name.start, name.end)
        span = self.source.span(name.start, name.end)
        if opening := self.accept(*_CLOSING):
            return Value("", self.message(_CLOSING[opening], depth + 1, span), span)
        if self.token.kind == "word":
            token = self.take()
            return Value(token.text, None, self.source.span(name.start, token.end))
        if self.token.kind != "text":
            raise self.wrong("a value")
        text, end = "", name.end
        while self.token.kind == "text":
            token = self.take()
            text, end = text + _ESCAPE.sub(_unescaped, token.text[1:-1]), token.end
        return Value(text, None, self.source.span(name.start, end))


def _unescaped(match: re.Match[str]) -> str:
    body = match[0][1:]
    if body[0] in "01234567":
        return chr(int(body, 8) & 0xFF)
    if body[0] == "x" and len(body) > 1:
        return chr(int(body[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(body, body)
