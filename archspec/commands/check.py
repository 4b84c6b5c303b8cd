"""``archspec check``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands import completion
from archspec.commands.compilation import compiler
from archspec.commands.options import Limit, Root, Set, Variant
from archspec.commands.printing import print_error
from archspec.errors import SpecError


class Format(StrEnum):
    """How errors are printed."""

    text = "text"
    json = "json"
    github = "github"


def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...", help="Spec files; `-` reads standard input.", autocompletion=completion.specs
        ),
    ],
    variant: Variant = None,
    set_: Set = None,
    format: Annotated[Format, typer.Option("--format", help="How to print errors.")] = Format.text,
    root: Root = None,
    limit: Limit = None,
) -> int:
    """Check specs and their variants; exit with 1 on any error."""
    checked: dict[str, SpecError | None] = {}
    for spec in specs:
        checked[spec] = None
        try:
            network = _checked(spec, variant, set_, root, limit)
            if format is Format.text:
                print(f"{spec}: ok, {network.params:,} params, {network.macs:,} MACs")
        except SpecError as error:
            checked[spec] = error
            _print(error, format)
    if format is Format.json:
        from archspec.reports.diagnostics import render_json

        print(render_json(checked))
    return int(any(checked.values()))


def _checked(
    spec: str, variant: str | None, set_: Sequence[str] | None, root: Path | None, limit: Sequence[str] | None
) -> archspec.Network:
    """The network of a spec, or of the example of a block's file.

    Where no parameters are asked for, its variants compile and keep their contracts too.
    """
    compile = compiler(spec, set_, root, limit)
    try:
        network = compile(variant)
    except SpecError as error:
        if spec == "-" or [each.code for each in error.diagnostics] != ["not-a-network"]:
            raise
        from archspec.compiler.example import example

        return example(os.path.join(".", spec))  # noqa: PTH118 - a path is told from a name by its slash
    from archspec.network.bounds import keep_within

    nodes = 0
    for name in network.variants if not (variant or set_) else ():
        nodes += max(len(compile(name)), len(network.blocks.template.graph.steps))
        keep_within(
            network, "variant_nodes", nodes, "the first variants have {} nodes together", "check one: `--variant`"
        )
    return network


def _print(error: SpecError, format: Format) -> None:
    """Print what is wrong with one spec; all of them are printed at once as JSON."""
    if format is Format.text:
        print_error(error)
    elif format is Format.github:
        from archspec.reports.diagnostics import render_github

        print(render_github(error))
