"""``archspec live``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from archspec.commands import completion
from archspec.commands.options import Root
from archspec.errors import UsageError


def live(
    spec: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A file with a spec, or a block.", autocompletion=completion.specs),
    ],
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="The port; one that is free unless given.")
    ] = 0,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open a tab of the browser.")] = True,
    root: Root = None,
) -> int:
    """Edit a spec in the browser: errors, picture, figures and source as you type."""
    if not spec.is_file():
        raise UsageError(f"there is no file `{spec}`: `archspec new` begins one")
    try:
        from archspec.playground.live import serve
    except ModuleNotFoundError as error:
        if error.name not in ("starlette", "uvicorn", "anyio"):
            raise
        raise UsageError('`archspec live` needs the extra `live`: pip install "archspec-nn[live]"') from None

    if root is not None:
        from archspec.language.places import check_root

        check_root(root)

    def ready(address: str) -> None:
        print(f"{spec} is at {address}\nCtrl-C ends it.", file=sys.stderr)
        if open_:
            typer.launch(address)

    serve(spec, port, root.resolve() if root else None, ready)
    return 0
