"""The tree of a text that may be no YAML: mappings and lists that are written in lines."""

from __future__ import annotations

import re

from archspec.language.flow_scanner import DEEPEST, KEY_LINE, PROPERTY, FlowScanner
from archspec.language.tree import CLOSING, Entry, Value

_END_OF_KEY = re.compile(r":(?=[ \t\r\n]|\Z)|[ \t]#|\r?\n|\Z")


def scan(text: str) -> Value:
    """The tree of a text. It is a mapping, an empty one where the text holds none."""
    return _Scanner(text).document()


class _Scanner(FlowScanner):
    def document(self) -> Value:
        value = self._block(-1)
        while value is not None and value.kind == "mapping" and (more := self._block(-1)) is not None:
            for entry in more.entries if more.kind == "mapping" else ():
                entry.owner, entry.number = value, len(value.entries)
                value.entries.append(entry)
            value.end = max(value.end, more.end)
        if value is not None and value.kind == "mapping":
            return value
        return Value("mapping", 0, 0, column=0)

    # Blocks

    def _block(self, around: int) -> Value | None:
        """The mapping, list or scalar of the lines that are indented deeper than what is around."""
        begun = self.at
        column = self._skip()
        if column <= around or self._is_deepest():
            self.at = begun
            return None
        if self._is_dash():
            return self._block_sequence(column)
        return self._block_mapping(column) if self._is_key() else self._content(around)

    def _is_deepest(self) -> bool:
        return self.depth > DEEPEST

    def _is_key(self) -> bool:
        """Whether a line of a mapping begins here: a key, or one word that may become one."""
        if KEY_LINE.match(self.text, self.at):
            return True
        line = self.text[self.at : self._line_end(self.at)].split(" #")[0].strip()
        return bool(line) and line[0] not in "{[\"'|>*&!" and not any(c in line for c in " \t,[]{}")

    def _block_mapping(self, column: int) -> Value:
        mapping = Value("mapping", self.at, self.at, column=column)
        self.depth += 1
        first = True
        while True:
            begun = self.at
            here = self._column(self.at) if first else self._skip()
            if here < column or (self._is_dash() and here == column and not first):
                self.at = begun
                break
            first = False
            entry = self._block_entry(mapping, here)
            mapping.end = max(mapping.end, entry.end)
        self.depth -= 1
        return mapping

    def _block_entry(self, mapping: Value, column: int) -> Entry:
        key, has_colon = self._block_key()
        entry = Entry(mapping, key, None, len(mapping.entries), has_colon)
        key.owner = entry
        mapping.entries.append(entry)
        if has_colon:
            self._attach(entry, self._content(column))
        return entry

    def _block_key(self) -> tuple[Value, bool]:
        """A key of a line, and whether a colon follows; without one, all that the line holds."""
        start = self.at
        if self.text[start] in "\"'":
            key = self._quoted(self._line_end(start))
            self._skip_spaces()
            if self.text[self.at : self.at + 1] == ":":
                self.at += 1
                return key, True
            self.at = self._line_end(self.at)
            return key, False
        found = _END_OF_KEY.search(self.text, start)
        assert found is not None
        end = self.at = start + len(self.text[start : found.start()].rstrip(" \t"))
        self._skip_spaces()
        has_colon = self.text[self.at : self.at + 1] == ":"
        self.at = self.at + 1 if has_colon else self._line_end(self.at)
        return Value("scalar", start, end, self.text[start:end]), has_colon

    def _block_sequence(self, column: int) -> Value:
        sequence = Value("sequence", self.at, self.at, column=column)
        self.depth += 1
        while True:
            begun = self.at
            if self._skip() != column or not self._is_dash():
                self.at = begun
                self.depth -= 1
                return sequence
            entry = Entry(sequence, None, None, len(sequence.entries))
            sequence.entries.append(entry)
            dash = self.at
            self.at += 1
            self._skip_spaces()
            inner = self._column(self.at)
            if self._ends_line():
                value = self._block(column)
            elif self._is_deepest():
                value = self._plain(column)
            elif self._is_dash():
                value = self._block_sequence(inner)
            elif KEY_LINE.match(self.text, self.at):
                value = self._block_mapping(inner)
            else:
                value = self._content(column)
            self._attach(entry, value)
            sequence.end = max(dash + 1, entry.end)

    def _content(self, column: int) -> Value | None:
        """What stands behind a colon or dash of a line at a column, in that line or below."""
        self._skip_spaces()
        while found := PROPERTY.match(self.text, self.at):
            self.at = found.end()
        if self._ends_line():
            return self._below(column)
        character = self.text[self.at]
        if character in CLOSING:
            return self._flow(column)
        if character in "|>":
            return self._block_scalar(column)
        if character in "\"'":
            value = self._quoted(self._bound(column))
            self.at = max(self.at, self._line_end(self.at)) if not self._ends_line() else self.at
            return value
        return self._plain(column)

    def _below(self, column: int) -> Value | None:
        begun = self.at
        here = self._skip()
        if here == column and self._is_dash() and not self._is_deepest():
            return self._block_sequence(column)
        self.at = begun
        return self._block(column)

    def _block_scalar(self, column: int) -> Value:
        start = self.at
        head = self._line_end(start)
        end = max(head, self._bound(column))
        text = self.text[head + 1 : end]
        self.at = end
        stop = min(end + 1, len(self.text)) if text.strip() else end
        return Value("scalar", start, stop, " ".join(text.split()), self.text[start])

    def _plain(self, column: int) -> Value:
        """A text without quotes, and the deeper lines in which it goes on."""
        start = self.at
        end = self._end_of_plain(start, self._line_end(start))
        commented = "#" in self.text[end : self._line_end(end)]
        self.at = self._line_end(end)
        style = "*" if self.text[start] == "*" else ""
        while not commented:
            line = self.at + 1
            after = self._line_end(line)
            content = self.text[line:after].strip()
            if line >= len(self.text) or not content or content.startswith("#"):
                break
            if self._column_of(line) <= column or KEY_LINE.match(self.text, line + self._column_of(line)):
                break
            end = self._end_of_plain(line + self._column_of(line), after)
            commented = "#" in self.text[end:after]
            self.at = after
        text = " ".join(self.text[start:end].split())
        return Value("scalar", start, end, text.removeprefix("*") if style else text, style)

    def _column_of(self, line: int) -> int:
        """The column of the first character of the line that begins at an offset."""
        at = line
        while self.text[at : at + 1] in (" ", "\t"):
            at += 1
        return at - line
