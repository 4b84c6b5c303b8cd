"""How errors and warnings of a spec are printed."""

from __future__ import annotations

import sys

from archspec.errors import Report, SpecError, shown


def first(name: object) -> str:
    """The name of a file at the start of a line, which a runner of GitHub's must not take for a command."""
    text = shown(name)
    return f"./{text}" if text.lstrip().startswith(("::", "##[")) else text


def print_error(error: SpecError) -> None:
    """Print the errors of a spec on standard error, as text, and the warnings of what compiled in spite of them."""
    print_report(error)
    if error.partial is not None:
        from archspec.compiler.lint import warned

        print_report(warned(error.partial))


def print_report(report: Report) -> None:
    """Print diagnostics on standard error, as text; nothing where there are none."""
    if report.diagnostics:
        print(report, end="\n\n", file=sys.stderr)
