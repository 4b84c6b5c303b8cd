"""Writes docs/networks.md: the bundled networks, their figures, and what each is compared with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from counterparts import TIMM, TORCHVISION, TORCHVISION_ARGUMENTS, Counterpart

from archspec.reports import catalogue

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "networks.md"
HEAD = """# Bundled networks

`archspec compile NAME`, `archspec.compile("NAME")`, `extends: NAME` and `block: NAME` know each of these networks in
any folder; `archspec list` prints them. Figures are those of the default parameters; MACs are for one sample, in
evaluation. Lines are those of the YAML file, without comments and empty lines; a file that extends another counts its
own, and a family's file stands for all its networks. Compared: the parameters, and the MACs that `FlopCounterMode`
counts, are those of the other library's network; with its weights, of which no two are equal, both give equal
outputs: to 10⁻⁵ of the largest, for images of the size stated (those of more than 60 million parameters in the
nightly tests).
"""


def rows() -> Iterator[tuple[str, ...]]:
    """One row for each network, in order of history."""
    for entry in catalogue.entries():
        paper = f"[{entry.title}]({entry.url})"
        lines = code_lines(ROOT / "specs" / f"{entry.file}.yaml")
        file = f"[{lines}](../specs/{entry.file}.yaml)"
        yield entry.name, str(entry.year), paper, f"{entry.params:,}", f"{entry.macs:,}", file, compared(entry.name)


def code_lines(path: Path) -> int:
    """The lines of a spec without comments and empty ones."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))


def compared(name: str) -> str:
    """What a network is compared with."""
    found = [theirs for ours, theirs in (TORCHVISION | TORCHVISION_ARGUMENTS).items() if ours == name]
    found += [theirs for ours, theirs in TIMM.values() if ours == name and not theirs.params]
    return ", ".join(map(_counterpart, found))


def _counterpart(other: Counterpart) -> str:
    arguments = ", ".join(f"{key}={value}" for key, value in other.arguments.items() if key in _TELLING)
    called = f"`{other.builder}({arguments})`" if arguments else f"`{other.builder}`"
    return f"{other.library} {called}" + (f" at {other.size}" if other.size else "")


_TELLING = {"replace_stride_with_dilation"}
"""Arguments that make another network of a builder's."""


def render() -> str:
    """The page."""
    head = ("network", "year", "paper", "params", "MACs", "lines", "compared with")
    table = [head, ("---", "---:", "---", "---:", "---:", "---:", "---"), *rows()]
    return "\n".join([HEAD, *(f"| {' | '.join(row)} |" for row in table)]) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
