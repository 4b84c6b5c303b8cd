"""Views of tensors on the line that uses them, and the number of samples as a variable.

``x = x.permute(0, 2, 3, 1).reshape(n, -1)`` is a view and what is made of it: both are one tensor in memory, so that
none lives longer than on separate lines.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Collection, Sequence
from dataclasses import replace

from archspec.pytorch.emitter.calls import METHODS, read
from archspec.pytorch.emitter.code import WIDTH, Call, Listed, Part, flat
from archspec.pytorch.emitter.forward import Line, Looped
from archspec.pytorch.emitter.nesting import layer_of, read_by, with_name

_VIEWS = frozenset({"permute", "transpose", "unsqueeze"})
_METHODS = frozenset(target.removeprefix("torch.") for target in METHODS)
_INDENT = 8
_SAMPLES = "n"
Lines = list[Line | Looped]


def chained(lines: Lines, inputs: Sequence[str], returned: Collection[str], taken: Collection[str]) -> Lines:
    """The lines of a method, views where they are used; with a variable for the number of samples if that is shorter.

    Args:
        lines: A line for each call, or short branch.
        inputs: The variables that the caller hands in.
        returned: Those that are returned.
        taken: Names that no variable can have.
    """
    plain = _joined(lines, returned)
    asking = [place for place, line in enumerate(lines) if isinstance(line, Line) and _asks(line.value)]
    free = not any(_SAMPLES in {*inputs, *taken, *read_by(line), *_written(line)} for line in lines)
    if len(asking) < 2 or not inputs or not free:
        return plain
    counted = [_with_samples(line) if place in asking else line for place, line in enumerate(lines)]
    first = Line([_SAMPLES], read(f"{inputs[0]}.shape[0]"))
    named = [first, *_joined(counted, returned)]
    return named if _length(named) < _length(plain) else plain


def _length(lines: Lines) -> int:
    return sum(len(line.text(_INDENT)) for line in lines)


def _written(line: Line | Looped) -> Collection[str]:
    return line.targets if isinstance(line, Line) else (*line.targets_inside, line.layer)


def _is_samples(part: Part) -> bool:
    return isinstance(part, ast.Subscript) and re.fullmatch(r"\w+\.shape\[0\]", ast.unparse(part)) is not None


def _asks(part: Part) -> bool:
    """Whether a call asks for the number of samples."""
    if isinstance(part, Call):
        return any(_asks(value) for _, value in part.arguments)
    return any(map(_asks, part.items)) if isinstance(part, Listed) else _is_samples(part)


def _with_samples(line: Line | Looped) -> Line:
    assert isinstance(line, Line)
    return replace(line, value=_counted(line.value))


def _counted(part: Part) -> Part:
    if isinstance(part, Call):
        return replace(part, arguments=tuple((keyword, _counted(value)) for keyword, value in part.arguments))
    if isinstance(part, Listed):
        return replace(part, items=tuple(map(_counted, part.items)))
    return read(_SAMPLES) if _is_samples(part) else part


def _joined(lines: Lines, returned: Collection[str]) -> Lines:
    """The lines, each view in the next one where only that uses it, and has room for it."""
    lives = _Lives(lines, returned)
    found: Lines = []
    place = 0
    while place < len(lines):
        both = _both(lines, place, lives)
        found.append(both or lines[place])
        place += 2 if both else 1
    return found


def _both(lines: Lines, place: int, lives: _Lives) -> Line | None:
    """A line and the next one as one; None where they are not a view and its use, or another use may follow."""
    line, following = lines[place], lines[place + 1] if place + 1 < len(lines) else None
    if not isinstance(line, Line) or not isinstance(following, Line) or not _is_plain(line) or not _is_plain(following):
        return None
    (variable,), call, use = line.targets, line.value, following.value
    if not isinstance(call, Call) or not isinstance(use, Call) or not lives.end(place + 1, variable):
        return None
    views = _method(call) in _VIEWS, _method(use) in _VIEWS
    joined: Part | None = None
    if _method(call) and _method(use) and any(views) and use.target.partition(".")[0] == variable:
        # The number of samples is asked of what the view is of, since nothing is called as the view any more.
        owner = call.target.partition(".")[0]
        arguments = tuple((keyword, with_name(value, variable, owner)) for keyword, value in use.arguments)
        joined = Call(f"{flat(call)}.{_method(use)}", arguments)
    elif views[0] and layer_of(following) == variable:
        joined = replace(use, arguments=(("", call),))
    both = replace(following, value=joined) if joined is not None else None
    text = both.text(_INDENT) if both is not None else []
    return both if len(text) == 1 and len(text[0]) <= WIDTH else None


def _is_plain(line: Line) -> bool:
    return len(line.targets) == 1 and not (line.flag or line.times or line.accumulates or line.typed)


def _method(call: Call) -> str:
    """The method of a variable that is called; empty for another call."""
    owner, _, method = call.target.partition(".")
    return method if method in _METHODS and owner not in ("torch", "self") else ""


class _Lives:
    """The lines that read and write each variable, and so how long what it holds is needed."""

    def __init__(self, lines: Lines, returned: Collection[str]) -> None:
        self._lines = lines
        self._returned = returned
        self._events: dict[str, list[tuple[int, bool]]] = {}
        """By variable, the lines that read or write it, and whether what it held before is lost there unread."""
        for place, line in enumerate(lines):
            reads = read_by(line)
            for variable in {*reads, *_written(line)}:
                is_lost = variable not in reads and isinstance(line, Line)
                self._events.setdefault(variable, []).append((place, is_lost))

    def end(self, place: int, variable: str) -> bool:
        """Whether what a variable holds is needed by one line alone, but for its number of samples."""
        if _written(self._lines[place]) == [variable]:
            return True
        events = self._events.get(variable, [])
        later = bisect_right(events, place, key=lambda event: event[0])
        return events[later][1] if later < len(events) else variable not in self._returned
