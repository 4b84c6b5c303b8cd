"""archspec: a compiler for declarative convolutional-network specs."""

from __future__ import annotations

import archspec.ops as _bundled_ops  # noqa: F401 - registers them
from archspec.compiler import compile, compile_text
from archspec.errors import ArchspecError, Diagnostic, Note, RuleError, Span, SpecError, UsageError
from archspec.limits import Limits
from archspec.network import Block, Network, NetworkOutput, Node

__version__ = "0.1.0"

__all__ = [
    "ArchspecError", "Block", "Diagnostic", "Limits", "Network", "NetworkOutput", "Node", "Note", "RuleError", "Span",
    "SpecError", "UsageError", "compile", "compile_text",
]  # fmt: skip
