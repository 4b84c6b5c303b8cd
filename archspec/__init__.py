"""archspec: a compiler for declarative convolutional-network specs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import archspec.ops as _bundled_ops  # noqa: F401 - registers them
from archspec.compiler import compile, compile_text
from archspec.errors import ArchspecError, Diagnostic, Note, RuleError, Span, SpecError, UsageError
from archspec.limits import Limits
from archspec.network import Block, Network, NetworkOutput, Node

if TYPE_CHECKING:
    from archspec.benchmarking import Latency, RunResult, run
    from archspec.drawing import Drawing
    from archspec.emission import emit
    from archspec.pictures import draw
    from archspec.runtime import WeightsError, build, check_weights, load_weights
    from archspec.weights import Matching

__version__ = "0.1.0"

__all__ = [
    "ArchspecError", "Block", "Diagnostic", "Drawing", "Latency", "Limits", "Matching", "Network", "NetworkOutput",
    "Node", "Note", "RuleError", "RunResult", "Span", "SpecError", "UsageError", "WeightsError", "build",
    "check_weights", "compile", "compile_text", "draw", "emit", "load_weights", "run",
]  # fmt: skip

_WHEN_USED = {
    "emission": ("emit",),
    "drawing": ("Drawing",),
    "pictures": ("draw",),
    "weights": ("Matching",),
    "runtime": ("WeightsError", "build", "check_weights", "load_weights"),
    "benchmarking": ("Latency", "RunResult", "run"),
}
"""Names that a module gives when they are first used: the last two import torch, which takes seconds."""


def __getattr__(name: str) -> Any:
    module = next((module for module, names in _WHEN_USED.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module 'archspec' has no attribute '{name}'")
    try:
        value = globals()[name] = getattr(import_module(f"archspec.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError(f'`archspec.{name}` needs PyTorch: pip install "archspec-nn[torch]"') from None
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
