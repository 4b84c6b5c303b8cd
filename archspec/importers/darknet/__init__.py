"""Darknet's `.cfg`.

Sources: darknet's `src/parser.c` and `src/*_layer.c` (pjreddie/darknet), and for keys that came later AlexeyAB/darknet.
"""

from __future__ import annotations

from typing_extensions import override

from archspec.importers.darknet.net import drafted
from archspec.importers.darknet.sections import sections_of
from archspec.importers.draft import Draft, Format, Given


class Darknet(Format, name="darknet"):
    """Darknet's `.cfg`."""

    endings = (".cfg",)

    @override
    def read(self, given: Given) -> Draft:
        return drafted(given, sections_of(given))
