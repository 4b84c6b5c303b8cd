"""``archspec list``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from archspec.commands.quantities import quantity


class Format(StrEnum):
    """How the networks are printed."""

    text = "text"
    json = "json"


def list(
    max_params: Annotated[
        int | None,
        typer.Option("--max-params", metavar="N", parser=quantity, help="Those with at most so many parameters: `5M`."),
    ] = None,
    max_macs: Annotated[
        int | None,
        typer.Option(
            "--max-macs", metavar="N", parser=quantity, help="Those with at most so many multiply-accumulates: `1G`."
        ),
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.text,
) -> int:
    """List the networks that are known by name."""
    from archspec.reports import catalogue

    found = [
        each
        for each in catalogue.entries()
        if (max_params is None or each.params <= max_params) and (max_macs is None or each.macs <= max_macs)
    ]
    print(catalogue.render_json(found) if format is Format.json else catalogue.render(found))
    return 0
