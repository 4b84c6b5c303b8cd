"""Whether a spec with the file's weights gives what the file gives, as ONNX Runtime computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from archspec.importers.draft import Given
from archspec.importers.module.runs import leaves
from archspec.importers.onnx.evaluation import NotRunError, evaluated
from archspec.importers.onnx.model import Array, Model
from archspec.network import Network
from archspec.pytorch.loading import WeightsError, load_weights
from archspec.pytorch.runtime import build

TOLERANCE = 1e-4
"""The largest difference of outputs, over their largest number, that counts as equal: sums are in another order."""

_MOST_MACS = 20_000_000_000
"""Multiply-accumulates of a sample of a network that is run."""
_MOST_NUMBERS = 500_000_000
"""Numbers of a tensor of one that is run."""


@dataclass(eq=False)
class Reference:
    """What a file gives for random inputs.

    Attributes:
        model: The file.
        given: How it is imported.
        shapes: The shapes of its inputs, without the batch.
        difference: The largest difference to it that was found, over the largest number; None while there is none.
        why: Why it gives nothing that a spec could be compared with.
        problem: Why a spec does not fit.
        inputs: The random inputs.
    """

    model: Model
    given: Given
    shapes: Mapping[str, Sequence[int]]
    difference: float | None = None
    why: str = ""
    problem: str = ""
    inputs: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        numbers = np.random.default_rng(0)
        batch = next(iter(self.model.inputs.values()))[0] or 2
        self.inputs = {
            name: numbers.standard_normal((batch, *shape), np.float32) for name, shape in self.shapes.items()
        }

    @cached_property
    def outputs(self) -> list[Array] | None:
        """What it gives; None where that says nothing, as `why` has it.

        Raises:
            SpecError: It cannot be computed.
        """
        external = any(tensor.external_data for tensor in self.model.proto.graph.initializer)
        source = Path(self.given.path) if external else self.given.data
        try:
            found = evaluated(source, self.inputs, self.model.outputs)
        except NotRunError as error:
            raise self.given.faults.error(f"ONNX Runtime does not run it: {error}", self.given.start) from None
        if not all(np.isfinite(each).all() for each in found):
            self.why = "they are not finite"
        elif any(each.size > 1 and (each == each.flat[0]).all() for each in found):
            self.why = "with these weights all numbers of one are equal"
        return None if self.why else found

    @property
    def remark(self) -> str:
        """What was compared."""
        if self.difference is None:
            return f"outputs not compared: {self.why}"
        return f"outputs differ by {self.difference:.1e} of the largest from those of ONNX Runtime, for random inputs"


def fits(network: Network, weights: Mapping[str, Array], reference: Reference) -> str:
    """Why a network with weights does not give what a file gives; empty where it does.

    Args:
        network: The network.
        weights: The weights, by the names that it has for them.
        reference: What the file gives.
    """
    model = build(network, device="meta").eval()
    state = {name: torch.from_numpy(np.array(array, np.float32)) for name, array in weights.items()}
    try:
        load_weights(model, state, rules={})
    except WeightsError as error:
        return f"its tensors do not fit what was found: {error}"
    if network.macs > _MOST_MACS or max(np.prod(node.shape) for node in network) > _MOST_NUMBERS:
        reference.why = "that would take long"
        return ""
    wanted = reference.outputs
    if wanted is None:
        return ""
    with torch.inference_mode():
        given = model(*(torch.from_numpy(each) for each in reference.inputs.values()))
    found = [each.numpy() for each in leaves(given) if isinstance(each, Tensor)]
    if [each.shape for each in found] != [each.shape for each in wanted]:
        shapes = ["; ".join(str(list(each.shape)) for each in arrays) for arrays in (wanted, found)]
        return f"it gives tensors of the shapes {shapes[0]}, and the spec {shapes[1]}"
    worst = max(float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)) for a, b in zip(wanted, found, strict=True))
    if not worst <= TOLERANCE:
        return f"its outputs and those of the spec differ by {worst:.1e} of the largest number"
    reference.difference = worst
    return ""
