"""What a comparison tells, line by line, for whatever prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from archspec.comparison.comparison import Comparison
from archspec.comparison.edits import NOTHING, Difference, Edit, Follows, Kind, minus, plus
from archspec.comparison.places import Place, patterns
from archspec.comparison.stating import written
from archspec.errors import shown
from archspec.network import Totals
from archspec.ops.tensor import show

MARKS: dict[Kind, str] = {"added": "+", "removed": "-", "changed": "~", "renamed": "=", "moved": ">"}
"""What stands before an edit."""

_MOST_INSIDE = 4
"""Lines on what follows from an edit."""
_FEW_EDITS = 5
"""Of more edits, those that do little beside others have no lines on what they do inside."""
_LITTLE = 0.1
"""The part of what the largest does that is little."""
_MOST_DIFFERENCES = 4
_MOST_NAMED = 3
_SIZES = ("channels", "out_channels", "out_features")
"""Arguments that say how the output is another one."""
_LONGEST = 40
"""Characters of a value."""


class Line(NamedTuple):
    """A line on an edit, or on what follows from one.

    Attributes:
        level: 0 for an edit, 1 for what follows from it.
        kind: Of what kind it is; None for nodes that only have tensors of other shapes.
        subject: The path, or a pattern and the number of places; empty for the network as a whole.
        text: What differs.
        change: By how much figures are more.
        shapes: Shapes of the output, before and after, where there is one and it changed.
    """

    level: int
    kind: Kind | None
    subject: str
    text: str
    change: Totals
    shapes: str = ""

    @property
    def mark(self) -> str:
        """One character for its kind."""
        return MARKS[self.kind] if self.kind else "·"


def lines(comparison: Comparison, *, all: bool = False) -> list[Line]:
    """The lines of a comparison: first the edits that change what the network computes, in its order.

    Args:
        comparison: The comparison.
        all: Whether to have a line on all that follows from each edit, and not only on the most of it.
    """
    edits = sorted(comparison.edits, key=lambda edit: not _has_effect(edit))
    large = edits if all or len(edits) <= _FEW_EDITS else _largest(edits)
    told = set(map(id, large))
    return [line for edit in edits for line in _of_edit(edit, all, id(edit) in told)]


def _largest(edits: Iterable[Edit]) -> list[Edit]:
    """The edits that do not do little beside others: to parameters and MACs, and where none does, to activations."""
    sizes = [(edit, _size(edit.change)) for edit in edits]
    if any(macs or params for _, (macs, params, _) in sizes):
        sizes = [(edit, (macs, params, 0)) for edit, (macs, params, _) in sizes]
    most = [max(column) for column in zip(*(size for _, size in sizes), strict=True)]
    return [edit for edit, size in sizes if any(its > _LITTLE * much for its, much in zip(size, most, strict=True))]


def _has_effect(edit: Edit) -> bool:
    """Whether it is an edit of a node or block, or something follows from it."""
    return edit.path != "" or bool(edit.inside or edit.beyond or edit.follows)


def _of_edit(edit: Edit, all: bool, told: bool) -> Iterator[Line]:
    yield _line(edit, 0)
    if all:
        yield from (_line(each, 1) for each in (*edit.inside, *edit.beyond))
    elif told:
        yield from _few(edit.inside)
        yield from _few(edit.beyond)
    if edit.follows:
        yield _following(edit.follows)


def _following(follows: Follows) -> Line:
    count = f"{follows.count:,} node{'s' * (follows.count > 1)}"
    named = [place.path for place in follows.places[:_MOST_NAMED]]
    more = [] if follows.count == len(named) else ["…"]
    return Line(1, None, "", f"other shapes in {count}: {', '.join([*named, *more])}", follows.change)


def _few(edits: Sequence[Edit]) -> Iterator[Line]:
    """Lines on what follows from an edit: a few, of more those alike together, and the largest of them."""
    found = [_line(edit, 1) for edit in edits]
    if len(found) > _MOST_INSIDE:
        found = list(_together(edits))
    if len(found) <= _MOST_INSIDE:
        yield from found
        return
    ranked = sorted(range(len(found)), key=lambda number: _size(found[number].change), reverse=True)
    kept = sorted(ranked[: _MOST_INSIDE - 1])
    yield from (found[number] for number in kept)
    rest = NOTHING
    for number in ranked[_MOST_INSIDE - 1 :]:
        rest = plus(rest, found[number].change)
    yield Line(1, None, "", f"and {len(found) - len(kept):,} more", rest)


def _size(change: Totals) -> tuple[int, int, int]:
    return abs(change.macs), abs(change.params), abs(change.activations)


def _together(edits: Iterable[Edit]) -> Iterator[Line]:
    """A line for edits that differ only in values."""
    alike: dict[tuple[Kind, str, tuple[str, ...]], list[Edit]] = {}
    for edit in edits:
        names = tuple([difference.name for difference in edit.differences])
        alike.setdefault((edit.kind, edit.what.split(" ")[0], names), []).append(edit)
    for (kind, what, names), same in alike.items():
        if len(same) == 1:
            yield _line(same[0], 1)
            continue
        change = NOTHING
        for edit in same:
            change = plus(change, edit.change)
        places = [place for edit in same for place in edit.places]
        text = f"other {', '.join(names)}" if names else what
        yield Line(1, kind, _subject(places, sum(edit.count for edit in same)), text, change)


def _line(edit: Edit, level: int) -> Line:
    sized = any(difference.name in _SIZES for difference in edit.differences)
    shapes = f"{show(edit.shapes[0])} → {show(edit.shapes[1])}" if edit.shapes and not sized else ""
    change = minus(edit.after, edit.before) if level else edit.change
    return Line(level, edit.kind, _of_places(edit), text_of(edit), change, shapes)


def _of_places(edit: Edit) -> str:
    if edit.kind != "renamed":
        return _subject(edit.places, edit.count)
    before, after = (_named([getattr(place, side) for place in edit.places]) for side in ("before", "after"))
    return f"{before} → {after}{_counted(edit.count)}"


def _subject(places: Sequence[Place], count: int) -> str:
    return _named([place.path for place in places]) + _counted(count)


def _named(paths: Sequence[str]) -> str:
    return ", ".join(patterns(paths))


def _counted(count: int) -> str:
    return f" ({count:,}×)" if count > 1 else ""


def text_of(edit: Edit) -> str:
    """What an edit is, in a few words, without where."""
    if edit.kind == "moved":
        (difference,) = edit.differences
        return f"moved, from after {_value(difference.before)} to after {_value(difference.after)}"
    if edit.kind == "renamed":
        return "renamed"
    if edit.kind != "changed":
        return edit.what
    of_whole = edit.path == ""
    told = _whole_text if of_whole and edit.what else _difference
    if of_whole and len(edit.differences) > _MOST_DIFFERENCES:
        texts = [_counts(edit.differences)]
    else:
        texts = [told(edit, difference) for difference in edit.differences[:_MOST_DIFFERENCES]]
        more = len(edit.differences) - len(texts)
        texts += [f"and {more} more"] if more else []
    about = f"{edit.what}: " if of_whole and edit.what and texts else ""
    return about + ", ".join(texts) or edit.what


def _whole_text(_: Edit, difference: Difference) -> str:
    """What differs of inputs, outputs and rules, by their names."""
    if difference.before is None:
        return f"{difference.name} is new"
    if difference.after is None:
        return f"{difference.name} is gone"
    return f"{difference.name} {_value(difference.before)} → {_value(difference.after)}"


def _counts(differences: Sequence[Difference]) -> str:
    new = sum(difference.before is None for difference in differences)
    gone = sum(difference.after is None for difference in differences)
    counts = {"new": new, "gone": gone, "other": len(differences) - new - gone}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def _difference(edit: Edit, difference: Difference) -> str:
    before, after = _value(difference.before), _value(difference.after)
    if difference.name == "copies":
        return f"{edit.what} ×{before} → ×{after}"
    if difference.name in ("op", "block"):
        return f"{before} → {after}"
    if difference.name == "from":
        return f"takes {after} in place of {before}"
    return f"{difference.name} {before} → {after}"


def _value(value: object) -> str:
    text = shown(written(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
