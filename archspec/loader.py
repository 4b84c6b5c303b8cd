"""From files to definitions: reading, `extends`, and the blocks that a file names."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from archspec import library
from archspec.definition import Definition
from archspec.errors import Diagnostic, Span, SpecError, UsageError, did_you_mean
from archspec.limits import Limits
from archspec.merge import merge
from archspec.reading import read_block, read_file
from archspec.source import Mapping, Scalar, Source, Value, decode, parse


@dataclass
class Loader:
    """Reads the files of one compile, each once.

    Attributes:
        root: The folder that the spec's references may not leave.
        limits: Bounds on what is read.
        found: Where errors go.
        sources: Every file read, by its name in messages.
    """

    root: Path
    limits: Limits
    found: list[Diagnostic]
    sources: dict[str, Source] = field(default_factory=dict)
    _files: dict[Path, Definition | None] = field(default_factory=dict)
    _blocks: dict[int, tuple[Value, Definition | None]] = field(default_factory=dict)

    def main(self, source: Source) -> Definition | None:
        """The definition of the spec itself."""
        value = self._extended(source, ())
        return read_file(value, self.found) if value is not None else None

    def block(self, target: Scalar, user: Definition) -> Definition | None:
        """The definition that a node means by ``block: target``; errors are reported at ``target``."""
        name = str(target.value)
        if name in user.blocks:
            value = user.blocks[name]
            return self._inline(name, value, user) if isinstance(value, Mapping) else self._named_file(value)
        if _is_path(name):
            return self._named_file(target)
        path = library.find(name)
        if path is not None:
            return self._file(path, library.display_name(path), bundled=True)
        known = [*user.blocks, *library.blocks()]
        help = (
            did_you_mean(name, known) or "`archspec blocks` lists the library; a file is named by its path: ./my.yaml"
        )
        self.found.append(Diagnostic("unknown-block", f"no block is called `{name}`", target.span, help=help))
        return None

    def _inline(self, name: str, value: Mapping, user: Definition) -> Definition | None:
        # The value is kept beside the definition, so that its id stays its own.
        if id(value) not in self._blocks:
            self._blocks[id(value)] = value, read_block(name, value, user, self.found)
        return self._blocks[id(value)][1]

    def _named_file(self, target: Value) -> Definition | None:
        path = self._resolve(target)
        return self._file(path, self._display(path), target=target) if path else None

    def _file(self, path: Path, name: str, *, bundled: bool = False, target: Value | None = None) -> Definition | None:
        if path not in self._files:
            source = self._read(path, name, bundled, target)
            value = self._extended(source, (path,)) if source else None
            self._files[path] = read_file(value, self.found) if value is not None else None
        return self._files[path]

    def _extended(self, source: Source, chain: tuple[Path, ...]) -> Value | None:
        """The value of a file, merged into those that it extends."""
        self.sources[source.name] = source
        value = parse(source, self.limits, self.found)
        target = value.entries.get("extends") if isinstance(value, Mapping) else None
        if not (isinstance(value, Mapping) and isinstance(target, Scalar) and isinstance(target.value, str)):
            return value
        chain = chain or ((source.path.resolve(),) if source.path else ())
        path = self._resolve(target)
        if path is None or self._circular(path, chain, target):
            return None
        base_source = self._read(path, self._display(path), False, target)
        base = self._extended(base_source, (*chain, path)) if base_source else None
        return merge(base, value, self.found) if isinstance(base, Mapping) else None

    def _circular(self, path: Path, chain: tuple[Path, ...], target: Value) -> bool:
        if path in chain:
            names = " -> ".join(link.name for link in (*chain, path))
            self.found.append(Diagnostic("recursive-extends", f"a file extends itself: {names}", target.span))
        elif len(chain) >= self.limits.nesting:
            message = f"more than {self.limits.nesting} files extend each other (nesting)"
            self.found.append(Diagnostic("limit-exceeded", message, target.span))
        return path in chain or len(chain) >= self.limits.nesting

    def _read(self, path: Path, name: str, bundled: bool, target: Value | None) -> Source | None:
        if len(self.sources) >= self.limits.files:
            message = f"the spec draws in more than {self.limits.files} files (files)"
            raise SpecError([*self.found, Diagnostic("limit-exceeded", message, target.span if target else _top(name))])
        try:
            with path.open("rb") as file:
                data = file.read(self.limits.file_bytes + 1)
        except OSError as error:
            span = target.span if target else _top(name)
            message = f"cannot read `{name}`: {error.strerror or error}"
            self.found.append(Diagnostic("file-not-found", message, span, help=self._nearby(path)))
            return None
        return Source(name, decode(data, name, self.limits), path, bundled)

    def _nearby(self, path: Path) -> str:
        try:
            names = [other.name for other in path.parent.glob("*.y*ml")]
        except OSError:
            return ""
        return did_you_mean(path.name, names)

    def _resolve(self, target: Value) -> Path | None:
        """The file that a path in a spec means; a path that leaves the spec's folder is an error."""
        assert isinstance(target, Scalar)
        folder = target.source.path.parent if target.source.path else self.root
        try:
            path = (folder / str(target.value)).resolve()
            inside = path.is_relative_to(self.root.resolve())
        except (OSError, ValueError, RuntimeError) as error:
            self.found.append(Diagnostic("file-not-found", f"this is no path: {error}", target.span))
            return None
        if not inside:
            message = f"`{target.value}` lies outside of the spec's folder"
            help = "allow a wider folder with `--root FOLDER` (Python: root=...)"
            self.found.append(Diagnostic("path-outside", message, target.span, help=help))
            return None
        return path

    @staticmethod
    def _display(path: Path) -> str:
        try:
            return str(path.relative_to(Path.cwd())) or "."
        except (ValueError, OSError):
            return str(path)


def library_block(name: str) -> Definition:
    """The definition of a library block.

    Raises:
        UsageError: There is no such block.
        SpecError: The block's file is wrong.
    """
    path = library.find(name)
    if path is None:
        raise UsageError(f"no block is called `{name}`; {did_you_mean(name, library.blocks())}".rstrip("; "))
    found: list[Diagnostic] = []
    loader = Loader(path.parent, Limits(), found)
    definition = loader.main(Source(library.display_name(path), path.read_text(encoding="utf-8"), path, bundled=True))
    if definition is None or found:
        raise SpecError(found, {source.name: source.text for source in loader.sources.values()})
    return definition


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith((".yaml", ".yml"))


def _top(name: str) -> Span:
    return Span(name, 1, 1, 1, 1)
