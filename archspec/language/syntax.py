"""What is wrong with a text that is no YAML: in words, and at the place to change."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import yaml

from archspec.errors import Help

_WORD = r"[\w.$-]+"
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST_EXPRESSION = 1_000
_CLOSING = {"{": "}", "[": "]"}


class Fault(NamedTuple):
    """A mistake, between two character offsets of the text.

    Attributes:
        message: What is wrong.
        start: Where it begins.
        end: Where it ends.
        help: How to mend it.
        edits: What does that, where it is not at the place itself: a text for what is between two offsets, each.
    """

    message: str
    start: int
    end: int
    help: str = ""
    edits: tuple[tuple[int, int, str], ...] = ()


def _is_block(text: str, at: int) -> bool:
    """Whether what stands at an offset ends with its line: no bracket is open before it there."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return not re.search(r"[{\[]", line)


def _quotes(text: str, start: int) -> tuple[tuple[int, int, str], ...]:
    """Quotes around the text that begins at an offset; none where it holds some."""
    end = r"[ \t]#|\n" if _is_block(text, start) else r"[,}\]\n]"
    written = re.split(end, text[start:])[0].rstrip()
    quote = "'" if '"' in written else '"'
    stop = start + len(written)
    return () if quote in written else ((start, start, quote), (stop, stop, quote))


def _indented(text: str, start: int) -> tuple[tuple[int, int, str], ...]:
    """The indentation of the line above for the line that begins at an offset."""
    above = [line for line in text[:start].split("\n") if line.strip() and not line.lstrip().startswith("#")]
    if not above:
        return ()
    wanted = above[-1][: len(above[-1]) - len(above[-1].lstrip(" "))]
    return ((start, start + _indentation(text, start), wanted),)


class _Stop(NamedTuple):
    """Where the parser stopped, and where the value begins that it was reading."""

    text: str
    at: int
    begun: int

    def line_before(self) -> str:
        return self.text[self.text.rfind("\n", 0, self.at) + 1 : self.at]


def fault(text: str, error: yaml.YAMLError) -> Fault:
    """The mistake behind an error of the YAML parser."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _control_character(text)
    problem = str(error.problem or error.context or "this is no YAML")
    at = _offset(text, error.problem_mark or error.context_mark)
    stop = _Stop(text, at, _offset(text, error.context_mark or error.problem_mark))
    explain = next((rule for part, rule in _RULES if part in problem), None)
    return explain(stop) if explain else Fault(problem, at, at + 1)


def _offset(text: str, mark: Any) -> int:
    return min(mark.index, len(text)) if mark else 0


def _control_character(text: str) -> Fault:
    match = _NOT_ALLOWED.search(text)
    at = match.start() if match else 0
    code = f"U+{ord(text[at]):04X}" if match else "which is not known"
    help = Help.instead("remove it", "")
    return Fault(f"the control character {code} cannot stand in a text", at, at + 1, help)


def _indentation(text: str, at: int) -> int:
    """The indentation of a line."""
    line = text[text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0]
    return len(line) - len(line.lstrip(" "))


def _cut_expression(stop: _Stop) -> Fault | None:
    """``$(sizes[0])`` inside of ``{}``, ``${width}``, or ``$(a ? b : c)``: an expression that YAML reads as its own."""
    line, start = stop.line_before(), stop.text.rfind("$", 0, stop.at)
    rest = stop.text[start:].split("\n", 1)[0]
    if start < stop.at - len(line) or rest[1:2] not in ("(", "{"):
        return None
    end = _closing(rest)
    if not stop.at - start <= end:
        return None
    text = rest[:end]
    if text.startswith("${"):
        inner = text[2:-1].strip()
        meant = f"${inner}" if inner.isidentifier() else f"$({text[2:-1]})"
        help = Help.instead(f"write `{meant}`", meant)
        return Fault(f"`{text}` is neither `$name` nor `$(...)`", start, start + end, help)
    if choice := re.fullmatch(r"\$\((.*?)\?(.*):(.*)\)", text):
        condition, then, other = (part.strip() for part in choice.groups())
        meant = f"$({then} if {condition} else {other})"
        help = Help.instead(f"write `{meant}`", meant)
        return Fault("`?` and `:` are no operators of the language", start, start + end, help)
    quote = "'" if '"' in text else '"'
    help = Help.instead(f"write it in quotes: {quote}{text}{quote}", f"{quote}{text}{quote}")
    return Fault(f"YAML takes the signs inside of `{text}` for its own", start, start + end, help)


def _closing(text: str) -> int:
    """The end of what is in the parentheses or braces that a text begins with; 0 where they are not closed."""
    depth = 0
    for i, character in enumerate(text[:_LONGEST_EXPRESSION]):
        depth += (character in "({") - (character in ")}")
        if depth == 0 and character in ")}":
            return i + 1
    return 0


def _unclosed(stop: _Stop) -> Fault:
    """``{a: 1 b: 2}``, or a bracket that nothing closes."""
    if cut := _cut_expression(stop):
        return cut
    text, at, begun = stop.text, stop.at, stop.begun
    if quote := re.search(r"(?<![\w'\"])(['\"])[^'\"\n]*\n", text[begun:at]):
        return _unclosed_quote(_Stop(text, at, begun + quote.start()))
    opening = text[begun : begun + 1]
    closing = _CLOSING.get(opening, "]")
    start = at
    if text[at : at + 1] == ":":  # the parser stops behind the key
        start = at - len(re.split(r"[^\w.$-]", text[max(begun + 1, at - 100) : at])[-1])
    found = re.match(rf"{_WORD}|\S", text[start:])
    if "\n" not in text[begun:start] or _indentation(text, start) > _indentation(text, begun):
        end = start + len(found[0]) if found else start + 1
        return Fault(f"a comma or `{closing}` is missing before this", start, end, "", ((start, start, ", "),))
    line = text.count("\n", 0, start) + 1
    help = f"put a comma or `{closing}` before `{found[0]}` in line {line}" if found else f"put `{closing}` at its end"
    close = begun + len(re.split(r"[ \t]#|\n", text[begun:])[0].rstrip())
    return Fault(f"this `{opening}` is not closed", begun, begun + 1, help, ((close, close, closing),))


def _no_colon(stop: _Stop) -> Fault:
    """``relu:relu``, or a word that stands alone."""
    text, begun = stop.text, stop.begun
    line = text[begun:].split("\n", 1)[0].rstrip()
    name, colon, rest = line.partition(":")
    if colon:
        help = Help.instead(f"write `{name}: {rest}`", f"{name}: ")
        return Fault("a space is missing after this colon", begun, begun + len(name) + 1, help)
    help = Help.instead(f"write `name: {line}`", f"{line}: {line}")
    return Fault("a key and its colon are missing here", begun, begun + len(line), help)


def _unclosed_quote(stop: _Stop) -> Fault:
    text, begun = stop.text, stop.begun
    quote = text[begun : begun + 1]
    end = begun + len(re.split(r"\n" if _is_block(text, begun) else r"[,}\]\n]", text[begun:])[0].rstrip())
    return Fault("this quote is not closed", begun, begun + 1, f"end the text with {quote}", ((end, end, quote),))


def _cannot_begin(stop: _Stop) -> Fault:
    if cut := _cut_expression(stop):
        return cut
    text, at = stop.text, stop.at
    character = text[at : at + 1]
    if character == "\t":
        return Fault("YAML takes no tabs for indentation", at, at + 1, Help.instead("use spaces", "  "))
    return Fault(f"a text cannot begin with `{character}`", at, at + 1, "put the text in quotes", _quotes(text, at))


def _nameless(stop: _Stop) -> Fault:
    """A ``*`` or ``&`` without a name: ``*.conv`` without quotes, or ``$(sizes[0] * 2)`` inside of ``{}``."""
    if cut := _cut_expression(stop):
        return cut
    at = stop.begun
    message = f"YAML takes `{stop.text[at : at + 1]}` for the mark of a name"
    return Fault(message, at, at + 1, "put the text in quotes", _quotes(stop.text, at))


def _colon_in_text(stop: _Stop) -> Fault:
    """``doc: a net: small``, ``pool:{op: max_pool}``, or a line that is indented too far."""
    if cut := _cut_expression(stop):
        return cut
    text, line, at = stop.text, stop.line_before(), stop.at
    start = at - len(line)
    if alone := re.fullmatch(rf"\s*(?:- )?({_WORD})", line):
        help = "give it the indentation of the keys beside it, and end the line above with a colon if it is a key"
        return Fault("this key is indented too far", start + alone.start(1), at, help, _indented(text, start))
    if tight := re.match(rf"\s*({_WORD}):(?=\S)", line):
        help = Help.instead(f"write `{tight[1]}: ...`", f"{tight[1]}: ")
        return Fault("a space is missing after this colon", start + tight.start(1), start + tight.end(), help)
    begun = start + len(line.partition(": ")[0]) + 2
    quotes = _quotes(text, begun + len(text[begun:at]) - len(text[begun:at].lstrip())) if ": " in line else ()
    return Fault("this text holds `: `, which YAML takes for a key", at, at + 1, "put the text in quotes", quotes)


def _misplaced(stop: _Stop) -> Fault:
    text, at = stop.text, stop.at
    word = re.match(_WORD, text[at:])
    end = at + (len(word[0]) if word else 1)
    if stop.line_before().strip():
        return Fault("YAML expects the next key here", at, end, "is a quote or a comma out of place?")
    start = text.rfind("\n", 0, at) + 1
    help, edits = "give it that of the keys beside it", _indented(text, start)
    return Fault("the indentation of this line fits no line above", at, end, help, edits)


_RULES: tuple[tuple[str, Callable[[_Stop], Fault]], ...] = (
    ("expected ',' or", _unclosed),
    ("could not find expected ':'", _no_colon),
    ("found unexpected end of stream", _unclosed_quote),
    ("cannot start any token", _cannot_begin),
    ("expected alphabetic or numeric character", _nameless),
    ("mapping values are not allowed", _colon_in_text),
    ("expected key", _misplaced),
    ("<block end>", _misplaced),
    ("<document start>", _misplaced),
)
"""Parts of the messages of PyYAML, with libyaml and without."""
