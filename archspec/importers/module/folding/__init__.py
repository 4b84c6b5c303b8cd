"""From graphs of nodes to a spec.

`wiring` has what nodes take and give, `scope` the parameters of a block, `copies` repeats and tables, `stages` those of
a list, and `blocks` puts them together.
"""

from archspec.importers.module.folding.specs import folded

__all__ = ["folded"]
