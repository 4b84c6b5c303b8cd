"""ONNX: nodes that take and give tensors by their names, with weights.

`model` reads a file, `arithmetic` works out what depends on no input, `patterns` puts one node in the place of several
that are one op here, `scopes` finds the modules that nodes belong to, `functions` has torch's for each kind of node,
`network` is all of it as an ``nn.Module``, and `importing` makes a spec of that, as for any module. `verification`
compares what it gives with what `evaluation` says of the file itself.

Source: https://onnx.ai/onnx/operators, and `torch.onnx` for what it writes into ``metadata_props``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import override

from archspec.errors import UsageError
from archspec.files import read
from archspec.importers.draft import Draft, Format, Given

MOST_BYTES = 2**31 - 1
"""Bytes of a file, without those of its external data: what one message of protobuf can have."""


class Onnx(Format, name="onnx"):
    """ONNX, as `torch.onnx.export` and others write it."""

    endings = (".onnx",)
    has_lines = False
    options: ClassVar[Mapping[str, str]] = {
        "input": "Sizes of the input without the batch, where the file leaves them open."
    }

    @classmethod
    @override
    def load(cls, path: str | os.PathLike[str]) -> bytes:
        return read(path, MOST_BYTES)

    @override
    def read(self, given: Given) -> Draft:
        try:
            from archspec.importers.onnx.importing import drafted
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in ("onnx", "torch", "numpy"):
                raise
            raise UsageError('reading ONNX needs packages: pip install "archspec-nn[onnx]"') from None
        return drafted(given)
