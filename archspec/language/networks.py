"""Networks that are known by name: the bundled specs, and the variants that are called as the family of their file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from archspec.files import start
from archspec.language.composer import parse
from archspec.language.limits import Limits
from archspec.language.merge import merge, with_entry, without
from archspec.language.source import Mapping, Source, Value, decode

_PACKAGE = Path(__file__).parent.parent
FOLDER = next(folder for folder in (_PACKAGE / "specs", _PACKAGE.parent / "specs") if folder.is_dir())
"""Where the specs lie: in the package, in a clone beside it."""


class Known(NamedTuple):
    """A network that is known by name.

    Attributes:
        name: Its name.
        path: The file that holds it.
        variant: The variant of the file that it is; empty where it is the file's own network.
    """

    name: str
    path: Path
    variant: str = ""


def find(name: str) -> Known | None:
    """The network of a name; None where there is none."""
    files = _files()
    if name in files:
        return Known(name, files[name])
    families = sorted((stem for stem in files if name.startswith(stem)), key=len, reverse=True)
    return next((Known(name, files[stem], name) for stem in families if name in _variants(files[stem])), None)


def names() -> list[str]:
    """The names of all, families before their variants."""
    return [known.name for known in networks()]


def networks() -> Iterator[Known]:
    """All that are known by name, in alphabetical order of their files."""
    for stem, path in _files().items():
        yield Known(stem, path)
        yield from (Known(name, path, name) for name in _variants(path) if name != stem)


def display_name(path: Path) -> str:
    """The name of a bundled spec in messages."""
    return f"archspec/specs/{path.name}"


def as_network(file: Mapping, name: str) -> Mapping:
    """A family's file as the network that one of its variants is.

    The values of the variant are the defaults, its contract is the network's. The variants that are no networks of
    their own stay, without contracts, which speak of the family's defaults.

    Args:
        file: The whole file, merged with what it extends.
        name: The name of the variant.
    """
    variants = _mapping(file.entries["variants"])
    key, variant = variants.keys[name], _mapping(variants.entries[name])
    family = str(file.entries["name"].plain())
    others = without(variants, [other for other in variants.entries if other.startswith(family)])
    entries: dict[str, Value] = {part: variant.entries[part] for part in ("doc", "expect") if part in variant.entries}
    entries |= {"name": key, "params": without(variant, ("doc", "expect"))}
    over = Mapping(file.source, file.start, file.end, dict.fromkeys(entries, key), entries)
    return merge(with_entry(file, "variants", others), over, [], [])


@cache
def _files() -> dict[str, Path]:
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


def source(path: Path) -> Source:
    """The text of a bundled spec."""
    limits = Limits()
    name = display_name(path)
    return Source(name, decode(start(path, limits.file_bytes), name, limits), path, bundled=True)


@cache
def _variants(path: Path) -> tuple[str, ...]:
    """The variants that a file itself states whose names begin as the file's does."""
    value = parse(source(path), Limits(), [])
    stated = value.entries.get("variants") if isinstance(value, Mapping) else None
    return tuple(name for name in _mapping(stated).entries if name.startswith(path.stem)) if stated else ()


def _mapping(value: Value) -> Mapping:
    assert isinstance(value, Mapping)
    return value
