"""The tree of a text that may be no YAML: its lines, and what stands in brackets and quotes."""

from __future__ import annotations

import re

from archspec.language.limits import Limits
from archspec.language.tree import CLOSING, Entry, Value

PROPERTY = re.compile(r"[&!][^\s,\[\]{}]*[ \t]*")
KEY_LINE = re.compile(
    r"""(?:(?:"[^"\n]*"|'[^'\n]*'|[\w.$*-]+)[ \t]*|[^\s#"'{}\[\],&*!|>%@`:-][^#\n]*?):(?=[ \t\r\n]|\Z)|-[ \t\n]"""
)
_LONGEST_EXPRESSION = Limits().expression_chars
DEEPEST = 100
"""Nesting that is followed; what is in deeper brackets is one text."""


class FlowScanner:
    """Goes through a text from its start; ``at`` is where it is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self._bounded = (0, 0, -1)
        """The column, the place and the answer of the last question for a bound."""

    # Lines

    def _column(self, at: int) -> int:
        return at - (self.text.rfind("\n", 0, at) + 1)

    def _skip(self) -> int:
        """Go to the next line's first character that is no space, comments and marks of documents left out.

        Returns:
            Its column; -1 at the end of the text.
        """
        text, end = self.text, len(self.text)
        while self.at < end:
            character = text[self.at]
            if character in " \t\r\n":
                self.at += 1
            elif character == "#" or (self._column(self.at) == 0 and text.startswith(("---", "...", "%"), self.at)):
                self.at = self._line_end(self.at)
            else:
                return self._column(self.at)
        return -1

    def _line_end(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    def _skip_spaces(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1

    def _ends_line(self) -> bool:
        """Whether nothing but a comment follows in the line."""
        rest = self.text[self.at : self.at + 1]
        if rest in ("", "\n", "\r"):
            return True
        return rest == "#" and self.text[self.at - 1 : self.at] in ("", " ", "\t", "\n")

    def _is_dash(self) -> bool:
        return self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] in ("", " ", "\n", "\r")

    def _bound(self, column: int) -> int:
        """Where a text behind a key at a column ends at the latest: before the next line that is no deeper."""
        known, start, end = self._bounded
        if known == column and start <= self.at <= end:  # all lines between are deeper
            return end
        end = self._line_end(self.at)
        while end < len(self.text):
            line = self.text[end + 1 : self._line_end(end + 1)]
            if line.strip() and len(line) - len(line.lstrip(" \t")) <= column:
                break
            end = self._line_end(end + 1)
        self._bounded = (column, self.at, end)
        return end

    def _end_of_plain(self, start: int, stop: int) -> int:
        """Where a plain text in one line ends: before a comment, and without spaces."""
        comment = re.compile(r"[ \t]#").search(self.text, start, stop)
        return start + len(self.text[start : comment.start() if comment else stop].rstrip())

    def _quoted(self, bound: int) -> Value:
        """A text in quotes; one that nothing closes before an offset ends with its line."""
        start, quote = self.at, self.text[self.at]
        at = start + 1
        while at < bound:
            if quote == '"' and self.text[at] == "\\":
                at += 2
            elif self.text[at] != quote:
                at += 1
            elif quote == "'" and self.text[at + 1 : at + 2] == "'":
                at += 2
            else:
                break
        closed = at < bound
        end = at + 1 if closed else min(self._end_of_plain(start, self._line_end(start)), bound)
        self.at = end
        text = self.text[start + 1 : at if closed else end]
        text = text.replace("''", "'") if quote == "'" else re.sub(r'\\(["\\/])', r"\1", text)
        return Value("scalar", start, end, " ".join(text.split("\n")) if "\n" in text else text, quote)

    @staticmethod
    def _attach(entry: Entry, value: Value | None) -> None:
        entry.value = value
        if value is not None:
            value.owner = entry

    # Brackets

    def _flow(self, column: int) -> Value:
        """A mapping or list in brackets, in a line of a block at a column."""
        opening = self.text[self.at]
        value = Value("mapping" if opening == "{" else "sequence", self.at, self.at + 1, style=opening)
        self.at += 1
        self.depth += 1
        try:
            self._fill(value, column)
        finally:
            self.depth -= 1
        value.end = max(value.end, self.at, *(entry.end for entry in value.entries))
        return value

    def _fill(self, value: Value, column: int) -> None:
        while self._to_next(column):
            character = self.text[self.at]
            if character == ",":
                self.at += 1
            elif character in "]}":
                if character == CLOSING[value.style]:
                    self.at += 1
                return
            elif self.depth > DEEPEST:
                self.at = self._line_end(self.at)
            else:
                self._flow_entry(value, column)

    def _to_next(self, column: int) -> bool:
        """Go to the next sign inside of brackets; False where the text, or the block around, ends before."""
        begun = self.at
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "#" and self.text[self.at - 1 : self.at] in tuple(" \t\n,[{"):
                self.at = self._line_end(self.at)
            elif character not in " \t\r\n":
                break
            else:
                self.at += 1
        if self.at >= len(self.text) or self._is_next_line(begun, column):
            self.at = max(begun, len(self.text.rstrip())) if self.at >= len(self.text) else begun
            return False
        return True

    def _is_next_line(self, begun: int, column: int) -> bool:
        """Whether a line of the block around begins here, so that a bracket before it is not closed."""
        if "\n" not in self.text[begun : self.at] or self._column(self.at) > column:
            return False
        return KEY_LINE.match(self.text, self.at) is not None

    def _flow_entry(self, owner: Value, column: int) -> None:
        entry = Entry(owner, None, None, len(owner.entries), has_colon=False)
        begun = self.at
        first = self._flow_value(column)
        self._skip_spaces()
        if first is not None and first.kind == "scalar" and self._is_flow_colon(first):
            if owner.kind == "sequence":  # one pair in a list is a mapping
                inner = Value("mapping", first.start, first.end, style="{", owner=entry)
                entry.value = inner
                owner.entries.append(entry)
                owner, entry = inner, Entry(inner, None, None, 0)
            self.at += 1
            entry.key, entry.has_colon = first, True
            first.owner = entry
            if self._to_next(column) and self.text[self.at] not in ",]}":
                self._attach(entry, self._flow_value(column))
            owner.end = max(owner.end, entry.end)
        elif owner.kind == "mapping" and first is not None and first.kind == "scalar":
            entry.key = first
            first.owner = entry
        else:
            self._attach(entry, first)
        owner.entries.append(entry)
        if self.at == begun:  # a sign that begins nothing
            self.at += 1

    def _is_flow_colon(self, key: Value) -> bool:
        if self.text[self.at : self.at + 1] != ":":
            return False
        return key.style in ("'", '"') or self.text[self.at + 1 : self.at + 2] in (
            "",
            " ",
            "\t",
            "\n",
            "\r",
            ",",
            "]",
            "}",
            "{",
            "[",
        )

    def _flow_value(self, column: int) -> Value | None:
        while found := PROPERTY.match(self.text, self.at):
            self.at = found.end()
        character = self.text[self.at : self.at + 1]
        if character in ("{", "["):
            return self._flow(column)
        if character in ("'", '"'):
            return self._quoted(self._bound(column))
        return self._flow_plain(column)

    def _flow_plain(self, column: int) -> Value:
        start, at, end = self.at, self.at, self.at
        stop = self._bound(column)
        if self.text.startswith("$(", at):
            end = at = self._expression_end(at)
        while at < stop:
            character = self.text[at]
            if character in ",[]{}" or (character == ":" and self.text[at + 1 : at + 2] in ("", *" \t\r\n,[]{}")):
                break
            if character == "#" and self.text[at - 1] in " \t\n":
                break
            at += 1
            if character not in " \t\r\n":
                end = at
        style = "*" if self.text[start : start + 1] == "*" and end - start > 1 else ""
        self.at = end
        text = " ".join(self.text[start:end].split())
        return Value("scalar", start, end, text.removeprefix("*") if style else text, style)

    def _expression_end(self, start: int) -> int:
        """Where the parentheses of an expression close in its line; its start where they do not, or too far away."""
        depth, quote = 0, ""
        for at in range(start + 1, min(self._line_end(start), start + _LONGEST_EXPRESSION)):
            character = self.text[at]
            if quote:
                quote = "" if character == quote else quote
            elif character in "\"'":
                quote = character
            elif character in "()":
                depth += 1 if character == "(" else -1
                if depth == 0:
                    return at + 1
        return start
