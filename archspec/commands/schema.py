"""``archspec schema``."""

from __future__ import annotations

from archspec.commands.streams import print_document


def schema() -> int:
    """Print the JSON Schema of the file format, for editors."""
    from archspec.reports import json_schema

    print_document(json_schema.render())
    return 0
