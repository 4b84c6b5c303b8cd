"""Where named blocks live: the bundled YAML files, and those of installed plugins."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from archspec.files import read
from archspec.language.limits import Limits
from archspec.language.source import Source, decode

_BUNDLED = Path(__file__).parent.parent / "blocks"


def find(name: str) -> Path | None:
    """The file of a library block, or None. Plugins are looked at only for a name that is not bundled."""
    return _bundled_blocks().get(name) or _plugin_blocks().get(name)


def blocks() -> dict[str, Path]:
    """All library blocks by name, those of plugins included, in alphabetical order."""
    return dict(sorted({**_plugin_blocks(), **_bundled_blocks()}.items()))


def display_name(path: Path) -> str:
    """A library file's name in messages: ``archspec/blocks/bottleneck.yaml``."""
    return "/".join(path.parts[-3:])


def source(path: Path) -> Source:
    """The text of a library file."""
    name, limits = display_name(path), Limits()
    return Source(name, decode(read(path, limits.file_bytes), name, limits), path, bundled=True)


@lru_cache(maxsize=1)
def _bundled_blocks() -> dict[str, Path]:
    return {path.stem: path for path in _BUNDLED.glob("*.yaml")}


@lru_cache(maxsize=1)
def _plugin_blocks() -> dict[str, Path]:
    """The YAML files of the packages that the entry point group ``archspec.blocks`` names."""
    from importlib.metadata import entry_points
    from importlib.util import find_spec

    found: dict[str, Path] = {}
    for entry in entry_points(group="archspec.blocks"):
        package = find_spec(entry.value)
        folders = package.submodule_search_locations if package else None
        for folder in folders or ():
            found.update({path.stem: path for path in sorted(Path(folder).glob("*.yaml"))})
    return found
