"""Arguments and options that commands have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.language.limits import Limits

SPEC = typer.Argument(
    metavar="SPEC",
    help="A spec file, or the name of a bundled network; `-` reads standard input.",
    autocompletion=completion.specs,
)
Spec = Annotated[str, SPEC]
Specs = Annotated[
    list[str],
    typer.Argument(
        metavar="SPEC...", help="Spec files, or names of bundled networks.", autocompletion=completion.specs
    ),
]
SPECS = typer.Argument(
    metavar="SPEC...",
    help="A spec file, or the name of a bundled network; `-` reads standard input.",
    autocompletion=completion.specs,
)
Variant = Annotated[
    str | None,
    typer.Option(
        "--variant", metavar="NAME", help="A variant that the spec names.", autocompletion=completion.variants
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="The value of a parameter; may be repeated.",
        autocompletion=completion.parameters,
    ),
]
Root = Annotated[
    Path | None,
    typer.Option("--root", metavar="FOLDER", help="The folder that references to other files may not leave."),
]
Limit = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="NAME=N",
        help=f"A bound: {', '.join(field.name for field in fields(Limits))}.",
        autocompletion=completion.limits,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", help="Processes; -1 for one on each core, which many points have unless told."
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Take warnings for errors.")]
Check = Annotated[
    Path | None, typer.Option("--check", metavar="FILE", help="Write nothing; exit with 1 where this file differs.")
]


def written(options: Mapping[str, str | Sequence[str] | None]) -> list[str]:
    """Options as words of a command; those that are None or empty are left out."""
    texts = {name: [value] if isinstance(value, str) else value or () for name, value in options.items()}
    return [
        word for name, values in texts.items() for value in values for word in (f"--{name.replace('_', '-')}", value)
    ]
