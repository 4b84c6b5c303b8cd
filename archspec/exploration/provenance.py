"""What decides a figure besides the values of parameters: this package, those that add to it, a spec's files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from archspec.files import whole
from archspec.language import networks
from archspec.language.source import Source
from archspec.version import __version__

_PACKAGE = Path(__file__).parent.parent
_PLUGINS = ("archspec.ops", "archspec.blocks")


@cache
def of_package() -> str:
    """A digest of what compiles here: this package's code, blocks and networks, and the packages that add to it.

    The code itself is in it, since that of a clone changes while its version does not.
    """
    digest = hashlib.sha256(__version__.encode())
    for path in sorted([*_PACKAGE.rglob("*.py"), *_PACKAGE.rglob("*.yaml"), *networks.FOLDER.glob("*.yaml")]):
        digest.update(f"\0{path.name}\0".encode())
        digest.update(path.read_bytes())
    for plugin in sorted(set(_plugins())):
        digest.update(f"\0{plugin}".encode())
    return digest.hexdigest()


def _plugins() -> Iterator[str]:
    from importlib.metadata import entry_points

    for group in _PLUGINS:
        for entry in entry_points(group=group):
            yield f"{entry.value} {entry.dist.version if entry.dist else ''}"


def of_files(sources: Iterable[Source]) -> dict[str, str]:
    """Digests of the files of users among some, by their paths; those of the library are of the package."""
    return {str(source.path): of_text(source.text) for source in sources if source.path and not source.bundled}


def of_text(text: str) -> str:
    """A digest of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Unchanged:
    """Whether files are as they were; each is read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, files: dict[str, str]) -> bool:
        """Whether all of some files, by path, have their digests."""
        return all(self._digest(path) == digest for path, digest in files.items())

    def _digest(self, path: str) -> str:
        if path not in self._known:
            self._known[path] = _read(path)
        return self._known[path]


def _read(path: str) -> str:
    """The digest of a file as it is now; empty where it cannot be read."""
    try:
        return of_text(whole(path).decode("utf-8-sig"))
    except (OSError, ValueError):
        return ""
