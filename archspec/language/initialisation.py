"""How weights begin: what ``init:`` may say, and the initialisers of torch.nn.init that it names."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from archspec.errors import ArgumentError, ShapeError, listed
from archspec.language import patterns
from archspec.ops.arguments import MAX_FLOAT, MAX_INT, Real
from archspec.ops.op import Op
from archspec.ops.tensor import Shape


@dataclass(frozen=True, slots=True)
class Initialiser:
    """A call of a function of torch.nn.init.

    Attributes:
        function: Its name without the underscore at the end, such as ``kaiming_normal``.
        arguments: Its keyword arguments, those that are stated.
        written: Of arguments that the spec computes, the expressions.
    """

    function: str
    arguments: Mapping[str, Any]
    written: tuple[tuple[str, str], ...] = field(default=(), compare=False)


class InitRule(NamedTuple):
    """How the tensors of some nodes begin. Of two rules for one tensor, the later holds.

    Attributes:
        ops: The ops that it selects; empty for a rule on paths. Of a family, those that the network has.
        pattern: The pattern of the paths that it selects (`archspec.language.patterns`); empty for a rule on ops.
        weights: Initialisers by the tensor's name in its node, such as ``weight``; a node without it is left alone.
    """

    ops: tuple[str, ...]
    pattern: str
    weights: Mapping[str, Initialiser]

    def selects(self, op: str, path: str) -> bool:
        """Whether it speaks of a node."""
        return op in self.ops if self.ops else patterns.matches(self.pattern, path)


def effective(rules: Iterable[InitRule], op: str, path: str, tensors: Iterable[str]) -> dict[str, Initialiser]:
    """The initialisers of one node's tensors by name; one that no rule speaks of begins as PyTorch has it."""
    chosen: dict[str, Initialiser] = {}
    for rule in rules:
        if rule.selects(op, path):
            chosen |= rule.weights
    return {name: chosen[name] for name in tensors if name in chosen}


FAMILIES = ("norm",)
"""Words that select several ops: ``norm`` each whose name ends in ``_norm``, such as ``batch_norm``.

Not of these is `global_response_norm`, whose weight scales what is added to the input, and begins as 0.
"""


def in_family(op: str, family: str) -> bool:
    """Whether a word such as ``norm`` selects an op."""
    return op.endswith(f"_{family}") and not op.endswith("_response_norm")


def has_weights(cls: type[Op]) -> bool:
    """Whether an op can have trainable tensors."""
    return cls.weights is not Op.weights


class Function(BaseModel):
    """An initialiser of torch.nn.init: its keywords are fields, with PyTorch's names and defaults.

    Attributes:
        main: The keyword that a single number stands for; empty where there is none.
        ranks: The least and greatest number of dimensions of its tensor; None for no bound.
        fans: Whether it counts the inputs or outputs of a unit from the shape of its tensor.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, defer_build=True, validate_default=True, allow_inf_nan=False
    )
    main: ClassVar[str] = ""
    ranks: ClassVar[tuple[int, int | None]] = (0, None)
    fans: ClassVar[bool] = False

    def check(self) -> None:
        """Refuse arguments that do not fit each other.

        Raises:
            ArgumentError: PyTorch refuses them, or warns of them.
        """

    @classmethod
    def takes_any_shape(cls) -> bool:
        """Whether it fills every tensor."""
        return not cls.fans and cls.ranks == Function.ranks and cls.check_shape is Function.check_shape

    def check_shape(self, shape: Shape) -> None:
        """Refuse a tensor that PyTorch refuses.

        Raises:
            ArgumentError: An argument does not fit the shape.
            ShapeError: The shape has too few or too many dimensions.
        """
        least, most = self.ranks
        if len(shape) < least or (most is not None and len(shape) > most):
            wanted = f"{least} to {most}" if most is not None else f"{least} or more"
            anywhere = [name for name, function in FUNCTIONS.items() if function.takes_any_shape()]
            help = f"any tensor takes {listed(anywhere)}"
            raise ShapeError(f"it needs a tensor of {wanted} dimensions", help=help)


NonNegative = Annotated[float, Field(ge=0, le=1e30)]
"""A standard deviation or a gain; larger ones than any network's would leave the range of float32."""


def _check_order(least: float, greatest: float) -> None:
    if least > greatest:
        message = f"the least value, {least:g}, is above the greatest, {greatest:g}"
        raise ArgumentError("a", message, help="`a` is the least value, `b` the greatest")


class Uniform(Function):
    """Uniform between `a` and `b`."""

    a: Real = 0.0
    b: Real = 1.0

    @override
    def check(self) -> None:
        _check_order(self.a, self.b)
        if self.b - self.a > MAX_FLOAT:
            raise ArgumentError("b", f"{self.a:g} to {self.b:g} is wider than float32 can count")


class Normal(Function):
    """Normal with `mean` and standard deviation `std`."""

    main = "std"
    mean: Real = 0.0
    std: NonNegative = 1.0


class TruncNormal(Function):
    """Normal, drawn again where it falls outside of `a` to `b`."""

    main = "std"
    mean: Real = 0.0
    std: Annotated[float, Field(gt=0, le=1e30)] = 1.0
    a: Real = -2.0
    b: Real = 2.0

    @override
    def check(self) -> None:
        _check_order(self.a, self.b)
        if not self.a - 2 * self.std <= self.mean <= self.b + 2 * self.std:
            message = f"the mean, {self.mean:g}, is more than 2 standard deviations outside of {self.a:g} to {self.b:g}"
            raise ArgumentError("mean", message)
        # PyTorch draws in vain from a wide range of which the distribution reaches one end alone.
        if self._share() <= 0.3 and self.b - self.a > 20 * self.std:
            message = f"hardly any value falls between {self.a:g} and {self.b:g}, a range of more than 20 `std`"
            raise ArgumentError("b" if self.mean < self.b else "a", message)

    def _share(self) -> float:
        """The share of the normal distribution that lies between `a` and `b`."""
        low, high = ((bound - self.mean) / (self.std * math.sqrt(2)) for bound in (self.a, self.b))
        return (math.erf(high) - math.erf(low)) / 2


class Constant(Function):
    """The value `val` everywhere."""

    main = "val"
    val: Real


class Zeros(Function):
    """Zeros."""


class Ones(Function):
    """Ones."""


class _Xavier(Function):
    main = "gain"
    ranks = (2, None)
    fans = True
    gain: NonNegative = 1.0


class XavierUniform(_Xavier):
    """Uniform, with a variance of ``2 gain^2 / (fan_in + fan_out)`` (Glorot and Bengio 2010)."""


class XavierNormal(_Xavier):
    """Normal, with a variance of ``2 gain^2 / (fan_in + fan_out)`` (Glorot and Bengio 2010)."""


class _Kaiming(Function):
    main = "a"
    ranks = (2, None)
    fans = True
    a: Real = 0.0
    mode: Literal["fan_in", "fan_out"] = "fan_in"
    nonlinearity: Literal[
        "linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid",
        "tanh", "relu", "leaky_relu", "selu",
    ] = "leaky_relu"  # fmt: skip


class KaimingUniform(_Kaiming):
    """Uniform, with a variance of ``gain^2 / fan`` (He et al. 2015, arXiv:1502.01852)."""


class KaimingNormal(_Kaiming):
    """Normal, with a variance of ``gain^2 / fan`` (He et al. 2015, arXiv:1502.01852)."""


class Orthogonal(Function):
    """Orthogonal rows or columns, the dimensions after the first taken as one (Saxe et al. 2014, arXiv:1312.6120)."""

    main = "gain"
    ranks = (2, None)
    gain: Real = 1.0


class Dirac(Function):
    """The kernel of a convolution that passes its input through."""

    main = "groups"
    ranks = (3, 5)
    fans = True
    groups: Annotated[int, Field(ge=1, le=MAX_INT)] = 1

    @override
    def check_shape(self, shape: Shape) -> None:
        super().check_shape(shape)
        if shape[0] % self.groups:
            message = f"{self.groups} groups do not divide the first dimension, {shape[0]}"
            raise ArgumentError("groups", message, help=f"for example groups: {math.gcd(self.groups, shape[0])}")


FUNCTIONS: dict[str, type[Function]] = {
    "uniform": Uniform,
    "normal": Normal,
    "trunc_normal": TruncNormal,
    "constant": Constant,
    "zeros": Zeros,
    "ones": Ones,
    "xavier_uniform": XavierUniform,
    "xavier_normal": XavierNormal,
    "kaiming_uniform": KaimingUniform,
    "kaiming_normal": KaimingNormal,
    "orthogonal": Orthogonal,
    "dirac": Dirac,
}
"""Initialisers by name: torch.nn.init's, without the underscore at the end."""

UNSHARED = frozenset({"local_conv"})
"""Ops whose weight begins with the dimensions of places: PyTorch would take these for outputs and inputs."""
