"""Two networks as one scene: the second, with what only the first has beside it, and marks on what changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from archspec.comparison.comparison import Comparison
from archspec.comparison.edits import Edit, Kind
from archspec.comparison.places import Place
from archspec.drawing.content.boxing import box_alone
from archspec.drawing.content.colouring import Legend, LegendItem
from archspec.drawing.content.labels import FAMILIES
from archspec.drawing.content.scene import Box, Cluster, Detail, Edge, Scene
from archspec.drawing.content.scene import Kind as BoxKind
from archspec.drawing.content.staging import stage
from archspec.reports.changes import MARKS, text_of

_FAMILIES: dict[Kind, str] = {
    "added": "added",
    "removed": "removed",
    "changed": "changed",
    "renamed": "changed",
    "moved": "changed",
}
"""The colours of edits, as families of boxes."""
_SAME = "other"
_MOST_REMARKS, _LONGEST = 3, 50
"""Lines on what changed in a box, and their characters."""

_COLOURED: tuple[Kind, ...] = ("added", "removed", "changed")
LEGEND = Legend(
    tuple([LegendItem(f"swatch-{kind}", f"{MARKS[kind]} {FAMILIES[kind]}", 20.0, kind) for kind in _COLOURED]), 12.0
)
"""What the colours mean."""


def differing(comparison: Comparison, detail: Detail = "overview") -> Scene:
    """What a picture of a comparison shows.

    Boxes are those of the second network. Each says what was edited in it; what was removed from a block that is open
    is a box of its own, and from a closed one a remark.

    Args:
        comparison: The comparison.
        detail: The level of detail.
    """
    return _Differing(comparison, stage(comparison.after, detail)).scene()


class _Differing:
    def __init__(self, comparison: Comparison, scene: Scene) -> None:
        self.comparison = comparison
        self.base = scene
        self.boxes = scene.by_id
        self.holding: dict[str, list[str]] = {}
        """The boxes that show something of a path."""
        for box in scene.boxes:
            for path in box.paths:
                for around in _around(path):
                    ids = self.holding.setdefault(around, [])
                    if not ids or ids[-1] != box.id:
                        ids.append(box.id)
        self.open = {box.id.rpartition(".")[0] for box in scene.boxes if box.paths}
        self.marks: dict[str, dict[str, Kind]] = {}
        """What is said of each box, by its id, and of what kind that is."""
        self.ghosts: dict[str, str] = {}
        """The paths in the first network of what is a box although only that has it, and the boxes' ids."""
        self.frames: dict[str, list[str]] = {cluster.path: [] for cluster in scene.clusters}
        """What is said of the frames, by path."""

    def scene(self) -> Scene:
        """The scene."""
        for edit in self.comparison.edits:
            said = self._mark(edit)
            for each in edit.inside:
                self._mark(each, said)
            for each in edit.beyond:
                self._mark(each)
        boxes = [self._marked(box) for box in self.base.boxes]
        edges = list(self.base.edges)
        self._add_ghosts(boxes, edges)
        names = self.comparison.before.name, self.comparison.after.name
        return replace(
            self.base,
            name=names[1],
            doc=f"What changed from {names[0]} to {names[1]}.",
            boxes=tuple(boxes),
            clusters=tuple([self._framed(cluster) for cluster in self.base.clusters]),
            edges=tuple(edges),
        )

    def _mark(self, edit: Edit, said: Collection[str] = ()) -> set[str]:
        """Say an edit of the boxes that show it, but for those that have ``said`` what it follows from; these boxes."""
        found: set[str] = set()
        for place in edit.places:
            if edit.kind != "removed":
                if place.after in self.frames and edit.kind != "added":
                    self.frames[place.after].append(f"{MARKS[edit.kind]} {self._text(edit, place)}")
                    continue
                found |= self._say(place.after, place.after, edit, place, said)
                continue
            around = self.comparison.partners.after(place.before.rpartition(".")[0])
            if around in self.open or not around:
                self.ghosts[place.before] = f"removed {place.before}"
            else:
                found |= self._say(around, f"{around}.{place.before.rpartition('.')[2]}", edit, place, said)
        return found

    def _say(self, shown: str, path: str, edit: Edit, place: Place, said: Collection[str]) -> set[str]:
        """Say an edit of the boxes that show a path, or of that which shows what is around it; these boxes."""
        ids = next((self.holding[around] for around in _around(shown) if around in self.holding), [])
        text = self._text(edit, place)
        for id in ids:
            if id not in said:
                name = self._name(id, path)
                line = f"{MARKS[edit.kind]} {': '.join(filter(None, (name, text)))}"
                self.marks.setdefault(id, {}).setdefault(line, edit.kind)
        return set(ids)

    @staticmethod
    def _text(edit: Edit, place: Place) -> str:
        return f"was {place.before}" if edit.kind == "renamed" else text_of(edit).replace("→", "->")

    def _name(self, id: str, path: str) -> str:
        """What a path is called in a box; empty where the box shows nothing else."""
        if path.startswith(f"{id}."):
            return path.removeprefix(f"{id}.")
        alone = path == id and (path not in self.boxes[id].paths or len(self.boxes[id].paths) == 1)
        return "" if alone or id.startswith(f"{path}.") else path.rpartition(".")[2]

    def _framed(self, cluster: Cluster) -> Cluster:
        texts = _shortened(self.frames[cluster.path])
        return cluster._replace(title=" · ".join(filter(None, (cluster.title, *texts))))

    def _marked(self, box: Box) -> Box:
        marks = self.marks.get(box.id, {})
        if not marks:
            return box if box.kind in ("input", "output", "merge") else replace(box, family=_SAME)
        kinds = set(marks.values())
        added = kinds == {"added"} and self._is_new(box)
        kind: Kind = "added" if added else "changed"
        texts = [f"{MARKS['added']} added"] if added else _shortened(list(marks))
        drawn: BoxKind = "op" if box.kind == "merge" else box.kind  # a circle has no lines
        return replace(box, family=_FAMILIES[kind], kind=drawn, lines=(*box.lines, *texts))

    def _is_new(self, box: Box) -> bool:
        """Whether all that a box shows is new."""
        new = {place.after for edit in self._edits() if edit.kind == "added" for place in edit.places}
        return all(not new.isdisjoint(_around(path)) for path in box.paths)

    def _edits(self) -> Iterator[Edit]:
        for edit in self.comparison.edits:
            yield from (edit, *edit.inside, *edit.beyond)

    # What only the first network has

    def _add_ghosts(self, boxes: list[Box], edges: list[Edge]) -> None:
        if not self.ghosts:
            return
        before = self.comparison.before
        given = list(self._edges())
        for path, id in self.ghosts.items():
            box = box_alone(before, before[path])
            around = self.comparison.partners.after(path.rpartition(".")[0])
            frame = around if around in {cluster.path for cluster in self.base.clusters} else ""
            order = {each.id: number for number, each in enumerate(boxes)}
            start = max((order.get(edge.source, -1) for edge in given if edge.target == id), default=-1)
            drawn: BoxKind = "op" if box.kind == "merge" else box.kind
            lines = (*box.lines, f"{MARKS['removed']} removed")
            removed = replace(box, id=id, family="removed", kind=drawn, lines=lines, cluster=frame)
            boxes.insert(start + 1, removed)
        order = {each.id: number for number, each in enumerate(boxes)}
        known = [edge for edge in given if edge.source in order and edge.target in order]
        edges += [edge for edge in known if order[edge.source] < order[edge.target]]

    def _edges(self) -> Iterator[Edge]:
        """The edges of the first network that begin or end in what only that has, each once."""
        before = self.comparison.before
        found: dict[tuple[str, str], Edge] = {}
        taken: list[tuple[str, tuple[str, ...]]] = [(node.path, node.operands) for node in before]
        taken += [(f"output {name}", (output.path,)) for name, output in before.outputs.items()]
        for path, operands in taken:
            target = self._home(path, 0)
            for tensor in operands:
                source = self._home(tensor, -1)
                if source != target and {source, target} & set(self.ghosts.values()):
                    found.setdefault((source, target), Edge(source, target, tensor, before.shape(tensor), "gap"))
        yield from found.values()

    def _home(self, path: str, number: int) -> str:
        """The box that shows a node, an input or an output of the first network, or what is around it; empty for none.

        Of several the first, or with -1 the last.
        """
        if path.startswith("output "):
            return path
        if path in self.comparison.before.inputs:
            return f"input {path}"
        ghost = next((self.ghosts[around] for around in _around(path) if around in self.ghosts), "")
        known = (
            self.holding[around] for around in _around(self.comparison.partners.after(path)) if around in self.holding
        )
        return ghost or next(known, [""])[number]


def _shortened(texts: list[str]) -> list[str]:
    """The first of some texts, and how many more there are."""
    more = len(texts) - _MOST_REMARKS
    found = [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in texts[:_MOST_REMARKS]]
    return found if more <= 0 else [*found, f"and {more} more"]


def _around(path: str) -> Iterable[str]:
    """A path, and those of what is around it, innermost first."""
    while path:
        yield path
        path = path.rpartition(".")[0]
