"""From what is found by cause to edits with what follows from each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.comparison.edits import NOTHING, Edit, Follows, plus
from archspec.comparison.found import Found, Key, Slot


def edits_of(findings: Mapping[Slot, Found]) -> tuple[Edit, ...]:
    """The edits of two networks, in order.

    Args:
        findings: What differs; each cause is None or the key of an edit that is there.
    """
    by_cause: dict[Key, dict[Slot, Found]] = {}
    own: dict[Key, Found] = {}
    for slot, found in findings.items():
        if slot.cause is None and slot.key is not None:
            own[slot.key] = found
        elif isinstance(slot.cause, Key):
            by_cause.setdefault(slot.cause, {})[slot] = found
    return tuple([_edit(key, found, by_cause.get(key, {})) for key, found in own.items()])


def _edit(key: Key, found: Found, caused: Mapping[Slot, Found]) -> Edit:
    """An edit with what follows from it."""
    inside = caused.get(Slot(key, True, None))
    outside = caused.get(Slot(key, False, None))
    return Edit(
        kind=key.kind,
        what=key.what,
        differences=found.differences,
        places=tuple(found.places),
        count=found.count,
        before=plus(found.before, inside.before if inside else NOTHING),
        after=plus(found.after, inside.after if inside else NOTHING),
        shapes=found.shapes,
        inside=tuple(_following(caused, inside=True)),
        beyond=tuple(_following(caused, inside=False)),
        follows=Follows(tuple(outside.places), outside.count, outside.before, outside.after) if outside else None,
    )


def _following(caused: Mapping[Slot, Found], *, inside: bool) -> Iterator[Edit]:
    """What follows from an edit and is more than other shapes."""
    for slot, found in caused.items():
        if slot.key is not None and slot.inside == inside:
            yield _edit(slot.key, found, {})
