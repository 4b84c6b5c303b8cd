"""What functions of torch are as ops of the language.

An op names the functions that it is (`Op.functions`); here are those that are more than that: whose arguments follow
from shapes and weights, whose dimensions are counted otherwise, and which are several ops.
"""

from archspec.importers.module.functions.application import apply
from archspec.importers.module.functions.calls import Bound, rule
from archspec.importers.module.functions.dimensions import sample

__all__ = ["Bound", "apply", "rule", "sample"]
