"""``archspec fit``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from archspec.commands import completion
from archspec.commands.compilation import assignments, limits_of
from archspec.commands.options import Jobs, Limit, Root, Set, Spec, Variant
from archspec.commands.progress import points_bar
from archspec.commands.quantities import quantity
from archspec.commands.streams import print_document
from archspec.errors import UsageError, shown


class Format(StrEnum):
    """How the outcome is printed."""

    text = "text"
    json = "json"


def fit(
    spec: Spec,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            "--knob",
            metavar="NAME[=VALUES]",
            help="A parameter to turn, `width` or `width=0.25..1.5`, with values as `archspec sweep --set` has them; "
            "may be repeated.",
            autocompletion=completion.parameters,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="FIGURE=N",
            help="The most of a figure: `macs=300M`; may be repeated.",
            autocompletion=completion.targets,
        ),
    ] = None,
    maximize: Annotated[
        list[str] | None,
        typer.Option(
            "--maximize",
            metavar="FIGURE",
            help="Of what meets the target, take the most of this; that of the target unless given. May be repeated.",
            autocompletion=completion.sweep_figures,
        ),
    ] = None,
    write: Annotated[
        str | None, typer.Option("--write", metavar="NAME", help="Add the best to the file, as a variant of this name.")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.text,
    jobs: Jobs = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
) -> int:
    """Find the values of parameters with which a network meets a budget; exit with 1 where there are none."""
    from archspec.exploration import fits, fitting

    params = dict(assignments(set_ or (), "--set"))
    with points_bar() as progress:
        found = fitting.fit(
            spec,
            _knobs(knob or ()),
            _targets(target or ()),
            maximize=maximize or (),
            write=write,
            variant=variant,
            jobs=jobs,
            root=root,
            limits=limits_of(limit or ()),
            progress=progress,
            **params,
        )
    if format is Format.json:
        print_document(fits.json_text(found))
    else:
        print(found)
    if write is not None and found.best is not None:
        print(f"wrote the variant `{write}` to {shown(spec)}", file=sys.stderr)
    return int(found.best is None)


def _knobs(texts: Sequence[str]) -> dict[str, Any]:
    """The knobs by name; None for one without values."""
    from archspec.exploration import knobs

    bare = [text for text in texts if "=" not in text]
    given = knobs.all_written([text for text in texts if "=" in text], "--knob")
    found: dict[str, Any] = dict.fromkeys(text.partition("=")[0] for text in texts)
    for name in found:
        if bare.count(name) + (name in given) > 1:
            raise UsageError(f"--knob {name} is given twice")
    return found | given


def _targets(texts: Sequence[str]) -> dict[str, int]:
    """The most of each figure."""
    found: dict[str, int] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--target takes FIGURE=N, such as `macs=300M`, not `{text}`")
        if name in found:
            raise UsageError(f"--target {name} is given twice")
        found[name] = quantity(value)
    return found
