"""The catalogue of bundled networks: what ``archspec list`` prints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from archspec.language import networks
from archspec.language.definition import Definition
from archspec.language.loader import known_network
from archspec.reports.table import short

VERSION = 1
"""The version of the JSON's format: within a version keys may be added, but none is changed or removed."""


class Entry(NamedTuple):
    """A bundled network.

    Attributes:
        name: Its name, by which every command knows it.
        year: The year of its paper.
        title: The title of its paper.
        url: Where its paper can be read.
        params: Its parameters.
        macs: Its multiply-accumulates.
        variants: The names of its variants, but for those that are networks of their own.
        file: The file that holds it, by its stem.
        aliases: Its other names: that of its file, where the file's own network is this one.
    """

    name: str
    year: int
    title: str
    url: str
    params: int
    macs: int
    variants: tuple[str, ...]
    file: str
    aliases: tuple[str, ...]


def entries() -> list[Entry]:
    """All bundled networks in order of history; a file's own that is one of its variants stands there as an alias."""
    known = list(networks.networks())
    renamed = {each.path: each.name for each in reversed(known) if each.variant and _is_default(each)}
    listed = [_entry(each, renamed) for each in known if each.variant or each.path not in renamed]
    return sorted(listed, key=lambda each: (each.year, each.title, each.file, each.params, each.name))


def _is_default(known: networks.Known) -> bool:
    """Whether a variant is the network of the file itself."""
    own, family = (known_network(name).params for name in (known.name, known.path.stem))
    return {name: param.default for name, param in own.items()} == {
        name: param.default for name, param in family.items()
    }


def _entry(known: networks.Known, renamed: Mapping[Path, str]) -> Entry:
    definition = known_network(known.name)
    paper = definition.paper
    assert paper is not None, f"{known.name} names no paper"
    params, macs = _figures(definition)
    variants = tuple(name for name in definition.variants if not name.startswith(known.path.stem))
    stem = known.path.stem
    aliases = (stem,) if renamed.get(known.path) == known.name else ()
    return Entry(known.name, paper.year, paper.title, paper.url, params, macs, variants, stem, aliases)


def _figures(definition: Definition) -> tuple[int, int]:
    """Parameters and multiply-accumulates: those of the contract, which every bundled network states."""
    assert definition.expect is not None, f"{definition.name} has no contract"
    contract = definition.expect.plain()
    return contract["params"], contract["macs"]


HEADINGS = ("network", "year", "params", "MACs", "paper", "variants")


def render(entries: Iterable[Entry]) -> str:
    """The catalogue as a table, for a terminal."""
    rows = [HEADINGS, *map(_cells, entries)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS) - 1)]
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _cells(entry: Entry) -> tuple[str, ...]:
    figures = (str(entry.year), short(entry.params), short(entry.macs))
    name = f"{entry.name} ({', '.join(entry.aliases)})" if entry.aliases else entry.name
    return (name, *figures, entry.title, ", ".join(entry.variants))


def _aligned(row: tuple[str, ...], widths: list[int]) -> Iterable[str]:
    """Numbers to the right, texts to the left."""
    for i, (cell, width) in enumerate(zip(row, [*widths, 0], strict=True)):
        yield cell.rjust(width) if 1 <= i <= 3 else cell.ljust(width)


def render_json(entries: Iterable[Entry]) -> str:
    """The catalogue as JSON."""
    listed = [each._asdict() for each in entries]
    return json.dumps({"format": "archspec-list", "version": VERSION, "networks": listed}, indent=1)
