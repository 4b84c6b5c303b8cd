"""Random removal in training. In inference these do nothing and cost nothing."""

from typing import Literal

from archspec.ops.arguments import Probability
from archspec.ops.facts import Cost, Module, Reach, Window
from archspec.ops.op import Op
from archspec.ops.tensor import Shape, Shapes, elements


class Dropout(Op, name="dropout"):
    """Zeroes elements at random in training.

    Costs nothing in inference. For the backward pass it keeps the mask, a byte for each element as on CUDA (on the
    CPU, PyTorch keeps four), and nothing where `p` is 0 or 1.
    Source: torch.nn.Dropout.

    Args:
        p: Probability that an element is zeroed.
    """

    p: Probability = 0.5

    example = "{op: dropout, p: 0.2}"
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return elements(output) if 0 < self.p < 1 else 0

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module("nn.Dropout", (), self.changed())


class Dropout2d(Op, name="dropout2d"):
    """Zeroes whole channels at random in training, in one, two or three spatial dimensions.

    Costs nothing in inference. For the backward pass it keeps a float for each channel.
    Source: torch.nn.Dropout1d, Dropout2d, Dropout3d.

    Args:
        p: Probability that a channel is zeroed.
    """

    p: Probability = 0.5

    functions = (
        "dropout1d(input, p, training, inplace)",
        "dropout2d(input, p, training, inplace)",
        "dropout3d(input, p, training, inplace)",
    )
    example = "{op: dropout2d, p: 0.2}"
    spatial_ranks = frozenset({1, 2, 3})
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 * output[0] if 0 < self.p < 1 else 0

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module(f"nn.Dropout{len(inputs[0]) - 1}d", (), self.changed())


class StochasticDepth(Op, name="stochastic_depth"):
    """Zeroes whole samples, or the whole batch, at random in training: a residual branch falls away.

    Costs nothing in inference. For the backward pass it keeps a float for each sample in mode `row`.
    Source: torchvision.ops.StochasticDepth (Huang et al. 2016, arXiv:1603.09382).

    Args:
        p: Probability that the input is zeroed.
        mode: What is zeroed at once: `batch` for the whole batch, `row` for a sample.
    """

    p: Probability
    mode: Literal["batch", "row"]

    example = "{op: stochastic_depth, p: 0.1, mode: row}"
    saved = ()

    def infer(self, inputs: Shapes) -> Shape:
        return inputs[0]

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost()

    def saved_bytes(self, inputs: Shapes, output: Shape) -> int:
        return 4 if self.mode == "row" and self.p > 0 else 0

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        return Window.pointwise(len(output) - 1)

    def torch(self, inputs: Shapes) -> Module:
        return Module("StochasticDepth" if self.mode == "row" else "BatchStochasticDepth", (), {"p": self.p})
