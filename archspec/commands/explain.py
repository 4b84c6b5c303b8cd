"""``archspec explain``."""

from __future__ import annotations

from typing import Annotated

import typer

from archspec.commands import completion


def explain(
    code: Annotated[
        str | None,
        typer.Argument(metavar="CODE", help="A code, as in error[CODE].", autocompletion=completion.codes),
    ] = None,
) -> int:
    """Explain a kind of error, or list them all."""
    from archspec.reports import explanations

    print(explanations.page(code) if code else explanations.listing())
    return 0
