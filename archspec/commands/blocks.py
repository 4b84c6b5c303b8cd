"""``archspec blocks``."""

from __future__ import annotations

from typing import Annotated

import typer

from archspec.commands import completion


def blocks(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this block in full.", autocompletion=completion.blocks)
    ] = None,
) -> int:
    """List the block library, or show one block in full."""
    from archspec.reports import reference

    print(reference.block_page(name) if name else reference.block_list())
    return 0
