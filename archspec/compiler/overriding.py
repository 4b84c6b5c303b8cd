"""Nodes as ``override:`` changes them."""

from __future__ import annotations

from archspec.compiler.trace import Trace
from archspec.errors import Diagnostic, Note
from archspec.language.checking import Checker
from archspec.language.definition import Change, Step
from archspec.language.graphs import GraphReader
from archspec.language.merge import merged_node
from archspec.language.source import Mapping, Scalar

_OF_REPEATS = frozenset({"repeat", "first", "last"})
_OF_TABLES = frozenset({"each", "as", "when"})

Ends = tuple[bool, bool]
"""Whether a copy of a repeat is the first one, and the last one."""


class Overriding:
    """Changes nodes, each once in the same way."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._known: dict[tuple[int, tuple[Change, ...], Ends | None], tuple[Step, Step]] = {}

    def changed(self, step: Step, changes: tuple[Change, ...], path: str, ends: Ends | None = None) -> Step:
        """A node with some changes, or a copy of one that repeats; one with an error where they are wrong.

        Args:
            step: The node.
            changes: The changes.
            path: Its path.
            ends: Of a copy, which it is. Its condition is one that the changes state.
        """
        if step.reused is not None:
            target = self.changed(step.reused.step, changes, path, ends)
            again = step.again(step.reused._replace(step=target), step.repeat)
            return again if ends is None else again._replace(when=target.when)
        key = id(step), changes, ends
        if key not in self._known:
            # The node itself is kept too, so that its id stays its own.
            self._known[key] = step, self._made(step, changes, path, ends)
        return self._known[key][1]

    def _made(self, step: Step, changes: tuple[Change, ...], path: str, ends: Ends | None) -> Step:
        found: list[Diagnostic] = []
        made = None
        if step.value is not None:
            value = step.value if ends is None else _copy(step, ends)
            for change in changes:
                value = merged_node(value, change.value, found)
            for key in _repeats(changes) if ends is not None and not _is_repeated_row(step) else ():
                message, help = "a copy of a repeat has no `repeat`", f"the repeat is `{path.rpartition('.')[0]}`"
                found.append(Diagnostic("unknown-key", message, key.span, path=path, help=help))
            made = None if found else GraphReader(Checker(found)).changed(step, value, path)
        if made is None:
            made = Step(step.name, step.key, resolved=step.operands or step.resolved)
        elif ends is not None and not _is_repeated_row(step):
            made = made._replace(repeat=step.repeat)
        made = made._replace(changes=step.changes + changes)
        self.trace.take(_placed(each, made, path) for each in found)
        return made


def _repeats(changes: tuple[Change, ...]) -> list[Scalar]:
    """Where changes say how often there is a copy."""
    return [change.value.keys["repeat"] for change in changes if "repeat" in change.value.entries]


def _is_repeated_row(step: Step) -> bool:
    """Whether it is a row of a table that is a repeat of its own."""
    return step.value is not None and step.each is None and {"each", "repeat"} <= step.value.entries.keys()


def _copy(step: Step, ends: Ends) -> Mapping:
    """What a copy of a repeat, or a row of a table, says by itself; a row can be a repeat of its own."""
    assert step.value is not None
    others = _OF_TABLES if _is_repeated_row(step) else _OF_TABLES | _OF_REPEATS
    if "each" in step.value.entries and step.when is not None:
        others -= {"when"}  # a condition of the row
    entries = {name: entry for name, entry in step.value.entries.items() if name not in others}
    keys = {name: step.value.keys[name] for name in entries}
    for own in (each for each, is_there in zip((step.first, step.last), ends, strict=True) if is_there):
        keys |= {name: entry.key for name, entry in own.items()}
        entries |= {name: entry.value for name, entry in own.items()}
    return Mapping(step.value.source, step.value.start, step.value.end, keys, entries)


def _placed(diagnostic: Diagnostic, step: Step, path: str) -> Diagnostic:
    """An error of what a changed node says, at the change."""
    within = any(change.holds(diagnostic.span) for change in step.changes)
    note = Note(f"the node `{path}`", step.key.span if within else diagnostic.span)
    span = diagnostic.span if within else step.changes[-1].key.span
    return diagnostic._replace(span=span, path=path, notes=(note, *diagnostic.notes))
