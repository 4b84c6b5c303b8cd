"""``archspec new``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.errors import UsageError, shown
from archspec.files import write_all

_SCHEMA = "archspec.schema.json"


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The name of the network or block, whose file is NAME.yaml.")
    ],
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="SPEC",
            help="The bundled network, block or file that it extends; a small network of its own unless given.",
            autocompletion=completion.shown,
        ),
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy the bundled network or block in place of that.")] = False,
) -> int:
    """Begin a spec: one that extends another, a copy of a bundled one, or a small network."""
    from archspec.authoring.starting import copied, extending, started
    from archspec.language.places import is_path

    path = Path(name if name.endswith((".yaml", ".yml")) else f"{name}.yaml")
    if copy and not from_:
        raise UsageError("--copy copies what --from names")
    if copy and from_ and is_path(from_):
        raise UsageError(f"--copy copies a bundled network or block; copy {shown(from_)} as any file")
    files = (copied if copy else extending)(path, from_) if from_ else started(path)
    there = [file for file in files if os.path.lexists(file)]
    if there:
        raise UsageError(
            f"{', '.join(map(shown, there))} {'is' if len(there) == 1 else 'are'} there; `new` writes over nothing"
        )
    write_all(files)
    for file in files:
        print(f"wrote {shown(file)}")
    if not (path.parent / _SCHEMA).exists():
        print(f"note: `archspec schema > {shown(path.parent / _SCHEMA)}` lets editors complete and check it")
    return 0
