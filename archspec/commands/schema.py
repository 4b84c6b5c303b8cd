"""``archspec schema``."""

from __future__ import annotations

import sys


def schema() -> int:
    """Print the JSON Schema of the file format, for editors."""
    from archspec.reports import json_schema

    sys.stdout.write(json_schema.render())
    return 0
