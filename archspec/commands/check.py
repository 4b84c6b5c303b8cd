"""``archspec check``."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

import archspec
from archspec.commands import completion
from archspec.commands.compilation import Asked, accepted
from archspec.commands.options import Limit, Root, Set, Strict, Variant
from archspec.commands.printing import first, print_report
from archspec.commands.streams import STANDARD
from archspec.errors import Report, SpecError

if TYPE_CHECKING:
    from archspec.compiler.lint import Warned


class Format(StrEnum):
    """How errors are printed."""

    text = "text"
    json = "json"
    github = "github"


def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC...",
            help="Spec files, or names of bundled networks; `-` reads standard input.",
            autocompletion=completion.specs,
        ),
    ],
    variant: Variant = None,
    set_: Set = None,
    format: Annotated[Format, typer.Option("--format", help="How to print errors.")] = Format.text,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Check specs and their variants; exit with 1 on any error."""
    checked = {}
    for spec in specs:
        network, outcome = _outcome(Asked(spec, variant, set_, root, limit, strict))
        checked[spec] = outcome
        if format is Format.text and network is not None:
            count = len(outcome[1].diagnostics) + outcome[1].left_out
            warnings = f", {count} warning{'s' * (count > 1)}" if count else ""
            print(f"{first(spec)}: ok, {network.params:,} params, {network.macs:,} MACs{warnings}")
        if format is not Format.json:
            for report in outcome:
                if report is not None:
                    _print(report, format)
    if format is Format.json:
        from archspec.reports.diagnostics import render_json

        print(render_json(checked))
    return int(any(error for error, _ in checked.values()))


def _outcome(asked: Asked) -> tuple[archspec.Network | None, tuple[SpecError | None, Warned]]:
    """The network of a spec, None where it is wrong; its errors, and its warnings."""
    from archspec.compiler.lint import warned

    try:
        networks = _networks(asked)
        return networks[0], (None, accepted(warned(*networks), asked.strict))
    except SpecError as error:
        return None, (error, warned(*filter(None, [error.partial])))


def _networks(asked: Asked) -> list[archspec.Network]:
    """The network of a spec, or of the example of a block's file.

    Where no parameters are asked for, its variants compile and keep their contracts too.
    """
    compile = asked.compiler()
    try:
        network = compile(asked.variant)
    except SpecError as error:
        if asked.spec == STANDARD or [each.code for each in error.diagnostics] != ["not-a-network"]:
            raise
        from archspec.compiler.example import example

        return [example(os.path.join(".", asked.spec), root=asked.root)]  # noqa: PTH118 - a path is told by its slash
    from archspec.network.bounds import distinct, keep_within

    networks, nodes = [network], 0
    seen: set[int] = set()  # equal parts of variants are one content, which stays as long as they do
    for name in network.variants if not (asked.variant or asked.set_) else ():
        networks.append(compile(name))
        nodes += max(sum(1 for _ in distinct(networks[-1], seen)), len(network.blocks.template.graph.steps))
        keep_within(
            network, "variant_nodes", nodes, "the first variants have {} nodes together", "check one: `--variant`"
        )
    return networks


def _print(report: Report, format: Format) -> None:
    """Print what there is to say of one spec; all of them are printed at once as JSON."""
    if format is Format.text:
        print_report(report)
    elif report.diagnostics:
        from archspec.reports.diagnostics import render_github

        print(render_github(report))
