"""The bundled ops. Importing a family registers its ops."""

from archspec.ops import (
    activation,
    conv,
    dropout,
    linear,
    local,
    merge,
    misc,
    norm,
    pool,
    resample,
    reshape,
)

__all__ = [
    "activation",
    "conv",
    "dropout",
    "linear",
    "local",
    "merge",
    "misc",
    "norm",
    "pool",
    "resample",
    "reshape",
]
