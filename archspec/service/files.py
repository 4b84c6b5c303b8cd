"""The files that a document can name, as far as they are known: the compiler's own, those it has read, those open."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from archspec.files import start
from archspec.language import library, networks
from archspec.language.limits import Limits
from archspec.language.places import is_path
from archspec.language.source import Source
from archspec.service.outline import File, Section

_MOST_BYTES = Limits().file_bytes


class Files:
    """The files that a document can name. Nothing is read but what is bundled: the compiler has read the others.

    Args:
        sources: The files that the compiler has read.
        texts: The texts of documents that are open, which stand for files.
    """

    def __init__(self, sources: Mapping[Path, Source], texts: Mapping[Path, str]) -> None:
        self._sources = sources
        self._texts = texts
        self._known: dict[Path, File] = {}

    def file(self, path: Path) -> File | None:
        """A file that is known; None for another."""
        if path not in self._known:
            source = self._sources.get(path)
            text = self._texts.get(path, source.text if source else None)
            if text is None:
                return None
            self._known[path] = File(path, text, self, source is not None and source.bundled)
        return self._known[path]

    def block(self, name: str, user: File) -> Section | None:
        """The section of a block that a file means by a name or a path, besides those that it brings along."""
        if is_path(name):
            return self._section(name, user)
        found = library.find(name)
        known = networks.find(name) if found is None else None
        path = found or (known.path if known else None)
        return bundled(path).section if path is not None else None

    def extended(self, name: str, user: File) -> Section | None:
        """The section that a file extends."""
        if is_path(name):
            return self._section(name, user)
        known = networks.find(name) if name else None
        path = known.path if known else library.find(name)
        return bundled(path).section if path is not None else None

    def _section(self, name: str, user: File) -> Section | None:
        try:
            path = (user.path.parent / name).resolve()
            if user.bundled:
                return bundled(path).section if path.parent == user.path.parent and path.is_file() else None
            file = self.file(path)
        except (OSError, ValueError, RuntimeError):
            return None
        return file.section if file is not None else None


@lru_cache(maxsize=1_000)
def bundled(path: Path) -> File:
    """A file of archspec's own, or of a package with blocks of its own: it names none but such."""
    text = start(path, _MOST_BYTES).decode("utf-8-sig", "replace")
    return File(path, text, Files({}, {}), bundled=True)
