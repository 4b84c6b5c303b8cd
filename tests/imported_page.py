"""Writes docs/imported.md: what `make nightly` found of the networks of torchvision and timm that it imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from import_survey import kind, results

DOCUMENT = Path(__file__).parent.parent / "docs" / "imported.md"
HEAD = """# Imported networks

What [import](importing.md#modules) makes of the networks of torchvision and timm: all of torchvision's for
classification, segmentation and video, and of each family of timm the smallest. Lines are those of the YAML file,
blocks those that it defines. Difference is the largest between the outputs of the module and of the spec, with weights
of which no two are equal, over the largest number; 0 is equal bit for bit, and `-` was not compared. Images are small
where a network allows for it. `make nightly` imports them, and `make imported` writes this page of what it found.
"""


def rows(library: str) -> Iterator[tuple[str, ...]]:
    """One row for each network of a library that is imported."""
    for name, result in results():
        if name.startswith(f"{library}:") and "refused" not in result:
            size = "x".join(map(str, result["input"]))
            numbers = f"{result['params']:,}", str(result["lines"]), str(result["blocks"])
            yield f"`{name.partition(':')[2]}`", size, *numbers, _difference(result["difference"])


def _difference(difference: float | None) -> str:
    return "-" if difference is None else f"{difference:.1e}" if difference else "0"


def refused(library: str) -> Iterator[tuple[str, ...]]:
    """One row for each network that is refused, and the first reason."""
    for name, result in results():
        if name.startswith(f"{library}:") and "refused" in result:
            yield f"`{name.partition(':')[2]}`", kind(result["refused"]).replace("|", r"\|")


def _table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> list[str]:
    left = ("network", "why")
    ruled: Any = tuple("---" if name in left else "---:" for name in head)
    return [f"| {' | '.join(row)} |" for row in (head, ruled, *lines)]


def render() -> str:
    """The page."""
    lines = [HEAD]
    for library in ("torchvision", "timm"):
        done, others = list(rows(library)), list(refused(library))
        lines += [f"## {library}", "", f"{len(done)} of {len(done) + len(others)}.", ""]
        lines += _table(("network", "input", "params", "lines", "blocks", "difference"), done)
        if others:
            lines += ["", *_table(("network", "why"), others)]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
