"""What the colours of a picture mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from archspec.drawing.content.labels import FAMILIES
from archspec.drawing.content.scene import Box, Scene
from archspec.errors import UsageError, did_you_mean
from archspec.reports.table import show_bytes

COLOURS = ("kind", "cost", "memory")

STEPS = 10
"""Steps of a scale, above the lowest."""


class LegendItem(NamedTuple):
    """A sample of a style, with the band of a family, and what it means; without a style, only the text."""

    style: str
    text: str
    swatch: float
    family: str = ""


class Legend(NamedTuple):
    """What styles mean, and the room between samples."""

    items: tuple[LegendItem, ...]
    gap: float


@dataclass(frozen=True)
class Colouring:
    """What fills boxes.

    Attributes:
        styles: The style of each box's inside, by id; that of its family for those left out.
        legend: What the styles mean; None where nothing needs to be said.
    """

    styles: Mapping[str, str] = field(default_factory=dict)
    legend: Legend | None = None


def colouring(scene: Scene, color: str | None, sample: str = "swatch") -> Colouring:
    """What fills the boxes of a scene.

    Args:
        scene: The scene.
        color: ``kind``: the family of ops, with a legend; ``cost``: the share of multiply-accumulates;
            ``memory``: bytes of activations; None for families without a legend.
        sample: What styles of samples of families begin with.

    Raises:
        UsageError: There is no such colouring, or the scene has no figures for it.
    """
    if color is None:
        return Colouring()
    if color not in COLOURS:
        hint = did_you_mean(color, COLOURS) or f"there are {', '.join(COLOURS)}"
        raise UsageError(f"boxes are not coloured by `{color}`; {hint}")
    if color == "kind":
        return Colouring(legend=Legend(tuple(_families(scene, sample)), 12.0))
    if scene.symbolic:
        raise UsageError(f"a block that is drawn by itself has no figures: it is not coloured by `{color}`")
    if color == "cost":
        return _scaled(scene, lambda box: box.figures.share, lambda most: f"{most:.1%} of MACs")
    return _scaled(scene, lambda box: box.figures.activations, lambda most: f"{show_bytes(round(most))} of activations")


def _families(scene: Scene, sample: str) -> list[LegendItem]:
    there = {box.family for box in scene.boxes} - {"input"}
    items = [LegendItem(f"{sample}-{name}", text, 20.0, name) for name, text in FAMILIES.items() if name in there]
    skips = any(edge.role == "skip" for edge in scene.edges)
    return items + ([LegendItem("edge-skip", "shortcut", 20.0)] if skips else [])


def _scaled(scene: Scene, value: Callable[[Box], float], text: Callable[[float], str]) -> Colouring:
    values = {box.id: value(box) for box in scene.boxes if box.kind not in ("input", "output")}
    most = max(values.values(), default=0.0) or 1.0
    styles = {id: f"heat{round(STEPS * number / most)}" for id, number in values.items()}
    scale = [LegendItem(f"swatch-heat{step}", "", 11.0) for step in range(STEPS + 1)]
    items = (LegendItem("", "0  ", 0.0), *scale, LegendItem("", text(most), 2.0))
    return Colouring(styles, Legend(items, 0.0))


def told_legend(told: Iterable[tuple[str, str]], legend: Legend | None) -> Legend:
    """A legend that says of families of volumes what labels do not, and of others what it said.

    Args:
        told: Families, and what is said of each.
        legend: What is said of families in general; None where nothing is.
    """
    items = {family: LegendItem(f"front-{family}", text, 20.0, family) for family, text in told}
    others = [item for item in legend.items if item.family not in items] if legend else []
    return Legend((*items.values(), *others), 12.0)
