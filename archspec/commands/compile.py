"""``archspec compile``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import archspec
from archspec.commands.compilation import Asked
from archspec.commands.options import Limit, Root, Set, Spec, Strict, Variant
from archspec.commands.streams import STANDARD, print_document
from archspec.errors import UsageError, shown
from archspec.files import write_all


class Format(StrEnum):
    """How a network is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


def compile(
    spec: Spec,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write the folder `<name>`.")
    ] = Path("build"),
    variant: Variant = None,
    set_: Set = None,
    depth: Annotated[
        int | None,
        typer.Option(
            "--depth",
            min=0,
            metavar="N",
            help="Levels of blocks to open; 0 for every node. Unless given, 1, and 0 for csv.",
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="What to print.")] = Format.table,
    root: Root = None,
    limit: Limit = None,
    strict: Strict = False,
) -> int:
    """Compile a spec: print its layer table, and write its report, its PyTorch source and its picture."""
    if str(output) == STANDARD:
        raise UsageError("--output names a folder, not `-`: `--format json` prints the report, `emit` the source")
    network = Asked(spec, variant, set_, root, limit, strict).network()
    files = _files(network, output / network.name)
    write_all(files)
    if depth is None:
        depth = 0 if format is Format.csv else 1
    if format is Format.json:
        print_document(next(iter(files.values())))
    else:
        _print(network, format, depth or None)
    if format is Format.table:
        print("", *(f"wrote {shown(path)}" for path in files), sep="\n")
    return 0


def _files(network: archspec.Network, folder: Path) -> dict[Path, str]:
    """The report, the source and the picture; one of these that would be too large is left out, and a note says so."""
    from archspec.drawing import drawing
    from archspec.pytorch import emission
    from archspec.reports import json_report

    files = {folder / "report.json": json_report.render(network)}
    others: dict[str, tuple[Path, Callable[[], str]]] = {
        "source": (folder / emission.file_name(network), lambda: emission.emit(network)),
        "picture": (folder / f"{network.name}.svg", lambda: drawing.draw(network).svg),
    }
    for what, (path, made) in others.items():
        try:
            files[path] = made()
        except (archspec.SpecError, UsageError) as error:  # too large, or tangled; the rest is as good without it
            why = [f"{beyond.message} ({beyond.help})" for beyond in getattr(error, "diagnostics", ())] or [str(error)]
            old = f"; {shown(path)} is an old one" if path.exists() else ""
            print(f"note: no {what}: {why[0]}{old}", file=sys.stderr)
    return files


def _print(network: archspec.Network, format: Format, depth: int | None) -> None:
    from archspec.reports import table

    if format is Format.csv:
        print_document(table.render_csv(network, depth))
    elif format is Format.markdown:
        print_document(table.render_markdown(network, depth))
    else:
        _print_table(network, depth)


def _print_table(network: archspec.Network, depth: int | None) -> None:
    from rich.console import Console

    from archspec.reports import table

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table.rich_table(network, depth, console.width))
    else:
        print(table.render(network, depth))
