"""Volumes that say less, for a narrow picture: not what a legend can say of all, nor sizes that have not changed.

So figures of papers have them: channels below each volume, its size where maps become smaller or larger, and a sample
of each colour with what most volumes of it are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from archspec.drawing.content.gathering import OUTPUT, packed
from archspec.drawing.content.labels import FAMILIES, times
from archspec.drawing.content.volume import MOST_COPIES, Op, Volume, Volumes
from archspec.ops.tensor import Shape

_WRAP = 40.0
"""Labels are broken at this width."""
_POWERS = {2: "²", 3: "³"}
_TOLD = ("solid", "sheet", "bar")


def terse(shown: Volumes, *, by_family: bool) -> Volumes:
    """The volumes with short labels.

    Args:
        shown: The volumes.
        by_family: Whether their colours are those of families, of which a legend says what most are.
    """
    usual = dict(_usual(shown)) if by_family else {}
    before = _places_before(shown)
    volumes = [_short(volume, before.get(volume.id, ()), usual) for volume in shown.volumes]
    inputs = [volume for volume in shown.volumes if volume.family == "input"]
    if len(inputs) > 1:
        names = {volume.id: volume.lines[1:] for volume in inputs if volume.form in _TOLD}
        volumes = [volume._replace(lines=(*volume.lines, *names.get(volume.id, ()))) for volume in volumes]
    return replace(shown, volumes=tuple(volumes), told=tuple(_told(shown, usual)))


def _places_before(shown: Volumes) -> dict[str, Shape]:
    """The size of the maps that each is made from, those of what a sum is made from too; not by way of shortcuts."""
    sources: dict[str, str] = {}
    for flow in sorted(shown.flows, key=lambda flow: flow.role == "skip"):
        sources.setdefault(flow.target, flow.source)
    found: dict[str, Shape] = {}
    passed: dict[str, Shape] = {}
    for volume in shown.volumes:
        found[volume.id] = passed.get(sources.get(volume.id, ""), ())
        passed[volume.id] = found[volume.id] if volume.form == "join" else volume.places
    return found


def _family(volume: Volume) -> str:
    """The family that a volume's op gives a colour: of a concatenation with what was enlarged for it, that of this."""
    return next((slab.family for slab in volume.slabs if slab.id), volume.family)


def _ops(shown: Volumes) -> Mapping[str, Counter[Op]]:
    """How many volumes of each family are what."""
    found: dict[str, Counter[Op]] = {}
    for volume in shown.volumes:
        if volume.op.title and volume.form in _TOLD:
            found.setdefault(_family(volume), Counter())[volume.op] += 1
    return found


def _usual(shown: Volumes) -> Iterator[tuple[str, Op]]:
    """What more than half of each family are, else what all are called."""
    for family, ops in _ops(shown).items():
        (most, count), *_ = ops.most_common(1)
        if 2 * count > ops.total():
            yield family, most
        elif len({op.title for op in ops}) == 1:
            yield family, Op(most.title)


def _told(shown: Volumes, usual: Mapping[str, Op]) -> Iterator[tuple[str, str]]:
    """What a legend says of each family."""
    stacks = any(volume.slabs for volume in shown.volumes)
    for family, ops in _ops(shown).items():
        op = usual.get(family)
        if op:
            yield family, f"{op.text} unless stated" if len(ops) > 1 and op in ops else op.text
    if usual and stacks and "merge" not in usual:
        yield "merge", FAMILIES["merge"].partition(", ")[2]


def _short(volume: Volume, before: Shape, usual: Mapping[str, Op]) -> Volume:
    """A volume with a short label, where the maps before have a size; joins and cards are short already."""
    if volume.form not in _TOLD:
        return volume
    outputs = [line.removeprefix(OUTPUT) for line in volume.lines if line.startswith(OUTPUT)]
    copies = (f"×{volume.copies}",) if volume.copies > MOST_COPIES else ()
    words = [*_words(volume, usual), *copies, *volume.extra]
    lines = (str(volume.channels), *_size(volume, before), *(packed(words, _WRAP) if words else ()), *outputs)
    return volume._replace(lines=lines)


def _words(volume: Volume, usual: Mapping[str, Op]) -> list[str]:
    """What a volume is, as far as the legend does not say it."""
    op, told = volume.op, usual.get(_family(volume))
    if told == op:
        return []
    is_told = told and told.title == op.title and op.arguments
    *arguments, last = op.arguments.split(", ")
    return [*(() if is_told else op.title.split()), *(f"{text}," for text in arguments), *filter(None, [last])]


def _size(volume: Volume, before: Shape) -> Iterator[str]:
    """The size of maps, where that of those before is another."""
    places = volume.places
    if places and before != places:
        is_cube = len(places) in _POWERS and len(set(places)) == 1
        yield f"{places[0]}{_POWERS[len(places)]}" if is_cube else times(places)
