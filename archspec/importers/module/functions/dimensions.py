"""Where the language has the dimensions of tensors.

It has the batch first, and never joined with another, as in windows of a map: what it is joined with comes next, before
all others. A tensor that does not grow with the batch is the same for each sample; a first size of 1 stands for the
batch.
"""

from __future__ import annotations

from typing import Any

from archspec.importers.module.batches import Batched
from archspec.importers.module.runs import Held, UnrecordableError, Value


def sample(tensor: Value | Held) -> list[int]:
    """The shape of a sample of a tensor.

    Raises:
        UnrecordableError: The batch is where the language cannot have it.
    """
    sizes, batch = list(sizes_of(tensor)), batch_of(tensor)
    if batch is None:
        return sizes
    size = sizes.pop(batch)
    if isinstance(size, Batched) and size.is_joined:
        sizes.insert(0, size.factor)
    return sizes


def sizes_of(tensor: Value | Held) -> tuple[Any, ...]:
    """The shape of a tensor with the batch."""
    return tensor.shape if isinstance(tensor, Held) else tensor.sizes


def batch_of(tensor: Value | Held) -> int | None:
    """The dimension that is the batch; None where none is, and each sample is given all of it."""
    sizes = sizes_of(tensor)
    found = [i for i, size in enumerate(sizes) if isinstance(size, Batched)]
    if len(found) > 1:
        raise UnrecordableError("two dimensions of a tensor grow with the batch")
    if not found and len(sizes) > 1 and sizes[0] == 1:
        return 0
    return found[0] if found else None


def is_joined(tensor: Value | Held) -> bool:
    """Whether the batch is one dimension with another."""
    size = next((size for size in sizes_of(tensor) if isinstance(size, Batched)), None)
    return size is not None and size.is_joined


def dimension(tensor: Value | Held, dim: int) -> int:
    """Where the language has a dimension of a tensor, counting the batch as 0.

    Raises:
        UnrecordableError: It is the batch.
    """
    batch = batch_of(tensor)
    dim %= len(sizes_of(tensor))
    if batch is None:
        return dim + 1
    if dim == batch:
        raise UnrecordableError("what is done along the batch mixes samples")
    return dim + (dim < batch) + is_joined(tensor)


def dimensions(tensor: Value | Held, dims: Any) -> int | list[int]:
    """`dimension` for one, or for several."""
    if isinstance(dims, int):
        return dimension(tensor, dims)
    found = [dimension(tensor, dim) for dim in dims]
    return found[0] if len(found) == 1 else found
