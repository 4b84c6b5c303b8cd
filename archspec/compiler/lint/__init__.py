"""Warnings: what compiles, and is nearly always a mistake. They are looked for when somebody asks.

Few, and right nearly always: no bundled spec or block has one, and a warning says how to write what was meant.
"""

from archspec.compiler.lint.visit import Warned as Warned
from archspec.compiler.lint.visit import warned as warned
