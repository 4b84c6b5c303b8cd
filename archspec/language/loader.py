"""From files to definitions: reading, `extends`, and the blocks that a file names."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from archspec.errors import Diagnostic, Help, RuleError, SpecError, UsageError, did_you_mean
from archspec.files import reason, start
from archspec.language import library, networks
from archspec.language.composer import no_mapping, parse
from archspec.language.definition import Definition
from archspec.language.limits import Limits, raise_limit
from archspec.language.merge import merge
from archspec.language.places import WIDER, bundled_name, check_root, display, is_path, located, nearby
from archspec.language.reading import read_block, read_file
from archspec.language.removal import Removal
from archspec.language.source import Mapping, Scalar, Source, Value, decode
from archspec.language.values import kind


class LoadError(RuleError):
    """A file or block that cannot be had. ``target`` is the value that names it."""

    def __init__(self, code: str, message: str, target: Value, *, help: str = "") -> None:
        super().__init__(message, help=help)
        self.code = code
        self.target = target


@dataclass(frozen=True, eq=False)
class Reading:
    """What a file or an entry of ``blocks:`` holds.

    Attributes:
        definition: Its definition; None where errors leave nothing to go on with.
        sources: The files that were read for it: its own, and those that it extends.
        found: What is wrong with them.
    """

    definition: Definition | None
    sources: tuple[Source, ...]
    found: tuple[Diagnostic, ...]


@dataclass
class Loader:
    """Reads the files of a spec, each once.

    Raises:
        UsageError: ``root`` is no folder.

    Attributes:
        root: The folder that the spec's references may not leave.
        limits: Bounds on what is read.
        found: Where errors go; those of each file are in its `Reading` too.
        read: Gives the first bytes of a file, as `archspec.files.start` does; an editor has texts that are not saved.
        sources: Every file read, by its name in messages.
        extended: Where a file of the user's own extends one of the library, by the name of that in messages.
        removals: What files take out of those that they extend.
        shown_as: A folder, and what its files are called in messages in place of it, such as ``HEAD~1:``; None for
            files that are called by their paths.
    """

    root: Path
    limits: Limits
    found: list[Diagnostic]
    read: Callable[[Path, int], bytes] = start
    sources: dict[str, Source] = field(default_factory=dict)
    extended: dict[str, Value] = field(default_factory=dict)
    removals: list[Removal] = field(default_factory=list)
    shown_as: tuple[Path, str] | None = None
    _parsed_sources: list[Source] = field(default_factory=list)
    _settling: int = 0
    _files: dict[Path, Reading] = field(default_factory=dict)
    _library: dict[str, Reading] = field(default_factory=dict)
    _blocks: dict[Value, Reading] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_root(self.root)

    def main(self, source: Source) -> Reading:
        """The spec itself."""
        return self._reading(source, ())

    def network(self, known: networks.Known) -> Reading:
        """A network that is known by name."""
        reading = network_reading(known)
        self.sources.update({source.name: source for source in reading.sources})
        return reading

    def base(self, source: Source) -> Source | networks.Known | None:
        """What a spec that has been read extends; None for nothing."""
        value = parse(source, self.limits, [])
        target = value.entries.get("extends") if isinstance(value, Mapping) else None
        if target is None:
            return None
        if not is_path(str(target.plain())):
            return networks.find(str(target.plain()))
        path = self._resolve(target)
        return networks.find(path.stem) if source.bundled else self._read(path, target)

    def _reading(self, source: Source | None, chain: tuple[Path, ...], found: int | None = None) -> Reading:
        found = len(self.found) if found is None else found
        self._parsed_sources = []
        value = self._extended(source, chain) if source else None
        definition = read_file(value, self.found) if value else None
        sources = tuple(self._parsed_sources)
        self._settle(definition, found)
        return Reading(definition, sources, tuple(self.found[found:]))

    def _settle(self, definition: Definition | None, found: int) -> None:
        """Leave out what is wrong of nodes since a parameter of their block has the name of a node's key.

        Args:
            definition: What was read.
            found: The number of errors before it.
        """
        doubtful = definition.doubtful if definition and self._settling < self.limits.nesting else ()
        self._settling += 1
        try:
            for target, errors in doubtful:
                assert definition is not None
                with suppress(LoadError):
                    block = self.block(target, definition).definition
                    if block is not None and block.is_unusable:
                        self.found[found:] = [each for each in self.found[found:] if each not in errors]
        finally:
            self._settling -= 1

    def block(self, target: Scalar, user: Definition) -> Reading:
        """The block that a node means by ``block: target``.

        Raises:
            LoadError: There is no such block.
        """
        name = str(target.value)
        if name in user.blocks:
            value = user.blocks[name]
            return self._inline(name, value, user) if isinstance(value, Mapping) else self._named_file(value)
        if is_path(name):
            return self._named_file(target)
        if name in self._library or library.find(name) is not None:
            return self._of_library(name)
        if known := networks.find(name):
            return self.network(known)
        from archspec.language.unknown import name_help

        help = name_help(name, "block", user.blocks)
        help = help or "`archspec blocks` lists the library; a file is named by its path: ./my.yaml"
        raise LoadError("unknown-block", f"no block is called `{name}`", target, help=help)

    def _of_library(self, name: str) -> Reading:
        if name not in self._library:
            self._library[name] = reading = library_reading(name)
            self.sources.update({source.name: source for source in reading.sources})
        return self._library[name]

    def _inline(self, name: str, value: Mapping, user: Definition) -> Reading:
        def read() -> Reading:
            found = len(self.found)
            definition = read_block(name, value, user, self.found)
            self._settle(definition, found)
            return Reading(definition, (), tuple(self.found[found:]))

        return _once(_LIBRARY_BLOCKS if value.source.bundled else self._blocks, value, read)

    def _named_file(self, target: Value) -> Reading:
        path = self._resolve(target)

        def read() -> Reading:
            found = len(self.found)  # a text that cannot be used is an error of the file too
            return self._reading(self._read(path, target), (path,), found)

        reading = _once(_LIBRARY_FILES if target.source.bundled else self._files, path, read)
        self.sources.update({source.name: source for source in reading.sources})
        return reading

    def _extended(self, source: Source, chain: tuple[Path, ...]) -> Mapping | None:
        """What a file holds, merged into those that it extends; None where an error keeps it from being read."""
        value = self._parsed(source)
        target = value.entries.get("extends") if value else None
        if value is None or target is None:
            return value
        chain = chain or ((source.path.resolve(),) if source.path else ())
        try:
            base = self._base(target, chain)
        except LoadError as error:
            self.found.append(Diagnostic(error.code, error.message, error.target.span, help=error.help))
            return None
        if base and "block" in value.entries and "block" not in base.entries:
            message, help = "a block does not extend a network", f"a node uses it: `block: {target.plain()}`"
            self.found.append(Diagnostic("conflicting-keys", message, target.span, help=help))
            return None
        return merge(base, value, self.found, self.removals) if base else None

    def _parsed(self, source: Source) -> Mapping | None:
        self.sources[source.name] = source
        self._parsed_sources.append(source)
        try:
            value = parse(source, self.limits, self.found)
        except SpecError as error:
            self.found += error.diagnostics
            return None
        if isinstance(value, Mapping):
            return value
        self.found.append(no_mapping(value))
        return None

    def _base(self, target: Value, chain: tuple[Path, ...]) -> Mapping | None:
        """What ``extends`` means: a network or block that is known by name, or a file."""
        if not (isinstance(target, Scalar) and isinstance(target.value, str)):
            message = f"`extends` names a network or the path of a file, and this is {kind(target.plain())}"
            help, items = "several files cannot be extended at once", target.plain()
            if isinstance(items, list) and len(items) == 1 and isinstance(items[0], str):
                help = Help.instead(f"write `extends: {items[0]}`", items[0])
            raise LoadError("invalid-value", message, target, help=help)
        if not is_path(target.value):
            return self._named_base(target.value, target)
        path = self._resolve(target)
        if path in chain:
            names = " -> ".join(link.name for link in (*chain, path))
            help = Help.removal("")
            raise LoadError("circular-definition", f"a file extends itself: {names}", target, help=help)
        if len(chain) >= self.limits.nesting:
            message = f"more than {self.limits.nesting} files extend each other"
            raise LoadError("limit-exceeded", message, target, help=raise_limit("nesting"))
        source = self._read(path, target)
        return self._extended(source, (*chain, path)) if source else None

    def _named_base(self, name: str, target: Value) -> Mapping | None:
        known = networks.find(name)
        if known is None and library.find(name) is None:
            help = did_you_mean(name, library.blocks()) or no_network_help(name)
            raise LoadError("unknown-network", f"no network is called `{name}`", target, help=help)
        file = network_file(known) if known else block_of_library(name)
        self.sources.update({source.name: source for source in file.sources})
        if not target.source.bundled:
            self.extended.update({source.name: target for source in file.sources})
        self._parsed_sources += file.sources
        self.found += file.found
        return file.value

    def is_current(self) -> bool:
        """Whether the files that the spec draws in are still as they were read."""
        drawn_in = [source for source in self.sources.values() if source.origin is not None]
        return all(source.origin and self._is_current(source, source.origin) for source in drawn_in)

    def _is_current(self, source: Source, origin: Value) -> bool:
        try:
            path = self._resolve(origin)
            text = decode(self.read(path, self.limits.file_bytes), source.name, self.limits)
        except (OSError, SpecError, LoadError):
            return False
        return (path, self._display(path), text) == (source.path, source.name, source.text)

    def _read(self, path: Path, target: Value) -> Source | None:
        """A file, or None where its text cannot be used; the error has been added to ``found``.

        What a file of the library names is the library's too.
        """
        bundled = target.source.bundled
        name = bundled_name(path) if bundled else self._display(path)
        # Files of the library do not count: whether they are read depends on what the process knows.
        own = [source for source in self.sources.values() if not source.bundled]
        if len(own) >= self.limits.files:
            message = f"the spec draws in more than {self.limits.files} files"
            raise SpecError([Diagnostic("limit-exceeded", message, target.span, help=raise_limit("files"))])
        try:
            data = self.read(path, self.limits.file_bytes)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            help = nearby(path)
            if isinstance(help, Help):
                help = help.around(
                    str(target.plain())[: -len(path.name)] if str(target.plain()).endswith(path.name) else ""
                )
            raise LoadError("unreadable-file", f"there is no file `{name}`", target, help=help) from None
        except OSError as error:
            message = f"the file `{name}` cannot be read: {reason(error)}"
            raise LoadError("unreadable-file", message, target) from None
        if len(data) <= self.limits.file_bytes < len(data) + sum(len(source.text) for source in own):
            message = f"the files of the spec have more than {self.limits.file_bytes:,} bytes together"
            raise SpecError([Diagnostic("limit-exceeded", message, target.span, help=raise_limit("file_bytes"))])
        try:
            text = decode(data, name, self.limits)
        except SpecError as error:
            self.found += error.diagnostics
            return None
        return Source(name, text, path, bundled, origin=None if bundled else target)

    def _resolve(self, target: Value) -> Path:
        """The file that a path in a spec means."""
        assert isinstance(target, Scalar)
        if len(str(target.value)) > _LONGEST_PATH:
            message = f"this is no path: it has more than {_LONGEST_PATH:,} characters"
            raise LoadError("unreadable-file", message, target)
        folder = target.source.path.parent if target.source.path else self.root
        root = folder if target.source.bundled else self.root
        try:
            path = (folder / str(target.value)).resolve()
            inside = path.is_relative_to(root.resolve())
        except (OSError, ValueError, RuntimeError) as error:
            raise LoadError("unreadable-file", f"this is no path: {error}", target) from None
        if not inside:
            message = f"`{target.value}` lies outside of the spec's folder"
            raise LoadError("path-outside", message, target, help=WIDER)
        return path

    def _display(self, path: Path) -> str:
        if self.shown_as and path.is_relative_to(self.shown_as[0]):
            return self.shown_as[1] + path.relative_to(self.shown_as[0]).as_posix()
        return display(path)


_Key = TypeVar("_Key", bound=Hashable)


def _once(known: dict[_Key, Reading], key: _Key, read: Callable[[], Reading]) -> Reading:
    """What is known under a key, or is read now; what names itself finds nothing meanwhile."""
    if key not in known:
        known[key] = Reading(None, (), ())
        try:
            known[key] = read()
        except BaseException:
            del known[key]
            raise
    return known[key]


_LONGEST_PATH = 4_096
_LIBRARY_BLOCKS: dict[Value, Reading] = {}
"""Blocks inside of the library's files, which a process reads once as it does the files."""
_LIBRARY_FILES: dict[Path, Reading] = {}
"""Files that the library's files name."""


@cache
def library_reading(name: str) -> Reading:
    """A block of the library, whose file is read once a process.

    Raises:
        UsageError: There is no such block.
    """
    path = library.find(name)
    if path is None:
        from archspec.language.unknown import name_help

        raise UsageError(f"no block is called `{name}`; {name_help(name, 'block')}".rstrip("; "))
    return Loader(path.parent, Limits(), []).main(library.source(path))


@dataclass(frozen=True)
class KnownFile:
    """The file of a network or block that is known by name, merged with what it extends.

    Attributes:
        value: What it holds; None where an error keeps it from being read.
        sources: The files that were read for it.
        found: What is wrong with them.
    """

    value: Mapping | None
    sources: tuple[Source, ...]
    found: tuple[Diagnostic, ...]


@cache
def network_file(known: networks.Known) -> KnownFile:
    """The file of a network that is known by name, which is read once a process."""
    file = _known_file(networks.source(known.path))
    if file.value is None or not known.variant:
        return file
    return replace(file, value=networks.as_network(file.value, known.variant))


@cache
def block_of_library(name: str) -> KnownFile:
    """The file of a block of the library, which is read once a process."""
    path = library.find(name)
    assert path is not None
    return _known_file(library.source(path))


def _known_file(source: Source) -> KnownFile:
    assert source.path is not None
    loader = Loader(source.path.parent, Limits(), [])
    value = loader._extended(source, ())
    return KnownFile(value, tuple(loader._parsed_sources), tuple(loader.found))


@cache
def network_reading(known: networks.Known) -> Reading:
    """The definition of a network that is known by name, which is read once a process."""
    file = network_file(known)
    found = list(file.found)
    definition = read_file(file.value, found) if file.value else None
    return Reading(definition, file.sources, tuple(found))


def library_block(name: str) -> Definition:
    """The definition of a library block.

    Raises:
        UsageError: There is no such block.
        SpecError: The block's file is wrong.
    """
    return _definition(library_reading(name))


def block_file(path: Path, root: Path | None = None) -> Definition:
    """The definition of the block that a file holds.

    Args:
        path: The file.
        root: The folder that its references may not leave; its own unless given.

    Raises:
        UsageError: The file cannot be read, or holds a network.
        SpecError: The file is wrong.
    """
    found = definition(path, root)
    if found.is_network:
        raise UsageError(f"{path} holds a network, not a block")
    return found


def known_network(name: str) -> Definition:
    """The definition of a network that is known by name.

    Raises:
        UsageError: There is no such network.
    """
    known = networks.find(name)
    if known is None:
        raise UsageError(f"no network is called `{name}`; {no_network_help(name)}")
    return _definition(network_reading(known))


def no_network_help(name: str) -> str:
    """What to write in place of a name that no network has."""
    hint = did_you_mean(name, networks.names())
    return hint or f"`archspec list` shows all; a file is named by its path, `./{name}` or `{name}.yaml`"


def definition(path: Path, root: Path | None = None) -> Definition:
    """The definition that a file holds.

    Args:
        path: The file.
        root: The folder that its references may not leave; its own unless given.

    Raises:
        UsageError: The file cannot be read.
        SpecError: The file is wrong.
    """
    limits = Limits()
    place, folder = located(path, root)
    try:
        data = start(place, limits.file_bytes)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {reason(error)}") from None
    source = Source(str(path), decode(data, str(path), limits), place)
    return _definition(Loader(folder, limits, []).main(source))


def _definition(reading: Reading) -> Definition:
    if reading.definition is None or reading.found:
        raise SpecError(reading.found, {source.name: source.text for source in reading.sources})
    return reading.definition
