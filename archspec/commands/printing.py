"""How errors of a spec are printed."""

from __future__ import annotations

import sys

from archspec.errors import SpecError, shown


def first(name: object) -> str:
    """The name of a file at the start of a line, which a runner of GitHub's must not take for a command."""
    text = shown(name)
    return f"./{text}" if text.startswith(("::", "##[")) else text


def print_error(error: SpecError) -> None:
    """Print the errors of a spec on standard error, as text."""
    from archspec.reports.diagnostics import render_text

    print(render_text(error), end="\n\n", file=sys.stderr)
