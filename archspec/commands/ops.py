"""``archspec ops``."""

from __future__ import annotations

from typing import Annotated

import typer

from archspec.commands import completion


def ops(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show this op in full.", autocompletion=completion.ops)
    ] = None,
) -> int:
    """List the ops, or show one in full."""
    from archspec.ops import registry
    from archspec.reports import reference

    print(reference.op_page(registry.get(name)) if name else reference.op_list())
    return 0
