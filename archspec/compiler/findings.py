"""What was found wrong with a spec, as one error: sorted, explained, and with what compiles of it."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.compiler.assembly import partial
from archspec.errors import Diagnostic, Note, SpecError
from archspec.language.limits import Limits
from archspec.language.loader import Loader
from archspec.language.removal import explained
from archspec.network import Block, Network, Node, PartialNetwork


def sorted_error(found: Iterable[Diagnostic], loader: Loader, limits: Limits) -> SpecError:
    """One error with every diagnostic once, in order of place, and the texts they speak of."""
    main = next(iter(loader.sources), "")
    unique = sorted(set(found), key=lambda d: (d.span.file != main, d.span, d.code, d.message))
    shown = [_traced(explained(diagnostic, loader.removals), loader) for diagnostic in unique[: limits.errors]]
    sources = {name: source.text for name, source in loader.sources.items()}
    return SpecError(shown, sources, left_out=max(0, len(unique) - limits.errors))


def _traced(diagnostic: Diagnostic, loader: Loader) -> Diagnostic:
    """A diagnostic with notes on why its file is read, where that is not the spec itself.

    In a network of the library that the user's file extends, the place is where it does so, as in
    `Trace.diagnostic`; what a help would change there is another text.
    """
    target = loader.extended.get(diagnostic.span.file)
    if target is not None:
        text = f"in the extended `{target.plain()}`" + (f": {diagnostic.label}" if diagnostic.label else "")
        inner = Note(text, diagnostic.span)
        diagnostic = diagnostic._replace(
            span=target.span, notes=(inner, *diagnostic.notes), help=str(diagnostic.help), label=""
        )
    notes, source = list(diagnostic.notes), loader.sources.get(diagnostic.span.file)
    files = {diagnostic.span.file, *(note.span.file for note in notes)}
    while source and source.origin and source.origin.source.name not in files:
        notes.append(Note("named here", source.origin.span))
        source = source.origin.source
        files.add(source.name)
    return diagnostic._replace(notes=tuple(notes))


def with_partial(error: SpecError, network: Network | None) -> SpecError:
    """An error with what compiled, if anything did, its nodes at fault marked."""
    if network is not None and (network.nodes or network.inputs):
        places = [(_places(network, each), each) for each in reversed(error.diagnostics)]
        problems = {path: each.summary for paths, each in places for path in paths}
        unplaced = tuple(each.summary for paths, each in reversed(places) if not paths)
        whole = not isinstance(network, PartialNetwork)
        error.partial = partial(network, problems, unplaced, whole=whole)
    return error


def _places(network: Network, diagnostic: Diagnostic) -> list[str]:
    """The nodes and blocks at fault; for what is wrong in the file of a block, those of each use."""
    if diagnostic.path in network:
        return [diagnostic.path]
    if not diagnostic.path:
        return []
    parts: list[Block | Node] = [*network.blocks.walk(), *network.nodes]
    inside = f".{diagnostic.path}"
    return [part.path for part in parts if part.path.endswith(inside) and part.span.file == diagnostic.span.file]
