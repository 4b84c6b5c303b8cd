"""``archspec sweep``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archspec.commands import completion
from archspec.commands.compilation import limits_of
from archspec.commands.options import Jobs, Limit, Root, Specs, Variant
from archspec.commands.progress import points_bar
from archspec.commands.streams import print_document
from archspec.errors import UsageError, listed, shown

if TYPE_CHECKING:
    from archspec.exploration.results import Sweep


class Format(StrEnum):
    """How the points are printed."""

    table = "table"
    csv = "csv"
    json = "json"


class Measured(StrEnum):
    """What can be measured."""

    latency = "latency"


class Backend(StrEnum):
    """Where the work is done."""

    loky = "loky"
    dask = "dask"
    ray = "ray"


Engine = Annotated[Backend, typer.Option("--backend", help="Processes of this machine, or a cluster.")]
Scheduler = Annotated[
    str | None, typer.Option("--scheduler", metavar="ADDRESS", help="The cluster of --backend dask or ray.")
]


def sweep(
    specs: Specs,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUES",
            help="Values of a parameter: `0.5,0.75,1`, `96:225:32` (start:stop:step), `0.25..1.5`; may be repeated.",
            autocompletion=completion.parameters,
        ),
    ] = None,
    random: Annotated[
        int | None, typer.Option("--random", min=1, metavar="N", help="Draw N points, in place of all combinations.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="What the draws begin with.")] = 0,
    figure: Annotated[
        list[str] | None,
        typer.Option(
            "--figure",
            metavar="NAME",
            help="A figure to find; may be repeated. Unless given: params, macs and activations.",
            autocompletion=completion.sweep_figures,
        ),
    ] = None,
    measure: Annotated[
        Measured | None, typer.Option("--measure", help="Build and time each point in PyTorch, too.")
    ] = None,
    device: Annotated[str | None, typer.Option("--device", metavar="NAME", help="Where to measure.")] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Samples in a measured step.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A csv, json or parquet file to write. A sweep that was ended goes on from what was done.",
        ),
    ] = None,
    format: Annotated[
        Format | None, typer.Option("--format", help="What to print; the table, where no file is written.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="An svg, png or pdf file to draw.")
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(
            "--x", metavar="NAME", help="Along x: a knob, or a figure, which shows the Pareto front of it and --y."
        ),
    ] = None,
    y: Annotated[str | None, typer.Option("--y", metavar="NAME", help="Along y: a figure.")] = None,
    minimize: Annotated[bool, typer.Option("--minimize", help="Take less of --y for better, in the front.")] = False,
    jobs: Jobs = None,
    backend: Engine = Backend.loky,
    scheduler: Scheduler = None,
    variant: Variant = None,
    root: Root = None,
    limit: Limit = None,
) -> int:
    """Compile specs at many values of their parameters: a table, a plot, a file."""
    from archspec.exploration import knobs, plots, sweeping, tables
    from archspec.exploration.figures import USUAL

    if plot is None and (x or y or minimize):
        raise UsageError("--x, --y and --minimize say what a plot shows: name its file with --plot")
    if plot is not None:
        tables.check_ending(plot, plots.ENDINGS)
    with _kept(output), points_bar() as progress:
        found = sweeping.sweep(
            specs,
            knobs.all_written(set_ or (), "--set"),
            variant=variant,
            random=random,
            seed=seed,
            figures=figure or USUAL,
            measure=measure and measure.value,
            device=device,
            batch=batch,
            jobs=jobs,
            backend=backend.value,
            scheduler=scheduler,
            output=output,
            root=root,
            limits=limits_of(limit or ()),
            progress=progress,
        )
    if format or not (output or plot):
        _print(found, format or Format.table)
    if plot is not None:
        found.plot(plot, x, y, minimize=minimize)
    for path in filter(None, (output, plot)):
        print(f"wrote {shown(path)}")
    _note_missing(found)
    if found.invalid and output:
        print(f"note: {found.invalid:,} of {len(found):,} points are invalid: see `error`", file=sys.stderr)
    return int(found.invalid == len(found))


@contextmanager
def _kept(output: Path | None) -> Iterator[None]:
    """Where a sweep is interrupted, say how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        if output:
            print("note: what is done is kept; the same command goes on from there", file=sys.stderr)
        raise


def _print(found: Sweep, format: Format) -> None:
    from archspec.exploration import tables

    if format is Format.table:
        print(found)
    else:
        print_document(tables.csv_text(found) if format is Format.csv else tables.json_text(found))


def _note_missing(found: Sweep) -> None:
    """Say which knobs a spec does not have."""
    for spec, row in {row.spec: row for row in found.rows}.items():
        missing = [name for name in found.knobs if name not in row.values]
        if missing:
            print(
                f"note: {shown(spec)} has no parameter {listed(missing)}, and is swept over the others", file=sys.stderr
            )
