"""archspec: a compiler for declarative convolutional-network specs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from archspec.errors import ArchspecError, Diagnostic, Note, RuleError, Span, SpecError, UsageError
from archspec.version import __version__ as __version__

if TYPE_CHECKING:
    from archspec.comparison.comparison import Comparison, diff
    from archspec.compiler.pipeline import LoadedSpec, compile, compile_text, load
    from archspec.drawing.drawing import Drawing
    from archspec.drawing.pictures import draw
    from archspec.exploration.fits import Fit
    from archspec.exploration.fitting import fit
    from archspec.exploration.results import Sweep
    from archspec.exploration.sweeping import sweep
    from archspec.importers.imported import Imported, ImportReport, import_file
    from archspec.importers.module import ModuleReport, from_module
    from archspec.language.limits import Limits
    from archspec.network import Block, Network, NetworkOutput, Node
    from archspec.pytorch.benchmarking import run
    from archspec.pytorch.emission import emit
    from archspec.pytorch.exporting import export
    from archspec.pytorch.loading import WeightsError, check_weights, load_weights
    from archspec.pytorch.results import Latency, RunResult
    from archspec.pytorch.runtime import build
    from archspec.pytorch.weights.matching import Matching

__all__ = [
    "ArchspecError", "Block", "Comparison", "Diagnostic", "Drawing", "Fit", "ImportReport", "Imported", "Latency",
    "Limits", "LoadedSpec", "Matching", "ModuleReport", "Network", "NetworkOutput", "Node", "Note", "RuleError",
    "RunResult", "Span", "SpecError", "Sweep", "UsageError", "WeightsError", "build", "check_weights", "compile",
    "compile_text", "diff", "draw", "emit", "export", "fit", "from_module", "import_file", "load", "load_weights",
    "run", "sweep",
]  # fmt: skip

_WHEN_USED = {
    "compiler.pipeline": ("LoadedSpec", "compile", "compile_text", "load"),
    "language.limits": ("Limits",),
    "reports.comparison": ("Comparison", "diff"),
    "network": ("Block", "Network", "NetworkOutput", "Node"),
    "drawing.drawing": ("Drawing",),
    "drawing.pictures": ("draw",),
    "exploration.fits": ("Fit",),
    "exploration.fitting": ("fit",),
    "exploration.results": ("Sweep",),
    "exploration.sweeping": ("sweep",),
    "importers.imported": ("Imported", "ImportReport", "import_file"),
    "pytorch.emission": ("emit",),
    "pytorch.weights.matching": ("Matching",),
    "pytorch.results": ("Latency", "RunResult"),
    "pytorch.runtime": ("build",),
    "pytorch.loading": ("WeightsError", "check_weights", "load_weights"),
    "pytorch.benchmarking": ("run",),
    "pytorch.exporting": ("export",),
    "importers.module": ("ModuleReport", "from_module"),
}
"""Names that a module gives when they are first used: the last five import torch, which takes seconds."""


def __getattr__(name: str) -> Any:
    module = next((module for module, names in _WHEN_USED.items() if name in names), None)
    if module is None:
        raise AttributeError(f"module 'archspec' has no attribute '{name}'")
    import archspec.display  # noqa: F401 - attaches to networks how they show themselves

    try:
        value = globals()[name] = getattr(import_module(f"archspec.{module}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UsageError(f'`archspec.{name}` needs PyTorch: pip install "archspec-nn[torch]"') from None
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
