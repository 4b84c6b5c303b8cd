"""The command line. Exit codes: 0, 1 where a spec is wrong, 2 where the command is."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import archspec
from archspec.commands.options import (
    CheckFormat,
    Limit,
    Root,
    Set,
    Spec,
    Variant,
    assignment,
    compiler,
    print_error,
    reported,
    written,
)
from archspec.errors import SpecError, UsageError
from archspec.files import read, write

app = typer.Typer(
    name="archspec",
    help="Compile declarative convolutional-network specs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class TableFormat(StrEnum):
    """How `archspec compile` prints a network."""

    table = "table"
    json = "json"
    csv = "csv"
    markdown = "markdown"


class DType(StrEnum):
    """The types in which `archspec run` runs a network."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


def main() -> None:
    """The entry point of the command."""
    try:
        app()
    except UsageError as error:
        _fail(f"error: {error}")
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _fail(message: str) -> None:
    print(message, file=sys.stderr)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"archspec {archspec.__version__}")
        raise typer.Exit


@app.command("compile")
def compile_(
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
    format: Annotated[TableFormat, typer.Option("--format", help="What to print.")] = TableFormat.table,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Compile a spec: print its layer table, and write its report, its PyTorch source and its picture."""
    with reported():
        network = compiler(spec, set_, root, limit)(variant)
    from archspec.drawing import drawing
    from archspec.pytorch import emission
    from archspec.reports import json_report, table

    if depth is None:
        depth = 0 if format is TableFormat.csv else 1
    report = json_report.render(network)
    path = output / network.name / "report.json"
    source = path.with_name(emission.file_name(network))
    picture = path.with_name(f"{network.name}.svg")
    write(path, report)
    write(source, emission.emit(network))
    write(picture, drawing.draw(network).svg)
    if format is TableFormat.json:
        sys.stdout.write(report)
    elif format is TableFormat.csv:
        sys.stdout.write(table.render_csv(network, depth or None))
    elif format is TableFormat.markdown:
        sys.stdout.write(table.render_markdown(network, depth or None))
    else:
        _print_table(network, depth or None)
        print(f"\nwrote {path}\nwrote {source}\nwrote {picture}")


def _print_table(network: archspec.Network, depth: int | None) -> None:
    from rich.console import Console

    from archspec.reports import table

    console = Console(highlight=False)
    if console.is_terminal:
        console.print(table.rich_table(network, depth, console.width))
    else:
        print(table.render(network, depth))


@app.command()
def emit(
    spec: Spec,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it, in place of printing it.")
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Write nothing; exit with 1 where this file differs.")
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Print the PyTorch source of a network."""
    _write_or_check(output, check)
    with reported():
        network = compiler(spec, set_, root, limit)(variant)
    from archspec.pytorch import emission

    source = emission.emit(network)
    if check:
        arguments = written({"variant": variant, "set": set_})
        _compare(check, source, shlex.join(["archspec", "emit", spec, *arguments, "-o", str(check)]))
    elif output:
        write(output, source)
    else:
        sys.stdout.write(source)


def _write_or_check(output: Path | None, check: Path | None) -> None:
    if output and check:
        raise UsageError("--output writes a file and --check compares one; give one of them")


def _compare(path: Path, source: str, command: str) -> None:
    """Exit with 1 where a file is not the source."""
    from archspec.pytorch.emission import first_difference

    difference = first_difference(read(path).decode("utf-8", "replace"), source)
    if not difference:
        return
    line, found, emitted = difference
    lines = [f"{path} is stale; line {line} differs:", f"- {found.rstrip()}", f"+ {emitted.rstrip()}"]
    print("\n".join([*lines, f"regenerate it: {command}"]), file=sys.stderr)
    raise typer.Exit(1)


@app.command()
def draw(
    spec: Annotated[str | None, typer.Argument(metavar="SPEC", help="A spec file; `-` reads standard input.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="What to write, an svg, png, pdf, dot, mmd or html file; `<name>.svg` unless given.",
        ),
    ] = None,
    detail: Annotated[
        str | None, typer.Option("--detail", metavar="LEVEL", help="overview (unless given), blocks or ops.")
    ] = None,
    expand: Annotated[
        list[str] | None,
        typer.Option("--expand", metavar="PATH", help="A block to open, or a pattern; may be repeated."),
    ] = None,
    collapse: Annotated[
        list[str] | None,
        typer.Option("--collapse", metavar="PATH", help="A block to close, or a pattern; may be repeated."),
    ] = None,
    theme: Annotated[
        str | None,
        typer.Option("--theme", metavar="NAME", help="light (unless given), dark, auto, print or colorblind."),
    ] = None,
    direction: Annotated[
        str | None, typer.Option("--direction", metavar="WAY", help="auto (unless given), down or right.")
    ] = None,
    paper: Annotated[
        str | None, typer.Option("--paper", metavar="SIZE", help="Such as a4, a4-landscape or letter.")
    ] = None,
    color: Annotated[
        str | None, typer.Option("--color", metavar="BY", help="kind (with a legend), cost or memory.")
    ] = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            "--show",
            metavar="FIGURE",
            help="shape, params, macs, share, activations or receptive_field in each box; may be repeated.",
        ),
    ] = None,
    block: Annotated[
        str | None,
        typer.Option(
            "--block",
            metavar="NAME",
            help="A block to draw by itself: one that SPEC uses; without one, of the library or a file.",
        ),
    ] = None,
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Draw what compiles of a spec that is wrong, with the nodes at fault marked."),
    ] = False,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Write nothing; exit with 1 where this file differs.")
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Draw a network, or a block by itself, with its parameters in place of numbers."""
    if not spec and not block:
        raise UsageError("a SPEC is drawn, or a --block")
    if variant and not spec:
        raise UsageError("--variant needs a SPEC: a block has no variants")
    _write_or_check(output, check)
    asked = {
        "detail": detail, "expand": expand, "collapse": collapse, "theme": theme, "direction": direction,
        "paper": paper, "color": color, "show": show,
    }  # fmt: skip
    from archspec.drawing import pictures
    from archspec.drawing.content.cards import LEGIBLE

    error = None
    with reported():
        try:
            network = compiler(spec, set_, root, limit)(variant) if spec else None
        except SpecError as wrong:
            if not partial or wrong.partial is None:
                raise
            error, network = wrong, wrong.partial
        if block:
            network = pictures.block_alone(block, network, dict(assignment(text, "--set") for text in set_ or ()))
    assert network is not None
    path = check or output or Path(f"{network.name}.svg")
    options: Any = {name: value for name, value in asked.items() if value}
    kind = pictures.ending(path)
    if kind == "html":
        picture = pictures.page(network, **options)
    else:
        drawn = archspec.draw(network, **options)
        picture = drawn.data(kind)
        if drawn.smallest_text < LEGIBLE:
            print(f"note: on {paper} the smallest text is {drawn.smallest_text:.1f} pt", file=sys.stderr)
    if error:
        print_error(error, CheckFormat.text)
    stale = check is not None and read(path) != picture
    if not check:
        write(path, picture)
        print(f"wrote {path}")
    elif stale:
        arguments = written({"block": block, **asked, "variant": variant, "set": set_})
        words = [*([spec] if spec else []), *(["--partial"] if partial else []), *arguments]
        command = shlex.join(["archspec", "draw", *words, "-o", str(path)])
        print(f"{path} is stale\nregenerate it: {command}", file=sys.stderr)
    if error or stale:
        raise typer.Exit(1)


@app.command()
def weights(
    spec: Spec,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors file, or what torch.save wrote.")],
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="The library that named the tensors; found out unless given."),
    ] = None,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Check that a file of weights fits a network; exit with 1 where it does not."""
    with reported():
        network = compiler(spec, set_, root, limit)(variant)
    matching = archspec.check_weights(network, file, source=source)
    print(matching)
    if not matching.ok:
        raise typer.Exit(1)


@app.command()
def run(
    spec: Spec,
    device: Annotated[
        str | None, typer.Option("--device", metavar="NAME", help="Such as cuda; PyTorch's default unless given.")
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="Samples in a step.")] = 1,
    dtype: Annotated[DType, typer.Option("--dtype", help="Of weights and activations.")] = DType.float32,
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Lay images out channels last.")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Compile with torch.compile.")] = False,
    train: Annotated[bool, typer.Option("--train", help="Forward and backward.")] = False,
    image: Annotated[
        Path | None,
        typer.Option("--input", metavar="IMAGE", help="Run it on a picture and print its five best classes."),
    ] = None,
    weights: Annotated[Path | None, typer.Option("--weights", metavar="FILE", help="Weights to load.")] = None,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="How long to measure.")] = 2.0,
    variant: Variant = None,
    set_: Set = None,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Run a network in PyTorch and measure it."""
    with reported():
        network = compiler(spec, set_, root, limit)(variant)
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # PyTorch's profiler reports its own comings and goings
    with _progress_bar() as progress:
        result = archspec.run(
            network,
            device=device,
            batch=batch,
            dtype=dtype.value,
            memory_format="channels_last" if channels_last else "contiguous_format",
            compile=compile,
            train=train,
            image=image,
            weights=weights,
            seconds=seconds,
            progress=progress,
        )
    print(result)


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, float], None] | None]:
    """What shows progress on a terminal; None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda stage, done: bar.update(task, description=stage, completed=done)


@app.command()
def check(
    specs: Annotated[list[str], typer.Argument(metavar="SPEC...", help="Spec files; `-` reads standard input.")],
    variant: Variant = None,
    set_: Set = None,
    format: Annotated[CheckFormat, typer.Option("--format", help="How to print errors.")] = CheckFormat.text,
    root: Root = None,
    limit: Limit = None,
) -> None:
    """Check specs and their variants; exit with 1 on any error."""
    checked: dict[str, SpecError | None] = {}
    for spec in specs:
        checked[spec] = None
        try:
            network = _checked(spec, variant, set_, root, limit)
            if format is CheckFormat.text:
                print(f"{spec}: ok, {network.params:,} params, {network.macs:,} MACs")
        except SpecError as error:
            checked[spec] = error
            print_error(error, format)
    if format is CheckFormat.json:
        from archspec.reports.diagnostics import render_json

        print(render_json(checked))
    if any(checked.values()):
        raise typer.Exit(1)


@app.command()
def ops(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this op in full.")] = None,
) -> None:
    """List the ops, or show one in full."""
    from archspec.ops import registry
    from archspec.reports import reference

    print(reference.op_page(registry.get(name)) if name else reference.op_list())


@app.command()
def blocks(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show this block in full.")] = None,
) -> None:
    """List the block library, or show one block in full."""
    from archspec.reports import reference

    print(reference.block_page(name) if name else reference.block_list())


@app.command()
def schema() -> None:
    """Print the JSON Schema of the file format, for editors."""
    from archspec.reports import json_schema

    sys.stdout.write(json_schema.render())


@app.command()
def explain(
    code: Annotated[str | None, typer.Argument(metavar="CODE", help="A code, as in error[CODE].")] = None,
) -> None:
    """Explain a kind of error, or list them all."""
    from archspec.reports import explanations

    print(explanations.page(code) if code else explanations.listing())


def _checked(
    spec: str, variant: str | None, set_: list[str] | None, root: Path | None, limit: list[str] | None
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
    for name in network.variants if not (variant or set_) else ():
        compile(name)
    return network
