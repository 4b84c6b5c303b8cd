"""The figures of a network that a sweep lists and a fit meets, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from archspec.analysis.memory import activation_memory
from archspec.errors import UsageError, did_you_mean, listed
from archspec.network import Network

Number = int | float | None
"""A figure; None where it is not known."""


class Figure(NamedTuple):
    """A figure.

    Attributes:
        of: The figure of a network.
        unit: What it counts, for the axis of a plot.
        doc: What it is.
    """

    of: Callable[[Network], int | None]
    unit: str
    doc: str


FIGURES: Mapping[str, Figure] = MappingProxyType(
    {
        "params": Figure(lambda network: network.params, "", "Numbers in weights."),
        "trainable_params": Figure(lambda network: network.trainable_params, "", "Those that train."),
        "buffers": Figure(lambda network: network.buffer_elements, "", "Numbers that are saved and do not train."),
        "macs": Figure(lambda network: network.macs, "", "Multiply-accumulates of one sample, in evaluation."),
        "flops": Figure(lambda network: network.flops, "", "2 x MACs."),
        "other_ops": Figure(lambda network: network.other_ops, "", "Other operations of one sample."),
        "nodes": Figure(len, "", "Nodes."),
        "activations": Figure(lambda network: network.activations, "bytes", "All tensors, float32, one sample."),
        "inference_memory": Figure(
            lambda network: activation_memory(network).inference_peak,
            "bytes",
            "The most activations at once in inference, float32, one sample.",
        ),
        "training_memory": Figure(
            lambda network: activation_memory(network).training,
            "bytes",
            "Activations kept for training, float32, one sample.",
        ),
    }
)
"""The figures, each exact and found without running anything; `docs/costs.md` says what they count."""

USUAL = ("params", "macs", "activations")
"""Those that a sweep lists unless told."""


def checked(names: Sequence[str]) -> tuple[str, ...]:
    """Names of figures, each once.

    Raises:
        UsageError: One is none.
    """
    for name in names:
        if name not in FIGURES:
            raise UsageError(f"there is no figure `{name}`; {did_you_mean(name, FIGURES) or listed(FIGURES)}")
    return tuple(dict.fromkeys(names))


def of_network(network: Network, names: Sequence[str]) -> dict[str, Number]:
    """Figures of a network, by name."""
    return {name: FIGURES[name].of(network) for name in names}
