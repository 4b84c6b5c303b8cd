"""One document as it is now: its text, what the compiler says of it, and what it last said of one that was right."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from archspec.compiler.example import example_specs
from archspec.compiler.lint import warned
from archspec.compiler.pipeline import LoadedSpec
from archspec.errors import Diagnostic, Span, SpecError, UsageError
from archspec.files import start
from archspec.language.definition import Definition
from archspec.language.limits import Limits
from archspec.language.places import display
from archspec.language.source import Source, decode
from archspec.network import Block, Network, Node, NotCompiled
from archspec.service import outline
from archspec.service.figures import Key, Part, Uses, index, key_of
from archspec.service.files import Files
from archspec.service.lines import Lines
from archspec.service.names import Occurrence, occurrences
from archspec.service.outline import MOST_CHARACTERS, File
from archspec.service.spots import Spot, spots

_LIMITS = Limits()


class Document(NamedTuple):
    """A text that is edited.

    Attributes:
        uri: What the editor calls it.
        path: The file that it will be; paths in it start from there.
        text: What it holds now.
        version: The editor's number of that text.
    """

    uri: str
    path: Path
    text: str
    version: int = 0


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of one version of a document. Nothing changes it, and it speaks of no other version.

    Attributes:
        document: The document.
        definition: What it says, with what it extends; None where errors leave nothing to go on with.
        network: What it compiles to, of a block its example; None where there are errors.
        partial: What compiles of it in spite of errors; None where nothing does, or all.
        last: The network of the last version that was right; that of this one where it is.
        last_definition: What that version said.
        found: Errors and warnings, those of files that it draws in too.
        files: The files that were read for it, by their names in the errors.
        read: The files that were read for it, or for versions before, by their paths.
        others: The texts of other documents that are open, by their paths.
        spec: What compiles it; None where its text cannot be used.
        root: The folder that its references may not leave; its own unless given.
        reading: Which reading of files it is: a later one has a greater number.
    """

    document: Document
    definition: Definition | None
    network: Network | None
    partial: Network | None
    last: Network | None
    last_definition: Definition | None
    found: tuple[Diagnostic, ...]
    files: Mapping[str, Source]
    read: dict[Path, Source]
    others: Mapping[Path, str]
    spec: LoadedSpec | None = None
    root: Path | None = None
    reading: int = 0

    def compile(self, variant: str | None, params: Mapping[str, Any]) -> Network:
        """The network with other values of its parameters.

        Raises:
            SpecError: It is wrong with them, or without them.
            UsageError: There is no such variant or parameter, or a parameter does not take the value.
        """
        if self.spec is None:
            raise SpecError(self.found)
        return self.spec.compile(variant=variant, **params)

    @cached_property
    def meaning(self) -> Hashable:
        """All that its network follows from: of its text the values and their order, and the texts of other files.

        Texts that differ in comments, layout and spelling of values alone mean the same. None where nothing can be
        said of the text.
        """
        if self.definition is None:
            return None
        others = tuple((name, each.text) for name, each in self.files.items() if each.path != self.document.path)
        return repr(self.definition.value.plain()), others

    @cached_property
    def lines(self) -> Lines:
        """The lines of the text."""
        return Lines(self.document.text)

    @cached_property
    def known(self) -> Files:
        """The files that it can name, as far as they are known."""
        return Files(self.read, self.others)

    @cached_property
    def file(self) -> File:
        """Its text, and what that declares, whether it is right or not."""
        return File(self.document.path, self.document.text, self.known)

    @cached_property
    def spots(self) -> tuple[Spot, ...]:
        """What each of its words is for."""
        return tuple(spots(self.file.section))

    @cached_property
    def occurrences(self) -> tuple[Occurrence, ...]:
        """Which of its words name something."""
        return tuple(occurrences(self.file, self.spots))

    def uses(self, node: outline.Node) -> Uses | None:
        """What a node of its text is in the network: of this version where that has it, else of the last right one."""
        for network, definition in ((self.network or self.partial, self.definition), (self.last, self.last_definition)):
            if network is not None and definition is not None:
                found = self._parts(network, definition).get(key_of(node), [])
                parts = [part for part in found if not (isinstance(part, Node) and isinstance(part.op, NotCompiled))]
                if parts:
                    return Uses(parts, network)
        return None

    def _parts(self, network: Network, definition: Definition) -> dict[Key, list[Part]]:
        if id(network) not in self._indices:
            self._indices[id(network)] = index(network, definition)
        return self._indices[id(network)]

    @cached_property
    def _indices(self) -> dict[int, dict[Key, list[Part]]]:
        """The parts of networks, each found when it is asked for."""
        return {}

    @property
    def draws_in(self) -> bool:
        """Whether it names files, so that what it says depends on others."""
        names = any(source.path != self.document.path and not source.bundled for source in self.files.values())
        return names or any(each.code == "unreadable-file" for each in self.found)

    @property
    def name(self) -> str:
        """What the errors call the document."""
        return display(self.document.path)


def analyse(
    document: Document,
    *,
    others: Mapping[Path, str] | None = None,
    last: Analysis | None = None,
    root: Path | None = None,
    reading: int = 0,
) -> Analysis:
    """Compile a document.

    Args:
        document: The document.
        others: The texts of other documents that are open, by their paths: they stand for the files.
        last: What was known of it before, whose network serves where this text is wrong.
        root: The folder that its references may not leave; its own unless given.
        reading: Which reading of files it is.

    Returns:
        What is known of it. Whatever is wrong with the text is in that.

    Raises:
        Interrupted: Nobody wants it any more (`archspec.language.interruption`).
    """
    texts = dict(others or {})
    outcome = _compiled(document, texts, root)
    kept = last.last if last else None, last.last_definition if last else None
    return Analysis(
        document=document,
        definition=outcome.definition,
        network=outcome.network,
        partial=outcome.partial,
        last=outcome.network or kept[0],
        last_definition=outcome.definition if outcome.network else kept[1],
        found=outcome.found,
        files=outcome.files,
        read=(last.read if last else {}) | {each.path: each for each in outcome.files.values() if each.path},
        others=texts,
        spec=outcome.spec,
        root=root,
        reading=reading,
    )


def with_variants(analysis: Analysis) -> Iterator[Analysis]:
    """A network with what is wrong in its variants too, as ``archspec check`` looks at them: after each of them."""
    network, spec = analysis.network, analysis.spec
    if network is None or spec is None or analysis.definition is None or not analysis.definition.is_network:
        return
    for name in network.variants:
        try:
            found = warned(spec.compile(variant=name)).diagnostics
        except SpecError as error:
            found = error.diagnostics
        new = tuple(each for each in found if each not in analysis.found)
        analysis = replace(analysis, found=analysis.found + new)
        yield analysis


class _Outcome(NamedTuple):
    definition: Definition | None
    network: Network | None
    partial: Network | None
    found: tuple[Diagnostic, ...]
    files: Mapping[str, Source]
    spec: LoadedSpec | None = None


def _compiled(document: Document, others: Mapping[Path, str], root: Path | None) -> _Outcome:
    name, folder = display(document.path), root or document.path.parent
    if len(document.text) > MOST_CHARACTERS:
        message, help = f"the text has more than {MOST_CHARACTERS:,} characters", "`archspec check` looks at it"
        large = Diagnostic("limit-exceeded", message, Span(name, 1, 1, 1, 1), help=help)
        return _Outcome(None, None, None, (large,), {name: Source(name, document.text, document.path)})
    texts = {**others, document.path: document.text}

    def read(path: Path, most: int) -> bytes:
        text = texts.get(path)
        return start(path, most) if text is None else text.encode("utf-8", "surrogatepass")[: most + 1]

    def loaded(text: str, name: str, path: Path | None) -> LoadedSpec:
        data = text.encode("utf-8", "surrogatepass")[: _LIMITS.file_bytes + 1]
        return LoadedSpec(Source(name, decode(data, name, _LIMITS), path), folder, _LIMITS, read=read)

    try:
        spec = loaded(document.text, name, document.path)
    except SpecError as error:
        return _Outcome(None, None, None, error.diagnostics, {name: Source(name, document.text, document.path)})
    except UsageError:  # the folder is gone
        return _Outcome(None, None, None, (), {})
    try:
        network = spec.compile()
    except SpecError as error:
        definition = spec.definition
        if [each.code for each in error.diagnostics] == ["not-a-network"] and definition is not None:
            return _example(definition, document, loaded)
        found = (*error.diagnostics, *warned(*filter(None, [error.partial])).diagnostics)
        return _Outcome(definition, None, error.partial, found, dict(spec.sources))
    return _Outcome(spec.definition, network, None, warned(network).diagnostics, dict(spec.sources), spec)


def _used(example: Network) -> Definition:
    """The block of an example, as that has it."""
    (block,) = example.blocks.children
    assert isinstance(block, Block)
    return block.template


def _example(
    definition: Definition, document: Document, loaded: Callable[[str, str, Path | None], LoadedSpec]
) -> _Outcome:
    """The network of a block's example; errors of the block itself, where there is none."""
    name, wrong = f"example of {definition.name}", list[tuple[SpecError, LoadedSpec]]()
    try:
        specs = list(example_specs(definition, document.path, {}))
    except UsageError:  # it states none
        specs = []
    for text in specs:
        spec = loaded(text, name, None)
        try:
            network = spec.compile()
        except SpecError as error:
            wrong.append((error, spec))
        else:
            return _Outcome(_used(network), network, None, warned(network).diagnostics, dict(spec.sources))
    if not wrong:
        source = definition.source
        return _Outcome(definition, None, None, (), {source.name: source})
    first, spec = wrong[0]
    return _Outcome(definition, None, first.partial, first.diagnostics, dict(spec.sources))
