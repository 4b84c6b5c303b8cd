"""Figures that follow from the whole network, found by `archspec.analysis`: receptive fields, activation memory."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple


class ReceptiveField(NamedTuple):
    """What a place of a tensor sees of an input, for each spatial dimension of that input.

    It is that of places far from borders: padding counts as seen. With ``stride`` s, place i stands at the places of
    the input from i * s to (i + 1) * s; it sees at most ``before`` more on one side, and ``after`` on the other.

    Attributes:
        size: Places of the input; more than the input has where padding is seen. Behind an upsampling one place may
            see more than its neighbour: the most.
        stride: Steps of the input for one step of the tensor, below 1 behind an upsampling; 0 where places do not step
            along the input evenly, such as those that all see the whole input.
        start: The first place that the tensor's first place sees; negative inside padding.
        least: Places that the place sees that sees least.
        before: Places seen before where a place stands, at most; None with stride 0.
        after: Places seen behind it, at most; None with stride 0.
    """

    size: tuple[int, ...]
    stride: tuple[Fraction, ...]
    start: tuple[int, ...]
    least: tuple[int, ...]
    before: tuple[Fraction | None, ...]
    after: tuple[Fraction | None, ...]

    @property
    def padding(self) -> tuple[int, ...]:
        """Effective padding: how far the first place sees beyond the input's edge."""
        return tuple(max(0, -start) for start in self.start)

    @classmethod
    def whole(cls, sizes: tuple[int, ...]) -> ReceptiveField:
        """The whole input, for every place of the tensor."""
        count = len(sizes)
        return cls(sizes, (Fraction(0),) * count, (0,) * count, sizes, (None,) * count, (None,) * count)


class ActivationMemory(NamedTuple):
    """Bytes of activations, weights excluded. A reshape without a copy counts as a tensor of its own.

    Attributes:
        dtype: The type of the activations.
        batch: Samples at once.
        inference_peak: The most bytes alive at once when the nodes run in order and a tensor dies after its last
            use; a node's inputs and output are alive together, but for a layer or sum that overwrites what it takes.
            Temporary memory inside a kernel is not counted.
        inference_peak_node: The path of the node that runs then.
        training: Bytes that autograd keeps for the backward pass, each tensor once, where the network's inputs need
            no gradient; None where an op does not say what it keeps. Masks, indices and copies that it keeps besides
            are counted as in float32.
    """

    dtype: str
    batch: int
    inference_peak: int
    inference_peak_node: str
    training: int | None
