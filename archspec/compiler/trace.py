"""Where elaboration stands, so that an error in a block names the line in the block and the line that uses it."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from archspec.errors import Diagnostic, Findings, Note
from archspec.language.definition import Definition
from archspec.language.source import Value


class Failed(Exception):  # noqa: N818 - a signal, not an error
    """A value could not be had; the error has been reported."""


class Frame(NamedTuple):
    """A block that is being elaborated: the node that uses it, that node's path, and what it is."""

    user: Value
    path: str
    definition: Definition


_MOST_OF_EACH = 10
"""An error that comes up again is no further one, and its hint takes time all the same: so often on the average."""


@dataclass
class Trace:
    """Collects diagnostics.

    Attributes:
        found: The errors, each once.
        frames: The blocks around the present node, the outermost first.
        reported: The errors as often as they came up.
    """

    found: list[Diagnostic] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    reported: list[Diagnostic] = field(default_factory=list)
    _places: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.found, Findings):
            self.reported = Findings(_MOST_OF_EACH * self.found.most)

    @contextmanager
    def inside(self, frame: Frame) -> Iterator[None]:
        """Elaborate the inside of a block."""
        self.frames.append(frame)
        try:
            yield
        finally:
            self.frames.pop()

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
        places = [(value, ""), *users]
        own = next((i for i, (place, _) in enumerate(places) if not place.source.bundled), 0)
        inner = [
            (place, f"in the block `{self.frames[-1 - i].definition.name}`")
            for i, (place, _) in enumerate(places[:own])
        ]
        notes = tuple(Note(text, place.span) for place, text in [*inner, *places[own + 1 :]])
        return Diagnostic(code, message, places[own][0].span, notes=notes, **details)
