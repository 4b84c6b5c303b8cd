"""``archspec diff``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

import archspec
from archspec.commands import completion
from archspec.commands.compilation import Asked, limits_of
from archspec.commands.options import Limit, Root, Strict
from archspec.commands.printing import first, print_error
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import SpecError, UsageError, shown

if TYPE_CHECKING:
    from archspec.commands.budgets import Budgets
    from archspec.comparison.comparison import Comparison
    from archspec.compiler.pipeline import LoadedSpec

SPEC = typer.Argument(
    metavar="A B",
    help="Two spec files or names of bundled networks; `-` reads standard input, REVISION:PATH is a file of git.",
    autocompletion=completion.specs,
)


class Format(StrEnum):
    """How a comparison is printed."""

    table = "table"
    markdown = "markdown"
    json = "json"


class Same(StrEnum):
    """What has to be the same."""

    weights = "weights"
    network = "network"


def diff(
    specs: Annotated[list[str] | None, SPEC] = None,
    git: Annotated[
        str | None,
        typer.Option("--git", metavar="REVISION", help="Compare all specs that changed since a revision of git."),
    ] = None,
    variant_a: Annotated[
        str | None,
        typer.Option("--variant-a", metavar="NAME", help="A variant of A.", autocompletion=completion.variants),
    ] = None,
    variant_b: Annotated[
        str | None,
        typer.Option(
            "--variant-b", metavar="NAME", help="A variant of B.", autocompletion=completion.variants_of_second
        ),
    ] = None,
    set_a: Annotated[
        list[str] | None,
        typer.Option(
            "--set-a",
            metavar="NAME=VALUE",
            help="The value of a parameter of A; may be repeated.",
            autocompletion=completion.parameters,
        ),
    ] = None,
    set_b: Annotated[
        list[str] | None,
        typer.Option(
            "--set-b",
            metavar="NAME=VALUE",
            help="The value of a parameter of B; may be repeated.",
            autocompletion=completion.parameters_of_second,
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.table,
    all: Annotated[bool, typer.Option("--all", help="Print all that follows from each edit.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A picture to write: svg, png, pdf, tex, dot or mmd."),
    ] = None,
    detail: Annotated[
        str | None,
        typer.Option(
            "--detail",
            metavar="LEVEL",
            help="Of the picture: overview (unless given), blocks or ops.",
            autocompletion=completion.details,
        ),
    ] = None,
    theme: Annotated[
        str | None,
        typer.Option(
            "--theme",
            metavar="NAME",
            help="Of the picture: light (unless given), dark, auto, print or colorblind.",
            autocompletion=completion.themes,
        ),
    ] = None,
    max_params: Annotated[
        str | None,
        typer.Option("--max-params", metavar="N", help="Exit with 1 where B has more: 25M, +5% or +1M over A."),
    ] = None,
    max_macs: Annotated[
        str | None, typer.Option("--max-macs", metavar="N", help="The same for multiply-accumulates.")
    ] = None,
    same: Annotated[
        list[Same] | None,
        typer.Option("--same", help="Exit with 1 where checkpoints of A do not fit B (weights), or anything differs."),
    ] = None,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Tell what changed between two networks, what it costs, and what follows from it elsewhere."""
    from archspec.commands.budgets import budgets

    kept = budgets(max_params, max_macs, [each.value for each in same or ()])
    given = _Given(root, limit, strict)
    if git is not None:
        if specs or variant_a or variant_b or set_a or set_b or picture:
            raise UsageError("--git compares each spec that changed: it takes no SPEC, variant, value or picture")
        return _since(git, given, format, all, kept)
    if specs is None or len(specs) != 2:
        raise UsageError("two specs are compared, A and B, or with --git REVISION those that changed")
    sides = [_Side(specs[0], variant_a, set_a), _Side(specs[1], variant_b, set_b)]
    if specs == [STANDARD, STANDARD]:
        raise UsageError("standard input holds one spec, and two are compared")
    if picture:
        from archspec.drawing.drawing import kind_of

        kind_of(picture.suffix.removeprefix("."))  # before anything is compared
    from archspec.comparison.comparison import compared

    comparison = compared(*map(given.network, sides))
    _print(comparison, (sides[0].name, sides[1].name), format, all)
    if picture:
        _draw(comparison, picture, {"detail": detail, "theme": theme})
    return _verdict(comparison, kept)


class _Side(NamedTuple):
    """One of the two networks."""

    spec: str
    variant: str | None
    set_: Sequence[str] | None

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return " ".join([first(self.spec), *map(shown, filter(None, [self.variant, *(self.set_ or ())]))])


class _Given(NamedTuple):
    """Options on how specs compile."""

    root: Path | None
    limit: Sequence[str] | None
    strict: bool

    def network(self, side: _Side) -> archspec.Network:
        """The network of a side; its warnings are printed, or raised where they are taken for errors."""
        from archspec.comparison import revisions

        asked = Asked(side.spec, side.variant, side.set_, self.root, self.limit, self.strict)
        if not revisions.is_of_revision(side.spec):
            return asked.network()
        with revisions.opened(side.spec, self.root, limits_of(self.limit or ())) as opened:
            return asked.network(opened)

    def opened_network(self, opened: LoadedSpec | None) -> archspec.Network | None:
        """The network of a spec that is open; None where there is none."""
        return None if opened is None else Asked("", None, None, None, None, self.strict).network(opened)


def _print(
    comparison: Comparison, names: tuple[str, str], format: Format, all: bool, *, conventions: bool = True
) -> None:
    from archspec.reports import comparison as printing
    from archspec.reports import comparison_json

    if format is Format.json:
        print_document(comparison_json.render(comparison))
    elif format is Format.markdown:
        print_document(printing.render_markdown(comparison, names, all=all))
    else:
        text = printing.render(comparison, names, all=all, colours=sys.stdout.isatty(), conventions=conventions)
        print(text, end="")


def _draw(comparison: Comparison, path: Path, options: Mapping[str, Any]) -> None:
    from archspec.drawing.changes import draw

    picture = draw(comparison, **{name: value for name, value in options.items() if value})
    picture.save(path)
    print(f"wrote {shown(path)}", file=sys.stderr)


def _verdict(comparison: Comparison, kept: Budgets, place: str = "") -> int:
    """1 where a comparison does not keep to budgets, which is printed; else 0."""
    broken = list(kept.broken(comparison))
    for text in broken:
        print(f"{place}error: {text}", file=sys.stderr)
    return int(bool(broken))


# All specs that changed


def _since(name: str, given: _Given, format: Format, all: bool, kept: Budgets) -> int:
    """Compare all networks that differ between a revision and the work tree."""
    from archspec.comparison import revisions
    from archspec.comparison.comparison import compared

    code = 0
    found: dict[str, Comparison | archspec.Network | None] = {}
    for change in revisions.changes_since(name, limits_of(given.limit or ())):
        try:
            before, after = (given.opened_network(spec) for spec in (change.before, change.after))
        except SpecError as error:
            if [each.code for each in error.diagnostics] != ["not-a-network"]:
                print_error(error)
                code = 1
            continue
        if before is None or after is None:
            found[change.path] = after
        elif before.digest != after.digest:
            found[change.path] = comparison = compared(before, after)
            code = max(code, _verdict(comparison, kept, f"{first(change.path)}: "))
    _print_all(name, found, format, all)
    return code


def _print_all(name: str, found: Mapping[str, Comparison | archspec.Network | None], format: Format, all: bool) -> None:
    """Print comparisons by path; a network is a new one, and None one that is gone."""
    from archspec.comparison.comparison import Comparison
    from archspec.reports import comparison_json

    if format is Format.json:
        print_document(comparison_json.render_all(found))
        return
    if not found:
        print(f"no spec changed since {shown(name)}")
    last = [path for path, what in found.items() if isinstance(what, Comparison)][-1:]
    for path, what in found.items():
        if isinstance(what, Comparison):
            _print(what, (first(f"{name}:{path}"), first(path)), format, all, conventions=path in last)
        elif what is None:
            print(f"{first(path)}: removed")
        else:
            print(f"{first(path)}: new, {what.params:,} params, {what.macs:,} MACs")
        print()
