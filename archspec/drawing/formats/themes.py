"""Colours and lines of pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archspec.errors import UsageError, did_you_mean


class Paint(NamedTuple):
    """How the boxes of a family look.

    Attributes:
        fill: The colour inside.
        stroke: The colour of the outline and of the band at the left.
        pattern: How the band is filled: ``solid``, ``none``, ``lines``, ``falls``, ``cross``, ``bars`` or ``dots``;
            strokes are on the fronts of volumes too.
        dash: Lengths of dashes and gaps of the outline; empty for a solid one.
        face: The colour of the fronts of volumes, where it is not that inside.
    """

    fill: str
    stroke: str
    pattern: str = "solid"
    dash: str = ""
    face: str = ""


class Theme(NamedTuple):
    """How a picture looks.

    Attributes:
        name: Its name.
        page: The colour behind all.
        ink: The colour of titles.
        muted: The colour of names.
        line: The colour of edges.
        skip: The colour of shortcuts.
        remark: The colour of remarks in boxes.
        highlight: The colour of outlines to be seen first, and of notes.
        frame: Fill and outline of frames.
        paints: How the boxes of each family look.
        scale: Colours from the least to the greatest cost.
        skip_dash: Lengths of dashes and gaps of shortcuts; empty for a solid line.
        skip_width: The width of shortcuts.
        dark: The theme of a page in dark mode, for one that follows the page.
    """

    name: str
    page: str
    ink: str
    muted: str
    line: str
    skip: str
    remark: str
    highlight: str
    frame: tuple[str, str]
    paints: Mapping[str, Paint]
    scale: tuple[str, str]
    skip_dash: str = ""
    skip_width: float = 1.6
    dark: Theme | None = None

    def paint(self, family: str) -> Paint:
        """How the boxes of a family look."""
        return self.paints.get(family, self.paints["other"])


def _paints(*rows: tuple[str, str, str]) -> dict[str, Paint]:
    return {name: Paint(fill, stroke) for name, fill, stroke in rows}


_LIGHT = Theme(
    name="light", page="#ffffff", ink="#1b1f24", muted="#59636e", line="#57606a", skip="#c2410c", remark="#a83a0b",
    highlight="#a0156e",
    frame=("#f6f8fa", "#c3cad2"), scale=("#fff7ec", "#f08a5d"),
    paints=_paints(
        ("input", "#ffffff", "#57606a"),
        ("conv", "#e2eefb", "#3172b9"),
        ("local", "#dcf1f4", "#187d8e"),
        ("linear", "#e1f4e6", "#2b8a4b"),
        ("attention", "#f5e6f8", "#9a4bb0"),
        ("pool", "#fdebd8", "#cf6d17"),
        ("norm", "#f5f1d7", "#978014"),
        ("activation", "#fae6ee", "#c04a7c"),
        ("merge", "#ffffff", "#57606a"),
        ("arithmetic", "#eef0f3", "#77818c"),
        ("reduction", "#eef0f3", "#77818c"),
        ("reshape", "#eef0f3", "#77818c"),
        ("resample", "#fde3e0", "#c6473a"),
        ("dropout", "#eef0f3", "#77818c"),
        ("constant", "#eef0f3", "#77818c"),
        ("block", "#eae8fa", "#6456c8"),
        ("other", "#eef0f3", "#77818c"),
        ("failed", "#ffebe9", "#cf222e"),
        ("added", "#d2f4d9", "#1a7f37"),
        ("changed", "#fff1c2", "#9a6700"),
    )
    | {"removed": Paint("#ffdcd7", "#cf222e", "solid", "6 3")},
)  # fmt: skip

_DARK = Theme(
    name="dark", page="#0d1117", ink="#f0f3f6", muted="#9ea7b3", line="#8b949e", skip="#ffa657", remark="#ffa657",
    highlight="#ff8ad0",
    frame=("#151b23", "#3d444d"), scale=("#1c2128", "#8a3416"),
    paints=_paints(
        ("input", "#0d1117", "#8b949e"),
        ("conv", "#12294a", "#58a0f5"),
        ("local", "#0f3138", "#3fb6c9"),
        ("linear", "#12331f", "#4cc274"),
        ("attention", "#331a3d", "#cb7fe3"),
        ("pool", "#40260d", "#f0913d"),
        ("norm", "#332d0e", "#cfb53b"),
        ("activation", "#3d1a2b", "#ec7fae"),
        ("merge", "#0d1117", "#8b949e"),
        ("arithmetic", "#21262d", "#8b949e"),
        ("reduction", "#21262d", "#8b949e"),
        ("reshape", "#21262d", "#8b949e"),
        ("resample", "#44191a", "#f47067"),
        ("dropout", "#21262d", "#8b949e"),
        ("constant", "#21262d", "#8b949e"),
        ("block", "#262150", "#9d8ff5"),
        ("other", "#21262d", "#8b949e"),
        ("failed", "#3c1618", "#ff7b72"),
        ("added", "#12361f", "#3fb950"),
        ("changed", "#3b2d0a", "#d29922"),
    )
    | {"removed": Paint("#431a1d", "#f85149", "solid", "6 3")},
)  # fmt: skip

_PRINT = Theme(
    name="print", page="#ffffff", ink="#000000", muted="#404040", line="#000000", skip="#000000", remark="#000000",
    highlight="#000000",
    skip_dash="5 3", skip_width=1.2, frame=("#ffffff", "#8a8a8a"), scale=("#ffffff", "#a0a0a0"),
    paints={
        "input": Paint("#ffffff", "#000000", "none"),
        "conv": Paint("#ffffff", "#000000", "solid", face="#d6d6d6"),
        "local": Paint("#ffffff", "#000000", "dots"),
        "linear": Paint("#ffffff", "#000000", "cross"),
        "attention": Paint("#ffffff", "#000000", "cross", "4 2", "#d6d6d6"),
        "pool": Paint("#ffffff", "#000000", "lines"),
        "norm": Paint("#ffffff", "#000000", "bars"),
        "activation": Paint("#ffffff", "#000000", "none"),
        "merge": Paint("#ffffff", "#000000", "none"),
        "arithmetic": Paint("#ffffff", "#000000", "none"),
        "reduction": Paint("#ffffff", "#000000", "none"),
        "reshape": Paint("#ffffff", "#000000", "none", "1 2"),
        "resample": Paint("#ffffff", "#000000", "falls", "4 2"),
        "dropout": Paint("#ffffff", "#000000", "none", "1 2"),
        "constant": Paint("#ffffff", "#000000", "none", "1 2"),
        "block": Paint("#f0f0f0", "#000000", "solid", face="#a6a6a6"),
        "other": Paint("#ffffff", "#000000", "none"),
        "failed": Paint("#ffffff", "#000000", "cross", "6 2"),
        "added": Paint("#e4e4e4", "#000000", "solid"),
        "removed": Paint("#ffffff", "#000000", "cross", "6 3"),
        "changed": Paint("#ffffff", "#000000", "lines"),
    },
)  # fmt: skip

_SAFE = Theme(
    # Okabe and Ito 2008, "Color Universal Design": eight colours that colour-blind readers tell apart.
    name="colorblind", page="#ffffff", ink="#000000", muted="#4d4d4d", line="#4d4d4d", skip="#d55e00", remark="#8f3f00",
    highlight="#000000",
    frame=("#f7f7f7", "#bdbdbd"), scale=("#ffffff", "#56b4e9"),
    paints={
        "input": Paint("#ffffff", "#4d4d4d"),
        "conv": Paint("#e0eef6", "#0072b2"),
        "local": Paint("#e0eef6", "#0072b2", "dots"),
        "linear": Paint("#dcf2ea", "#009e73"),
        "attention": Paint("#dcf2ea", "#009e73", "dots"),
        "pool": Paint("#fcefd6", "#e69f00"),
        "norm": Paint("#fdfbdd", "#c9bb1a"),
        "activation": Paint("#f8ebf2", "#cc79a7"),
        "merge": Paint("#ffffff", "#4d4d4d"),
        "arithmetic": Paint("#f0f0f0", "#6f6f6f"),
        "reduction": Paint("#f0f0f0", "#6f6f6f"),
        "reshape": Paint("#f0f0f0", "#6f6f6f"),
        "resample": Paint("#fbe6d9", "#d55e00"),
        "dropout": Paint("#f0f0f0", "#6f6f6f"),
        "constant": Paint("#f0f0f0", "#6f6f6f"),
        "block": Paint("#e3f3fc", "#56b4e9"),
        "other": Paint("#f0f0f0", "#6f6f6f"),
        "failed": Paint("#ffffff", "#a3000b", "cross", "6 2"),
        "added": Paint("#cdeee2", "#009e73"),
        "removed": Paint("#fbdfd0", "#d55e00", "cross", "6 3"),
        "changed": Paint("#fcefc0", "#b98600", "lines"),
    },
)  # fmt: skip


def _with(theme: Theme, name: str, dark: Theme) -> Theme:
    return theme._replace(name=name, dark=dark)


THEMES: Mapping[str, Theme] = {
    theme.name: theme for theme in (_LIGHT, _DARK, _PRINT, _SAFE, _with(_LIGHT, "auto", _DARK))
}
"""The themes by name; ``auto`` is light or dark as the page around is."""


def theme(name: str) -> Theme:
    """The theme of a name.

    Raises:
        UsageError: There is no such theme.
    """
    if name not in THEMES:
        raise UsageError(f"there is no theme `{name}`; {did_you_mean(name, THEMES) or ', '.join(THEMES)}")
    return THEMES[name]


def mixed(low: str, high: str, part: float) -> str:
    """The colour between two.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = ((int(low[i : i + 2], 16), int(high[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(start + (end - start) * part):02x}" for start, end in pairs)
