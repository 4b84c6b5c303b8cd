"""How errors of a spec are printed."""

from __future__ import annotations

import sys

from archspec.errors import SpecError


def print_error(error: SpecError) -> None:
    """Print the errors of a spec on standard error, as text."""
    print(error, end="\n\n", file=sys.stderr)
