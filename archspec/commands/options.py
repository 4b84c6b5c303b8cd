"""What commands have in common: their options, and what those mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import archspec
from archspec.errors import SpecError, UsageError, did_you_mean
from archspec.language.limits import Limits

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A spec file; `-` reads standard input.")]
Variant = Annotated[str | None, typer.Option("--variant", metavar="NAME", help="A variant that the spec names.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="The value of a parameter; may be repeated.")
]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="FOLDER", help="The folder that references to other files may not leave."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=N", help=f"A bound: {', '.join(field.name for field in fields(Limits))}."),
]


class CheckFormat(StrEnum):
    """How `archspec check` prints errors."""

    text = "text"
    json = "json"
    github = "github"


def compiler(
    spec: str, set_: Sequence[str] | None, root: Path | None, limit: Sequence[str] | None
) -> Callable[[str | None], archspec.Network]:
    """What compiles a variant of a spec; standard input is read once."""
    params = dict(assignment(text, "--set") for text in set_ or ())
    limits = _limits(limit or ())
    if spec != "-":
        return lambda variant: archspec.compile(spec, variant=variant, root=root, limits=limits, **params)
    from archspec.language.source import decode

    text = decode(sys.stdin.buffer.read(limits.file_bytes + 1), "<stdin>", limits)
    return lambda variant: archspec.compile_text(
        text, name="<stdin>", variant=variant, root=root or Path(), limits=limits, **params
    )


def assignment(text: str, option: str) -> tuple[str, Any]:
    """``width=0.5`` as a name and a value, read as YAML reads it."""
    from archspec.language.composer import parse
    from archspec.language.source import Source

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(f"{option} takes NAME=VALUE, not `{text}`")
    found: list[Any] = []
    try:
        plain = parse(Source(option, value or '""'), Limits(), found).plain()
    except SpecError as error:
        raise UsageError(f"{option} {text}: {error.diagnostics[0].message}") from None
    if found:
        raise UsageError(f"{option} {text}: {found[0].message}")
    return name, plain


def _limits(texts: Sequence[str]) -> Limits:
    limits = Limits()
    known = [field.name for field in fields(Limits)]
    for name, value in (assignment(text, "--limit") for text in texts):
        if name not in known:
            raise UsageError(f"there is no limit `{name}`; {did_you_mean(name, known)}")
        if type(value) is not int or value < 1:
            raise UsageError(f"the limit `{name}` is a positive integer, not {value}")
        limits = replace(limits, **{name: value})
    return limits


@contextmanager
def reported() -> Iterator[None]:
    """Print the errors of a spec, and exit with 1."""
    try:
        yield
    except SpecError as error:
        print_error(error, CheckFormat.text)
        raise typer.Exit(1) from None


def print_error(error: SpecError, format: CheckFormat) -> None:
    """Print the errors of a spec, on standard error as text, or as GitHub reads them."""
    from archspec.reports.diagnostics import render_github, render_text

    if format is CheckFormat.text:
        print(render_text(error), end="\n\n", file=sys.stderr)
    elif format is CheckFormat.github:
        print(render_github(error))


def written(options: Mapping[str, str | Sequence[str] | None]) -> list[str]:
    """Options as words of a command; those that are None or empty are left out."""
    texts = {name: [value] if isinstance(value, str) else value or () for name, value in options.items()}
    return [word for name, values in texts.items() for value in values for word in (f"--{name}", value)]
