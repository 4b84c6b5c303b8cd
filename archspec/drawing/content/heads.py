"""Boxes that several levels share and that belong together, as the layers of a head do, or two heads side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from archspec.drawing.content.labels import without_number
from archspec.drawing.content.scene import Box, Figures
from archspec.drawing.content.texts import listed
from archspec.network import Network

_MOST = 8
"""Lines of a box."""

_Head = tuple[Box, ...]
"""Boxes behind each other."""


def with_heads(network: Network, boxes: Iterable[Box]) -> list[Box]:
    """Boxes, those of the same uses as one where one takes all that another gives, or where they take the same.

    So a pair of heads that a spec writes layer by layer is drawn as one that it writes as a group.

    Args:
        network: The network.
        boxes: Its boxes, each behind those that it takes from.
    """
    found = list(boxes)
    if sum(box.uses > 1 for box in found) < 2:
        return found
    wiring = _Wiring(network)
    heads: list[_Head] = []
    for box in (box for box in found if box.uses > 1):
        before = next((head for head in heads if wiring.leads_to(head[-1], box)), None)
        heads = [head for head in heads if head is not before] + [(*(before or ()), box)]
    pairs = [tuple(beside) for _, beside in groupby(sorted(heads, key=wiring.taken_by), wiring.taken_by)]
    place = {box.id: index for index, box in enumerate(found)}
    whole = {
        max((head[-1].id for head in pair), key=place.__getitem__): pair
        for pair in pairs
        if len(pair) > 1 or len(pair[0]) > 1
    }
    within = {box.id for pair in whole.values() for head in pair for box in head}
    kept = (box for box in found if box.id in whole or box.id not in within)
    return [_one(whole[box.id]) if box.id in whole else box for box in kept]


class _Wiring:
    """What uses of boxes take and give, use by use."""

    def __init__(self, network: Network) -> None:
        self.operands = {node.path: node.operands for node in network}
        self.takers: dict[str, set[str]] = {}
        for node in network:
            for path in node.operands:
                self.takers.setdefault(path, set()).add(node.path)
        for name, output in network.outputs.items():
            self.takers.setdefault(output.path, set()).add(f"output {name}")

    def leads_to(self, box: Box, other: Box) -> bool:
        """Whether each use of a box gives to that use of another alone, which takes nothing else."""
        if box.uses != other.uses or box.cluster != other.cluster:
            return False
        return all(
            self._taken(after) <= set(use) and self._takers(use) <= set(after)
            for use, after in zip(_uses(box), _uses(other), strict=True)
        )

    def taken_by(self, head: _Head) -> tuple[str, tuple[tuple[str, ...], ...]]:
        """The frame around a head, and what each use of it takes."""
        return head[0].cluster, tuple(tuple(sorted(self._taken(use))) for use in _uses(head[0]))

    def _taken(self, use: Sequence[str]) -> set[str]:
        return {path for node in use for path in self.operands[node]} - set(use)

    def _takers(self, use: Sequence[str]) -> set[str]:
        return {taker for node in use for taker in self.takers.get(node, ())} - set(use)


def _uses(box: Box) -> list[tuple[str, ...]]:
    """The nodes of each use that a box shows."""
    count = len(box.paths) // box.uses
    return [box.paths[start : start + count] for start in range(0, len(box.paths), count)]


def _names(box: Box) -> list[str]:
    """What its spec calls each use that a box shows."""
    last = box.id.count(".")
    return [use[0].split(".")[last] for use in _uses(box)]


def _one(pair: Sequence[_Head]) -> Box:
    """Heads side by side as one box."""
    boxes = [box for head in pair for box in head]
    first = boxes[0]
    names = {head: without_number(head[-1].id.rpartition(".")[2]) for head in pair}
    lines = [line for head in pair for line in _lines(head, names[head] if len(pair) > 1 else "")]
    remarks = dict.fromkeys(box.remark for box in boxes)
    return replace(
        first,
        kind="block",
        family="block",
        title=" and ".join(dict.fromkeys(names.values())),
        arguments="",
        name=listed([name for head in pair for name in _names(head[-1])]),
        lines=tuple(lines) if len(lines) <= _MOST else (),
        remark=" · ".join(_telling(remarks)),
        problem=next(filter(None, (box.problem for box in boxes)), ""),
        count=1,
        paths=tuple(path for box in boxes for path in box.paths),
        shape=None,
        figures=_sum([box.figures for box in boxes]),
        doc="",
    )


def _lines(head: _Head, name: str) -> Iterator[str]:
    """The layers of a head, equal ones in a row as one, and before the first what the head is called."""
    texts = [text for box in head for text in box.lines * (box.kind == "block") or (_layer(box),)]
    counted = ((text, len(list(same))) for text, same in groupby(texts))
    for index, (text, count) in enumerate(counted):
        line = f"{count}× {text}" if count > 1 else text
        yield line if index or not name else f"{name}: {line}"


def _layer(box: Box) -> str:
    text = f"{box.title} {box.arguments}".strip()
    return f"{box.count}× {text}" if box.count > 1 else text


def _telling(remarks: Iterable[str]) -> list[str]:
    """Remarks without those that another one begins with: what it says besides holds of all."""
    known = [remark for remark in remarks if remark]
    return [remark for remark in known if not any(other != remark and other.startswith(remark) for other in known)]


def _sum(figures: Sequence[Figures]) -> Figures:
    macs = [each.macs for each in figures]
    other = [each.other_ops for each in figures]
    return Figures(
        params=sum(each.params for each in figures),
        macs=sum(filter(None, macs)) if None not in macs else None,
        other_ops=sum(filter(None, other)) if None not in other else None,
        share=sum(each.share for each in figures),
        activations=sum(each.activations for each in figures),
    )
