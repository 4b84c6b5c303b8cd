"""From a plain structure to the text of a spec, as a person writes it.

The structure is what YAML holds: mappings, lists, text, numbers, true, false and null, with the keys of the language.
What is written reads back as the same structure; `tests/test_writing.py` holds this for structures of any content.
"""

from archspec.importers.writing.flow import flow
from archspec.importers.writing.lines import MODELINE, write
from archspec.importers.writing.scalars import WIDTH

__all__ = ["MODELINE", "WIDTH", "flow", "write"]
