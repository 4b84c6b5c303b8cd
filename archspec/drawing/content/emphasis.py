"""What whoever draws a picture tells its reader: parts to be seen first, and notes at parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from archspec.drawing.content.labels import printable
from archspec.drawing.content.scene import Box, Cluster, Scene
from archspec.errors import UsageError, did_you_mean, shown
from archspec.language.patterns import is_pattern, matches

Notes = Mapping[str, str] | Sequence[str]
"""Texts by path, or each as ``path=text``."""


def emphasised(scene: Scene, highlight: Sequence[str] = (), note: Notes = ()) -> Scene:
    """A scene with some of its boxes and frames highlighted, and notes in some.

    A path is that of a frame, of a box, or of a part of what a box shows; one whose parts are several boxes without a
    frame stands for all of these, and a note is in the first.

    Args:
        scene: The scene.
        highlight: Paths, or patterns such as ``layer*``.
        note: Notes by path.

    Raises:
        UsageError: Nothing of the picture has a path, or a note has no text.
    """
    if not highlight and not note:
        return scene
    parts = _Parts(scene)
    bright = {id for text in highlight for id in parts.matching(text)}
    told: dict[str, str] = {}
    for path, text in _texts(note).items():
        first = next(iter(parts.matching(path)))
        told[first] = "; ".join(filter(None, (told.get(first), text)))
    boxes = (replace(box, highlighted=box.id in bright, note=told.get(box.id, "")) for box in scene.boxes)
    clusters = (_told(each, told.get(_id(each), ""), _id(each) in bright) for each in scene.clusters)
    return replace(scene, boxes=tuple(boxes), clusters=tuple(clusters))


def _texts(note: Notes) -> Mapping[str, str]:
    pairs = note.items() if isinstance(note, Mapping) else [_pair(text) for text in note]
    found: dict[str, str] = {}
    for path, text in pairs:
        if not printable(text):
            raise UsageError(f'the note at `{shown(path)}` has no text; write `{shown(path)}="a few words"`')
        found[path] = "; ".join(filter(None, (found.get(path), printable(text))))
    return found


def _pair(text: str) -> tuple[str, str]:
    path, equals, words = text.partition("=")
    if not equals or not path.strip():
        raise UsageError(f'a note is a path and a text, such as `layer3="a few words"`, not `{shown(text)}`')
    return path.strip(), words


def _id(cluster: Cluster) -> str:
    """What a frame is called here; the box of a repeat may have the path of a frame."""
    return f"frame {cluster.path}"


def _told(cluster: Cluster, note: str, highlighted: bool) -> Cluster:
    title = " · ".join(filter(None, (cluster.title, note)))
    return cluster._replace(title=title, highlighted=highlighted)


class _Parts:
    """What of a picture a path stands for."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.known = dict(self._named())

    def matching(self, text: str) -> list[str]:
        """The boxes and frames that a path or a pattern stands for.

        Raises:
            UsageError: There are none.
        """
        paths = [path for path in self.known if matches(text, path)] if is_pattern(text) else [text]
        found = list(dict.fromkeys(id for path in paths for id in self.known.get(path, ())))
        if not found:
            hint = did_you_mean(text, self.known)
            raise UsageError(f"nothing in the picture of {self.scene.name} is `{shown(text)}`; {hint}".rstrip("; "))
        return found

    def _named(self) -> Iterable[tuple[str, list[str]]]:
        """Frames, boxes, what boxes show, and blocks that are neither, each with what stands for it."""
        found: dict[str, list[str]] = {}
        for box in self.scene.boxes:
            for path in _shown_by(box):
                found.setdefault(path, []).append(box.id)
        for cluster in self.scene.clusters:
            found[cluster.path] = [_id(cluster)]
        for path, ids in found.items():
            yield path, list(dict.fromkeys(ids))


def _shown_by(box: Box) -> Iterable[str]:
    """The paths of what a box shows, and of the blocks around these; of an input or output, its name."""
    yield box.id.rpartition(" ")[2]
    for path in box.paths:
        names = path.split(".")
        yield from (".".join(names[:end]) for end in range(1, len(names) + 1))
