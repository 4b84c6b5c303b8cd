"""Fully connected layers."""

from archspec.errors import ShapeError
from archspec.ops.arguments import Positive, Real
from archspec.ops.facts import Along, Cost, Module, Reach
from archspec.ops.op import Op
from archspec.ops.parametrization import EPS, Computed, check_standardized, estimated, parametrized, trained
from archspec.ops.tensor import Shape, Shapes, elements


class Linear(Op, name="linear"):
    """Fully connected layer on the last dimension.

    Costs ``in_features`` multiply-accumulates for each element of the output, and an addition where there
    is a bias.
    Source: torch.nn.Linear.

    Args:
        out_features: Size of the output's last dimension.
        bias: Whether to add a learned number to each output feature.
        parametrize: How the weight is computed each time: by `weight_norm` or `spectral_norm` of
            torch.nn.utils.parametrizations, of tensors that are named as there; or by `standardize`, which gives each
            output's weights mean 0 and variance 1. What that takes, once for a batch, is not counted.
        eps: Added to the variance of weights that are standardised, above 0.
    """

    out_features: Positive
    bias: bool = True
    parametrize: Computed = None
    eps: Real = EPS

    example = "{op: linear, out_features: 10}"
    inferred = ("in_features",)
    example_inputs = ((16,),)
    fresh = True
    saved = ("input",)
    saved_for_weights = True

    def infer(self, inputs: Shapes) -> Shape:
        if not inputs[0]:
            raise ShapeError("linear needs a dimension of features besides the batch", help="reshape to [1] first")
        check_standardized(self.parametrize, self._weight(inputs), self.eps)
        return (*inputs[0][:-1], self.out_features)

    def _weight(self, inputs: Shapes) -> Shape:
        return (self.out_features, inputs[0][-1])

    def weights(self, inputs: Shapes) -> dict[str, Shape]:
        bias = {"bias": (self.out_features,)} if self.bias else {}
        return trained(self.parametrize, {"weight": self._weight(inputs)} | bias)

    def buffers(self, inputs: Shapes) -> dict[str, Shape]:
        return estimated(self.parametrize, self._weight(inputs))

    def cost(self, inputs: Shapes, output: Shape) -> Cost:
        return Cost(macs=elements(output) * inputs[0][-1], other=self.bias * elements(output))

    def reach(self, inputs: Shapes, output: Shape) -> Reach:
        last = len(output) - 1
        return ((*map(Along.same, range(last)), Along.every(inputs[0][-1])),)

    def torch(self, inputs: Shapes) -> Module:
        layer = Module("nn.Linear", (inputs[0][-1], self.out_features), self.changed("bias", "eps"))
        return parametrized(self.parametrize, layer)
