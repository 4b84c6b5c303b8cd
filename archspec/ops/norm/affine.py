"""What normalisations have in common: what they cost, and their learned scale and shift."""

from archspec.ops.tensor import Shape

NORMALISE = 5
"""Operations an element for ``(x - mean(x)) / sqrt(var(x) + eps)``: the sum of the mean, the difference, its
square, the sum of the squares, the product. The few for each group are left out."""


def scaled(weight: Shape, affine: bool, bias: bool = True) -> dict[str, Shape]:
    """The learned scale and shift."""
    return ({"weight": weight} if affine else {}) | ({"bias": weight} if affine and bias else {})
