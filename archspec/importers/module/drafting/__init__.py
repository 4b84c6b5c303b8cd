"""From the calls of a run to graphs of nodes: one for each call of a module that is more than one op."""

from archspec.importers.module.drafting.graphs import Refusal, drafted
from archspec.importers.module.drafting.steps import is_told

__all__ = ["Refusal", "drafted", "is_told"]
