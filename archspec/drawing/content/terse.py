"""Volumes that say less, for a narrow picture: not what a legend can say of all, nor sizes that have not changed.

So figures of papers have them: channels below each volume, its size where maps become smaller or larger, and a sample
of each colour with what most volumes of it are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from archspec.drawing.content.gathering import OUTPUT, packed
from archspec.drawing.content.labels import FAMILIES, times
from archspec.drawing.content.texts import FROZEN
from archspec.drawing.content.volume import MOST_COPIES, Op, Volume, Volumes
from archspec.ops.tensor import Shape

_WRAP = 40.0
"""Labels are broken at this width."""
_POWERS = {3: "³", 2: "²"}
_NEARLY = 0.8
"""Maps of one size at least so large as those of another are of nearly one size."""
_TOLD = ("solid", "sheet", "bar")


def terse(shown: Volumes, *, by_family: bool) -> Volumes:
    """The volumes with short labels.

    Args:
        shown: The volumes.
        by_family: Whether their colours are those of families, of which a legend says what most are.
    """
    shown = _merged(shown)
    usual = dict(_usual(shown)) if by_family else {}
    before, frozen = _places_before(shown), _frozen(shown).intersection(usual)
    volumes = [_short(volume, before.get(volume.id, ()), usual, frozen) for volume in shown.volumes]
    inputs = [volume for volume in shown.volumes if volume.family == "input"]
    if len(inputs) > 1:
        names = {volume.id: volume.lines[1:] for volume in inputs if volume.form in _TOLD}
        volumes = [volume._replace(lines=(*volume.lines, *names.get(volume.id, ()))) for volume in volumes]
    return replace(shown, volumes=tuple(volumes), told=tuple(_told(shown, usual, frozen)))


def _merged(shown: Volumes) -> Volumes:
    """Volumes behind each other that one op gives, on maps of nearly one size, as one: convolutions without padding."""
    taken = Counter(flow.source for flow in shown.flows) + Counter(end.source for end in shown.ends)
    sources: dict[str, list[str]] = {}
    for flow in shown.flows:
        sources.setdefault(flow.target, []).append(flow.source)
    kept: dict[str, Volume] = {}
    held: dict[str, str] = {}
    for volume in shown.volumes:
        before = sources.get(volume.id, [])
        first = held[before[0]] if len(before) == 1 and taken[before[0]] == 1 else ""
        held[volume.id] = first if first and _goes_on(kept[first], volume) else volume.id
        one = kept.get(held[volume.id])
        kept[held[volume.id]] = volume._replace(id=one.id, copies=one.copies + volume.copies) if one else volume
    flows = (flow._replace(source=held[flow.source]) for flow in shown.flows if held[flow.target] == flow.target)
    ends = (end._replace(source=held[end.source]) for end in shown.ends)
    return replace(shown, volumes=tuple(kept.values()), flows=tuple(flows), ends=tuple(ends))


def _goes_on(one: Volume, other: Volume) -> bool:
    """Whether a volume is as the one before, but for what is nearly the size of its maps."""
    if _kind(one) != _kind(other) or not one.op.title or one.slabs or other.slabs:
        return False
    return all(_NEARLY * before <= after <= before for before, after in zip(one.places, other.places, strict=True))


def _kind(volume: Volume) -> tuple[object, ...]:
    return volume.form, volume.family, volume.op, volume.channels, volume.extra, len(volume.places)


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
    """What half of each family are, else what all are called."""
    for family, ops in _ops(shown).items():
        (most, count), *_ = ops.most_common(1)
        if 2 * count >= ops.total() and (count > 1 or len(ops) == 1):
            yield family, most
        elif len({op.title for op in ops}) == 1:
            yield family, Op(most.title)


def _frozen(shown: Volumes) -> set[str]:
    """The families of which no volume trains."""
    frozen: dict[str, bool] = {}
    for volume in shown.volumes:
        if volume.op.title:
            family = _family(volume)
            frozen[family] = FROZEN[0] in volume.extra and frozen.get(family, True)
    return {family for family, each in frozen.items() if each}


def _told(shown: Volumes, usual: Mapping[str, Op], frozen: Collection[str]) -> Iterator[tuple[str, str]]:
    """What a legend says of each family."""
    stacks = any(volume.slabs for volume in shown.volumes)
    for family, ops in _ops(shown).items():
        op = usual.get(family)
        if op:
            text = f"{FROZEN[0]} {op.text}" if family in frozen else op.text
            yield family, f"{text} unless stated" if len(ops) > 1 and op in ops else text
    if usual and stacks and "merge" not in usual:
        yield "merge", FAMILIES["merge"].partition(", ")[2]


def _short(volume: Volume, before: Shape, usual: Mapping[str, Op], frozen: Collection[str]) -> Volume:
    """A volume with a short label, where the maps before have a size; joins and cards are short already."""
    if volume.form not in _TOLD:
        return volume
    outputs = [line.removeprefix(OUTPUT) for line in volume.lines if line.startswith(OUTPUT)]
    copies = (f"×{volume.copies}",) if volume.copies > MOST_COPIES else ()
    extra = (word for word in volume.extra if word != FROZEN[0] or _family(volume) not in frozen)
    words = [*_words(volume, usual), *copies, *extra]
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
        power = next((n for n in _POWERS if len(places) >= n and len({*places[-n:]}) == 1), 0)
        yield times((*places[:-power], f"{places[-1]}{_POWERS[power]}") if power else places)
