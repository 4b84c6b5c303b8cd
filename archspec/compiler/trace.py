"""Where elaboration stands, so that an error in a block names the line in the block and the line that uses it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archspec.errors import Diagnostic, Findings, Note, cut
from archspec.language.definition import Definition, Step
from archspec.language.source import Value


class Failed(Exception):  # noqa: N818 - a signal, not an error
    """A value could not be had; the error has been reported."""


class Frame(NamedTuple):
    """A block that is being elaborated: the node that uses it, that node's path, and what it is."""

    user: Value
    path: str
    definition: Definition


class _Inside:
    """A block around what is elaborated; no generator, since many nodes enter one, which would take thrice as long."""

    __slots__ = ("frame", "frames")

    def __init__(self, frames: list[Frame], frame: Frame) -> None:
        self.frames = frames
        self.frame = frame

    def __enter__(self) -> None:
        self.frames.append(self.frame)

    def __exit__(self, *_: object) -> None:
        self.frames.pop()


class Around(NamedTuple):
    """What `Trace` has of the place of a graph: the node there that was changed, and what was changed above it."""

    changed: tuple[Step, str] | None
    above: list[Value]


_MOST_OF_EACH = 10
"""An error that comes up again is no further one, and its hint takes time all the same: so often on the average."""

_CODES_BELOW = ("shape-mismatch", "operand-count", "invalid-argument")
"""The errors of a node that may come of one above."""
_CODES_OF_VALUES = ("invalid-expression", "unknown-name")
"""The errors of an expression: a change of its node does not bring them about, and they are mended where it stands."""
_MOST_CHANGES = 3


@dataclass
class Trace:
    """Collects diagnostics.

    Attributes:
        found: The errors, each once.
        frames: The blocks around the present node, the outermost first.
        reported: The errors as often as they came up.
        changed: The nodes around the present place that ``override:`` changed, with their paths, by the number of
            blocks around them.
        above: Those before the present place in its graph that ``override:`` changed, or that hold one.
    """

    found: list[Diagnostic] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    reported: list[Diagnostic] = field(default_factory=list)
    changed: dict[int, tuple[Step, str]] = field(default_factory=dict)
    above: list[Value] = field(default_factory=list)
    _places: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.found, Findings):
            self.reported = Findings(_MOST_OF_EACH * self.found.most)

    def inside(self, frame: Frame) -> AbstractContextManager[None]:
        """Elaborate the inside of a block."""
        return _Inside(self.frames, frame)

    @contextmanager
    def making(self, step: Step, path: str) -> Iterator[None]:
        """Make a node that ``override:`` changed."""
        level = len(self.frames)
        before = self.changed.get(level)
        self.changed[level] = step, path
        try:
            yield
        finally:
            del self.changed[level]
            if before is not None:
                self.changed[level] = before

    def begin_graph(self) -> Around:
        """Begin a graph: what is wrong in a group that was changed is no error of the group itself."""
        around = Around(self.changed.pop(len(self.frames), None), self.above)
        self.above = [change.key for change in around.changed[0].changes] if around.changed else []
        return around

    def end_graph(self, around: Around) -> None:
        """End a graph; what was around it is so again."""
        self.above = around.above
        if around.changed is not None:
            self.changed[len(self.frames)] = around.changed

    def report(self, code: str, message: str, value: Value, *, same: Hashable = None, **details: Any) -> None:
        """An error at a value. The same error in a further copy of a repeat is not reported again.

        Args:
            code: The kind of error.
            message: What is wrong.
            value: Where.
            same: What is equal for errors of one mistake; a further one in a block is a note at the first.
            **details: Other attributes of the `Diagnostic`.
        """
        key = None if same is None else (code, self.frames[-1].definition if self.frames else None, same)
        self._add(self.diagnostic(code, message, value, **details), key)

    def report_outside(self, code: str, message: str, value: Value, **details: Any) -> None:
        """An error at a value of the node that uses the present block."""
        inner = self.frames[-1:]
        del self.frames[-1:]
        try:
            self.report(code, message, value, path=inner[0].path if inner else "", **details)
        finally:
            self.frames += inner

    def annotate(self, start: int, codes: Collection[str], note: Note) -> None:
        """Add a note to the errors of some kinds that were found from a number on."""
        for number in range(start, len(self.found)):
            if self.found[number].code in codes:
                self.found[number] = self.found[number]._replace(notes=(*self.found[number].notes, note))

    def take(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Errors found elsewhere, placed already."""
        for diagnostic in diagnostics:
            self._add(diagnostic)

    def _add(self, diagnostic: Diagnostic, same: Hashable = None) -> None:
        place = (diagnostic.code, diagnostic.message, diagnostic.span)
        told = self._places.get(place, self._places.get(same) if same else None)
        if told is None:
            told = len(self.found)
            self.found.append(diagnostic)
        else:
            self.found[told] = self.found[told].also_at(diagnostic.span)
        self._places[place] = told
        if same is not None:
            self._places[same] = told
        self.reported.append(diagnostic)

    def diagnostic(self, code: str, message: str, value: Value, **details: Any) -> Diagnostic:
        """An error at a value, with notes on the blocks around it.

        The place is in the innermost file that is the user's own: nobody mends a file of the library.
        """
        users = [(frame.user, f"used by `{frame.path}`") for frame in reversed(self.frames)]
        levels = range(len(users), -1, -1)
        told = zip(levels, [(value, ""), *users], strict=True)
        places = [place for level, each in told for place in self._changed_at(code, level, *each)]
        own = next((i for i, (place, _) in enumerate(places) if not place.source.bundled), 0)
        inner = [
            (place, f"in the block `{self.frames[-1 - i].definition.name}`")
            for i, (place, _) in enumerate(places[:own])
        ]
        at = places[own][0].span
        said = [*inner, *(each for each in places[own + 1 :] if each[0].span[:2] != at[:2])]  # not of its own line
        if code in _CODES_BELOW:
            above = [key for key in dict.fromkeys(self.above) if key is not places[own][0]]
            said += [(key, "changed here") for key in above[-_MOST_CHANGES:]]
        notes = tuple(Note(text, place.span) for place, text in said)
        return Diagnostic(code, cut(message), at, notes=notes, **details)

    def _changed_at(self, code: str, level: int, place: Value, text: str) -> Iterator[tuple[Value, str]]:
        """A place among so many blocks; for a node that was changed, the change and the node, that at fault first."""
        if level not in self.changed:
            yield place, text
            return
        step, path = self.changed[level]
        within = any(change.holds(place.span) for change in step.changes)
        if not within and code in _CODES_OF_VALUES and not place.source.bundled:
            yield place, text
            yield step.changes[-1].key, f"the node `{path}` is changed here"
            return
        yield (place if within else step.changes[-1].key), text
        yield (step.key if within else place), f"the node `{path}`"
