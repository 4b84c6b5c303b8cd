"""What a shell completes: nothing where that cannot be told, since an error helps nobody while they type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import fields
from functools import wraps
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

from archspec.language.limits import Limits

if TYPE_CHECKING:
    from archspec.language.definition import Definition

_P = ParamSpec("_P")
_T = TypeVar("_T")


def _quiet(words: Callable[_P, Iterable[_T]]) -> Callable[_P, list[_T]]:
    """Whatever goes wrong, in a spec or in a package with ops of its own, completes nothing."""

    @wraps(words)
    def found(*args: _P.args, **kwargs: _P.kwargs) -> list[_T]:
        with suppress(Exception):
            return list(words(*args, **kwargs))
        return []

    return found


@_quiet
def specs(incomplete: str) -> list[str]:
    """Paths of YAML files, and names of bundled networks."""
    return files(incomplete) + _named(incomplete)


@_quiet
def files(incomplete: str) -> list[str]:
    """Paths of YAML files.

    A folder with nothing beside it is entered: shells put a space after a single word.
    """
    found = _beneath(incomplete)
    while len(found) == 1 and found[0].endswith("/"):
        found = _beneath(found[0])
    return found


def _named(incomplete: str) -> list[str]:
    from archspec.language import networks

    return [name for name in networks.names() if incomplete and name.startswith(incomplete)]


def _beneath(path: str) -> list[str]:
    """The folders and YAML files whose paths begin so, hidden ones where the dot is there."""
    folder, slash, start = path.rpartition("/")
    entries = [entry for entry in Path(folder + slash).expanduser().iterdir() if entry.name.startswith(start)]
    folders = [f"{entry.name}/" for entry in entries if entry.is_dir()]
    files = [entry.name for entry in entries if entry.suffix in (".yaml", ".yml") and not entry.is_dir()]
    shown = [name for name in [*folders, *files] if name.isprintable() and (start or not name.startswith("."))]
    return sorted(folder + slash + name for name in shown)


@_quiet
def variants(context: typer.Context) -> Iterable[str]:
    """The variants of the spec."""
    return _definition(context).variants


@_quiet
def parameters(context: typer.Context) -> Iterator[tuple[str, str]]:
    """The parameters of the spec, or of the block to draw without one."""
    for name, param in _definition(context).params.items():
        yield f"{name}=", param.doc


@_quiet
def weight_sources(context: typer.Context) -> Iterable[str]:
    """The libraries whose names of tensors the spec knows."""
    weights = _definition(context).weights
    return weights.entries if weights else ()


@_quiet
def variants_of_second(context: typer.Context) -> Iterable[str]:
    """The variants of the second of two specs."""
    return _definition(context, 1).variants


@_quiet
def parameters_of_second(context: typer.Context) -> Iterator[tuple[str, str]]:
    """The parameters of the second of two specs."""
    for name, param in _definition(context, 1).params.items():
        yield f"{name}=", param.doc


def _definition(context: typer.Context, number: int = 0) -> Definition:
    """What is read of the spec, of several that of a number, or without one of the block to draw.

    Raises:
        ArchspecError: It cannot be read.
    """
    from archspec.language.loader import definition, known_network, library_block
    from archspec.language.places import is_path

    spec, block = _spec(context, number), context.params.get("block") or ""
    if block and not (spec or is_path(block)):
        return library_block(block)
    if spec and not is_path(spec):
        return known_network(spec)
    return definition(Path(spec or block), context.params.get("root"))


def _spec(context: typer.Context, number: int = 0) -> str:
    """The spec of a number typed so far. While an option waits for its value, it is no parameter yet."""
    typed = [context.params.get("spec"), *(context.params.get("specs") or ()), *context.args]
    return next(islice(filter(None, typed), number, None), "")


@_quiet
def limits() -> Iterable[str]:
    """The bounds."""
    return [f"{field.name}=" for field in fields(Limits)]


@_quiet
def targets() -> Iterable[str]:
    """The figures of a budget."""
    from archspec.exploration.figures import FIGURES

    return [f"{name}=" for name in FIGURES]


@_quiet
def ops() -> Iterable[str]:
    """The ops, those of plugins included."""
    from archspec.ops import registry

    return registry.names()


@_quiet
def blocks() -> Iterable[str]:
    """The blocks of the library."""
    from archspec.language import library

    return library.blocks()


@_quiet
def shown(incomplete: str) -> list[str]:
    """What is printed: specs, and blocks of the library."""
    return specs(incomplete) + [name for name in blocks() if incomplete and name.startswith(incomplete)]


@_quiet
def drawn_blocks(context: typer.Context) -> Iterable[str]:
    """The blocks that the spec uses; without one, those of the library."""
    import archspec

    spec = _spec(context)
    if not spec:
        return blocks()
    network = archspec.compile(spec, root=context.params.get("root"))
    return dict.fromkeys(block.definition for block in network.blocks.walk() if block.kind == "block")


@_quiet
def import_formats() -> Iterable[str]:
    """Kinds of files that can be imported."""
    from archspec.importers import registry

    return registry.formats()


@_quiet
def codes() -> Iterable[str]:
    """The codes of errors."""
    from archspec.reports import explanations

    return explanations.codes()


@_quiet
def fonts() -> Iterable[str]:
    """Fonts whose widths are known, but for those that a shell would take for several words."""
    from archspec.drawing.content.typefaces import NAMES

    return [name for name in NAMES if " " not in name]


def _table(module: str, name: str) -> Callable[[], list[str]]:
    """The words of a table, whose module is imported when they are asked for."""

    @_quiet
    def words() -> Iterable[str]:
        found: Iterable[str] = getattr(import_module(module), name)
        return found

    return words


styles = _table("archspec.drawing.styles", "STYLES")
details = _table("archspec.drawing.content.scene", "DETAILS")
themes = _table("archspec.drawing.formats.themes", "THEMES")
directions = _table("archspec.drawing.layout.forms", "DIRECTIONS")
papers = _table("archspec.drawing.layout.pages", "PAGES")
widths = _table("archspec.drawing.layout.lengths", "NAMED")
layouts = _table("archspec.drawing.layout.forms", "LAYOUTS")
colors = _table("archspec.drawing.content.colouring", "COLOURS")
figures = _table("archspec.drawing.content.cards", "SHOWN")
sweep_figures = _table("archspec.exploration.figures", "FIGURES")
