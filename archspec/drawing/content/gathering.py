"""Volumes that are drawn as one: equal ones behind each other, and a concatenation with what it alone takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from archspec.drawing.content.fonts import text_width
from archspec.drawing.content.scene import Box, Edge, Scene
from archspec.drawing.content.shortcuts import with_roles
from archspec.drawing.content.texts import FROZEN
from archspec.drawing.content.volume import End, Flow, Slab, Volume, Volumes

WRAP = 62.0
"""Labels are broken at this width."""
OUTPUT = "output "
"""What names of outputs begin with in a label."""

_MAPS = ("solid", "sheet")
_SHARING = ("weights", "of"), ("shared", "by")
"""How the words begin that say whose weights a volume uses; these, and whether they train, are lines of their own."""


def gathered(
    scene: Scene, found: Mapping[str, Volume], flows: Mapping[str, Mapping[str, Flow]], ends: Sequence[End]
) -> Volumes:
    """The volumes of a picture.

    Args:
        scene: The boxes that they were made of.
        found: The volumes by id, each behind those that it is made from; of their lines all but the first are words.
        flows: What each is made from, by the ids of those.
        ends: The outputs.
    """
    kept: dict[str, Volume] = {}
    held: dict[str, str] = {}
    led: list[Flow] = []
    volumes, flows = _absorbed(scene, found, flows, ends)
    takers = _takers(flows)
    for id, volume in volumes.items():
        before = next(iter(flows[id]), "") if len(flows[id]) == 1 else ""
        last = held.get(before, "")
        if last and takers[before] == 1 and _alike(kept[last], volume):
            held[id] = last
            kept[last] = kept[last]._replace(copies=kept[last].copies + volume.copies)
            continue
        held[id] = id
        kept[id] = volume
        led += [flow._replace(source=held[source], target=id) for source, flow in flows[id].items()]
    outputs = tuple(end._replace(source=held[end.source]) for end in ends)
    return Volumes(scene, tuple(map(_worded, kept.values())), _with_roles(scene, kept, led), outputs)


def _with_roles(scene: Scene, kept: Iterable[str], led: Iterable[Flow]) -> tuple[Flow, ...]:
    """The flows, those marked too that lead past volumes only now that light ops are none."""
    boxes, flows = scene.by_id, list(led)
    edges = [Edge(flow.source, flow.target, flow.source, (), flow.role) for flow in flows]
    found = with_roles([boxes[id] for id in kept], edges)
    return tuple(flow._replace(role=edge.role) for flow, edge in zip(flows, found, strict=True))


def _takers(flows: Mapping[str, Mapping[str, Flow]]) -> dict[str, int]:
    """How many volumes are made from each."""
    found = dict.fromkeys(flows, 0)
    for taken in flows.values():
        for source in taken:
            found[source] += 1
    return found


def _alike(one: Volume, other: Volume) -> bool:
    same = other._replace(id=one.id, title=one.title, copies=one.copies)
    return one.form in (*_MAPS, "bar") and not one.slabs and one == same


def is_stack(box: Box) -> bool:
    """Whether a join is a tensor of another shape: a concatenation."""
    return box.kind == "merge" and box.title in ("concat", "stack")


def _absorbed(
    scene: Scene, found: Mapping[str, Volume], flows: Mapping[str, Mapping[str, Flow]], ends: Sequence[End]
) -> tuple[Mapping[str, Volume], Mapping[str, Mapping[str, Flow]]]:
    """The volumes, those that were made larger only to be concatenated as slabs of what they are part of.

    So the figure of the U-Net's paper has them: what comes from below and what comes from beside as one.
    """
    volumes, led, takers = dict(found), dict(flows), _takers(flows)
    boxes = scene.by_id
    given = {end.source for end in ends}
    for id, whole in found.items():
        parts = [found[source] for source in flows[id]]
        enlarged = [part for part in parts if takers[part.id] == 1 and part.id not in given
                    and _is_enlarged(part, flows[part.id], found)]  # fmt: skip
        if not enlarged or not is_stack(boxes[id]) or sum(part.channels for part in parts) != whole.channels:
            continue
        own = {part.id for part in enlarged}
        slabs = [Slab(part.id, part.family, part.channels) if part.id in own else Slab("", whole.family, part.channels)
                 for part in parts]  # fmt: skip
        words = [word for part in enlarged for word in part.lines[1:]]
        words[-1] += ","
        title = "; ".join(part.title for part in (*enlarged, whole))
        lines = (whole.lines[0], *words, *whole.lines[1:])
        volumes[id] = whole._replace(lines=lines, title=title, slabs=tuple(slabs), op=enlarged[0].op)
        taken = [each for source, flow in flows[id].items()
                 for each in (flows[source].values() if source in own else (flow,))]  # fmt: skip
        led[id] = {each.source: each for each in taken}
        for each in own:
            del volumes[each], led[each]
    return volumes, led


def _is_enlarged(part: Volume, taken: Mapping[str, Flow], found: Mapping[str, Volume]) -> bool:
    """Whether a volume is made from one smaller map."""
    source = found[next(iter(taken))] if len(taken) == 1 else None
    if source is None or part.copies > 1 or part.slabs or source.form != part.form or part.form not in _MAPS:
        return False
    return source.height < part.height or source.width < part.width


def _worded(volume: Volume) -> Volume:
    """A volume whose words are lines, and say how many it stands for."""
    if volume.form in ("join", "card"):
        return volume
    times = (f"×{volume.copies}",) if volume.copies > 1 else ()
    shape, *words = volume.lines
    outputs = [word for word in words if word.startswith(OUTPUT)]
    words = [word for word in words if word not in outputs]
    starts = (index for index, pair in enumerate(pairwise((*words, ""))) if pair in _SHARING or pair[0] in FROZEN)
    told = next(starts, len(words))
    what, whose = packed((*words[:told], *times)), packed(words[told:])
    return volume._replace(lines=(shape, *what, *filter(None, whose), *outputs))


def packed(words: Sequence[str], wrap: float = WRAP) -> Iterator[str]:
    """Words in lines that are not too broad."""
    line = ""
    for word in words:
        longer = f"{line} {word}".lstrip()
        if line and text_width(longer, 8.0) > wrap:
            yield line
            longer = word
        line = longer
    yield line
